"""Holt-Winters smoothing whose rates autograd finds, hooks on gradients, and micro-batches that accumulate them."""

import math

import torch
from torch import nn

torch.manual_seed(10)
PERIOD = 6

t = torch.arange(96.0)
season = torch.tensor([0.0, 0.5, 1.0, 0.3, -0.6, -1.2])
series = 0.03 * t + season.repeat(16) + 0.1 * torch.randn(96)


class HoltWinters(nn.Module):
    """Level, trend and season, each with a rate in (0, 1) that is learnt through its logit."""

    def __init__(self, series):
        super().__init__()
        self.logits = nn.Parameter(torch.tensor([0.0, -1.0, -1.0]))
        self.level = nn.Parameter(series[:PERIOD].mean().clone())
        self.trend = nn.Parameter((series[PERIOD : 2 * PERIOD].mean() - series[:PERIOD].mean()) / PERIOD)
        self.season = nn.Parameter(series[:PERIOD] - series[:PERIOD].mean())

    def forward(self, y, horizon=0):
        alpha, beta, gamma = self.logits.sigmoid().unbind()
        level, trend, season = self.level, self.trend, list(self.season)
        fitted = []
        for i in range(len(y)):
            s = season[i % PERIOD]
            fitted.append(level + trend + s)
            new_level = alpha * (y[i] - s) + (1 - alpha) * (level + trend)
            trend = beta * (new_level - level) + (1 - beta) * trend
            season[i % PERIOD] = gamma * (y[i] - new_level) + (1 - gamma) * s
            level = new_level
        ahead = [level + (h + 1) * trend + season[(len(y) + h) % PERIOD] for h in range(horizon)]
        return torch.stack(fitted), torch.stack(ahead) if ahead else None


train, test = series[:84], series[84:]
model = HoltWinters(train)
norms = []
handle = model.logits.register_hook(lambda grad: norms.append(grad.norm().item()))
optimizer = torch.optim.Adam(model.parameters(), lr=0.05)
for step in range(12):
    optimizer.zero_grad()
    fitted, _ = model(train)
    loss = (fitted - train)[PERIOD:].pow(2).mean()
    loss.backward()
    optimizer.step()
    if step % 4 == 3:
        print(f"step {step + 1}: mse {loss:.5f} rates {[round(r, 4) for r in model.logits.sigmoid().tolist()]}")
handle.remove()
print("norms of the rates' gradients:", [f"{n:.4f}" for n in norms[::3]], len(norms))
with torch.no_grad():
    _, ahead = model(train, horizon=len(test))
    print("forecast error", torch.sqrt(nn.functional.mse_loss(ahead, test)).item())


class LinearStateSpace(nn.Module):
    """x' = A x + B u, y = C x, with A kept stable by its eigenvalues' size."""

    def __init__(self, n):
        super().__init__()
        self.A = nn.Parameter(torch.eye(n) * 0.9 + 0.01 * torch.randn(n, n))
        self.B = nn.Parameter(torch.randn(n, 1) / math.sqrt(n))
        self.C = nn.Parameter(torch.randn(1, n) / math.sqrt(n))

    def forward(self, u, keep=None):
        x = u.new_zeros(self.A.size(0), u.size(1))
        ys = []
        for i, u_t in enumerate(u):
            x = self.A @ x + self.B @ u_t.unsqueeze(0)
            if keep is not None and x.requires_grad:
                x.retain_grad()
                keep.append(x)
            ys.append(self.C @ x)
        return torch.cat(ys)


u = torch.randn(15, 32)
with torch.no_grad():
    target = torch.zeros_like(u)
    target[0] = 0.5 * u[0]
    for i in range(1, len(u)):
        target[i] = 0.8 * target[i - 1] + 0.5 * u[i]

ssm = LinearStateSpace(4)
optimizer = torch.optim.SGD(ssm.parameters(), lr=0.01, momentum=0.8)
scaled = ssm.C.register_hook(lambda grad: grad * 0.5)
accumulation_steps = 4
for epoch in range(12):
    optimizer.zero_grad()
    total = 0.0
    for i, (inputs, outputs) in enumerate(zip(u.split(8, dim=1), target.split(8, dim=1))):
        loss = nn.functional.mse_loss(ssm(inputs), outputs) / accumulation_steps
        loss.backward()
        total += loss.item()
        if (i + 1) % accumulation_steps == 0:
            norm = torch.nn.utils.clip_grad_norm_(ssm.parameters(), max_norm=1.0)
            grads = {n: p.grad.detach().norm().item() for n, p in ssm.named_parameters()}
            optimizer.step()
    if epoch % 3 == 2:
        print(
            f"epoch {epoch + 1}: loss {total:.5f}, norm {norm:.4f}, "
            + ", ".join(f"{n} {g:.4f}" for n, g in grads.items())
        )
scaled.remove()

# whole batch and micro-batches have the same gradient
optimizer.zero_grad()
nn.functional.mse_loss(ssm(u), target).backward()
whole = [p.grad.clone() for p in ssm.parameters()]
ssm.zero_grad(set_to_none=False)
for inputs, outputs in zip(u.split(8, dim=1), target.split(8, dim=1)):
    (nn.functional.mse_loss(ssm(inputs), outputs) / 4).backward()
print("same gradient:", all(torch.allclose(a, p.grad, atol=1e-6) for a, p in zip(whole, ssm.parameters())))

states = []
loss = nn.functional.mse_loss(ssm(u, keep=states)[-1], target[-1])
loss.backward(retain_graph=True)
print("gradient at each state:", [f"{s.grad.norm():.5f}" for s in states[::4]])
print("twice:", states[0].is_leaf, states[0].grad_fn is not None, end=" ")
before = states[-1].grad.clone()
loss.backward()
print((states[-1].grad / before).mean().item())
