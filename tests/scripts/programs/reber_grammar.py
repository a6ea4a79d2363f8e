"""Embedded Reber grammar: strings of different length, padded and masked; which symbols may come next?"""

import random

import torch
import torch.nn as nn
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import DataLoader, Dataset

random.seed(31)
torch.manual_seed(31)
SYMBOLS = "BTSXPVE"
GRAPH = [[(1, "T"), (2, "P")], [(1, "S"), (3, "X")], [(2, "T"), (4, "V")], [(2, "X"), (5, "S")], [(3, "P"), (5, "V")]]


def simple():
    """A string of the grammar, and for each of its symbols those that may follow."""
    node, out, after = 0, "B", ["TP"]
    while node != 5:
        node, symbol = random.choice(GRAPH[node])
        out += symbol
        after.append("E" if node == 5 else "".join(s for _, s in GRAPH[node]))
    return out + "E", after + [""]


def embedded():
    which = random.choice("TP")
    inner, after = simple()
    word = "B" + which + inner + which + "E"
    follows = ["TP", "B"] + after[:-1] + [which, "E"]
    return word, follows


def one_hot(symbols):
    vector = torch.zeros(len(SYMBOLS))
    for s in symbols:
        vector[SYMBOLS.index(s)] = 1
    return vector


class Reber(Dataset):
    def __init__(self, n):
        self.data = []
        while len(self.data) < n:
            word, follows = embedded()
            if len(word) <= 18:
                x = torch.stack([one_hot(s) for s in word[:-1]])
                y = torch.stack([one_hot(s) for s in follows])
                self.data.append((x, y))

    def __len__(self):
        return len(self.data)

    def __getitem__(self, index):
        return self.data[index]


def collate(batch):
    batch.sort(key=lambda pair: len(pair[0]), reverse=True)
    xs, ys = zip(*batch)
    lengths = torch.tensor([len(x) for x in xs])
    xs, ys = pad_sequence(xs), pad_sequence(ys)
    mask = torch.arange(xs.size(0)).unsqueeze(1) < lengths.unsqueeze(0)
    return xs, ys, mask


print(embedded())
train, test = Reber(96), Reber(32)
print(train[0][0].shape, train[0][1].sum(dim=1).tolist())
loader = DataLoader(train, batch_size=16, shuffle=True, collate_fn=collate)


class Predictor(nn.Module):
    def __init__(self, kind, hidden):
        super().__init__()
        self.rnn = {"srn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}[kind](len(SYMBOLS), hidden)
        self.out = nn.Linear(hidden, len(SYMBOLS))

    def forward(self, x):
        y, _ = self.rnn(x)
        return self.out(y)


for kind in "srn", "lstm", "gru":
    model = Predictor(kind, 14)
    criterion = nn.BCEWithLogitsLoss(reduction="none")
    optimizer = torch.optim.Adam(model.parameters(), lr=0.02)
    for epoch in range(6):
        total, symbols = 0.0, 0
        for xs, ys, mask in loader:
            model.zero_grad()
            losses = criterion(model(xs), ys).sum(-1)
            loss = (losses * mask).sum() / mask.sum()
            loss.backward()
            optimizer.step()
            total += (losses * mask).sum().item()
            symbols += mask.sum().item()
        if epoch % 2 == 1:
            print(f"{kind} {epoch}: {total / symbols:.4f} per symbol")

    correct = last = 0
    with torch.no_grad():
        for x, y in test:
            logits = model(x.unsqueeze(1)).squeeze(1)
            good = ((logits.sigmoid() > 0.5) == y.bool()).all(dim=1)
            correct += good.float().mean().item()
            last += int(logits[-2].topk(1).indices.item() == y[-2].argmax())
    print(kind, "predicted", round(correct / len(test), 3), "long-range", last / len(test))
    probabilities = torch.masked_fill(torch.sigmoid(logits), y == 0, 0.0)
    torch.set_printoptions(precision=3)
    print(probabilities[:3].detach())
