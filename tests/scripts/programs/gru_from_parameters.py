"""A GRU from nine parameters of its own, initialised by Xavier and orthogonally, forecasts a noisy series."""

import numpy as np
import torch
import torch.nn as nn
from torch.nn import Parameter, init

np.random.seed(21)
torch.manual_seed(21)


class GRU(nn.Module):
    def __init__(self, input_size, hidden_size):
        super().__init__()
        self.input_size, self.hidden_size = input_size, hidden_size
        for gate in "zrn":
            setattr(self, "W_" + gate, Parameter(torch.empty(input_size, hidden_size)))
            setattr(self, "U_" + gate, Parameter(torch.empty(hidden_size, hidden_size)))
            self.register_parameter("b_" + gate, Parameter(torch.empty(hidden_size)))
        self.reset_parameters()

    def reset_parameters(self):
        for name, p in self.named_parameters():
            if name.startswith("W_"):
                init.xavier_uniform_(p.data, gain=init.calculate_gain("tanh"))
            elif name.startswith("U_"):
                init.orthogonal_(p.data)
            else:
                init.zeros_(p.data)

    def step(self, x, h):
        z = torch.sigmoid(x @ self.W_z + h @ self.U_z + self.b_z)
        r = torch.sigmoid(torch.addmm(self.b_r, x, self.W_r) + h.mm(self.U_r))
        n = torch.tanh(x.matmul(self.W_n) + torch.matmul(r * h, self.U_n) + self.b_n)
        return torch.lerp(n, h, z)

    def forward(self, x, h=None):
        seq, batch, _ = x.size()
        if h is None:
            h = x.new_zeros(batch, self.hidden_size)
        out = []
        for x_t in torch.unbind(x, dim=0):
            h = self.step(x_t, h)
            out.append(h.unsqueeze(0))
        return torch.cat(out, dim=0), h

    def extra_repr(self):
        return "{input_size}, {hidden_size}".format(**self.__dict__)


t = np.linspace(0, 30, 400)
series = np.sin(t) + 0.5 * np.cos(2.3 * t) + 0.05 * np.random.randn(400)
series = (series - series.mean()) / series.std()


def sliding_windows(data, seq_length):
    x, y = [], []
    for i in range(len(data) - seq_length - 1):
        x.append(data[i : (i + seq_length)])
        y.append(data[i + seq_length])
    return np.array(x), np.array(y)


x, y = sliding_windows(series, 8)
train_size = int(len(y) * 0.67)
dataX = torch.Tensor(np.array(x))
dataY = torch.Tensor(np.array(y))
trainX, testX = dataX[:train_size], dataX[train_size:]
trainY, testY = dataY[0:train_size], dataY[train_size : len(y)]
print(trainX.size(), testX.size(), trainX.dtype)


class Forecaster(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = GRU(1, 12)
        self.fc = nn.Linear(12, 1)
        init.kaiming_normal_(self.fc.weight, nonlinearity="linear")
        self.fc.bias.data.fill_(0)

    def forward(self, x):
        _, h = self.rnn(x.t().unsqueeze(-1))
        return self.fc(h).view(-1)


model = Forecaster()
print(model)
identity = model.rnn.U_z.detach() @ model.rnn.U_z.detach().T
print("orthogonal:", torch.allclose(identity, torch.eye(12), atol=1e-5))
before = torch.nn.utils.parameters_to_vector(model.parameters()).detach().clone()

criterion = nn.MSELoss()
optimizer = torch.optim.Adam(
    [{"params": model.rnn.parameters()}, {"params": model.fc.parameters(), "lr": 0.02}], lr=0.01
)
for epoch in range(50):
    outputs = model(trainX)
    optimizer.zero_grad()
    loss = criterion(outputs, trainY)
    loss.backward()
    optimizer.step()
    if epoch % 10 == 0:
        print("Epoch: %d, loss: %1.5f" % (epoch, loss.item()))

model.eval()
predict = model(testX)
data_predict = predict.data.numpy()
dataY_plot = testY.data.numpy()
print("test rmse", np.sqrt(np.mean((data_predict - dataY_plot) ** 2)))
after = torch.nn.utils.parameters_to_vector(model.parameters())
print("moved by", torch.norm(after - before).item(), after.shape)
with torch.no_grad():
    torch.nn.utils.vector_to_parameters(before, model.parameters())
    print("as before", criterion(model(trainX), trainY).item())
