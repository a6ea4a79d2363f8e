"""A character LSTM on one-hot vectors: batches by NumPy, states carried on, clipping, sampling with a temperature."""

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

torch.manual_seed(3)
text = (
    "happy families are all alike; every unhappy family is unhappy in its own way. "
    "everything was in confusion in the house, and no one knew why it had begun. "
) * 4
chars = tuple(sorted(set(text)))
int2char = dict(enumerate(chars))
char2int = {ch: ii for ii, ch in int2char.items()}
encoded = np.array([char2int[ch] for ch in text])


def one_hot_encode(arr, n_labels):
    one_hot = np.zeros((arr.size, n_labels), dtype=np.float32)
    one_hot[np.arange(one_hot.shape[0]), arr.flatten()] = 1.0
    return one_hot.reshape((*arr.shape, n_labels))


def get_batches(arr, batch_size, seq_length):
    batch_size_total = batch_size * seq_length
    n_batches = len(arr) // batch_size_total
    arr = arr[: n_batches * batch_size_total].reshape((batch_size, -1))
    for n in range(0, arr.shape[1], seq_length):
        x = arr[:, n : n + seq_length]
        y = np.zeros_like(x)
        try:
            y[:, :-1], y[:, -1] = x[:, 1:], arr[:, n + seq_length]
        except IndexError:
            y[:, :-1], y[:, -1] = x[:, 1:], arr[:, 0]
        yield x, y


train_on_gpu = torch.cuda.is_available()
if not train_on_gpu:
    print("No GPU available, training on CPU; consider making n_epochs very small.")


class CharRNN(nn.Module):
    def __init__(self, tokens, n_hidden=32, n_layers=2, drop_prob=0.0, lr=0.001):
        super().__init__()
        self.drop_prob = drop_prob
        self.n_layers = n_layers
        self.n_hidden = n_hidden
        self.lr = lr
        self.chars = tokens
        self.lstm = nn.LSTM(len(self.chars), n_hidden, n_layers, dropout=drop_prob, batch_first=True)
        self.dropout = nn.Dropout(drop_prob)
        self.fc = nn.Linear(n_hidden, len(self.chars))

    def forward(self, x, hidden):
        r_output, hidden = self.lstm(x, hidden)
        out = self.dropout(r_output)
        out = out.contiguous().view(-1, self.n_hidden)
        return self.fc(out), hidden

    def init_hidden(self, batch_size):
        weight = next(self.parameters()).data
        if train_on_gpu:
            return (
                weight.new(self.n_layers, batch_size, self.n_hidden).zero_().cuda(),
                weight.new(self.n_layers, batch_size, self.n_hidden).zero_().cuda(),
            )
        return (
            weight.new(self.n_layers, batch_size, self.n_hidden).zero_(),
            weight.new(self.n_layers, batch_size, self.n_hidden).zero_(),
        )


def train(net, data, epochs=9, batch_size=4, seq_length=20, lr=0.02, clip=5, val_frac=0.2, print_every=10):
    net.train()
    opt = torch.optim.Adam(net.parameters(), lr=lr)
    criterion = nn.CrossEntropyLoss()
    val_idx = int(len(data) * (1 - val_frac))
    data, val_data = data[:val_idx], data[val_idx:]
    counter = 0
    n_chars = len(net.chars)
    for e in range(epochs):
        h = net.init_hidden(batch_size)
        for x, y in get_batches(data, batch_size, seq_length):
            counter += 1
            x = one_hot_encode(x, n_chars)
            inputs, targets = torch.from_numpy(x), torch.from_numpy(y)
            h = tuple([each.data for each in h])
            net.zero_grad()
            output, h = net(inputs, h)
            loss = criterion(output, targets.view(batch_size * seq_length).long())
            loss.backward()
            nn.utils.clip_grad_norm_(net.parameters(), clip)
            opt.step()
            if counter % print_every == 0:
                val_h = net.init_hidden(1)
                val_losses = []
                net.eval()
                for x, y in get_batches(val_data, 1, seq_length):
                    x = torch.from_numpy(one_hot_encode(x, n_chars))
                    val_h = tuple([each.data for each in val_h])
                    output, val_h = net(x, val_h)
                    val_losses.append(criterion(output, torch.from_numpy(y).view(-1).long()).item())
                net.train()
                print(
                    "Epoch: {}/{}...".format(e + 1, epochs),
                    "Step: {}...".format(counter),
                    "Loss: {:.4f}...".format(loss.item()),
                    "Val Loss: {:.4f}".format(np.mean(val_losses)),
                )


net = CharRNN(chars)
print(net)
train(net, encoded)


def predict(net, char, h=None, top_k=None, temperature=1.0):
    x = one_hot_encode(np.array([[char2int[char]]]), len(net.chars))
    h = tuple([each.data for each in h])
    with torch.no_grad():
        out, h = net(torch.from_numpy(x), h)
    p = F.softmax(out / temperature, dim=1).data
    if top_k is None:
        return int2char[torch.multinomial(p, 1).item()], h
    p, top_ch = p.topk(top_k)
    return int2char[top_ch[0, torch.multinomial(p[0], num_samples=1)].item()], h


@torch.no_grad()
def sample(net, size, prime="the", **options):
    net.eval()
    h = net.init_hidden(1)
    line = [ch for ch in prime]
    for ch in prime:
        char, h = predict(net, ch, h, **options)
    line.append(char)
    for _ in range(size):
        char, h = predict(net, line[-1], h, **options)
        line.append(char)
    return "".join(line)


print(sample(net, 30, prime="every", top_k=5))
print(sample(net, 30, prime="house", temperature=0.5))
print(sample(net, 30, prime="a", temperature=1.5))
