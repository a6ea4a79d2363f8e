"""An RNN hears the sine and says the cosine: the state is taken out of the graph at every window, older spellings."""

import numpy as np
import torch
from torch import nn
from torch.autograd import Variable

torch.manual_seed(1)

# Hyper Parameters
TIME_STEP = 10
INPUT_SIZE = 1
LR = 0.01


class RNN(nn.Module):
    def __init__(self):
        super(RNN, self).__init__()
        self.rnn = nn.RNN(
            input_size=INPUT_SIZE,
            hidden_size=32,
            num_layers=1,
            batch_first=True,
        )
        self.out = nn.Linear(32, 1)

    def forward(self, x, h_state):
        # x (batch, time_step, input_size)
        # h_state (n_layers, batch, hidden_size)
        r_out, h_state = self.rnn(x, h_state)
        outs = []
        for time_step in range(r_out.size(1)):
            outs.append(self.out(r_out[:, time_step, :]))
        return torch.stack(outs, dim=1), h_state


rnn = RNN()
print(rnn)
optimizer = torch.optim.Adam(rnn.parameters(), lr=LR)
loss_func = nn.MSELoss()
h_state = None
for step in range(30):
    start, end = step * np.pi, (step + 1) * np.pi
    steps = np.linspace(start, end, TIME_STEP, dtype=np.float32, endpoint=False)
    x_np = np.sin(steps)
    y_np = np.cos(steps)
    x = Variable(torch.from_numpy(x_np[np.newaxis, :, np.newaxis]))
    y = Variable(torch.from_numpy(y_np[np.newaxis, :, np.newaxis]))
    prediction, h_state = rnn(x, h_state)
    h_state = h_state.data
    loss = loss_func(prediction, y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 10 == 9:
        print(step, "loss", loss.data.numpy())
        print(prediction.data.numpy().flatten()[:3].round(3))


class SimpleRNN(nn.Module):
    """One value after the other through the same cell, which is fed its own guess where the data end."""

    def __init__(self, hidden_size):
        super(SimpleRNN, self).__init__()
        self.hidden_size = hidden_size
        self.inp = nn.Linear(1, hidden_size)
        self.rnn = nn.RNN(hidden_size, hidden_size, 2, dropout=0.0)
        self.out = nn.Linear(hidden_size, 1)

    def step(self, input, hidden=None):
        input = self.inp(input.view(1, -1)).unsqueeze(1)
        output, hidden = self.rnn(input, hidden)
        return self.out(output.squeeze(1)), hidden

    def forward(self, inputs, hidden=None, force=True, steps=0):
        if force or steps == 0:
            steps = len(inputs)
        outputs = Variable(torch.zeros(steps, 1, 1))
        output = inputs[0]
        for i in range(steps):
            input = output if not force and i > 0 else inputs[i]
            output, hidden = self.step(input, hidden)
            outputs[i] = output
        return outputs, hidden


model = SimpleRNN(16)
criterion = nn.MSELoss(size_average=False)
optimizer = torch.optim.SGD(model.parameters(), lr=0.002, momentum=0.8)
losses = np.zeros(20)
for epoch in range(20):
    t = np.linspace(0, 8, 26) + epoch * 0.37
    wave = np.sin(t).astype(np.float32)
    inputs = Variable(torch.from_numpy(wave[:-1]).view(-1, 1, 1))
    targets = Variable(torch.from_numpy(wave[1:]).view(-1, 1, 1))
    outputs, hidden = model(inputs, None, force=epoch % 3 != 2)
    optimizer.zero_grad()
    loss = criterion(outputs, targets)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 2.0)
    optimizer.step()
    losses[epoch] = loss.item()
    if epoch % 5 == 4:
        print(epoch, losses[epoch - 4 : epoch + 1].mean().round(4))
generated, hidden = model(inputs[:1], None, force=False, steps=6)
print(generated.data.numpy()[:, 0, 0].round(3), hidden.size())
