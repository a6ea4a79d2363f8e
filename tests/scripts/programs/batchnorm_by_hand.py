"""Batch normalisation written out in a character MLP: running statistics, calibration, and nn.BatchNorm1d beside it."""

import torch
import torch.nn as nn
import torch.nn.functional as F

text = "the quick brown fox jumps over the lazy dog while five wizards vex a jovial duck and quietly pack my box "
vocab = sorted(set(text))
stoi = {c: i for i, c in enumerate(vocab)}
data = torch.tensor([stoi[c] for c in text * 3])
block_size, n_embd, n_hidden, batch_size = 4, 8, 50, 24
X = torch.stack([data[i : i + block_size] for i in range(len(data) - block_size)])
Y = data[block_size:]
vocab_size = len(vocab)

g = torch.Generator().manual_seed(1)
C = torch.randn((vocab_size, n_embd), generator=g)
W1 = torch.randn((n_embd * block_size, n_hidden), generator=g) * (5 / 3) / ((n_embd * block_size) ** 0.5)
W2 = torch.randn((n_hidden, vocab_size), generator=g) * 0.01
b2 = torch.zeros(vocab_size)
bngain = torch.ones((1, n_hidden))
bnbias = torch.zeros((1, n_hidden))
bnmean_running = torch.zeros((1, n_hidden))
bnstd_running = torch.ones((1, n_hidden))

parameters = [C, W1, W2, b2, bngain, bnbias]
for p in parameters:
    p.requires_grad_()

for i in range(120):
    ix = torch.randint(0, X.shape[0], (batch_size,), generator=g)
    Xb, Yb = X[ix], Y[ix]

    emb = C[Xb]
    embcat = emb.view(emb.shape[0], -1)
    hpreact = embcat @ W1
    bnmeani = hpreact.mean(0, keepdim=True)
    bnstdi = hpreact.std(0, keepdim=True)
    hpreact = bngain * (hpreact - bnmeani) / bnstdi + bnbias
    with torch.no_grad():
        bnmean_running = 0.999 * bnmean_running + 0.001 * bnmeani
        bnstd_running = 0.999 * bnstd_running + 0.001 * bnstdi
    h = torch.tanh(hpreact)
    logits = h @ W2 + b2
    loss = F.cross_entropy(logits, Yb)

    for p in parameters:
        p.grad = None
    loss.backward()
    lr = 0.1 if i < 100 else 0.01
    for p in parameters:
        p.data += -lr * p.grad
    if i % 20 == 0:
        saturated = (h.abs() > 0.97).float().mean().item()
        print(f"{i:7d}/{120:7d}: {loss.item():.4f}, saturated {saturated * 100:.2f}%")

with torch.no_grad():
    hpreact = C[X].view(X.shape[0], -1) @ W1
    bnmean = hpreact.mean(0, keepdim=True)
    bnstd = hpreact.std(0, keepdim=True)
print("running against calibrated mean:", (bnmean - bnmean_running).abs().max().item())

for name, mean, std in (("calibrated", bnmean, bnstd), ("running", bnmean_running, bnstd_running)):
    with torch.no_grad():
        hpreact = bngain * (C[X].view(X.shape[0], -1) @ W1 - mean) / std + bnbias
        print(name, F.cross_entropy(torch.tanh(hpreact) @ W2 + b2, Y).item())

# the same network from the library's layers
model = nn.Sequential(
    nn.Embedding(vocab_size, n_embd),
    nn.Flatten(),
    nn.Linear(n_embd * block_size, n_hidden, bias=False),
    nn.BatchNorm1d(n_hidden, momentum=0.01),
    nn.Tanh(),
    nn.Linear(n_hidden, vocab_size),
)
print(model)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for i in range(80):
    ix = torch.randint(0, X.shape[0], (batch_size,), generator=g)
    loss = F.cross_entropy(model(X[ix]), Y[ix])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
model.eval()
bn = model[3]
with torch.no_grad():
    print("evaluated", F.cross_entropy(model(X), Y).item(), "batches", bn.num_batches_tracked.item())
    print(bn.running_mean[:4], bn.running_var[:4])
