"""Gradient flow by brute force: every step in plain operations, `retain_grad` on every state, a copy of each weight for
every step. Written against the names that tinygrad_rnn and torch share, so that it runs in either.
"""

from __future__ import annotations

import numpy as np

T, N, I, H = 5, 3, 4, 6


def lstm(lib, x, h, c, w):
    i, f, g, o = lib.chunk(sums(w, "ih", x) + sums(w, "hh", h), 4, -1)
    gates = {"i": lib.sigmoid(i), "f": lib.sigmoid(f), "g": lib.tanh(g), "o": lib.sigmoid(o)}
    c = gates["f"] * c + gates["i"] * gates["g"]
    h = gates["o"] * lib.tanh(c)
    return h @ w["weight_hr"].T if "weight_hr" in w else h, c, gates


def gru(lib, x, h, c, w):
    (x_r, x_z, x_n), (h_r, h_z, h_n) = lib.chunk(sums(w, "ih", x), 3, -1), lib.chunk(sums(w, "hh", h), 3, -1)
    r, z = lib.sigmoid(x_r + h_r), lib.sigmoid(x_z + h_z)
    n = lib.tanh(x_n + r * h_n)
    return n + z * (h - n), None, {"r": r, "z": z, "n": n}


def mingru(lib, x, h, c, w):
    z, n = lib.chunk(sums(w, "ih", x), 2, -1)
    z = lib.sigmoid(z)
    return (1 - z) * h + z * n, None, {"z": z, "n": n}


def minlstm(lib, x, h, c, w):
    f, i, n = lib.chunk(sums(w, "ih", x), 3, -1)
    f, i = lib.sigmoid(f), lib.sigmoid(i)
    return f / (f + i) * h + i / (f + i) * n, None, {"f": f, "i": i, "n": n}


def rnn(nonlinearity):
    return lambda lib, x, h, c, w: (getattr(lib, nonlinearity)(sums(w, "ih", x) + sums(w, "hh", h)), None, {})


def sums(w, which, x):
    y = x @ w[f"weight_{which}"].T
    return y + w[f"bias_{which}"] if f"bias_{which}" in w else y


def loss_of(lib, y, finals):
    """A number in which every element has a weight of its own."""
    total = 0.0
    for k, part in enumerate([y, *finals]):
        weight = lib.tensor(np.random.default_rng(k).standard_normal(tuple(part.shape)))
        total = total + (part * part * weight).sum() + (part * weight).sum()
    return total


class Layer:
    """What is kept of one layer in one direction."""

    def __init__(self, name):
        self.name, self.h, self.c, self.w, self.gates, self.final = name, {}, {}, {}, {}, None


def unrolled(lib, module, x, lengths):
    """(y, final states h, final states c, the layers) of a recurrent layer of tinygrad_rnn."""
    kind = type(module).__name__
    cell = {"LSTM": lstm, "GRU": gru, "MinGRU": mingru, "MinLSTM": minlstm}.get(kind) or rnn(module.nonlinearity)
    parameters = {name: p.detach().numpy() for name, p in module.named_parameters()}
    layers = []
    for number in range(module.num_layers):
        outputs = []
        for suffix in ["", "_reverse"][: module.directions]:
            layer = Layer(f"layer {number}{suffix.replace('_', ' ')}")
            layers.append(layer)
            ending = f"_l{number}{suffix}"
            weights = {
                name.removesuffix(ending): lib.tensor(array, requires_grad=True)
                for name, array in parameters.items()
                if name.endswith(ending)
            }
            h = lib.tensor(np.zeros((x.shape[1], module.output_size)))
            c = lib.tensor(np.zeros((x.shape[1], module.hidden_size)))
            ys = [None] * len(x)
            for t in reversed(range(len(x))) if suffix else range(len(x)):
                layer.w[t] = {name: w * 1.0 for name, w in weights.items()}
                layer.h[t], layer.c[t], layer.gates[t] = cell(lib, x[t], h, c, layer.w[t])
                for each in (layer.h[t], layer.c[t], *layer.w[t].values()):
                    if each is not None:
                        each.retain_grad()
                on = lib.tensor((t < np.array(lengths))[:, None] * 1.0) if lengths is not None else 1.0
                h, ys[t] = on * layer.h[t] + (1.0 - on) * h, on * layer.h[t]
                c = c if layer.c[t] is None else on * layer.c[t] + (1.0 - on) * c
            layer.final = h, c
            outputs.append(lib.stack(ys))
        x = lib.cat(outputs, -1)
    return x, layers


def flow(lib, module, x, lengths=None):
    """For each layer and direction what `gradient_flow` calls dh, dc, dw, jacobian_h, jacobian_c and gates."""
    y, layers = unrolled(lib, module, lib.tensor(x), lengths)
    has_c = type(module).__name__ == "LSTM"
    finals = [lib.stack([layer.final[k] for layer in layers]) for k in range(1 + has_c)]
    loss_of(lib, y, finals).backward(retain_graph=True)
    valid = np.ones(x.shape[:2], bool) if lengths is None else np.arange(len(x))[:, None] < np.array(lengths)
    found = []
    for layer in layers:
        steps = range(len(x))
        found.append({
            "name": layer.name,
            "dh": np.array([norm(layer.h[t].grad) for t in steps]),
            "dc": np.array([norm(layer.c[t].grad) for t in steps]) if has_c else None,
            "dw": {name: np.array([norm(layer.w[t][name].grad) for t in steps]) for name in layer.w[0]},
            "jacobian_h": jacobian(lib, layer.final[0], [layer.h[t] for t in steps], valid),
            "jacobian_c": jacobian(lib, layer.final[0], [layer.c[t] for t in steps], valid) if has_c else None,
            "gates": {
                gate: np.where(valid[:, :, None], [numbers(layer.gates[t][gate]) for t in steps], np.nan)
                for gate in layer.gates[0]
            },
        })  # fmt: skip
    return found


def jacobian(lib, final, states, valid):
    """Row by row, element by element."""
    squares = np.zeros(valid.shape)
    for n in range(final.shape[0]):
        for i in range(final.shape[1]):
            rows = lib.autograd.grad(final[n, i], states, retain_graph=True, allow_unused=True)
            for t, row in enumerate(rows):
                if row is not None:
                    squares[t, n] += (numbers(row)[n] ** 2).sum()
    with np.errstate(invalid="ignore"):
        return np.sqrt(squares.sum(1, where=valid) / valid.sum(1))


def numbers(x):
    return x.detach().numpy()


def norm(x):
    return 0.0 if x is None else np.sqrt((numbers(x) ** 2).sum())
