"""A char LSTM that is saved in the middle of training and continued from the file by new objects."""

import os
import random
from collections import OrderedDict

import numpy as np
import torch
import torch.backends.cudnn as cudnn
import torch.nn as nn

checkpoint_path = "./model_last.pth.tar"


def set_seed(seed):
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)
    if torch.cuda.is_available():
        torch.cuda.manual_seed(seed)
        torch.cuda.manual_seed_all(seed)
    cudnn.benchmark = False
    cudnn.deterministic = True
    os.environ["PYTHONHASHSEED"] = str(seed)


set_seed(99)
use_cuda = torch.cuda.is_available()
device = torch.device("cuda" if use_cuda else "mps" if torch.backends.mps.is_available() else "cpu")
text = "round and round the rugged rock the ragged rascal ran; " * 6
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
    arr = arr[: n_batches * batch_size_total]
    arr = arr.reshape((batch_size, -1))
    for n in range(0, arr.shape[1], seq_length):
        x = arr[:, n : n + seq_length]
        y = np.zeros_like(x)
        try:
            y[:, :-1], y[:, -1] = x[:, 1:], arr[:, n + seq_length]
        except IndexError:
            y[:, :-1], y[:, -1] = x[:, 1:], arr[:, 0]
        yield x, y


class CharRNN(nn.Module):
    def __init__(self, tokens, n_hidden=24, n_layers=2, drop_prob=0.0):
        super().__init__()
        self.n_layers = n_layers
        self.n_hidden = n_hidden
        self.chars = tokens
        self.lstm = nn.LSTM(len(self.chars), n_hidden, n_layers, dropout=drop_prob, batch_first=True)
        self.dropout = nn.Dropout(drop_prob)
        self.fc = nn.Linear(n_hidden, len(self.chars))

    def forward(self, x, hidden):
        r_output, hidden = self.lstm(x, hidden)
        out = self.dropout(r_output)
        out = out.contiguous().view(-1, self.n_hidden)
        out = self.fc(out)
        return out, hidden

    def init_hidden(self, batch_size):
        weight = next(self.parameters()).data
        return (
            weight.new(self.n_layers, batch_size, self.n_hidden).zero_().to(device),
            weight.new(self.n_layers, batch_size, self.n_hidden).zero_().to(device),
        )


def weights_init(m):
    classname = m.__class__.__name__
    if classname.find("Linear") != -1:
        m.weight.data.normal_(0.0, 0.1)
        m.bias.data.fill_(0)
    elif classname.find("LSTM") != -1:
        for name, param in m.named_parameters():
            if "weight" in name:
                nn.init.xavier_normal_(param)
            else:
                nn.init.constant_(param, 0)


def count_parameters(model):
    return sum(p.numel() for p in model.parameters() if p.requires_grad)


def build():
    net = CharRNN(chars)
    net.apply(weights_init)
    if torch.cuda.device_count() > 1:
        net = nn.DataParallel(net)
    net.to(device)
    opt = torch.optim.Adam(net.parameters(), lr=0.01)
    sched = torch.optim.lr_scheduler.StepLR(opt, step_size=2, gamma=0.7)
    return net, opt, sched


def train(net, opt, sched, epochs, start=0):
    criterion = nn.CrossEntropyLoss()
    losses = []
    for e in range(start, epochs):
        h = net.init_hidden(4)
        net.train()
        for x, y in get_batches(encoded, 4, 10):
            x = one_hot_encode(x, len(chars))
            inputs, targets = torch.from_numpy(x), torch.from_numpy(y)
            if use_cuda:
                inputs, targets = inputs.cuda(), targets.cuda()
            h = tuple([each.data for each in h])
            net.zero_grad()
            output, h = net(inputs, h)
            loss = criterion(output, targets.view(4 * 10).long())
            loss.backward()
            nn.utils.clip_grad_norm_(net.parameters(), 5)
            opt.step()
            losses.append(loss.item())
        sched.step()
        print(
            "Epoch: {}/{}...".format(e + 1, epochs), "Loss: {:.4f}...".format(np.mean(losses[-8:])), sched.get_last_lr()
        )
        if e + 1 == 3:
            state = {
                "epoch": e + 1,
                "arch": "char-lstm",
                "tokens": list(net.chars),
                "state_dict": net.state_dict(),
                "optimizer": opt.state_dict(),
                "scheduler": sched.state_dict(),
                "loss": loss.item(),
                "history": losses,
            }
            torch.save(state, checkpoint_path)
    return losses


net, opt, sched = build()
print(net)
print("The model has {:,} trainable parameters".format(count_parameters(net)))
activations = {}


def get_activation(name):
    def hook(module, input, output):
        out = output[0] if isinstance(output, tuple) else output
        activations[name] = (tuple(out.shape), round(out.detach().abs().mean().item(), 3))

    return hook


handles = [module.register_forward_hook(get_activation(name)) for name, module in net.named_children()]
straight = train(net, opt, sched, 6)
print(activations)
for handle in handles:
    handle.remove()

if os.path.isfile(checkpoint_path):
    print("=> loading checkpoint '{}'".format(checkpoint_path))
    checkpoint = torch.load(checkpoint_path, map_location=lambda storage, loc: storage)
    net2, opt2, sched2 = build()
    net2.load_state_dict(checkpoint["state_dict"])
    opt2.load_state_dict(checkpoint["optimizer"])
    sched2.load_state_dict(checkpoint["scheduler"])
    print("=> loaded checkpoint (epoch {}, loss {:.4f})".format(checkpoint["epoch"], checkpoint["loss"]))
    print(list(checkpoint), type(checkpoint["state_dict"]).__name__, checkpoint["tokens"] == list(chars))
    resumed = train(net2, opt2, sched2, 6, start=checkpoint["epoch"])
    print("continued exactly:", checkpoint["history"] + resumed == straight)

# names as nn.DataParallel writes them, and what is missing said
renamed = OrderedDict(("module." + k, v) for k, v in net.state_dict().items())
plain = OrderedDict((k.replace("module.", ""), v) for k, v in renamed.items())
print(CharRNN(chars).load_state_dict(plain))
del plain["fc.bias"]
net3 = CharRNN(chars)
print(net3.load_state_dict(plain, strict=False))
try:
    net3.load_state_dict(renamed)
except RuntimeError as error:
    print("refused:", type(error).__name__, "module.fc.bias" in str(error))


def sample(net, size, prime="the ", top_k=3):
    net.eval()
    out = [ch for ch in prime]
    h = net.init_hidden(1)
    with torch.no_grad():
        for ii in range(size):
            x = one_hot_encode(np.array([[char2int[c] for c in (out if ii == 0 else out[-1:])]]), len(chars))
            logits, h = net(torch.from_numpy(x), h)
            p = nn.functional.softmax(logits[-1], dim=0).data
            p, top_ch = p.topk(top_k)
            p = p.numpy().astype("float64")
            out.append(int2char[int(np.random.choice(top_ch.numpy(), p=p / p.sum()))])
    return "".join(out)


print(sample(net, 30))
