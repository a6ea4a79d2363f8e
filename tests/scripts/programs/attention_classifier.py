"""Padded sequences classified by nn.MultiheadAttention: a key padding mask, positions in a buffer, weights read off."""

import math

import numpy as np
import torch
from torch import nn

torch.manual_seed(0)
device = torch.device("cuda:0" if torch.cuda.is_available() else "cpu")
PAD, VOCAB, EMBED, HEADS, CLASSES = 0, 20, 16, 2, 3

rng = np.random.default_rng(5)


def make_example():
    """The class is which of the tokens 1, 2 and 3 occurs; the rest is noise."""
    n = rng.integers(3, 11)
    tokens = rng.integers(4, VOCAB, size=n)
    label = rng.integers(0, CLASSES)
    tokens[rng.integers(0, n)] = label + 1
    return tokens.tolist(), int(label)


examples = [make_example() for _ in range(96)]


def make_batch(batch):
    longest = max(len(tokens) for tokens, _ in batch)
    ids = torch.full((len(batch), longest), PAD, dtype=torch.long)
    for row, (tokens, _) in enumerate(batch):
        ids[row, : len(tokens)] = torch.tensor(tokens)
    labels = torch.tensor([label for _, label in batch])
    return ids.to(device), labels.to(device)


class PositionalEncoding(nn.Module):
    def __init__(self, d_model, dropout=0.1, max_len=64):
        super().__init__()
        self.dropout = nn.Dropout(p=dropout)
        position = torch.arange(max_len).unsqueeze(1)
        div_term = torch.exp(torch.arange(0, d_model, 2) * (-math.log(10000.0) / d_model))
        pe = torch.zeros(1, max_len, d_model)
        pe[0, :, 0::2] = torch.sin(position * div_term)
        pe[0, :, 1::2] = torch.cos(position * div_term)
        self.register_buffer("pe", pe)

    def forward(self, x):
        x = x + self.pe[:, : x.size(1)]
        return self.dropout(x)


class Classifier(nn.Module):
    def __init__(self):
        super(Classifier, self).__init__()
        self.embedding = nn.Embedding(VOCAB, EMBED, padding_idx=PAD)
        self.positions = PositionalEncoding(EMBED, dropout=0.0)
        self.attention = nn.MultiheadAttention(EMBED, HEADS, batch_first=True)
        self.norm1 = nn.LayerNorm(EMBED)
        self.norm2 = nn.LayerNorm(EMBED)
        self.feedforward = nn.Sequential(nn.Linear(EMBED, 2 * EMBED), nn.GELU(), nn.Linear(2 * EMBED, EMBED))
        self.fc = nn.Linear(EMBED, CLASSES)

    def forward(self, ids, need_weights=False):
        mask = ids == PAD
        x = self.positions(self.embedding(ids) * math.sqrt(EMBED))
        attended, weights = self.attention(x, x, x, key_padding_mask=mask, need_weights=need_weights)
        x = self.norm1(x + attended)
        x = self.norm2(x + self.feedforward(x))
        keep = (~mask).unsqueeze(-1).float()
        pooled = (x * keep).sum(1) / keep.sum(1)
        return self.fc(pooled), weights


model = Classifier().to(device)
print(model)
print({name: tuple(p.shape) for name, p in model.attention.named_parameters()})
print("trainable:", sum(p.numel() for p in model.parameters() if p.requires_grad))
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
train, test = examples[:72], examples[72:]

for epoch in range(6):
    model.train()
    total, correct = 0.0, 0
    for i in range(0, len(train), 12):
        ids, labels = make_batch(train[i : i + 12])
        optimizer.zero_grad()
        logits, weights = model(ids)
        assert weights is None
        loss = criterion(logits, labels)
        loss.backward()
        optimizer.step()
        total += loss.item() * labels.size(0)
        correct += (logits.argmax(1) == labels).sum().item()
    print(f"Epoch {epoch + 1} | loss {total / len(train):.4f} | acc {correct / len(train):.3f}")

print("embedding of padding unchanged:", bool((model.embedding.weight[PAD] == 0).all()))
model.eval()
with torch.no_grad():
    ids, labels = make_batch(test)
    logits, weights = model(ids, need_weights=True)
    print(weights.shape, "rows sum to one:", torch.allclose(weights.sum(-1), torch.ones(weights.shape[:2])))
    print("weight on padding:", weights.masked_select((ids == PAD).unsqueeze(1).expand_as(weights)).sum().item())
    print(f"test loss {criterion(logits, labels):.4f} acc {(logits.argmax(dim=-1) == labels).float().mean():.3f}")
