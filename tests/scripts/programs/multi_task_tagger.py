"""A GRU with three outputs: tags with padding ignored and labels smoothed, weighted classes, a length."""

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

SEED = 1234
torch.manual_seed(SEED)
np.random.seed(SEED)
torch.backends.cudnn.deterministic = True
IGNORE = -100
N_TAGS, N_CLASSES, VOCAB = 4, 3, 15
DEVICE = torch.device("cuda" if torch.cuda.is_available() else "cpu")


def generate(n):
    sentences, tags, classes = [], [], []
    for _ in range(n):
        length = np.random.randint(2, 9)
        sentence = np.random.randint(1, VOCAB, size=length)
        sentences.append(torch.from_numpy(sentence))
        tags.append(torch.from_numpy(sentence % N_TAGS))
        classes.append(0 if sentence.sum() % 5 else 1 + int(sentence[0] > 7))
    return sentences, tags, torch.LongTensor(classes)


sentences, tags, classes = generate(80)
lengths = torch.tensor([len(s) for s in sentences])
x = nn.utils.rnn.pad_sequence(sentences, batch_first=True)
y_tags = nn.utils.rnn.pad_sequence(tags, batch_first=True, padding_value=IGNORE)
counts = torch.bincount(classes, minlength=N_CLASSES)
weights = counts.sum() / (N_CLASSES * counts.float())
print(x.shape, y_tags.dtype, counts, weights)
ratio = (y_tags == IGNORE).sum() / y_tags.numel()
print("padding: {:.1%}".format(ratio.item()))


class MultiTask(nn.Module):
    def __init__(self, hidden=20):
        super().__init__()
        self.embed = nn.Embedding(VOCAB, 12, padding_idx=0)
        self.gru = nn.GRU(12, hidden, bidirectional=True, batch_first=True)
        self.heads = nn.ModuleDict({
            "tags": nn.Linear(2 * hidden, N_TAGS),
            "class": nn.Sequential(nn.Linear(2 * hidden, 16), nn.LeakyReLU(0.1), nn.Linear(16, N_CLASSES)),
            "length": nn.Linear(2 * hidden, 1),
        })  # fmt: skip
        self.log_vars = nn.Parameter(torch.zeros(3))

    def forward(self, x, lengths):
        packed = pack_padded_sequence(self.embed(x), lengths.cpu(), batch_first=True, enforce_sorted=False)
        packed_out, h_n = self.gru(packed)
        out, _ = pad_packed_sequence(packed_out, batch_first=True, total_length=x.size(1))
        last = torch.cat([h_n[-2], h_n[-1]], dim=1)
        return {
            "tags": self.heads["tags"](out),
            "class": self.heads["class"](last),
            "length": self.heads["length"](last).squeeze(-1),
        }


model = MultiTask().to(DEVICE)
criteria = {
    "tags": nn.CrossEntropyLoss(ignore_index=IGNORE, label_smoothing=0.1),
    "class": nn.CrossEntropyLoss(weight=weights),
    "length": nn.SmoothL1Loss(),
}
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
order = torch.randperm(len(x))
train, valid = order[:64], order[64:]


def losses_of(index):
    out = model(x[index].to(DEVICE), lengths[index])
    losses = {
        "tags": criteria["tags"](out["tags"].permute(0, 2, 1), y_tags[index]),
        "class": criteria["class"](out["class"], classes[index]),
        "length": criteria["length"](out["length"], lengths[index].float() / 10),
    }
    return out, losses


for epoch in range(8):
    model.train()
    sums = dict.fromkeys(criteria, 0.0)
    for batch in train.split(16):
        optimizer.zero_grad()
        _, losses = losses_of(batch)
        loss = sum(torch.exp(-s) * v + 0.5 * s for s, v in zip(model.log_vars, losses.values()))
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 2.0)
        optimizer.step()
        for k, v in losses.items():
            sums[k] += v.item()
    print(f"Epoch {epoch + 1:02}", " ".join(f"{k}: {v / 4:.4f}" for k, v in sums.items()))

model.eval()
with torch.no_grad():
    out, losses = losses_of(valid)
    mask = y_tags[valid].ne(IGNORE)
    predicted = out["tags"].argmax(dim=-1)
    accuracy = predicted[mask].eq(y_tags[valid][mask]).double().mean()
    confusion = torch.zeros(N_CLASSES, N_CLASSES, dtype=torch.long)
    for t, p in zip(classes[valid].view(-1), out["class"].argmax(1).view(-1)):
        confusion[t.long(), p.long()] += 1
    print("valid", {k: round(v.item(), 4) for k, v in losses.items()}, f"tag accuracy {accuracy:.4f}")
    print(confusion)
    print("recall", confusion.diag() / confusion.sum(1).clamp(min=1))
    print(["%.4f" % v for v in model.log_vars], model.log_vars)
smoothed = F.cross_entropy(out["class"], classes[valid], weight=weights, label_smoothing=0.2, reduction="none")
print(smoothed[:4], F.cross_entropy(out["class"], classes[valid], reduction="sum"))
