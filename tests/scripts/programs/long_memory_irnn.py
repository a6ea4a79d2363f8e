"""What plain RNNs find hard: the adding problem with an identity-initialised ReLU RNN, and the copy task, clipped."""

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.nn import init
from torch.nn.utils import clip_grad_norm_, clip_grad_value_

torch.manual_seed(5)
torch.backends.cudnn.benchmark = False
device = "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
print("on", device)


def adding_batch(batch, T):
    """[T, batch, 2]: a number and a mark; the sum of the two marked numbers."""
    values = torch.rand(T, batch, device=device)
    marks = torch.zeros(T, batch, device=device)
    first = torch.randint(0, T // 2, (batch,), device=device)
    second = torch.randint(T // 2, T, (batch,), device=device)
    columns = torch.arange(batch, device=device)
    marks[first, columns] = 1.0
    marks[second, columns] = 1.0
    return torch.stack((values, marks), dim=2), torch.sum(values * marks, dim=0, keepdim=True).t()


class IRNN(nn.Module):
    def __init__(self, input_size, hidden_size):
        super().__init__()
        self.rnn = nn.RNN(input_size, hidden_size, nonlinearity="relu")
        self.readout = nn.Linear(hidden_size, 1)
        self.reset_parameters()

    @torch.no_grad()
    def reset_parameters(self):
        self.rnn.weight_hh_l0.copy_(torch.eye(self.rnn.hidden_size))
        self.rnn.bias_ih_l0.zero_()
        self.rnn.bias_hh_l0.fill_(0)
        self.rnn.weight_ih_l0.normal_(0, 0.1)
        init.normal_(self.readout.weight, std=0.1)

    def forward(self, x):
        _, h_n = self.rnn(x)
        return self.readout(h_n.squeeze(0))


model = IRNN(2, 24).to(device)
optimizer = torch.optim.SGD(model.parameters(), lr=0.005, momentum=0.9)
for step in range(40):
    x, y = adding_batch(20, 16)
    loss = F.mse_loss(model(x), y)
    optimizer.zero_grad()
    loss.backward()
    total_norm = clip_grad_norm_(model.parameters(), max_norm=1.0, norm_type=2)
    optimizer.step()
    if step % 8 == 7:
        print(f"adding {step:3d} loss {loss.item():.4f} norm {total_norm:.3f}")
x, y = adding_batch(50, 16)
with torch.no_grad():
    error = (model(x) - y).abs()
print("within 0.3:", (error < 0.3).sum().item(), "of", len(error))
eigenvalue = torch.norm(model.rnn.weight_hh_l0 - torch.eye(24)).item()
print("away from the identity:", round(eigenvalue, 4))

SYMBOLS, LENGTH, DELAY = 6, 4, 6
BLANK, GO = SYMBOLS, SYMBOLS + 1


def copy_batch(batch):
    """[batch, time]: symbols, a delay, a sign to go, and time to say them."""
    symbols = torch.randint(SYMBOLS, (batch, LENGTH))
    x = torch.full((batch, 2 * LENGTH + DELAY), BLANK, dtype=torch.int64)
    y = torch.full_like(x, BLANK)
    x[:, :LENGTH] = symbols
    x[:, -LENGTH - 1] = GO
    y[:, -LENGTH:] = symbols
    return x, y


class Copier(nn.Module):
    def __init__(self, hidden_size, orthogonal):
        super().__init__()
        self.cell = nn.RNNCell(SYMBOLS + 2, hidden_size)
        self.out = nn.Linear(hidden_size, SYMBOLS + 1)
        if orthogonal:
            init.orthogonal_(self.cell.weight_hh)
        else:
            init.eye_(self.cell.weight_hh)

    def forward(self, x):
        inputs = F.one_hot(x, num_classes=SYMBOLS + 2).float()
        h = inputs.new_zeros(x.size(0), self.cell.hidden_size)
        logits = []
        for x_t in inputs.unbind(dim=1):
            h = self.cell(x_t, h)
            logits.append(self.out(h))
        return torch.stack(logits, 1)


for orthogonal in (True, False):
    model = Copier(32, orthogonal)
    optimizer = torch.optim.RMSprop(model.parameters(), lr=1e-3, alpha=0.9, eps=1e-6, centered=True)
    weights = torch.ones(SYMBOLS + 1)
    weights[BLANK] = 0.2
    model.train()
    for step in range(30):
        x, y = copy_batch(16)
        logits = model(x)
        loss = F.cross_entropy(logits.flatten(0, 1), y.flatten(), weight=weights)
        model.zero_grad()
        loss.backward()
        clip_grad_value_(model.parameters(), 0.1)
        optimizer.step()
        if (step + 1) % 10 == 0:
            right = (logits.argmax(-1) == y)[:, -LENGTH:].float().mean()
            print("copy", step + 1, "loss", format(loss, ".4f"), "right", format(right.item(), ".3f"))
    print([p.grad.abs().max() <= 0.1 for p in model.parameters()])
