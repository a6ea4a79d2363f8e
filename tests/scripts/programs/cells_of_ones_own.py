"""LSTMs of one's own: gates by chunk, layer norm in a ModuleList of cells, hooks, retained gradients, highway cells."""

import math
from collections import namedtuple
from typing import List

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.nn import Parameter

torch.manual_seed(0)
LSTMState = namedtuple("LSTMState", ["hx", "cx"])


class LSTMCell(nn.Module):
    def __init__(self, input_size, hidden_size):
        super().__init__()
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.weight_ih = Parameter(torch.randn(4 * hidden_size, input_size) / math.sqrt(input_size))
        self.weight_hh = Parameter(torch.randn(4 * hidden_size, hidden_size) / math.sqrt(hidden_size))
        self.bias_ih = Parameter(torch.zeros(4 * hidden_size))
        self.bias_hh = Parameter(torch.zeros(4 * hidden_size))

    def forward(self, input, state):
        hx, cx = state
        gates = torch.mm(input, self.weight_ih.t()) + self.bias_ih + torch.mm(hx, self.weight_hh.t()) + self.bias_hh
        ingate, forgetgate, cellgate, outgate = gates.chunk(4, 1)
        ingate = torch.sigmoid(ingate)
        forgetgate = torch.sigmoid(forgetgate)
        cellgate = torch.tanh(cellgate)
        outgate = torch.sigmoid(outgate)
        cy = (forgetgate * cx) + (ingate * cellgate)
        hy = outgate * torch.tanh(cy)
        return hy, LSTMState(hy, cy)


class LayerNormLSTMCell(nn.Module):
    def __init__(self, input_size, hidden_size, decompose=False):
        super().__init__()
        self.hidden_size = hidden_size
        self.weight_ih = Parameter(torch.randn(4 * hidden_size, input_size) / math.sqrt(input_size))
        self.weight_hh = Parameter(torch.randn(4 * hidden_size, hidden_size) / math.sqrt(hidden_size))
        self.layernorm_i = nn.LayerNorm(4 * hidden_size)
        self.layernorm_h = nn.LayerNorm(4 * hidden_size)
        self.layernorm_c = nn.LayerNorm(hidden_size, elementwise_affine=False)

    def forward(self, input, state):
        hx, cx = state
        gates = self.layernorm_i(input @ self.weight_ih.T) + self.layernorm_h(hx @ self.weight_hh.T)
        i, f, g, o = gates.split(self.hidden_size, dim=1)
        cy = self.layernorm_c(f.sigmoid() * cx + i.sigmoid() * g.tanh())
        hy = o.sigmoid() * cy.tanh()
        return hy, LSTMState(hy, cy)


class HighwayCell(nn.Module):
    """h' = t * s + (1 - t) * h, `depth` times within each step."""

    def __init__(self, input_size, hidden_size, depth=2):
        super().__init__()
        self.hidden_size = hidden_size
        self.input = nn.Linear(input_size, 2 * hidden_size, bias=False)
        self.depth = nn.ModuleList([nn.Linear(hidden_size, 2 * hidden_size) for _ in range(depth)])
        for linear in self.depth:
            linear.bias.data[hidden_size:].sub_(2)

    def forward(self, x, state):
        h, c = state
        for l, linear in enumerate(self.depth):
            z = linear(h) + (self.input(x) if l == 0 else 0)
            s, t = z[..., : self.hidden_size].tanh(), torch.sigmoid(z[..., self.hidden_size :])
            h = torch.lerp(h, s, t)
        return h, LSTMState(h, c)


class Layer(nn.Module):
    def __init__(self, cell, *cell_args, backwards=False):
        super().__init__()
        self.cell = cell(*cell_args)
        self.backwards = backwards

    def forward(self, input, state):
        inputs = input.unbind(0)
        outputs: List[torch.Tensor] = []
        for x in reversed(inputs) if self.backwards else inputs:
            out, state = self.cell(x, state)
            outputs += [out]
        return torch.stack(outputs[::-1] if self.backwards else outputs), state


class Stacked(nn.Module):
    def __init__(self, cell, input_size, hidden_size, num_layers):
        super().__init__()
        sizes = [input_size] + [hidden_size] * (num_layers - 1)
        self.layers = nn.ModuleList(Layer(cell, n, hidden_size, backwards=i % 2 == 1) for i, n in enumerate(sizes))
        self.out = nn.Linear(hidden_size, 1)

    def forward(self, x):
        output, final = x, []
        for layer in self.layers:
            zeros = x.new_zeros(x.size(1), layer.cell.hidden_size)
            output, state = layer(output, LSTMState(zeros, zeros.clone()))
            final.append(state)
        return self.out(output).squeeze(-1), final


# The cell is nn.LSTMCell.
ours, theirs = LSTMCell(3, 4), nn.LSTMCell(3, 4)
theirs.load_state_dict(ours.state_dict())
x, state = torch.randn(2, 3), LSTMState(torch.randn(2, 4), torch.randn(2, 4))
print((ours(x, state)[1].cx - theirs(x, state)[1]).abs().max().item() < 1e-6)

t = torch.arange(0, 20, dtype=torch.float32) * 0.4
series = torch.stack([torch.sin(t + phase) for phase in (0.0, 0.5, 1.0, 1.5)], dim=1)
inputs, targets = series.unsqueeze(-1), torch.cumsum(series, dim=0) / 10
for cell in (LSTMCell, LayerNormLSTMCell, HighwayCell):
    model = Stacked(cell, 1, 8, 2)
    seen = []
    handle = model.layers[1].register_forward_hook(lambda module, args, output: seen.append(output[0].norm().item()))
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01, eps=1e-6)
    for step in range(20):
        prediction, final = model(inputs)
        final[0].hx.retain_grad()
        loss = F.smooth_l1_loss(prediction, targets, beta=0.5)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step == 9:
            handle.remove()
    print(
        f"{cell.__name__:20} {loss.item():.5f} norms {seen[0]:.4f} {seen[-1]:.4f} of {len(seen)}",
        (final[0].hx.grad.norm(), final[0].hx.is_leaf),
    )

# Gradients on their way: scaled, and seen.
norms = {}
model.zero_grad()
x = inputs.clone().requires_grad_(True)
model.out.weight.register_hook(lambda grad: grad * 0.5)
prediction, final = model(x)
prediction.register_hook(lambda grad: norms.update(prediction=grad.norm().item()))
prediction.pow(2).mean().backward(retain_graph=True)
first = model.out.weight.grad.clone()
prediction.pow(2).mean().backward()
print(torch.allclose(model.out.weight.grad, 2 * first), round(norms["prediction"], 5))
print("saliency of", x.grad.abs().sum((1, 2)).topk(3).indices, x.grad.shape)
