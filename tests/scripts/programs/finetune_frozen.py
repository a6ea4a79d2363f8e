"""A pretrained language model becomes a classifier: partly loaded, frozen, groups of rates, averaged weights."""

import copy
import random
from collections import Counter, defaultdict
from functools import partial

import torch
from torch import nn
from torch.nn import functional as F
from torch.optim import SGD, AdamW
from torch.optim.lr_scheduler import CosineAnnealingLR, MultiStepLR, OneCycleLR

torch.manual_seed(9)
random.seed(9)
SENTENCES = [
    ("the market fell and shares lost", 0), ("shares rose after the bank report", 0),
    ("the bank raised its rate again", 0), ("profit fell at the bank", 0),
    ("the team won the final match", 1), ("a late goal won the match", 1),
    ("the coach lost the final again", 1), ("the team scored after a late goal", 1),
]  # fmt: skip
counts = Counter(word for text, _ in SENTENCES for word in text.split())
itos = ["<pad>", "<bos>"] + [word for word, _ in counts.most_common()]
stoi = defaultdict(int, {word: i for i, word in enumerate(itos)})
T = max(len(text.split()) for text, _ in SENTENCES) + 1
ids = torch.zeros(len(SENTENCES), T, dtype=torch.long)
for row, (text, _) in zip(ids, SENTENCES):
    tokens = [1] + [stoi[word] for word in text.split()]
    row[: len(tokens)] = torch.as_tensor(tokens)
labels = torch.tensor([label for _, label in SENTENCES])
lengths = (ids != 0).sum(dim=1)
print(ids.shape, lengths.tolist(), ids.dtype)


class Body(nn.Module):
    def __init__(self, vocab, size):
        super().__init__()
        self.embed = nn.Embedding(vocab, size, padding_idx=0)
        self.rnns = nn.ModuleList([nn.GRU(size, size, batch_first=True) for _ in range(2)])
        self.register_buffer("steps", torch.zeros(1, dtype=torch.long))

    def forward(self, x):
        self.steps += 1
        x = self.embed(x)
        for rnn in self.rnns:
            x = x + rnn(x)[0]
        return x


class LanguageModel(nn.Module):
    def __init__(self, vocab, size):
        super().__init__()
        self.body = Body(vocab, size)
        self.head = nn.Linear(size, vocab, bias=False)
        self.head.weight = self.body.embed.weight

    def forward(self, x):
        return self.head(self.body(x))


class Classifier(nn.Module):
    def __init__(self, vocab, size, classes):
        super().__init__()
        self.body = Body(vocab, size)
        self.norm = nn.BatchNorm1d(2 * size)
        self.classify = nn.Linear(2 * size, classes)

    def forward(self, x, lengths):
        y = self.body(x)
        last = y.gather(1, (lengths - 1).view(-1, 1, 1).expand(-1, 1, y.size(2))).squeeze(1)
        mask = torch.arange(y.size(1)) < lengths.unsqueeze(1)
        pooled = torch.where(mask.unsqueeze(2), y, torch.tensor(float("-inf"))).amax(dim=1)
        return self.classify(self.norm(torch.cat([last, pooled], dim=-1)))


lm = LanguageModel(len(itos), 12)
lm.apply(lambda m: nn.init.normal_(m.weight, 0, 0.3) if isinstance(m, nn.Embedding) else None)
print(len(list(lm.parameters())), len(lm.state_dict()))
optimizer = AdamW(lm.parameters(), lr=1e-2)
scheduler = OneCycleLR(optimizer, max_lr=0.02, total_steps=20, pct_start=0.3)
for step in range(20):
    logits = lm(ids[:, :-1])
    loss = F.cross_entropy(logits.transpose(1, 2), ids[:, 1:], ignore_index=0)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    scheduler.step()
    if step % 5 == 4:
        print(f"lm {step:2d} {loss:.4f} rate {optimizer.param_groups[0]['lr']:.6f}")

torch.save(lm.state_dict(), "lm.pt")
model = Classifier(len(itos), 12, 2)
missing, unexpected = model.load_state_dict(torch.load("lm.pt"), strict=False)
print("new:", [key for key in missing if key.endswith("weight")], "left:", unexpected, model.body.steps.item())
try:
    model.load_state_dict(torch.load("lm.pt"))
except RuntimeError:
    print("refused")

for p in model.body.parameters():
    p.requires_grad = False
frozen = copy.deepcopy(model.body.state_dict())
optimizer = SGD(filter(lambda p: p.requires_grad, model.parameters()), lr=0.1, momentum=0.9)
scheduler = MultiStepLR(optimizer, milestones=[4, 6], gamma=0.3)
for step in range(8):
    model.train()
    loss = F.cross_entropy(model(ids, lengths), labels)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    scheduler.step()
print(f"head {loss.item():.4f}", scheduler.get_last_lr()[0] < 0.01)
print(all(torch.equal(frozen[k], v) for k, v in model.body.state_dict().items() if k != "steps"))

for p in model.parameters():
    p.requires_grad_(True)
averaged = copy.deepcopy(model).eval()
optimizer = AdamW(
    [
        {"params": model.body.embed.parameters(), "lr": 1e-4},
        {"params": [p for n, p in model.body.named_parameters() if n.startswith("rnns")], "weight_decay": 0.0},
        {"params": [*model.norm.parameters(), *model.classify.parameters()], "lr": 1e-2},
    ],
    lr=3e-3,
)
scheduler = CosineAnnealingLR(optimizer, T_max=12, eta_min=1e-5)
penalize = partial(torch.autograd.grad, create_graph=True)
best, patience = float("inf"), 0
for step in range(12):
    model.train()
    embedded = []
    handle = model.body.embed.register_forward_hook(lambda module, args, output: embedded.append(output))
    order = torch.randperm(len(ids))
    logits = model(ids[order], lengths[order])
    handle.remove()
    loss = F.cross_entropy(logits, labels[order], label_smoothing=0.1)
    (slope,) = penalize(loss, embedded)
    loss = loss + 10 * slope.pow(2).sum()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    scheduler.step()
    with torch.no_grad():
        for ours, theirs in zip(averaged.parameters(), model.parameters()):
            ours.mul_(0.8).add_(theirs, alpha=0.2)
        for ours, theirs in zip(averaged.buffers(), model.buffers()):
            ours.copy_(theirs)
        held = F.cross_entropy(averaged(ids, lengths), labels).item()
    best, patience = (held, 0) if held < best else (best, patience + 1)
    if step % 4 == 3:
        rates = [f"{group['lr']:.5f}" for group in optimizer.param_groups]
        print(f"all {step:2d} {loss:.4f} averaged {held:.4f}", rates)
    if patience > 3:
        print("stopped early")
        break
probabilities = averaged(ids, lengths).softmax(1).detach()
print(probabilities.argmax(1).eq(labels).float().mean(), probabilities.std(0), averaged.norm.num_batches_tracked)
