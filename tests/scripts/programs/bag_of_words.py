"""Two languages told apart by a bag of words and logistic regression, then by the mean of embeddings."""

import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.optim as optim

torch.manual_seed(1)

# Affine maps, nonlinearities and softmax first
lin = nn.Linear(5, 3)
data = torch.randn(2, 5)
print(lin(data))
data = torch.randn(2, 2)
print(data)
print(F.relu(data))
data = torch.randn(5)
print(data)
print(F.softmax(data, dim=0))
print(F.softmax(data, dim=0).sum())
print(F.log_softmax(data, dim=0))

data = [
    ("me gusta comer en la cafeteria".split(), "SPANISH"),
    ("Give it to me".split(), "ENGLISH"),
    ("No creo que sea una buena idea".split(), "SPANISH"),
    ("No it is not a good idea to get lost at sea".split(), "ENGLISH"),
    ("El perro come en la casa".split(), "SPANISH"),
    ("The dog eats at home".split(), "ENGLISH"),
]
test_data = [("Yo creo que si".split(), "SPANISH"), ("it is lost on me".split(), "ENGLISH")]

word_to_ix = {}
for sent, _ in data + test_data:
    for word in sent:
        if word not in word_to_ix:
            word_to_ix[word] = len(word_to_ix)
VOCAB_SIZE = len(word_to_ix)
NUM_LABELS = 2
label_to_ix = {"SPANISH": 0, "ENGLISH": 1}


class BoWClassifier(nn.Module):
    def __init__(self, num_labels, vocab_size):
        super(BoWClassifier, self).__init__()
        self.linear = nn.Linear(vocab_size, num_labels)

    def forward(self, bow_vec):
        return F.log_softmax(self.linear(bow_vec), dim=1)


def make_bow_vector(sentence, word_to_ix):
    vec = torch.zeros(len(word_to_ix))
    for word in sentence:
        vec[word_to_ix[word]] += 1
    return vec.view(1, -1)


def make_target(label, label_to_ix):
    return torch.LongTensor([label_to_ix[label]])


model = BoWClassifier(NUM_LABELS, VOCAB_SIZE)
for param in model.parameters():
    print(param)

with torch.no_grad():
    print(model(make_bow_vector(data[0][0], word_to_ix)))
    for instance, label in test_data:
        print(model(make_bow_vector(instance, word_to_ix)))
print(next(model.parameters())[:, word_to_ix["creo"]])

loss_function = nn.NLLLoss()
optimizer = optim.SGD(model.parameters(), lr=0.1)
for epoch in range(12):
    for instance, label in data:
        model.zero_grad()
        bow_vec = make_bow_vector(instance, word_to_ix)
        target = make_target(label, label_to_ix)
        log_probs = model(bow_vec)
        loss = loss_function(log_probs, target)
        loss.backward()
        optimizer.step()
with torch.no_grad():
    for instance, label in test_data:
        log_probs = model(make_bow_vector(instance, word_to_ix))
        print(log_probs, torch.exp(log_probs).max(dim=1))
print(next(model.parameters())[:, word_to_ix["creo"]])


class MeanOfWords(nn.Module):
    def __init__(self, vocab_size, embed_dim, num_class):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size + 1, embed_dim, padding_idx=vocab_size)
        self.fc = nn.Linear(embed_dim, num_class)
        self.init_weights()

    def init_weights(self):
        initrange = 0.5
        self.embedding.weight.data.uniform_(-initrange, initrange)
        self.embedding.weight.data[self.embedding.padding_idx].zero_()
        self.fc.weight.data.uniform_(-initrange, initrange)
        self.fc.bias.data.zero_()

    def forward(self, text):
        mask = text.ne(self.embedding.padding_idx).unsqueeze(-1)
        mean = (self.embedding(text) * mask).sum(1) / mask.sum(1).clamp(min=1)
        return self.fc(mean)


def batch(examples):
    longest = max(len(words) for words, _ in examples)
    text = torch.full((len(examples), longest), VOCAB_SIZE, dtype=torch.long)
    for i, (words, _) in enumerate(examples):
        text[i, : len(words)] = torch.tensor([word_to_ix[word] for word in words])
    return text, torch.cat([make_target(label, label_to_ix) for _, label in examples])


model = MeanOfWords(VOCAB_SIZE, 8, NUM_LABELS)
criterion = nn.CrossEntropyLoss(weight=torch.tensor([1.0, 1.2]))
optimizer = optim.SGD(model.parameters(), lr=1.0, momentum=0.9, nesterov=True)
scheduler = optim.lr_scheduler.ExponentialLR(optimizer, gamma=0.9)
text, labels = batch(data)
print(text[1], labels)
for epoch in range(15):
    optimizer.zero_grad()
    loss = criterion(model(text), labels)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 0.5)
    optimizer.step()
    scheduler.step()
    if epoch % 5 == 4:
        print(f"epoch {epoch:3d} | loss {loss:.4f} | rate {scheduler.get_last_lr()[0]:.4f}")
text, labels = batch(test_data)
with torch.no_grad():
    predicted = model(text)
    print((predicted.argmax(1) == labels).sum().item(), "of", labels.size(0), predicted.softmax(1))
