"""Parts of speech with an LSTM, a sentence at a time; then again with the letters of each word in an LSTM of theirs."""

import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.optim as optim

torch.manual_seed(1)


def prepare_sequence(seq, to_ix):
    idxs = [to_ix[w] for w in seq]
    return torch.tensor(idxs, dtype=torch.long)


training_data = [
    ("A cat chased the small mouse".split(), ["DET", "NN", "V", "DET", "ADJ", "NN"]),
    ("Nobody saw that old film".split(), ["NN", "V", "DET", "ADJ", "NN"]),
    ("The mouse saw a film".split(), ["DET", "NN", "V", "DET", "NN"]),
]
word_to_ix = {}
char_to_ix = {}
for sent, tags in training_data:
    for word in sent:
        if word not in word_to_ix:
            word_to_ix[word] = len(word_to_ix)
        for char in word:
            char_to_ix.setdefault(char, len(char_to_ix))
print(word_to_ix)
tag_to_ix = {"DET": 0, "NN": 1, "V": 2, "ADJ": 3}

EMBEDDING_DIM = 6
HIDDEN_DIM = 6


class LSTMTagger(nn.Module):
    def __init__(self, embedding_dim, hidden_dim, vocab_size, tagset_size):
        super(LSTMTagger, self).__init__()
        self.hidden_dim = hidden_dim
        self.word_embeddings = nn.Embedding(vocab_size, embedding_dim)
        self.lstm = nn.LSTM(embedding_dim, hidden_dim)
        self.hidden2tag = nn.Linear(hidden_dim, tagset_size)

    def forward(self, sentence):
        embeds = self.word_embeddings(sentence)
        lstm_out, _ = self.lstm(embeds.view(len(sentence), 1, -1))
        tag_space = self.hidden2tag(lstm_out.view(len(sentence), -1))
        return F.log_softmax(tag_space, dim=1)


model = LSTMTagger(EMBEDDING_DIM, HIDDEN_DIM, len(word_to_ix), len(tag_to_ix))
loss_function = nn.NLLLoss()
optimizer = optim.SGD(model.parameters(), lr=0.5)

with torch.no_grad():
    inputs = prepare_sequence(training_data[0][0], word_to_ix)
    print(model(inputs))

for epoch in range(40):
    for sentence, tags in training_data:
        model.zero_grad()
        sentence_in = prepare_sequence(sentence, word_to_ix)
        targets = prepare_sequence(tags, tag_to_ix)
        tag_scores = model(sentence_in)
        loss = loss_function(tag_scores, targets)
        loss.backward()
        optimizer.step()

with torch.no_grad():
    tag_scores = model(prepare_sequence(training_data[0][0], word_to_ix))
    print(tag_scores)
    print(tag_scores.argmax(1))


class CharTagger(LSTMTagger):
    """The state in which the letters' LSTM ends is part of the word's input."""

    def __init__(self, embedding_dim, char_dim, hidden_dim, vocab_size, alphabet_size, tagset_size):
        super().__init__(embedding_dim, hidden_dim, vocab_size, tagset_size)
        self.char_embeddings = nn.Embedding(alphabet_size, char_dim)
        self.char_lstm = nn.LSTM(char_dim, char_dim)
        self.lstm = nn.LSTM(embedding_dim + char_dim, hidden_dim)

    def forward(self, sentence, words):
        ends = []
        for word in words:
            chars = self.char_embeddings(prepare_sequence(word, char_to_ix))
            _, (h, _) = self.char_lstm(chars.unsqueeze(1))
            ends.append(h[0, 0])
        x = torch.cat([self.word_embeddings(sentence), torch.stack(ends)], dim=1)
        out, _ = self.lstm(x.view(x.shape[0], 1, -1))
        return F.log_softmax(self.hidden2tag(out.squeeze(1)), dim=1)


model = CharTagger(EMBEDDING_DIM, 4, HIDDEN_DIM, len(word_to_ix), len(char_to_ix), len(tag_to_ix))
optimizer = optim.SGD(model.parameters(), lr=0.4, momentum=0.8)
for epoch in range(6):
    total = 0.0
    for sentence, tags in training_data:
        optimizer.zero_grad()
        loss = loss_function(model(prepare_sequence(sentence, word_to_ix), sentence), prepare_sequence(tags, tag_to_ix))
        loss.backward()
        optimizer.step()
        total += float(loss)
    print(epoch, "loss %.3f" % total)
print([name for name, _ in model.named_parameters()])
