"""Word embeddings: a trigram model, continuous bags of words, and skip-grams with negative samples."""

import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.optim as optim

torch.manual_seed(1)

word_to_ix = {"hello": 0, "world": 1}
embeds = nn.Embedding(2, 5)
lookup_tensor = torch.tensor([word_to_ix["hello"]], dtype=torch.long)
print(embeds(lookup_tensor))

CONTEXT_SIZE = 2
EMBEDDING_DIM = 10
verse = """Round and round the rugged rock the ragged rascal ran ,
and round the rock the rascal ran with rags upon his hand .
Tell me how many rs there are in that , if you can .""".split()
ngrams = [([verse[i - j - 1] for j in range(CONTEXT_SIZE)], verse[i]) for i in range(CONTEXT_SIZE, len(verse))]
print(ngrams[:2])
vocab = sorted(set(verse))
word_to_ix = {word: i for i, word in enumerate(vocab)}


class NGramLanguageModeler(nn.Module):
    def __init__(self, vocab_size, embedding_dim, context_size):
        super(NGramLanguageModeler, self).__init__()
        self.embeddings = nn.Embedding(vocab_size, embedding_dim)
        self.linear1 = nn.Linear(context_size * embedding_dim, 32)
        self.linear2 = nn.Linear(32, vocab_size)

    def forward(self, inputs):
        embeds = self.embeddings(inputs).view((1, -1))
        out = F.relu(self.linear1(embeds))
        out = self.linear2(out)
        log_probs = F.log_softmax(out, dim=1)
        return log_probs


losses = []
loss_function = nn.NLLLoss()
model = NGramLanguageModeler(len(vocab), EMBEDDING_DIM, CONTEXT_SIZE)
optimizer = optim.SGD(model.parameters(), lr=0.05)
for epoch in range(4):
    total_loss = 0
    for context, target in ngrams:
        context_idxs = torch.tensor([word_to_ix[w] for w in context], dtype=torch.long)
        model.zero_grad()
        log_probs = model(context_idxs)
        loss = loss_function(log_probs, torch.tensor([word_to_ix[target]], dtype=torch.long))
        loss.backward()
        optimizer.step()
        total_loss += loss.item()
    losses.append(total_loss)
print(losses)
print(model.embeddings.weight[word_to_ix["rascal"]])


def make_context_vector(context, word_to_ix):
    idxs = [word_to_ix[w] for w in context]
    return torch.tensor(idxs, dtype=torch.long)


class CBOW(nn.Module):
    def __init__(self, vocab_size, embedding_dim, hidden_dim=24):
        super(CBOW, self).__init__()
        self.embeddings = nn.Embedding(vocab_size, embedding_dim, max_norm=3.0)
        self.proj = nn.Linear(embedding_dim, hidden_dim)
        self.output = nn.Linear(hidden_dim, vocab_size)

    def forward(self, inputs):
        embeds = sum(self.embeddings(inputs)).view(1, -1)
        out = F.relu(self.proj(embeds))
        return F.log_softmax(self.output(out), dim=-1)


data = []
for i in range(2, len(verse) - 2):
    context = [verse[i - 2], verse[i - 1], verse[i + 1], verse[i + 2]]
    data.append((context, verse[i]))
print(data[0])
cbow = CBOW(len(vocab), EMBEDDING_DIM)
optimizer = optim.Adagrad(cbow.parameters(), lr=0.05, lr_decay=0.01)
for epoch in range(4):
    total_loss = torch.zeros(1)
    for context, target in data:
        cbow.zero_grad()
        log_probs = cbow(make_context_vector(context, word_to_ix))
        loss = F.nll_loss(log_probs, torch.tensor([word_to_ix[target]]))
        loss.backward()
        optimizer.step()
        total_loss += loss.data
    print("cbow", epoch, total_loss)
ix_to_word = {ix: word for word, ix in word_to_ix.items()}
with torch.no_grad():
    guesses = [ix_to_word[cbow(make_context_vector(context, word_to_ix)).argmax(1).item()] for context, _ in data]
print(sum(guess == target for guess, (_, target) in zip(guesses, data)), "of", len(data))


class SkipGram(nn.Module):
    def __init__(self, n_vocab, n_embed, noise_dist):
        super().__init__()
        self.in_embed = nn.Embedding(n_vocab, n_embed)
        self.out_embed = nn.Embedding(n_vocab, n_embed)
        self.register_buffer("noise_dist", noise_dist)
        self.in_embed.weight.data.uniform_(-1, 1)
        self.out_embed.weight.data.uniform_(-1, 1)

    def forward(self, words, context, n_samples):
        center, outside = self.in_embed(words), self.out_embed(context)
        noise = torch.multinomial(self.noise_dist, words.shape[0] * n_samples, replacement=True)
        noise = self.out_embed(noise).view(words.shape[0], n_samples, -1)
        out_loss = torch.bmm(outside.unsqueeze(1), center.unsqueeze(2)).sigmoid().log().squeeze()
        noise_loss = torch.bmm(noise.neg(), center.unsqueeze(2)).sigmoid().log().squeeze().sum(1)
        return -(out_loss + noise_loss).mean()


counts = torch.bincount(torch.tensor([word_to_ix[w] for w in verse]), minlength=len(vocab)).float()
unigram = counts / counts.sum()
skip = SkipGram(len(vocab), 8, unigram.pow(0.75) / unigram.pow(0.75).sum())
print(list(skip.state_dict()))
pairs = torch.tensor([[word_to_ix[t], word_to_ix[w]] for context, t in data for w in context])
optimizer = optim.Adam(skip.parameters(), lr=0.03)
for epoch in range(3):
    for batch in pairs.split(16):
        loss = skip(batch[:, 0], batch[:, 1], n_samples=3)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print("skip-gram", epoch, round(loss.item(), 4))
weight = F.normalize(skip.in_embed.weight.detach(), dim=1)
similarities = weight @ weight[word_to_ix["rascal"]]
closest = similarities.topk(4)
print([vocab[i] for i in closest.indices], closest.values)
