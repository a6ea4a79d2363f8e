"""A regression by LSTM under several losses, optimisers and learning-rate schedules, with early stopping."""

import copy
import math

import numpy as np
import torch
import torch.nn as nn
from torch.optim import SGD, RMSprop
from torch.optim.lr_scheduler import (
    CosineAnnealingLR,
    ExponentialLR,
    LambdaLR,
    MultiStepLR,
    OneCycleLR,
    ReduceLROnPlateau,
)

torch.manual_seed(42)
np.random.seed(42)


class EarlyStopping:
    def __init__(self, patience=3, min_delta=0.0):
        self.patience = patience
        self.min_delta = min_delta
        self.best = None
        self.counter = 0
        self.stop = False
        self.state = None

    def __call__(self, val_loss, model):
        if self.best is None or val_loss < self.best - self.min_delta:
            self.best = val_loss
            self.counter = 0
            self.state = copy.deepcopy(model.state_dict())
        else:
            self.counter += 1
            self.stop = self.counter >= self.patience


def create_dataset(dataset, lookback):
    X, y = [], []
    for i in range(len(dataset) - lookback):
        feature = dataset[i : i + lookback]
        target = dataset[i + 1 : i + lookback + 1]
        X.append(feature)
        y.append(target)
    return torch.tensor(np.array(X)), torch.tensor(np.array(y))


months = np.arange(144, dtype=np.float32)
passengers = 100 + 2.5 * months + (20 + 0.3 * months) * np.sin(2 * np.pi * months / 12) + 5 * np.random.randn(144)
timeseries = (passengers[:, None] / 500).astype("float32")
train_size = int(len(timeseries) * 0.67)
train, test = timeseries[:train_size], timeseries[train_size:]
X_train, y_train = create_dataset(train, lookback=4)
X_test, y_test = create_dataset(test, lookback=4)
print(X_train.shape, y_train.shape, X_test.shape, y_test.shape)


class AirModel(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(input_size=1, hidden_size=12, num_layers=1, batch_first=True)
        self.linear = nn.Linear(12, 1)

    def forward(self, x):
        x, _ = self.lstm(x)
        x = self.linear(x)
        return x


EPOCHS, BATCH = 8, 16
per_epoch = math.ceil(len(X_train) / BATCH)
runs = {
    "huber, RMSprop, plateau": (
        nn.HuberLoss(delta=0.1),
        lambda p: RMSprop(p, lr=0.01, alpha=0.9, momentum=0.5),
        lambda o: ReduceLROnPlateau(o, mode="min", factor=0.5, patience=0),
    ),
    "smooth l1, centered RMSprop, lambda": (
        nn.SmoothL1Loss(beta=0.2),
        lambda p: RMSprop(p, lr=0.005, centered=True),
        lambda o: LambdaLR(o, lr_lambda=lambda epoch: 0.9**epoch),
    ),
    "mse, nesterov, cosine": (
        nn.MSELoss(),
        lambda p: SGD(p, lr=0.2, momentum=0.9, nesterov=True, weight_decay=1e-4),
        lambda o: CosineAnnealingLR(o, T_max=EPOCHS, eta_min=1e-3),
    ),
    "l1, Adam, one cycle": (
        nn.L1Loss(),
        lambda p: torch.optim.Adam(p, lr=1e-3),
        lambda o: OneCycleLR(o, max_lr=0.02, steps_per_epoch=per_epoch, epochs=EPOCHS),
    ),
    "mse, Adagrad, steps": (
        nn.MSELoss(),
        lambda p: torch.optim.Adagrad(p, lr=0.02),
        lambda o: MultiStepLR(o, milestones=[3, 6], gamma=0.3),
    ),
    "mse, AdamW, exponential": (
        nn.MSELoss(),
        lambda p: torch.optim.AdamW(p, lr=0.02, weight_decay=0.1),
        lambda o: ExponentialLR(o, gamma=0.8),
    ),
}
initial = AirModel().state_dict()
for name, (loss_fn, make_optimizer, make_scheduler) in runs.items():
    model = AirModel()
    print(name, model.load_state_dict(initial))
    optimizer = make_optimizer(model.parameters())
    scheduler = make_scheduler(optimizer)
    stopper = EarlyStopping(patience=2, min_delta=1e-4)
    rates = []
    for epoch in range(EPOCHS):
        model.train()
        for i in range(0, len(X_train), BATCH):
            y_pred = model(X_train[i : i + BATCH])
            loss = loss_fn(y_pred, y_train[i : i + BATCH])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            if isinstance(scheduler, OneCycleLR):
                scheduler.step()
        model.eval()
        with torch.no_grad():
            train_rmse = np.sqrt(nn.functional.mse_loss(model(X_train), y_train))
            test_rmse = np.sqrt(nn.functional.mse_loss(model(X_test), y_test))
        rates.append(optimizer.param_groups[0]["lr"])
        if isinstance(scheduler, ReduceLROnPlateau):
            scheduler.step(test_rmse)
        elif not isinstance(scheduler, OneCycleLR):
            scheduler.step()
        stopper(test_rmse.item(), model)
        if stopper.stop:
            print("Early stopping at epoch", epoch)
            break
    print("  rates", ["%.5f" % rate for rate in rates])
    print("  Epoch %d: train RMSE %.4f, test RMSE %.4f, best %.4f" % (epoch, train_rmse, test_rmse, stopper.best))
    model.load_state_dict(stopper.state)
    with torch.no_grad():
        train_plot = np.ones_like(timeseries) * np.nan
        y_pred = model(X_train)
        y_pred = y_pred[:, -1, :]
        train_plot[4:train_size] = model(X_train)[:, -1, :]
        print("  last", train_plot[train_size - 1], y_pred[-1].item())
