"""An echo state network: a fixed random reservoir, a readout by ridge regression, and the same by gradient."""

import math

import numpy as np
import torch
import torch.nn as nn

torch.manual_seed(1)
dtype = torch.double
torch.set_default_dtype(dtype)


def mackey_glass(n, tau=17, beta=0.2, gamma=0.1, power=10):
    history = [1.2] * (tau + 1)
    for _ in range(n):
        delayed = history[-tau - 1]
        history.append(history[-1] + beta * delayed / (1 + delayed**power) - gamma * history[-1])
    return torch.tensor(history[tau + 1 :])


class Reservoir(nn.Module):
    def __init__(self, n_in, n_hidden, radius=0.9, leak=0.3, density=0.2):
        super().__init__()
        self.leak = leak
        w_in = torch.rand(n_hidden, n_in) * 2 - 1
        w = torch.randn(n_hidden, n_hidden) * (torch.rand(n_hidden, n_hidden) < density)
        v = torch.ones(n_hidden)
        for _ in range(60):  # the power method, on the transposed product, bounds the radius
            v = w.t().mv(w.mv(v))
            v /= v.norm()
        w *= radius / w.mv(v).norm()
        self.w_in = nn.Parameter(w_in, requires_grad=False)
        self.w = nn.Parameter(w)
        self.w.requires_grad_(False)
        self.register_buffer("state", torch.zeros(n_hidden))

    @torch.no_grad()
    def forward(self, u):
        states = torch.empty(len(u), self.state.numel())
        for t in range(u.shape[0]):
            new = torch.tanh(torch.mv(self.w_in, u[t]) + self.w.mv(self.state))
            self.state = (1 - self.leak) * self.state + self.leak * new
            states[t] = self.state
        return states


class ESN(nn.Module):
    def __init__(self, n_hidden):
        super().__init__()
        self.reservoir = Reservoir(1, n_hidden)
        self.readout = nn.Linear(n_hidden + 1, 1, bias=False)

    def features(self, u):
        return torch.cat([self.reservoir(u), torch.ones(len(u), 1)], dim=1)


series = mackey_glass(500)
series = (series - series.mean()) / series.std()
u, target = series[:-1, None], series[1:]
washout, n_train = 50, 350
esn = ESN(30)
print(esn)
for name, p in esn.named_parameters():
    print(name, tuple(p.shape), p.requires_grad, p.dtype)
print([name for name, _ in esn.named_buffers()])

X = esn.features(u)
A, b = X[washout:n_train], target[washout:n_train]
ridge = 1e-4
gram = A.t() @ A + ridge * torch.eye(A.size(1))
solution = torch.from_numpy(np.linalg.solve(gram.numpy(), (A.t() @ b).numpy()))
error = (X[n_train:] @ solution - target[n_train:]).pow(2).mean().sqrt()
print(f"ridge regression: {error.item():.5f}")

trainable = list(filter(lambda p: p.requires_grad, esn.parameters()))
print("trainable:", sum(p.numel() for p in trainable), "of", sum(p.numel() for p in esn.parameters()))
optimizer = torch.optim.LBFGS(trainable, lr=0.5, max_iter=8, history_size=10)
nn.init.zeros_(esn.readout.weight)


def closure():
    optimizer.zero_grad()
    loss = nn.functional.mse_loss(esn.readout(A).squeeze(1), b) + ridge / len(A) * esn.readout.weight.pow(2).sum()
    loss.backward()
    return loss


for step in range(4):
    loss = optimizer.step(closure)
    print(f"LBFGS {step}: {loss.item():.6f}")

esn.readout.weight.data.zero_()
optimizer = torch.optim.Adam(filter(lambda p: p.requires_grad, esn.parameters()), lr=0.02)
frozen = esn.reservoir.w.clone()
for epoch in range(5):
    for i in torch.randperm(len(A)).split(60):
        optimizer.zero_grad()
        loss = nn.functional.mse_loss(esn.readout(A[i]).squeeze(1), b[i])
        loss.backward()
        optimizer.step()
    print(f"Adam {epoch}: {loss.item():.6f}")
print("reservoir unchanged:", torch.equal(frozen, esn.reservoir.w), esn.reservoir.w.grad is None)

# let it run free on its own output
with torch.no_grad():
    esn.readout.weight.copy_(solution.unsqueeze(0))
    esn.reservoir.state.zero_()
    y = esn.features(u[:400])[-1:] @ solution
    free = []
    for _ in range(20):
        free.append(y.item())
        y = esn.readout(esn.features(y.view(1, 1))).squeeze(0)
deviation = math.sqrt(sum((a - c) ** 2 for a, c in zip(free, target[399:419].tolist())) / 20)
print(f"free run: {deviation:.4f}", [round(a, 3) for a in free[:4]])

# then everything may learn
for p in esn.parameters():
    p.requires_grad = True
esn.reservoir.w.requires_grad = False
print([name for name, p in esn.named_parameters() if p.requires_grad], esn.readout.weight.dtype)
torch.set_default_dtype(torch.float)
