"""An RNN language model from bare tensors, in the way of a textbook: one-hot input, own SGD, clipping, perplexity."""

import math
import random

import torch
from torch.nn import functional as F

random.seed(0)
torch.manual_seed(8)

story = """the traveller smiled and drew his chair towards the fire and began to speak of time and of the things
that live in time and we sat still and heard him until the lamp burned low and the night was nearly gone"""
story = " ".join(story.split())
vocab = sorted(set(story))
index = {c: i for i, c in enumerate(vocab)}
corpus = [index[c] for c in story]
batch_size, num_steps = 4, 10


def seq_data_iter_random(corpus, batch_size, num_steps):
    corpus = corpus[random.randint(0, num_steps - 1) :]
    num_subseqs = (len(corpus) - 1) // num_steps
    initial_indices = list(range(0, num_subseqs * num_steps, num_steps))
    random.shuffle(initial_indices)

    def data(pos):
        return corpus[pos : pos + num_steps]

    num_batches = num_subseqs // batch_size
    for i in range(0, batch_size * num_batches, batch_size):
        per_batch = initial_indices[i : i + batch_size]
        X = [data(j) for j in per_batch]
        Y = [data(j + 1) for j in per_batch]
        yield torch.tensor(X), torch.tensor(Y)


def seq_data_iter_sequential(corpus, batch_size, num_steps):
    offset = random.randint(0, num_steps)
    num_tokens = ((len(corpus) - offset - 1) // batch_size) * batch_size
    Xs = torch.tensor(corpus[offset : offset + num_tokens])
    Ys = torch.tensor(corpus[offset + 1 : offset + 1 + num_tokens])
    Xs, Ys = Xs.reshape(batch_size, -1), Ys.reshape(batch_size, -1)
    num_batches = Xs.shape[1] // num_steps
    for i in range(0, num_steps * num_batches, num_steps):
        yield Xs[:, i : i + num_steps], Ys[:, i : i + num_steps]


def get_params(vocab_size, num_hiddens, device):
    def normal(shape):
        return torch.randn(size=shape, device=device) * 0.1

    W_xh = normal((vocab_size, num_hiddens))
    W_hh = normal((num_hiddens, num_hiddens))
    b_h = torch.zeros(num_hiddens, device=device)
    W_hq = normal((num_hiddens, vocab_size))
    b_q = torch.zeros(vocab_size, device=device)
    params = [W_xh, W_hh, b_h, W_hq, b_q]
    for param in params:
        param.requires_grad_(True)
    return params


def init_rnn_state(batch_size, num_hiddens, device):
    return (torch.zeros((batch_size, num_hiddens), device=device),)


def rnn(inputs, state, params):
    W_xh, W_hh, b_h, W_hq, b_q = params
    (H,) = state
    outputs = []
    for X in inputs:
        H = torch.tanh(torch.mm(X, W_xh) + torch.mm(H, W_hh) + b_h)
        Y = torch.mm(H, W_hq) + b_q
        outputs.append(Y)
    return torch.cat(outputs, dim=0), (H,)


class RNNModelScratch:
    def __init__(self, vocab_size, num_hiddens, device, get_params, init_state, forward_fn):
        self.vocab_size, self.num_hiddens = vocab_size, num_hiddens
        self.params = get_params(vocab_size, num_hiddens, device)
        self.init_state, self.forward_fn = init_state, forward_fn

    def __call__(self, X, state):
        X = F.one_hot(X.T, self.vocab_size).type(torch.float32)
        return self.forward_fn(X, state, self.params)

    def begin_state(self, batch_size, device):
        return self.init_state(batch_size, self.num_hiddens, device)


def predict(prefix, num_preds, net, device):
    state = net.begin_state(batch_size=1, device=device)
    outputs = [index[prefix[0]]]

    def get_input():
        return torch.tensor([outputs[-1]], device=device).reshape((1, 1))

    for y in prefix[1:]:
        _, state = net(get_input(), state)
        outputs.append(index[y])
    for _ in range(num_preds):
        y, state = net(get_input(), state)
        outputs.append(int(y.argmax(dim=1).reshape(1)))
    return "".join([vocab[i] for i in outputs])


def grad_clipping(net, theta):
    params = net.params
    norm = torch.sqrt(sum(torch.sum((p.grad**2)) for p in params))
    if norm > theta:
        for param in params:
            param.grad[:] *= theta / norm
    return norm


def sgd(params, lr, batch_size):
    with torch.no_grad():
        for param in params:
            param -= lr * param.grad / batch_size
            param.grad.zero_()


class Accumulator:
    def __init__(self, n):
        self.data = [0.0] * n

    def add(self, *args):
        self.data = [a + float(b) for a, b in zip(self.data, args)]

    def __getitem__(self, idx):
        return self.data[idx]


def train_epoch(net, lr, device, use_random_iter):
    state = None
    metric = Accumulator(3)
    iterate = seq_data_iter_random if use_random_iter else seq_data_iter_sequential
    for X, Y in iterate(corpus, batch_size, num_steps):
        if state is None or use_random_iter:
            state = net.begin_state(batch_size=X.shape[0], device=device)
        else:
            for s in state:
                s.detach_()
        y = Y.T.reshape(-1)
        X, y = X.to(device), y.to(device)
        y_hat, state = net(X, state)
        loss = F.cross_entropy(y_hat, y.long()).mean()
        loss.backward()
        norm = grad_clipping(net, 1)
        sgd(net.params, lr, batch_size=1)
        metric.add(loss * y.numel(), y.numel(), norm)
    return math.exp(metric[0] / metric[1]), metric[2]


device = torch.device("cuda:0" if torch.cuda.device_count() >= 1 else "cpu")
X = torch.arange(10).reshape((2, 5))
net = RNNModelScratch(len(vocab), 32, device, get_params, init_rnn_state, rnn)
state = net.begin_state(X.shape[0], device)
Y, new_state = net(X.to(device), state)
print(Y.shape, len(new_state), new_state[0].shape)
print(F.one_hot(torch.tensor([0, 2]), len(vocab))[:, :4])
print("[" + predict("time ", 8, net, device) + "]")
for use_random_iter in (False, True):
    net = RNNModelScratch(len(vocab), 32, device, get_params, init_rnn_state, rnn)
    for epoch in range(20):
        ppl, norm = train_epoch(net, 0.5, device, use_random_iter)
        if (epoch + 1) % 5 == 0:
            print(f"perplexity {ppl:.2f}, norms {norm:.3f}, {predict('the ', 6, net, device)!r}")
