"""Digits drawn by NumPy, read row after row by an LSTM, then column after column by a GRU: accuracy, checkpoints."""

import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset

# Device configuration
device = torch.device("cuda" if torch.cuda.is_available() else "cpu")

# Hyper-parameters
sequence_length = 12
input_size = 12
hidden_size = 24
num_layers = 2
num_classes = 4
batch_size = 20
num_epochs = 3
learning_rate = 0.01


def draw(digit, rng):
    """A stroke each: a ring, a bar, an angle, and a cross."""
    image = np.zeros((28, 28), dtype=np.uint8)
    a, b = rng.randint(3, 8), rng.randint(18, 24)
    if digit == 0:
        image[a, a:b] = image[b, a:b] = image[a:b, a] = image[a:b, b] = 255
    elif digit == 1:
        image[a:b, (a + b) // 2] = 255
    elif digit == 2:
        image[a, a:b] = image[a:b, b] = 255
    else:
        image[(a + b) // 2, a:b] = image[a:b, (a + b) // 2] = 255
    return image


class Digits(Dataset):
    def __init__(self, n, seed, transform=None):
        rng = np.random.RandomState(seed)
        self.targets = rng.randint(0, num_classes, n)
        self.data = np.stack([draw(digit, rng) for digit in self.targets])
        self.transform = transform

    def __len__(self):
        return self.data.shape[0]

    def __getitem__(self, idx):
        image = self.data[idx]
        if self.transform:
            image = self.transform(image)
        return image, int(self.targets[idx])


def to_tensor(image):
    """[28, 28] of bytes to [1, 12, 12] from -1 to 1: blocks of two by two, without the rim."""
    x = torch.from_numpy(image).float().div(255)
    x = x.view(14, 2, 14, 2).permute(0, 2, 1, 3).amax((2, 3))
    return ((x[1:-1, 1:-1] - 0.5) / 0.5).unsqueeze(0)


train_dataset = Digits(160, seed=0, transform=to_tensor)
test_dataset = Digits(60, seed=1, transform=to_tensor)
train_loader = DataLoader(dataset=train_dataset, batch_size=batch_size, shuffle=True)
test_loader = DataLoader(dataset=test_dataset, batch_size=batch_size, shuffle=False)


class RNN(nn.Module):
    def __init__(self, input_size, hidden_size, num_layers, num_classes, columns=False):
        super(RNN, self).__init__()
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.columns = columns
        if columns:
            self.rnn = nn.GRU(input_size, hidden_size, num_layers, batch_first=True)
        else:
            self.rnn = nn.LSTM(input_size, hidden_size, num_layers, batch_first=True)
        self.fc = nn.Linear(hidden_size, num_classes)

    def forward(self, x):
        h0 = torch.zeros(self.num_layers, x.size(0), self.hidden_size).to(device)
        if self.columns:
            out, _ = self.rnn(x.transpose(1, 2), h0)
        else:
            c0 = torch.zeros(self.num_layers, x.size(0), self.hidden_size).to(device)
            out, _ = self.rnn(x, (h0, c0))
        return self.fc(out[:, -1, :])


for columns in (False, True):
    model = RNN(input_size, hidden_size, num_layers, num_classes, columns).to(device)
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=learning_rate)
    total_step = len(train_loader)
    for epoch in range(num_epochs):
        for i, (images, labels) in enumerate(train_loader):
            images = images.reshape(-1, sequence_length, input_size).to(device)
            labels = labels.to(device)
            outputs = model(images)
            loss = criterion(outputs, labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            if (i + 1) % 4 == 0:
                print(
                    "Epoch [{}/{}], Step [{}/{}], Loss: {:.4f}".format(
                        epoch + 1, num_epochs, i + 1, total_step, loss.item()
                    )
                )
    model.eval()
    with torch.no_grad():
        correct = 0
        total = 0
        for images, labels in test_loader:
            images = images.reshape(-1, sequence_length, input_size).to(device)
            labels = labels.to(device)
            outputs = model(images)
            _, predicted = torch.max(outputs.data, 1)
            total += labels.size(0)
            correct += (predicted == labels).sum().item()
        print("Test Accuracy of the model on the {} test images: {} %".format(total, 100 * correct / total))
    torch.save(model.state_dict(), "model.ckpt")
    checkpoint = torch.load("model.ckpt", map_location=device)
    print({name: tuple(weight.shape) for name, weight in checkpoint.items() if "l1" in name})
