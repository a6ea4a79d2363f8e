"""RNN, GRU and LSTM behind one model class, the state carried and detached in place, a learning rate per kind."""

import collections
import math

import torch
from torch import nn
from torch.nn import functional as F

torch.manual_seed(0)
sentence = "a b a c a b a d e a b a c a b a d f e " * 8
tokens = sentence.split()
counter = collections.Counter(tokens)
vocab = [token for token, _ in sorted(counter.items(), key=lambda x: x[1], reverse=True)]
idx = {token: i for i, token in enumerate(vocab)}
corpus = torch.tensor([idx[t] for t in tokens])
print(vocab, corpus[:8])

batch_size, num_steps = 4, 6


def iterate():
    rows = corpus[: (len(corpus) - 1) // batch_size * batch_size].reshape(batch_size, -1)
    nexts = corpus[1 : (len(corpus) - 1) // batch_size * batch_size + 1].reshape(batch_size, -1)
    for i in range(0, rows.shape[1] - num_steps + 1, num_steps):
        yield rows[:, i : i + num_steps], nexts[:, i : i + num_steps]


class RNNModel(nn.Module):
    def __init__(self, rnn_layer, vocab_size, **kwargs):
        super(RNNModel, self).__init__(**kwargs)
        self.rnn = rnn_layer
        self.vocab_size = vocab_size
        self.num_hiddens = self.rnn.hidden_size
        if not self.rnn.bidirectional:
            self.num_directions = 1
            self.linear = nn.Linear(self.num_hiddens, self.vocab_size)
        else:
            self.num_directions = 2
            self.linear = nn.Linear(self.num_hiddens * 2, self.vocab_size)

    def forward(self, inputs, state):
        X = F.one_hot(inputs.T.long(), self.vocab_size)
        X = X.to(torch.float32)
        Y, state = self.rnn(X, state)
        output = self.linear(Y.reshape((-1, Y.shape[-1])))
        return output, state

    def begin_state(self, device=None, batch_size=1):
        shape = (self.num_directions * self.rnn.num_layers, batch_size, self.num_hiddens)
        if not isinstance(self.rnn, nn.LSTM):
            return torch.zeros(shape, device=device)
        else:
            return (torch.zeros(shape, device=device), torch.zeros(shape, device=device))


def train(net, updater, device, num_epochs):
    loss = nn.CrossEntropyLoss(reduction="none")
    net.train()
    for epoch in range(num_epochs):
        state, total, count = None, 0.0, 0
        for X, Y in iterate():
            if state is None:
                state = net.begin_state(batch_size=X.shape[0], device=device)
            else:
                if isinstance(net, nn.Module) and not isinstance(state, tuple):
                    state.detach_()
                else:
                    for s in state:
                        s.detach_()
            y = Y.T.reshape(-1)
            y_hat, state = net(X.to(device), state)
            l = loss(y_hat, y.to(device))
            updater.zero_grad()
            l.mean().backward()
            nn.utils.clip_grad_norm_(net.parameters(), max_norm=1.0)
            updater.step()
            total += l.sum().item()
            count += y.numel()
        if (epoch + 1) % 4 == 0:
            print(f"  epoch {epoch + 1}: perplexity {math.exp(total / count):.3f}")


def predict(net, start, n, device):
    state = net.begin_state(batch_size=1, device=device)
    out = [idx[start]]
    with torch.no_grad():
        for _ in range(n):
            y, state = net(torch.tensor([[out[-1]]], device=device), state)
            out.append(int(y.argmax(dim=1).reshape(1)))
    return " ".join(vocab[i] for i in out)


device = torch.device("cpu")
layers = {
    "RNN": (nn.RNN(len(vocab), 16), 0.5),
    "RNN relu, 2 layers": (nn.RNN(len(vocab), 12, num_layers=2, nonlinearity="relu"), 0.2),
    "GRU": (nn.GRU(len(vocab), 16), 1.0),
    "LSTM": (nn.LSTM(len(vocab), 16), 2.0),
    "LSTM, 2 layers, bidirectional": (nn.LSTM(len(vocab), 8, 2, bidirectional=True), 2.0),
}
for name, (layer, lr) in layers.items():
    print(name, layer)
    net = RNNModel(layer, vocab_size=len(vocab)).to(device)
    X = torch.arange(10).reshape((2, 5)) % len(vocab)
    Y, state = net(X, net.begin_state(batch_size=2, device=device))
    print(Y.shape, [tuple(s.shape) for s in state] if isinstance(state, tuple) else tuple(state.shape))
    train(net, torch.optim.SGD(net.parameters(), lr=lr), device, 8)
    print(" ", predict(net, "a", 8, device))
