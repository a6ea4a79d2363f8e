"""Batches of sequences by every kind of sampler: weighted, in batches by length, subsets, with an own collate."""

import random

import torch
from torch import nn
from torch.utils.data import (
    BatchSampler,
    ConcatDataset,
    DataLoader,
    Dataset,
    RandomSampler,
    Sampler,
    SequentialSampler,
    Subset,
    SubsetRandomSampler,
    TensorDataset,
    WeightedRandomSampler,
)
from torch.utils.data.dataloader import default_collate

random.seed(2)
torch.manual_seed(2)


class Steps(Dataset):
    """Does the walk end above where it began? Rarely, here: the classes are unbalanced."""

    def __init__(self, n, drift):
        super(Steps, self).__init__()
        self.walks = [torch.randn(random.randint(4, 12)) + drift for _ in range(n)]
        self.labels = [int(w.sum() > 0) for w in self.walks]

    def __len__(self):
        return len(self.walks)

    def __getitem__(self, idx):
        if torch.is_tensor(idx):
            idx = idx.tolist()
        return {"walk": self.walks[idx], "label": self.labels[idx], "name": f"walk{idx}"}


class PadCollate:
    def __init__(self, dim=0):
        self.dim = dim

    def pad(self, x, n):
        size = list(x.shape)
        size[self.dim] = n - x.size(self.dim)
        return torch.cat([x, torch.zeros(*size)], dim=self.dim)

    def __call__(self, batch):
        longest = max(map(lambda item: item["walk"].shape[self.dim], batch))
        xs = torch.stack([self.pad(item["walk"], longest) for item in batch], dim=0)
        ys = torch.LongTensor([item["label"] for item in batch])
        lengths = torch.IntTensor([len(item["walk"]) for item in batch])
        return xs, ys, lengths, [item["name"] for item in batch]


class ByLength(Sampler):
    def __init__(self, lengths, batch_size):
        self.lengths = lengths
        self.batch_size = batch_size

    def __iter__(self):
        order = sorted(range(len(self.lengths)), key=lambda i: self.lengths[i])
        batches = [order[i : i + self.batch_size] for i in range(0, len(order), self.batch_size)]
        random.shuffle(batches)
        return iter(batches)

    def __len__(self):
        return (len(self.lengths) + self.batch_size - 1) // self.batch_size


data = ConcatDataset([Steps(60, -0.3), Steps(30, 0.1)])
indices = list(range(len(data)))
split = int(0.8 * len(data))
train, test = Subset(data, indices[:split]), Subset(data, indices[split:])
labels = [train[i]["label"] for i in range(len(train))]
counts = torch.bincount(torch.tensor(labels))
print(len(data), len(train), len(test), counts)
weights = (1.0 / counts.double())[labels]
collate = PadCollate()
loaders = {
    "weighted": DataLoader(
        train, batch_size=12, sampler=WeightedRandomSampler(weights, num_samples=48), collate_fn=collate
    ),
    "by length": DataLoader(
        train, batch_sampler=ByLength([len(train[i]["walk"]) for i in range(len(train))], 12), collate_fn=collate
    ),
    "subset": DataLoader(train, 12, sampler=SubsetRandomSampler(range(0, len(train), 2)), collate_fn=collate),
    "drop last": DataLoader(train, batch_size=20, shuffle=True, drop_last=True, collate_fn=collate),
    "own generator": DataLoader(
        train, batch_size=18, shuffle=True, generator=torch.Generator().manual_seed(5), collate_fn=collate
    ),
    "batches of random": DataLoader(
        train,
        batch_sampler=BatchSampler(RandomSampler(train, replacement=True, num_samples=30), 10, False),
        collate_fn=collate,
    ),
}


class Net(nn.Module):
    def __init__(self):
        super(Net, self).__init__()
        self.lstm = nn.LSTM(1, 10, batch_first=True)
        self.fc = nn.Linear(10, 2)

    def forward(self, x, lengths):
        out, _ = self.lstm(x.unsqueeze(-1))
        index = (lengths - 1).long().view(-1, 1, 1).expand(-1, 1, out.size(2))
        return self.fc(out.gather(1, index).squeeze(1))


model = Net()
optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
criterion = nn.CrossEntropyLoss()
for name, loader in loaders.items():
    print(f"{name}: {len(loader)} batches")
    for epoch in range(2):
        seen, positive, total = 0, 0, 0.0
        for batch_idx, (x, y, lengths, names) in enumerate(loader):
            optimizer.zero_grad()
            loss = criterion(model(x, lengths), y)
            loss.backward()
            optimizer.step()
            seen += len(y)
            positive += y.sum()
            total += loss.item() * len(y)
        print(f"  epoch {epoch}: seen {seen}, positive {positive}, loss {total / seen:.4f}, last {names[:3]}")

print(list(BatchSampler(SequentialSampler(range(10)), batch_size=3, drop_last=True)))
first = default_collate([data[0], data[1]] if len(data[0]["walk"]) == len(data[1]["walk"]) else [data[0], data[0]])
print({k: type(v).__name__ for k, v in first.items()}, first["label"].dtype)
pairs = TensorDataset(torch.arange(6).view(3, 2), torch.tensor([0.5, 1.5, 2.5]))
for a, b in DataLoader(pairs, batch_size=2):
    print(a.tolist(), b)
model.eval()
with torch.no_grad():
    hits = sum((model(x, n).argmax(1) == y).sum().item() for x, y, n, _ in DataLoader(test, 7, collate_fn=collate))
print("test accuracy", hits / len(test))
