"""Gradients of gradients: a penalty on an RNN's input gradient, its Jacobians by time, and a check by differences."""

import torch
import torch.nn as nn
from torch import autograd
from torch.autograd import gradcheck
from torch.autograd.functional import jacobian

torch.manual_seed(77)
x = torch.randn(24, 7, 3)
labels = (x.sum(dim=(1, 2)) > 0).float()


class Critic(nn.Module):
    """Written step by step, so that it can be differentiated twice everywhere."""

    def __init__(self, n_in=3, n_hidden=8):
        super().__init__()
        self.inp = nn.Linear(n_in, n_hidden)
        self.rec = nn.Linear(n_hidden, n_hidden, bias=False)
        self.out = nn.Linear(n_hidden, 1)

    def states(self, x):
        h = torch.zeros(x.size(0), self.rec.in_features, dtype=x.dtype)
        for t in range(x.size(1)):
            h = torch.tanh(self.inp(x[:, t]) + self.rec(h))
            yield h

    def forward(self, x):
        for h in self.states(x):
            pass
        return self.out(h).squeeze(-1)


def calc_gradient_penalty(netD, real_data, fake_data, LAMBDA=1.0):
    alpha = torch.rand(real_data.size(0), 1, 1).expand(real_data.size())
    interpolates = alpha * real_data + ((1 - alpha) * fake_data)
    interpolates = autograd.Variable(interpolates, requires_grad=True)
    disc_interpolates = netD(interpolates)
    gradients = autograd.grad(
        outputs=disc_interpolates,
        inputs=interpolates,
        grad_outputs=torch.ones(disc_interpolates.size()),
        create_graph=True,
        retain_graph=True,
        only_inputs=True,
    )[0]
    gradients = gradients.reshape(gradients.size(0), -1)
    return ((gradients.norm(2, dim=1) - 1) ** 2).mean() * LAMBDA


criterion = nn.BCEWithLogitsLoss()
net = Critic()
optimizer = torch.optim.Adam(net.parameters(), lr=0.02, betas=(0.5, 0.9))
for step in range(30):
    optimizer.zero_grad()
    loss = criterion(net(x), labels)
    penalty = calc_gradient_penalty(net, x, torch.randn_like(x))
    (loss + penalty).backward()
    optimizer.step()
    if step % 10 == 9:
        print(f"{step + 1}: loss {loss.item():.4f} penalty {penalty.item():.4f}")

# the same for the library's own layers
for layer in (nn.GRU(3, 8, batch_first=True), nn.LSTM(3, 8, batch_first=True), nn.RNN(3, 8, batch_first=True)):
    head = nn.Linear(8, 1)
    optimizer = torch.optim.SGD([*layer.parameters(), *head.parameters()], lr=0.2)
    for step in range(10):
        inputs = x.clone().requires_grad_()
        out, _ = layer(inputs)
        loss = criterion(head(out[:, -1]).view(-1), labels)
        (slope,) = torch.autograd.grad(loss, inputs, create_graph=True)
        total = loss + 10 * slope.pow(2).sum() * len(x)
        optimizer.zero_grad()
        total.backward()
        optimizer.step()
    print(f"{type(layer).__name__}: {loss:.5f} and slope {slope.norm():.5f}")

# how far back does the gradient reach?
hs = list(net.states(x[:1]))
h0 = torch.zeros(1, 8)
for steps in (1, 3, 6):

    def last(h, steps=steps):
        for t in range(steps):
            h = torch.tanh(net.inp(x[:1, t]) + net.rec(h))
        return h.squeeze(0)

    J = jacobian(last, h0).squeeze(1)
    print(steps, tuple(J.shape), f"norm {J.norm():.5f}")

# a vector-Jacobian product by hand, row by row
y = last(h0.requires_grad_())
rows = [autograd.grad(y[i], h0, retain_graph=True)[0].squeeze(0) for i in range(8)]
print("rows agree:", torch.allclose(torch.stack(rows), J, atol=1e-6))
unused = torch.ones(2, requires_grad=True)
print(autograd.grad(y.sum(), [unused], allow_unused=True, retain_graph=True))
try:
    autograd.grad(y.sum(), [unused])
except RuntimeError as error:
    print("RuntimeError:", "allow_unused" in str(error))

# Newton's method on a scalar, by second derivatives
w = torch.tensor(1.5, requires_grad=True)
for _ in range(5):
    f = (w**4 - 3 * w**2 + w).tanh()
    (g,) = autograd.grad(f, w, create_graph=True)
    (h,) = autograd.grad(g, w)
    with torch.no_grad():
        w -= 0.5 * g / h.abs()
    print(f"w {w.item():.5f} f {f.item():.5f} slope {g.item():.5f}")

double = Critic(2, 4).double()
inputs = torch.randn(2, 3, 2, dtype=torch.double, requires_grad=True)
print("gradcheck:", gradcheck(double, (inputs,), eps=1e-6, atol=1e-4))


class Clamp(autograd.Function):
    """A gate with a gradient of its own: the identity on the way back."""

    @staticmethod
    def forward(ctx, x, limit):
        ctx.save_for_backward(x)
        ctx.limit = limit
        return x.clamp(-limit, limit)

    @staticmethod
    def backward(ctx, grad_output):
        (x,) = ctx.saved_tensors
        return grad_output * (x.abs() < 2 * ctx.limit).float(), None


v = torch.linspace(-3, 3, 7, requires_grad=True)
Clamp.apply(v, 1.0).pow(2).sum().backward()
print(v.grad)
