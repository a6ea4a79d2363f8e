"""A GRU encoder whose states a decoder attends to, heads by view and transpose; it learns to sort digits."""

import math

import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(12)
DIGITS, LENGTH, HIDDEN, HEADS = 8, 5, 16, 4
BOS = DIGITS


def batch(size):
    source = torch.randint(0, DIGITS, (size, LENGTH))
    target, _ = source.sort(dim=1)
    shifted = torch.cat([torch.full((size, 1), BOS), target[:, :-1]], dim=1)
    return source, shifted, target


def attention(query, key, value, mask=None):
    d_k = query.size(-1)
    scores = torch.matmul(query, key.transpose(-2, -1)) / math.sqrt(d_k)
    if mask is not None:
        scores = scores.masked_fill(mask == 0, -1e9)
    p_attn = F.softmax(scores, dim=-1)
    return torch.matmul(p_attn, value), p_attn


class MultiHeadedAttention(nn.Module):
    def __init__(self, h, d_model):
        super(MultiHeadedAttention, self).__init__()
        assert d_model % h == 0
        self.d_k = d_model // h
        self.h = h
        self.linears = nn.ModuleList([nn.Linear(d_model, d_model) for _ in range(4)])
        self.attn = None

    def forward(self, query, key, value, mask=None):
        if mask is not None:
            mask = mask.unsqueeze(1)
        nbatches = query.size(0)
        query, key, value = [
            lin(x).view(nbatches, -1, self.h, self.d_k).transpose(1, 2)
            for lin, x in zip(self.linears, (query, key, value))
        ]
        x, self.attn = attention(query, key, value, mask=mask)
        x = x.transpose(1, 2).contiguous().view(nbatches, -1, self.h * self.d_k)
        return self.linears[-1](x)


def subsequent_mask(size):
    attn_shape = (1, size, size)
    return torch.triu(torch.ones(attn_shape), diagonal=1).type(torch.uint8) == 0


class Decoder(nn.Module):
    def __init__(self):
        super(Decoder, self).__init__()
        self.embedding = nn.Embedding(DIGITS + 1, HIDDEN)
        self.gru = nn.GRU(HIDDEN, HIDDEN, batch_first=True)
        self.own = MultiHeadedAttention(HEADS, HIDDEN)
        self.cross = MultiHeadedAttention(HEADS, HIDDEN)
        self.norms = nn.ModuleList(nn.LayerNorm(HIDDEN) for _ in range(2))
        self.out = nn.Linear(HIDDEN, DIGITS)

    def forward(self, tokens, memory, hidden):
        x, hidden = self.gru(self.embedding(tokens), hidden)
        x = self.norms[0](x + self.own(x, x, x, subsequent_mask(x.size(1))))
        x = self.norms[1](x + self.cross(x, memory, memory))
        return F.log_softmax(self.out(x), dim=-1), hidden


encoder_embedding = nn.Embedding(DIGITS, HIDDEN)
encoder = nn.GRU(HIDDEN, HIDDEN // 2, batch_first=True, bidirectional=True)
decoder = Decoder()
modules = nn.ModuleDict({"embedding": encoder_embedding, "encoder": encoder, "decoder": decoder})
for p in modules.parameters():
    if p.dim() > 1:
        nn.init.xavier_uniform_(p)
print("parameters", sum(p.nelement() for p in modules.parameters()))
print(subsequent_mask(3))


def encode(source):
    memory, h = encoder(encoder_embedding(source))
    return memory, torch.cat([h[0], h[1]], dim=-1).unsqueeze(0)


class NoamOpt:
    """A rate that warms up and then decays with the root of the step."""

    def __init__(self, model_size, factor, warmup, optimizer):
        self.optimizer = optimizer
        self._step = 0
        self.warmup = warmup
        self.factor = factor
        self.model_size = model_size

    def step(self):
        self._step += 1
        rate = self.rate()
        for p in self.optimizer.param_groups:
            p["lr"] = rate
        self.optimizer.step()

    def rate(self, step=None):
        if step is None:
            step = self._step
        return self.factor * (self.model_size ** (-0.5) * min(step ** (-0.5), step * self.warmup ** (-1.5)))


opt = NoamOpt(HIDDEN, 0.5, 20, torch.optim.Adam(modules.parameters(), lr=0, betas=(0.9, 0.98), eps=1e-9))
criterion = nn.NLLLoss(reduction="sum")
for step in range(60):
    source, shifted, target = batch(16)
    memory, hidden = encode(source)
    logprobs, _ = decoder(shifted, memory, hidden)
    loss = criterion(logprobs.contiguous().view(-1, DIGITS), target.contiguous().view(-1)) / target.numel()
    opt.optimizer.zero_grad()
    loss.backward()
    opt.step()
    if (step + 1) % 15 == 0:
        correct = logprobs.argmax(-1).eq(target).float().mean().item()
        print("Step: %d Loss: %f Rate: %.5f Correct: %.3f" % (step + 1, loss, opt.rate(), correct))

modules.eval()
with torch.no_grad():
    source, _, target = batch(4)
    memory, hidden = encode(source)
    ys = torch.ones(4, 1).fill_(BOS).type_as(source.data)
    for i in range(LENGTH):
        out, _ = decoder(ys, memory, hidden)
        _, next_word = torch.max(out[:, -1], dim=1)
        ys = torch.cat([ys, next_word.unsqueeze(1)], dim=1)
    print(decoder.cross.attn.shape, decoder.cross.attn.sum(-1).allclose(torch.tensor(1.0)))
    for s, t, y in zip(source.tolist(), target.tolist(), ys[:, 1:].tolist()):
        print(s, "->", y, "should be", t)
