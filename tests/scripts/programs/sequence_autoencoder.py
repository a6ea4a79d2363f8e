"""An LSTM autoencoder: one vector in the middle, a decoder that unrolls from it, and what it cannot rebuild."""

from typing import Optional, Tuple

import torch
import torch.nn as nn
from torch import Tensor, optim
from torch.utils.data import DataLoader, TensorDataset

RANDOM_SEED = 42
torch.manual_seed(RANDOM_SEED)
torch.backends.cudnn.deterministic = True
device = torch.device("cuda" if torch.cuda.is_available() else "cpu")


def make_waves(n: int, seq_len: int, freq: float, generator: Optional[torch.Generator] = None) -> Tensor:
    phase = torch.rand(n, 1, generator=generator) * 6.2832
    t = torch.arange(seq_len, dtype=torch.float32).unsqueeze(0)
    return torch.stack([torch.sin(freq * t + phase), torch.cos(freq * t + phase)], dim=-1)


class Encoder(nn.Module):
    def __init__(self, seq_len: int, n_features: int, embedding_dim: int = 8):
        super(Encoder, self).__init__()
        self.seq_len, self.n_features = seq_len, n_features
        self.embedding_dim, self.hidden_dim = embedding_dim, 2 * embedding_dim
        self.rnn1 = nn.LSTM(n_features, self.hidden_dim, num_layers=1, batch_first=True)
        self.rnn2 = nn.LSTM(self.hidden_dim, embedding_dim, num_layers=1, batch_first=True)

    def forward(self, x: Tensor) -> Tensor:
        x, (_, _) = self.rnn1(x)
        x, (hidden_n, _) = self.rnn2(x)
        return hidden_n[0]


class Decoder(nn.Module):
    def __init__(self, seq_len: int, input_dim: int = 8, n_features: int = 1):
        super(Decoder, self).__init__()
        self.seq_len, self.input_dim = seq_len, input_dim
        self.hidden_dim, self.n_features = 2 * input_dim, n_features
        self.rnn1 = nn.LSTM(input_dim, input_dim, batch_first=True)
        self.rnn2 = nn.LSTM(input_dim, self.hidden_dim, batch_first=True)
        self.output_layer = nn.Linear(self.hidden_dim, n_features)

    def forward(self, z: Tensor) -> Tensor:
        x = z.unsqueeze(1).repeat(1, self.seq_len, 1)
        x, _ = self.rnn1(x)
        x, _ = self.rnn2(x)
        return self.output_layer(x)


class RecurrentAutoencoder(nn.Module):
    def __init__(self, seq_len, n_features, embedding_dim=8):
        super(RecurrentAutoencoder, self).__init__()
        self.encoder = Encoder(seq_len, n_features, embedding_dim).to(device)
        self.decoder = Decoder(seq_len, embedding_dim, n_features).to(device)

    def forward(self, x):
        return self.decoder(self.encoder(x))


class ReversingDecoder(nn.Module):
    """Rebuilds the sequence from its end, its own last step as the next input."""

    def __init__(self, n_features: int, hidden: int):
        super().__init__()
        self.cell = nn.GRUCell(n_features, hidden)
        self.out = nn.Sequential(nn.Linear(hidden, hidden), nn.Tanh(), nn.Linear(hidden, n_features))

    def forward(self, h: Tensor, steps: int) -> Tensor:
        x_t, xs = h.new_zeros((h.shape[0], self.out[-1].out_features)), []
        for _ in range(steps):
            h = self.cell(x_t, h)
            x_t = self.out(h)
            xs.append(x_t)
        return torch.flip(torch.stack(xs, dim=1), dims=[1])


def train_model(model, train_dataset, val_dataset, n_epochs) -> Tuple[nn.Module, dict]:
    optimizer = optim.Adam(model.parameters(), lr=2e-2)
    criterion = nn.MSELoss(reduction="sum").to(device)
    history = dict(train=[], val=[])
    best_model_wts, best_loss = {k: v.clone() for k, v in model.state_dict().items()}, float("inf")
    for epoch in range(1, n_epochs + 1):
        model = model.train()
        train_losses = []
        for (seq_true,) in train_dataset:
            optimizer.zero_grad()
            seq_true = seq_true.to(device)
            seq_pred = model(seq_true)
            loss = criterion(seq_pred, seq_true) / seq_true.size(0)
            loss.backward()
            optimizer.step()
            train_losses.append(loss.item())
        val_losses = []
        model = model.eval()
        with torch.no_grad():
            for seq_true in val_dataset:
                seq_pred = model(seq_true.unsqueeze(0))
                val_losses.append(criterion(seq_pred[0], seq_true).item())
        train_loss, val_loss = sum(train_losses) / len(train_losses), sum(val_losses) / len(val_losses)
        history["train"].append(train_loss)
        history["val"].append(val_loss)
        if val_loss < best_loss:
            best_loss = val_loss
            best_model_wts = {k: v.clone() for k, v in model.state_dict().items()}
        print(f"Epoch {epoch}: train loss {train_loss:.4f} val loss {val_loss:.4f}")
    model.load_state_dict(best_model_wts)
    return model.eval(), history


SEQ_LEN, N_FEATURES = 12, 2
normal = make_waves(60, SEQ_LEN, 0.5, torch.Generator().manual_seed(1))
train_loader = DataLoader(TensorDataset(normal[:48]), batch_size=8, shuffle=True)
model = RecurrentAutoencoder(SEQ_LEN, N_FEATURES, 8).to(device)
model, history = train_model(model, train_loader, normal[48:], n_epochs=6)

anomaly = make_waves(10, SEQ_LEN, 1.7)
with torch.no_grad():
    errors = [(model(x) - x).abs().sum(dim=(1, 2)) for x in (normal[48:], anomaly)]
threshold = errors[0].mean() + errors[0].std()
print("threshold %.3f" % threshold, "anomalies:", [f"{(e > threshold).sum()}/{len(e)}" for e in errors])

encoder, decoder = nn.GRU(N_FEATURES, 12, batch_first=True), ReversingDecoder(N_FEATURES, 12)
params = [{"params": encoder.parameters(), "lr": 2e-2}, {"params": decoder.parameters()}]
optimizer = optim.AdamW(params, lr=1e-2, weight_decay=0.0)
criterion = nn.SmoothL1Loss()
for epoch in range(5):
    for (x,) in train_loader:
        _, h = encoder(x)
        loss = criterion(decoder(h[-1], x.shape[1]), x)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_([*encoder.parameters(), *decoder.parameters()], 1.0)
        optimizer.step()
    print(f"Reversed, epoch {epoch}: {loss.item():.4f}")
torch.save(
    {"encoder": encoder.state_dict(), "decoder": decoder.state_dict(), "optimizer": optimizer.state_dict()}, "r.pth"
)
checkpoint = torch.load("r.pth", map_location="cpu")
print(encoder.load_state_dict(checkpoint["encoder"]), len(checkpoint["optimizer"]["state"]))
optimizer.load_state_dict(checkpoint["optimizer"])
