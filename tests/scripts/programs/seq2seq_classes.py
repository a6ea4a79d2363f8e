"""Encoder, decoder and Seq2Seq as three modules: weights by `apply`, warm-up, accumulated gradients, beam search."""

import math
import random

import torch
import torch.nn as nn
import torch.optim as optim
from torch.nn.utils.rnn import pack_sequence, pad_packed_sequence, pad_sequence
from torch.utils.data import DataLoader, Dataset

SEED = 1234
random.seed(SEED)
torch.manual_seed(SEED)
torch.cuda.manual_seed(SEED)
PAD, SOS, EOS = 0, 1, 2
DIGITS = "0123456789"


class Sums(Dataset):
    """Two numbers written as digits; their sum, written too."""

    def __init__(self, n):
        self.pairs = [(random.randint(0, 60), random.randint(0, 39)) for _ in range(n)]

    def __len__(self):
        return len(self.pairs)

    @staticmethod
    def encode(text):
        return torch.tensor([3 + (DIGITS + "+").index(c) for c in text] + [EOS])

    def __getitem__(self, i):
        a, b = self.pairs[i]
        return self.encode(f"{a}+{b}"), torch.cat([torch.tensor([SOS]), self.encode(str(a + b))])


def collate(batch):
    src, trg = zip(*batch)
    return list(src), pad_sequence(trg, batch_first=False, padding_value=PAD)


class Encoder(nn.Module):
    def __init__(self, input_dim, emb_dim, hid_dim, n_layers, dropout):
        super().__init__()
        self.embedding = nn.Embedding(input_dim, emb_dim)
        self.rnn = nn.LSTM(emb_dim, hid_dim, n_layers, dropout=dropout, bidirectional=True)
        self.fc_hidden = nn.Linear(hid_dim * 2, hid_dim)
        self.fc_cell = nn.Linear(hid_dim * 2, hid_dim)
        self.dropout = nn.Dropout(dropout)

    def forward(self, src):
        packed = pack_sequence([self.dropout(self.embedding(s)) for s in src], enforce_sorted=False)
        outputs, (hidden, cell) = self.rnn(packed)
        outputs, lengths = pad_packed_sequence(outputs)
        hidden = torch.stack([self.fc_hidden(torch.cat(pair, dim=1)) for pair in zip(hidden[0::2], hidden[1::2])])
        cell = torch.stack([self.fc_cell(torch.cat(pair, dim=1)) for pair in zip(cell[::2], cell[1::2])])
        mask = torch.arange(outputs.size(0))[:, None] < lengths[None, :]
        return outputs, hidden.tanh(), cell, mask


class Decoder(nn.Module):
    def __init__(self, output_dim, emb_dim, enc_dim, hid_dim, n_layers, dropout):
        super().__init__()
        self.output_dim = output_dim
        self.embedding = nn.Embedding(output_dim, emb_dim, padding_idx=PAD)
        self.energy = nn.Sequential(nn.Linear(enc_dim + hid_dim, hid_dim), nn.Tanh(), nn.Linear(hid_dim, 1, bias=False))
        self.rnn = nn.LSTM(emb_dim + enc_dim, hid_dim, n_layers, dropout=dropout)
        self.fc_out = nn.Linear(hid_dim + enc_dim, output_dim)

    def forward(self, input, hidden, cell, outputs, mask):
        repeated = hidden[-1].unsqueeze(0).repeat(outputs.shape[0], 1, 1)
        energy = self.energy(torch.cat((repeated, outputs), dim=2)).squeeze(2)
        attention = energy.masked_fill(mask == 0, -1e10).softmax(dim=0)
        context = torch.einsum("tb,tbh->bh", attention, outputs)
        x = torch.cat((self.embedding(input), context), dim=-1)
        output, (hidden, cell) = self.rnn(x[None], (hidden, cell))
        return self.fc_out(torch.cat((output.squeeze(0), context), dim=1)), hidden, cell, attention


class Seq2Seq(nn.Module):
    def __init__(self, encoder, decoder, device):
        super().__init__()
        self.encoder = encoder
        self.decoder = decoder
        self.device = device
        assert encoder.rnn.num_layers == decoder.rnn.num_layers, "Encoder and decoder must have equal number of layers!"

    def forward(self, src, trg, teacher_forcing_ratio=0.5):
        trg_len, batch_size = trg.shape
        outputs = torch.zeros(trg_len, batch_size, self.decoder.output_dim).to(self.device)
        states, hidden, cell, mask = self.encoder(src)
        input = trg[0, :]
        for t in range(1, trg_len):
            output, hidden, cell, _ = self.decoder(input, hidden, cell, states, mask)
            outputs[t] = output
            teacher_force = random.random() < teacher_forcing_ratio
            top1 = output.argmax(1)
            input = trg[t] if teacher_force else top1
        return outputs

    @torch.no_grad()
    def beam_search(self, src, width=3, max_len=5):
        states, hidden, cell, mask = self.encoder([src])
        beams, done = [(0.0, [SOS], hidden, cell)], []
        for _ in range(max_len):
            grown = []
            for score, words, hidden, cell in beams:
                output, h, c, _ = self.decoder(torch.tensor(words[-1:]), hidden, cell, states, mask)
                top = torch.topk(output.log_softmax(-1)[0], width)
                for value, index in zip(top.values.tolist(), top.indices.tolist()):
                    grown.append((score + value, [*words, index], h, c))
            grown.sort(key=lambda beam: beam[0], reverse=True)
            done += [beam for beam in grown[:width] if beam[1][-1] == EOS]
            beams = [beam for beam in grown[:width] if beam[1][-1] != EOS]
            if not beams:
                break
        return sorted([(score / (len(words) - 1), words) for score, words, _, _ in done + beams], reverse=True)


def init_weights(m):
    if isinstance(m, nn.LSTM):
        for name, param in m.named_parameters():
            nn.init.uniform_(param.data, -0.2, 0.2)
            if "bias" in name:
                n = param.size(0)
                param.data[n // 4 : n // 2].fill_(1.0)
    elif type(m) in (nn.Linear,):
        torch.nn.init.xavier_uniform_(m.weight, gain=nn.init.calculate_gain("tanh"))
        if m.bias is not None:
            m.bias.data.fill_(0.01)


device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
loader = DataLoader(Sums(64), batch_size=8, shuffle=True, collate_fn=collate)
test_loader = DataLoader(Sums(16), batch_size=16, collate_fn=collate)
model = Seq2Seq(Encoder(14, 8, 12, 2, 0.0), Decoder(14, 8, 24, 12, 2, 0.0), device).to(device)
model.apply(init_weights)
print(f"The model has {sum(p.numel() for p in model.parameters() if p.requires_grad):,} trainable parameters")
print([tuple(p.shape) for p in model.decoder.rnn.parameters()][:4], len(list(model.modules())))

optimizer = optim.Adam(model.parameters(), lr=0.01, betas=(0.9, 0.98), eps=1e-9)
warmup = optim.lr_scheduler.LambdaLR(optimizer, lambda step: min((step + 1) ** -0.5, (step + 1) * 8**-1.5) * 8**0.5)
criterion = nn.CrossEntropyLoss(ignore_index=PAD)
accumulate = 2


def evaluate(model, iterator):
    model.eval()
    epoch_loss = 0
    with torch.no_grad():
        for src, trg in iterator:
            output = model(src, trg, 0)
            epoch_loss += criterion(output[1:].reshape(-1, output.shape[-1]), trg[1:].reshape(-1)).item()
    return epoch_loss / len(iterator)


for epoch in range(4):
    model.train()
    epoch_loss = 0
    optimizer.zero_grad()
    for i, (src, trg) in enumerate(loader):
        output = model(src, trg)
        output_dim = output.shape[-1]
        output = output[1:].view(-1, output_dim)
        trg = trg[1:].view(-1)
        loss = criterion(output, trg) / accumulate
        loss.backward()
        epoch_loss += loss.item() * accumulate
        if (i + 1) % accumulate == 0:
            norm = torch.nn.utils.clip_grad_norm_(model.parameters(), 1)
            optimizer.step()
            optimizer.zero_grad()
            warmup.step()
    train_loss, valid_loss = epoch_loss / len(loader), evaluate(model, test_loader)
    print(f"Epoch: {epoch + 1:02} | rate {warmup.get_last_lr()[0]:.5f} | norm {norm:.3f}")
    print(f"\tTrain Loss: {train_loss:.3f} | Train PPL: {math.exp(train_loss):7.3f}")
    print(f"\t Val. Loss: {valid_loss:.3f} |  Val. PPL: {math.exp(valid_loss):7.3f}")

model.eval()
for score, words in model.beam_search(Sums.encode("12+30"))[:2]:
    print(f"{score:.3f}", "".join(DIGITS[w - 3] if w > 2 else "." for w in words[1:]))
