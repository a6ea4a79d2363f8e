"""LSTM layers stacked by hand: projections between them, residual sums, and both directions added or concatenated."""

import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(3)
T, B, FEATURES, HIDDEN, PROJECTED, CLASSES = 9, 12, 6, 14, 8, 4


class ProjectedLSTM(nn.Module):
    def __init__(self, n_in, n_hidden, n_out):
        super().__init__()
        self.lstm = nn.LSTM(n_in, n_hidden)
        self.proj = nn.Linear(n_hidden, n_out, bias=False)

    def forward(self, x, state=None):
        y, state = self.lstm(x, state)
        return self.proj(y), state


class Pyramid(nn.Module):
    """Halves the number of steps, as in Listen, Attend and Spell."""

    def __init__(self, n_in, n_hidden):
        super().__init__()
        self.lstm = nn.LSTM(2 * n_in, n_hidden, bidirectional=True)

    def forward(self, x):
        if x.size(0) % 2:
            x = x[:-1]
        t, b, f = x.shape
        x = x.view(t // 2, 2, b, f).permute(0, 2, 1, 3).reshape(t // 2, b, 2 * f)
        y, _ = self.lstm(x)
        return y


class Net(nn.Module):
    def __init__(self, combine):
        super().__init__()
        self.combine = combine
        self.inp = nn.Linear(FEATURES, PROJECTED)
        self.layers = nn.ModuleList([ProjectedLSTM(PROJECTED, HIDDEN, PROJECTED) for _ in range(2)])
        self.both = nn.LSTM(PROJECTED, HIDDEN, num_layers=2, bidirectional=True)
        width = HIDDEN if combine == "sum" else 2 * HIDDEN
        self.pyramid = Pyramid(width, 10)
        self.out = nn.Linear(20, CLASSES)
        for name, param in self.named_parameters():
            if "weight_hh" in name:
                nn.init.orthogonal_(param)
            elif "bias" in name and "lstm" in name:
                nn.init.constant_(param, 0.0)
                n = param.size(0)
                param.data[n // 4 : n // 2].fill_(1.0)

    def forward(self, x):
        x = self.inp(x)
        for layer in self.layers:
            x = x + layer(x)[0]
        y, (h, c) = self.both(x)
        if self.combine == "sum":
            y = y[:, :, : self.both.hidden_size] + y[:, :, self.both.hidden_size :]
        elif self.combine == "max":
            y = torch.cat((torch.max(*y.chunk(2, dim=-1)), torch.min(*y.chunk(2, dim=-1))), -1)
        h = h.view(self.both.num_layers, 2, x.size(1), HIDDEN)
        y = self.pyramid(y)
        return self.out(y.mean(dim=0)), h[-1].sum(0)


x = torch.randn(T, 4 * B, FEATURES)
labels = (x[0, :, 0] > 0).long() + 2 * (x[-1, :, 1] > 0).long()
print("classes:", torch.bincount(labels, minlength=CLASSES).tolist())

for combine in ("sum", "concat", "max"):
    net = Net(combine)
    optimizer = torch.optim.Adam(net.parameters(), lr=0.01, amsgrad=True)
    for epoch in range(5):
        hits = 0
        for xb, yb in zip(torch.split(x, B, dim=1), labels.split(B)):
            optimizer.zero_grad()
            logits, last = net(xb)
            loss = F.cross_entropy(logits, yb) + 1e-3 * last.pow(2).mean()
            loss.backward()
            optimizer.step()
            hits += int((logits.max(1)[1] == yb).sum())
        print(f"{combine:6} epoch {epoch} loss {float(loss):.5f} accuracy {hits / labels.numel():.3f}")
    print([tuple(p.shape) for p in net.both.parameters()][:6])

# one layer with proj_size does what LSTM + Linear do
lstm = nn.LSTM(FEATURES, HIDDEN, num_layers=2, batch_first=True, proj_size=5)
y, (h, c) = lstm(x.transpose(0, 1))
print(lstm, y.shape, h.shape, c.shape)
optimizer = torch.optim.SGD(lstm.parameters(), lr=0.5, momentum=0.9)
for _ in range(10):
    y, _ = lstm(x.transpose(0, 1))
    loss = F.cross_entropy(y[:, -1], labels)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print(f"projected: {loss.item():.5f}")
