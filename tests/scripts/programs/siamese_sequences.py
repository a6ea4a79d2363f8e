"""Siamese recurrent encoders: contrastive, cosine, Manhattan and triplet losses on pairs of distorted sequences."""

import random

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, Dataset

random.seed(4)
np.random.seed(4)
torch.manual_seed(4)
CLASSES, ALPHABET, LENGTH = 5, 9, 8

prototypes = np.random.randint(0, ALPHABET, size=(CLASSES, LENGTH))


def distort(label):
    sequence = prototypes[label].copy()
    sequence[np.random.randint(LENGTH)] = np.random.randint(ALPHABET)
    return torch.from_numpy(np.roll(sequence, np.random.randint(0, 2)).copy())


class SiameseDataset(Dataset):
    def __init__(self, n):
        self.items = []
        for _ in range(n):
            label = random.randrange(CLASSES)
            same = random.randint(0, 1)
            other = label if same else random.choice([c for c in range(CLASSES) if c != label])
            self.items.append((distort(label), distort(other), np.float32(1 - same), label, other))

    def __len__(self):
        return len(self.items)

    def __getitem__(self, index):
        a, b, different, label, other = self.items[index]
        return a, b, torch.from_numpy(np.array([different], dtype=np.float32)), label, other


class Encoder(nn.Module):
    def __init__(self):
        super(Encoder, self).__init__()
        self.embedding = nn.Embedding(ALPHABET, 10)
        self.lstm = nn.LSTM(10, 12, batch_first=True, bidirectional=True)
        self.fc = nn.Sequential(nn.Linear(24, 16), nn.ReLU(inplace=True), nn.Linear(16, 6))

    def forward_once(self, x):
        _, (h, _) = self.lstm(self.embedding(x))
        h = h.transpose(0, 1).reshape(x.size(0), -1)
        return self.fc(h)

    def forward(self, input1, input2):
        return self.forward_once(input1), self.forward_once(input2)


class ContrastiveLoss(torch.nn.Module):
    def __init__(self, margin=2.0):
        super(ContrastiveLoss, self).__init__()
        self.margin = margin

    def forward(self, output1, output2, label):
        distance = F.pairwise_distance(output1, output2, keepdim=True)
        return torch.mean(
            (1 - label) * torch.pow(distance, 2) + label * torch.pow(torch.clamp(self.margin - distance, min=0.0), 2)
        )


class ManhattanLoss(nn.Module):
    def forward(self, a, b, label):
        similarity = torch.exp(-torch.norm(a - b, p=1, dim=1, keepdim=True))
        return F.mse_loss(similarity, 1 - label)


class CosineLoss(nn.Module):
    def __init__(self):
        super().__init__()
        self.similarity = nn.CosineSimilarity(dim=1, eps=1e-6)
        self.loss = nn.CosineEmbeddingLoss(margin=0.2)

    def forward(self, a, b, label):
        target = (1 - 2 * label).squeeze(1)
        self.last = self.similarity(a, b).detach().mean()
        return self.loss(a, b, target)


train = DataLoader(SiameseDataset(64), batch_size=16, shuffle=True)
test = DataLoader(SiameseDataset(24), batch_size=24)
for criterion in (ContrastiveLoss(), ManhattanLoss(), CosineLoss()):
    net = Encoder()
    optimizer = torch.optim.Adam(net.parameters(), lr=5e-3)
    for epoch in range(4):
        history = []
        for a, b, different, _, _ in train:
            optimizer.zero_grad()
            output1, output2 = net(a, b)
            loss = criterion(output1, output2, different)
            loss.backward()
            optimizer.step()
            history.append(loss.item())
        if epoch % 2 == 1:
            print(f"{criterion.__class__.__name__} epoch {epoch}: {np.mean(history):.4f}")
    with torch.no_grad():
        a, b, different, label, other = next(iter(test))
        output1, output2 = net(a, b)
        euclidean = F.pairwise_distance(output1, output2)
        same = different.view(-1) == 0
        print("  dissimilarity: same {:.3f}, different {:.3f}".format(euclidean[same].mean(), euclidean[~same].mean()))
        print("  cosine", F.cosine_similarity(output1, output2)[:3])

net = Encoder()
triplet = nn.TripletMarginLoss(margin=1.0, p=2)
optimizer = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
for step in range(20):
    labels = np.random.randint(0, CLASSES, 12)
    others = (labels + np.random.randint(1, CLASSES, 12)) % CLASSES
    anchor, positive = (torch.stack([distort(c) for c in labels]) for _ in range(2))
    negative = torch.stack([distort(c) for c in others])
    optimizer.zero_grad()
    loss = triplet(net.forward_once(anchor), net.forward_once(positive), net.forward_once(negative))
    loss.backward()
    optimizer.step()
print(f"triplet {loss.item():.4f}")
with torch.no_grad():
    centers = net.forward_once(torch.from_numpy(prototypes))
    queries = net.forward_once(a)
    distances = torch.cdist(queries, centers)
    print("nearest prototype:", (distances.argmin(dim=1) == label).float().mean().item(), distances.shape)
