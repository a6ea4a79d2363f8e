"""A bidirectional LSTM tells whether a sequence rises before it falls, with weights by name and two ways to its end."""

from collections import OrderedDict

import torch
from torch import Tensor, nn, optim
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(42)
DEVICE = torch.device("cuda:0" if torch.cuda.is_available() else "cpu")


def make_data(n: int, length: int = 10) -> TensorDataset:
    steps = torch.randn(n, length, 3)
    up = torch.randint(0, 2, (n,))
    ramp = torch.linspace(-1, 1, length).abs()
    steps[:, :, 0] += torch.where(up.bool().unsqueeze(1), -ramp, ramp)
    return TensorDataset(steps, up)


class BiRNN(nn.Module):
    def __init__(self, input_size, hidden_size, num_layers, num_classes, kind="LSTM", pooling="ends"):
        super().__init__()
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.kind, self.pooling = kind, pooling
        self.rnn = getattr(nn, kind)(input_size, hidden_size, num_layers, batch_first=True, bidirectional=True)
        self.fc = nn.Sequential(
            OrderedDict([("norm", nn.LayerNorm(hidden_size * 2)), ("out", nn.Linear(hidden_size * 2, num_classes))])
        )
        for name, param in self.rnn.named_parameters():
            if "bias" in name:
                nn.init.constant_(param, 0.0)
            elif "weight_ih" in name:
                nn.init.xavier_uniform_(param)
            elif "weight_hh" in name:
                nn.init.orthogonal_(param)

    def forward(self, x: Tensor) -> Tensor:
        h0 = torch.zeros(self.num_layers * 2, x.size(0), self.hidden_size, device=x.device)
        state = (h0, torch.zeros_like(h0)) if self.kind == "LSTM" else h0
        out, last = self.rnn(x, state)
        h_n = last[0] if isinstance(last, tuple) else last
        if self.pooling == "ends":
            features = torch.cat((h_n[-2], h_n[-1]), dim=-1)
        elif self.pooling == "mean":
            features = out.mean(dim=1)
        else:
            features = out.max(dim=1).values
        return self.fc(features)


train_set, test_set = make_data(96), make_data(40)
for kind, pooling in [("LSTM", "ends"), ("GRU", "mean"), ("RNN", "max")]:
    model = BiRNN(3, 8, 2, 2, kind, pooling).to(DEVICE)
    n_params = sum(p.numel() for p in model.parameters() if p.requires_grad)
    print(f"{kind} with {pooling}: {n_params:,} parameters")
    loss_fn = nn.CrossEntropyLoss(label_smoothing=0.05)
    optimizer = optim.RMSprop(model.parameters(), lr=3e-3, alpha=0.9, momentum=0.5)
    scheduler = optim.lr_scheduler.ReduceLROnPlateau(optimizer, factor=0.5, patience=0)
    for epoch in range(4):
        model.train()
        for x, y in DataLoader(train_set, batch_size=24, shuffle=True, drop_last=True):
            loss = loss_fn(model(x.to(DEVICE)), y.to(DEVICE))
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
        model.eval()
        with torch.inference_mode():
            x, y = test_set.tensors
            logits = model(x)
            val_loss = loss_fn(logits, y)
            accuracy = (logits.argmax(dim=1) == y).float().mean()
        scheduler.step(val_loss)
        print(f"  {epoch}: {val_loss:.4f}, accuracy {accuracy:.1%}, rate {optimizer.param_groups[0]['lr']:.1e}")

out, (h_n, c_n) = nn.LSTM(3, 8, bidirectional=True, batch_first=True)(test_set[:2][0])
print(out.shape, h_n.shape, torch.equal(out[:, -1, :8], h_n[0]), torch.equal(out[:, 0, 8:], h_n[1]))
