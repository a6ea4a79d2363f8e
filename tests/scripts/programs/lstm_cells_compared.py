"""An LSTM cell from two linear layers and chunked gates, beside nn.LSTMCell in a loop and nn.LSTM, on one task."""

import math

import torch
import torch.nn as nn
from torch.autograd import Variable


class LSTMCell(nn.Module):
    def __init__(self, input_size, hidden_size, bias=True):
        super(LSTMCell, self).__init__()
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.bias = bias
        self.x2h = nn.Linear(input_size, 4 * hidden_size, bias=bias)
        self.h2h = nn.Linear(hidden_size, 4 * hidden_size, bias=bias)
        self.reset_parameters()

    def reset_parameters(self):
        std = 1.0 / math.sqrt(self.hidden_size)
        for w in self.parameters():
            w.data.uniform_(-std, std)

    def forward(self, x, hidden):
        hx, cx = hidden
        x = x.view(-1, x.size(1))
        gates = self.x2h(x) + self.h2h(hx)
        gates = gates.squeeze()
        ingate, forgetgate, cellgate, outgate = gates.chunk(4, 1)
        ingate = torch.sigmoid(ingate)
        forgetgate = torch.sigmoid(forgetgate)
        cellgate = torch.tanh(cellgate)
        outgate = torch.sigmoid(outgate)
        cy = torch.mul(cx, forgetgate) + torch.mul(ingate, cellgate)
        hy = torch.mul(outgate, torch.tanh(cy))
        return (hy, cy)


class LSTMModel(nn.Module):
    def __init__(self, cell, input_dim, hidden_dim, output_dim):
        super(LSTMModel, self).__init__()
        self.hidden_dim = hidden_dim
        self.lstm = cell
        self.fc = nn.Linear(hidden_dim, output_dim)

    def forward(self, x):
        h0 = Variable(torch.zeros(x.size(0), self.hidden_dim))
        c0 = Variable(torch.zeros(x.size(0), self.hidden_dim))
        if torch.cuda.is_available():
            h0, c0 = h0.cuda(), c0.cuda()
        outs = []
        cn, hn = c0, h0
        for seq in range(x.size(1)):
            hn, cn = self.lstm(x[:, seq, :], (hn, cn))
            outs.append(hn)
        out = outs[-1].squeeze()
        return self.fc(out)


torch.manual_seed(125)
if torch.cuda.is_available():
    torch.cuda.manual_seed_all(125)

# which third of the sequence holds the largest bump?
seq_dim, input_dim, hidden_dim, output_dim = 12, 3, 16, 3
images = torch.randn(150, seq_dim, input_dim) * 0.3
labels = torch.LongTensor(150)
labels.random_(0, 3)
for i in range(150):
    images[i, labels[i] * 4 + i % 4] += 2
train = torch.utils.data.TensorDataset(images[:120], labels[:120])
test = torch.utils.data.TensorDataset(images[120:], labels[120:])
train_loader = torch.utils.data.DataLoader(dataset=train, batch_size=30, shuffle=True)
test_loader = torch.utils.data.DataLoader(dataset=test, batch_size=30, shuffle=False)

own = LSTMCell(input_dim, hidden_dim)
theirs = nn.LSTMCell(input_dim, hidden_dim)
theirs.weight_ih.data.copy_(own.x2h.weight.data)
theirs.weight_hh.data.copy_(own.h2h.weight.data)
theirs.bias_ih.data.copy_(own.x2h.bias.data)
theirs.bias_hh.data = own.h2h.bias.data.clone()

for cell in (own, theirs):
    model = LSTMModel(cell, input_dim, hidden_dim, output_dim)
    with torch.no_grad():
        model.fc.weight.copy_(torch.linspace(-0.3, 0.3, 3 * hidden_dim).view(3, -1))
        model.fc.bias.zero_()
    torch.manual_seed(1)
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    iter = 0
    for epoch in range(6):
        for i, (x, y) in enumerate(train_loader):
            x = Variable(x.view(-1, seq_dim, input_dim))
            y = Variable(y)
            optimizer.zero_grad()
            outputs = model(x)
            loss = criterion(outputs, y)
            loss.backward()
            optimizer.step()
            iter += 1
            if iter % 8 == 0:
                correct = 0
                total = 0
                for x, y in test_loader:
                    outputs = model(x)
                    _, predicted = torch.max(outputs.data, 1)
                    total += y.size(0)
                    correct += (predicted == y).sum()
                accuracy = 100 * correct / total
                print("Iteration: {}. Loss: {:.5f}. Accuracy: {}".format(iter, loss.item(), accuracy))

layer = nn.LSTM(input_dim, hidden_dim, batch_first=True)
layer.load_state_dict({name + "_l0": weight for name, weight in theirs.state_dict().items()})
with torch.no_grad():
    _, (hn, cn) = layer(images[:5])
    h, c = torch.zeros(5, hidden_dim), torch.zeros(5, hidden_dim)
    for t in range(seq_dim):
        h, c = theirs(images[:5, t], (h, c))
print("layer and cell agree:", torch.allclose(hn[0], h, atol=1e-6), torch.allclose(cn.squeeze(0), c, atol=1e-6))
