"""A character RNN out of leaf tensors: its loop, its softmax and Adagrad by hand, gradients by backward()."""

import numpy as np
import torch

data = "hello, little world. hello, little bird. " * 6
chars = sorted(list(set(data)))
data_size, vocab_size = len(data), len(chars)
print("data has %d characters, %d unique." % (data_size, vocab_size))
char_to_ix = {ch: i for i, ch in enumerate(chars)}
ix_to_char = {i: ch for i, ch in enumerate(chars)}

hidden_size = 24
seq_length = 12
dtype = torch.double
learning_rate = 1e-1

np.random.seed(1)
Wxh = torch.tensor(np.random.randn(hidden_size, vocab_size) * 0.1, dtype=dtype, requires_grad=True)
Whh = torch.tensor(np.random.randn(hidden_size, hidden_size) * 0.1, dtype=dtype, requires_grad=True)
Why = torch.tensor(np.random.randn(vocab_size, hidden_size) * 0.1, dtype=dtype, requires_grad=True)
bh = torch.zeros(hidden_size, 1, dtype=dtype, requires_grad=True)
by = torch.zeros(vocab_size, 1, dtype=dtype, requires_grad=True)
parameters = [Wxh, Whh, Why, bh, by]


def loss_fun(inputs, targets, hprev):
    h, loss = hprev, 0
    for t in range(len(inputs)):
        x = torch.zeros((vocab_size, 1), dtype=dtype)
        x[inputs[t]] = 1
        h = torch.tanh(Wxh @ x + Whh @ h + bh)
        y = torch.mm(Why, h) + by
        p = torch.exp(y) / torch.sum(torch.exp(y))
        loss += -torch.log(p[targets[t], 0])
    return loss, h.detach()


def sample(h, seed_ix, n):
    x = torch.zeros((vocab_size, 1), dtype=dtype)
    x[seed_ix] = 1
    ixes = []
    with torch.no_grad():
        for t in range(n):
            h = torch.tanh(torch.matmul(Wxh, x) + torch.matmul(Whh, h) + bh)
            y = torch.matmul(Why, h) + by
            p = torch.exp(y) / torch.sum(torch.exp(y))
            ix = np.random.choice(range(vocab_size), p=p.numpy().ravel())
            x = torch.zeros((vocab_size, 1), dtype=dtype)
            x[ix] = 1
            ixes.append(ix)
    return ixes


n, p = 0, 0
memory = [torch.zeros_like(param) for param in parameters]
smooth_loss = -np.log(1.0 / vocab_size) * seq_length
while n <= 80:
    if p + seq_length + 1 >= len(data) or n == 0:
        hprev = torch.zeros(hidden_size, 1, dtype=dtype)
        p = 0
    inputs = [char_to_ix[ch] for ch in data[p : p + seq_length]]
    targets = [char_to_ix[ch] for ch in data[p + 1 : p + seq_length + 1]]
    if n % 40 == 0:
        print("----\n %s \n----" % "".join(ix_to_char[ix] for ix in sample(hprev, inputs[0], 30)))
    loss, hprev = loss_fun(inputs, targets, hprev)
    loss.backward()
    smooth_loss = smooth_loss * 0.98 + loss.item() * 0.02
    if n % 20 == 0:
        print("iter %d, loss: %f" % (n, smooth_loss))
    for param, mem in zip(parameters, memory):
        param.grad.data.clamp_(-5, 5)
        mem += param.grad * param.grad
        param.data -= learning_rate * param.grad / torch.sqrt(mem + 1e-8)
        param.grad.zero_()
    p += seq_length
    n += 1

# On in single precision and plain SGD: new leaves, `no_grad`, and in place.
dtype = torch.float32
Wxh, Whh, Why, bh, by = parameters = [param.detach().to(dtype).requires_grad_() for param in parameters]
for step in range(10):
    loss, hprev = loss_fun(inputs, targets, torch.zeros(hidden_size, 1, dtype=dtype))
    loss.backward()
    with torch.no_grad():
        for param in parameters:
            param -= 0.01 * param.grad
            param.grad = None
    print(step, f"{loss:.4f}", Wxh.grad, Wxh.is_leaf, Wxh.dtype)
