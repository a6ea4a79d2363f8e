"""A price of tomorrow from those of two weeks: sliding windows and a min-max scale by NumPy, an LSTM with a head."""

import copy

import numpy as np
import torch
import torch.nn as nn
from torch.autograd import Variable

rng = np.random.RandomState(11)
n_days = 140
price = 50 + np.cumsum(rng.randn(n_days) * 0.8) + 5 * np.sin(np.arange(n_days) / 6)
volume = 1000 + 200 * rng.rand(n_days) + 30 * np.abs(np.diff(price, prepend=price[0]))
frame = np.stack([price, volume], axis=1)


class MinMaxScaler:
    def __init__(self, feature_range=(-1, 1)):
        self.low, self.high = feature_range

    def fit_transform(self, x):
        self.min, self.max = x.min(axis=0), x.max(axis=0)
        return (x - self.min) / (self.max - self.min) * (self.high - self.low) + self.low

    def inverse_transform(self, x, column=0):
        return (x - self.low) / (self.high - self.low) * (self.max - self.min)[column] + self.min[column]


def split_data(data, lookback):
    windows = []
    for index in range(len(data) - lookback):
        windows.append(data[index : index + lookback + 1])
    windows = np.array(windows)
    test_size = int(np.round(0.2 * windows.shape[0]))
    train, test = windows[:-test_size], windows[-test_size:]
    return train[:, :-1, :], train[:, -1, :1], test[:, :-1, :], test[:, -1, :1]


lookback = 14
scaler = MinMaxScaler(feature_range=(-1, 1))
scaled = scaler.fit_transform(frame)
x_train, y_train, x_test, y_test = split_data(scaled, lookback)
print("x_train.shape = ", x_train.shape)
print("y_train.shape = ", y_train.shape)
x_train = torch.from_numpy(x_train).type(torch.Tensor)
x_test = torch.from_numpy(x_test).type(torch.Tensor)
y_train_lstm = torch.from_numpy(y_train).type(torch.Tensor)
y_test_lstm = torch.from_numpy(y_test).type(torch.FloatTensor)


class LSTM(nn.Module):
    def __init__(self, input_dim, hidden_dim, num_layers, output_dim):
        super(LSTM, self).__init__()
        self.hidden_dim = hidden_dim
        self.num_layers = num_layers
        self.lstm = nn.LSTM(input_dim, hidden_dim, num_layers, batch_first=True)
        self.fc = nn.Linear(hidden_dim, output_dim)

    def forward(self, x):
        h0 = torch.zeros(self.num_layers, x.size(0), self.hidden_dim).requires_grad_()
        c0 = torch.zeros(self.num_layers, x.size(0), self.hidden_dim).requires_grad_()
        out, (hn, cn) = self.lstm(x, (h0.detach(), c0.detach()))
        out = self.fc(out[:, -1, :])
        return out


class LSTM2(nn.Module):
    """The last state of every layer, through two linear layers, as many write it."""

    def __init__(self, num_classes, input_size, hidden_size, num_layers, seq_length):
        super(LSTM2, self).__init__()
        self.num_layers, self.hidden_size, self.seq_length = num_layers, hidden_size, seq_length
        self.lstm = nn.LSTM(input_size=input_size, hidden_size=hidden_size, num_layers=num_layers, batch_first=True)
        self.fc_1 = nn.Linear(hidden_size, 20)
        self.fc = nn.Linear(20, num_classes)
        self.relu = nn.ReLU()

    def forward(self, x):
        h_0 = Variable(torch.zeros(self.num_layers, x.size(0), self.hidden_size))
        c_0 = Variable(torch.zeros(self.num_layers, x.size(0), self.hidden_size))
        output, (hn, cn) = self.lstm(x, (h_0, c_0))
        hn = hn.view(-1, self.hidden_size)
        out = self.relu(hn)
        out = self.relu(self.fc_1(out))
        return self.fc(out)


model = LSTM(input_dim=2, hidden_dim=16, num_layers=2, output_dim=1)
criterion = torch.nn.MSELoss(reduction="mean")
optimiser = torch.optim.Adam(model.parameters(), lr=0.01)
print(model)
print(len(list(model.parameters())))
for i in range(len(list(model.parameters()))):
    print(list(model.parameters())[i].size())

num_epochs = 25
hist = np.zeros(num_epochs)
best, best_state = float("inf"), None
for t in range(num_epochs):
    y_train_pred = model(x_train)
    loss = criterion(y_train_pred, y_train_lstm)
    if t % 5 == 0:
        print("Epoch ", t, "MSE: ", loss.item())
    hist[t] = loss.item()
    if loss.item() < best:
        best, best_state = loss.item(), copy.deepcopy(model.state_dict())
    optimiser.zero_grad()
    loss.backward()
    optimiser.step()
model.load_state_dict(best_state)

y_test_pred = model(x_test)
predict = scaler.inverse_transform(y_test_pred.detach().numpy())
actual = scaler.inverse_transform(y_test_lstm.numpy())
fitted = scaler.inverse_transform(y_train_pred.detach().numpy())
print("Train RMSE: %.2f" % np.sqrt(np.mean((fitted - scaler.inverse_transform(y_train)) ** 2)))
print("Test RMSE: %.2f" % np.sqrt(np.mean((predict - actual) ** 2)))

lstm1 = LSTM2(1, 2, 8, 1, x_train.shape[1])
criterion = torch.nn.L1Loss()
optimizer = torch.optim.Adam(lstm1.parameters(), lr=0.01, weight_decay=1e-5, amsgrad=True)
for epoch in range(20):
    outputs = lstm1.forward(x_train)
    optimizer.zero_grad()
    loss = criterion(outputs, y_train_lstm)
    loss.backward()
    optimizer.step()
    if epoch % 5 == 4:
        print("Epoch: %d, loss: %1.5f" % (epoch, loss.item()))

# A week ahead, each guess the input of the next.
window = x_test[-1:].clone()
with torch.no_grad():
    for _ in range(5):
        guess = lstm1(window)
        day = torch.cat([guess, window[:, -1, 1:]], dim=1).unsqueeze(1)
        window = torch.cat([window[:, 1:], day], dim=1)
print(scaler.inverse_transform(window[0, -5:, 0].numpy()).round(2))
