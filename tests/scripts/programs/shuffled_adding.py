"""Many-to-one regression with a DataLoader that shuffles, a split at random, Adam and StepLR."""

import torch
from torch import nn, optim
from torch.utils.data import DataLoader, Dataset, random_split

torch.manual_seed(7)


class Adding(Dataset):
    def __init__(self, n, length):
        self.numbers = torch.rand(n, length)
        self.markers = torch.zeros(n, length)
        for i in range(n):
            a, b = torch.randperm(length)[:2].tolist()
            self.markers[i, a] = self.markers[i, b] = 1.0

    def __len__(self):
        return len(self.numbers)

    def __getitem__(self, i):
        x = torch.stack([self.numbers[i], self.markers[i]], dim=-1)
        return x, (self.numbers[i] * self.markers[i]).sum()


train, test = random_split(Adding(96, 12), [64, 32])
loader = DataLoader(train, batch_size=16, shuffle=True)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.gru = nn.GRU(2, 16, batch_first=True)
        self.head = nn.Linear(16, 1)

    def forward(self, x):
        _, h = self.gru(x)
        return self.head(h[-1]).squeeze(1)


net = Net()
optimizer = optim.Adam(net.parameters(), lr=1e-2, weight_decay=1e-4)
scheduler = optim.lr_scheduler.StepLR(optimizer, step_size=4, gamma=0.5)
for epoch in range(8):
    running = 0.0
    for x, y in loader:
        optimizer.zero_grad()
        loss = nn.functional.mse_loss(net(x), y)
        loss.backward()
        optimizer.step()
        running += loss.item() * x.size(0)
    scheduler.step()
    print(f"epoch {epoch}: loss {running / len(train):.5f}, lr {scheduler.get_last_lr()[0]:.5f}")
net.eval()
with torch.inference_mode():
    x, y = next(iter(DataLoader(test, batch_size=len(test))))
    print("test", round(nn.MSELoss()(net(x), y).item(), 4))
