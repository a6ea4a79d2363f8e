"""Sequence to sequence with two GRUs, word by word: teacher forcing half of the time, one SGD for each side."""

from __future__ import print_function, unicode_literals

import random
import re

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch import optim

use_cuda = torch.cuda.is_available()
SOS_token, EOS_token = 0, 1
MAX_LENGTH = 8
text = """je suis froid .\ti am cold .
il est grand .\the is tall .
elle est petite .\tshe is small .
nous sommes prets !\twe are ready !
tu es en retard .\tyou are late .
je suis en retard .\ti am late .
ils sont seuls .\tthey are alone .
elle est prete .\tshe is ready ."""


class Lang:
    def __init__(self, name):
        self.name = name
        self.word2index = {}
        self.word2count = {}
        self.index2word = {0: "SOS", 1: "EOS"}
        self.n_words = 2

    def add_sentence(self, sentence):
        for word in sentence.split(" "):
            if word not in self.word2index:
                self.word2index[word] = self.n_words
                self.word2count[word] = 1
                self.index2word[self.n_words] = word
                self.n_words += 1
            else:
                self.word2count[word] += 1


def normalize(s):
    s = re.sub(r"([.!?])", r" \1", s.lower().strip())
    return re.sub(r"\s+", " ", s)


pairs = [[normalize(s) for s in l.split("\t")] for l in text.split("\n")]
input_lang, output_lang = Lang("fra"), Lang("eng")
for a, b in pairs:
    input_lang.add_sentence(a)
    output_lang.add_sentence(b)
print("Counted words:", input_lang.name, input_lang.n_words, output_lang.name, output_lang.n_words)


class EncoderRNN(nn.Module):
    def __init__(self, input_size, hidden_size):
        super(EncoderRNN, self).__init__()
        self.hidden_size = hidden_size
        self.embedding = nn.Embedding(input_size, hidden_size)
        self.gru = nn.GRU(hidden_size, hidden_size)

    def forward(self, input, hidden):
        embedded = self.embedding(input).view(1, 1, -1)
        output, hidden = self.gru(embedded, hidden)
        return output, hidden

    def init_hidden(self):
        result = torch.zeros(1, 1, self.hidden_size)
        return result.cuda() if use_cuda else result


class DecoderRNN(nn.Module):
    def __init__(self, hidden_size, output_size):
        super(DecoderRNN, self).__init__()
        self.hidden_size = hidden_size
        self.embedding = nn.Embedding(output_size, hidden_size)
        self.gru = nn.GRU(hidden_size, hidden_size)
        self.out = nn.Linear(hidden_size, output_size)
        self.softmax = nn.LogSoftmax(dim=1)

    def forward(self, input, hidden):
        output = self.embedding(input).view(1, 1, -1)
        output = F.relu(output)
        output, hidden = self.gru(output, hidden)
        output = self.softmax(self.out(output[0]))
        return output, hidden


def indexes(lang, sentence):
    return [lang.word2index[word] for word in sentence.split(" ")]


def tensor_from_sentence(lang, sentence):
    idx = indexes(lang, sentence)
    idx.append(EOS_token)
    return torch.tensor(idx, dtype=torch.long).view(-1, 1)


teacher_forcing_ratio = 0.5


def train(input_tensor, target_tensor, encoder, decoder, encoder_optimizer, decoder_optimizer, criterion):
    encoder_hidden = encoder.init_hidden()
    encoder_optimizer.zero_grad()
    decoder_optimizer.zero_grad()
    input_length, target_length = input_tensor.size(0), target_tensor.size(0)
    encoder_outputs = torch.zeros(MAX_LENGTH, encoder.hidden_size)
    loss = 0
    for ei in range(input_length):
        encoder_output, encoder_hidden = encoder(input_tensor[ei], encoder_hidden)
        encoder_outputs[ei] = encoder_output[0, 0]
    decoder_input = torch.tensor([[SOS_token]])
    decoder_hidden = encoder_hidden
    use_teacher_forcing = True if random.random() < teacher_forcing_ratio else False
    if use_teacher_forcing:
        for di in range(target_length):
            decoder_output, decoder_hidden = decoder(decoder_input, decoder_hidden)
            loss += criterion(decoder_output, target_tensor[di])
            decoder_input = target_tensor[di]
    else:
        for di in range(target_length):
            decoder_output, decoder_hidden = decoder(decoder_input, decoder_hidden)
            topv, topi = decoder_output.topk(1)
            decoder_input = topi.squeeze().detach()
            loss += criterion(decoder_output, target_tensor[di])
            if decoder_input.item() == EOS_token:
                break
    loss.backward()
    encoder_optimizer.step()
    decoder_optimizer.step()
    return loss.item() / target_length


hidden_size = 20
encoder = EncoderRNN(input_lang.n_words, hidden_size)
decoder = DecoderRNN(hidden_size, output_lang.n_words)
if use_cuda:
    encoder, decoder = encoder.cuda(), decoder.cuda()
encoder_optimizer = optim.SGD(encoder.parameters(), lr=0.1)
decoder_optimizer = optim.SGD(decoder.parameters(), lr=0.1)
criterion = nn.NLLLoss()
training_pairs = []
for i in range(90):
    a, b = random.choice(pairs)
    training_pairs.append((tensor_from_sentence(input_lang, a), tensor_from_sentence(output_lang, b)))
total = 0
for it, (a, b) in enumerate(training_pairs, 1):
    total += train(a, b, encoder, decoder, encoder_optimizer, decoder_optimizer, criterion)
    if it % 15 == 0:
        print("(%d %d%%) %.4f" % (it, it / 90 * 100, total / 15))
        total = 0


def evaluate(sentence):
    with torch.no_grad():
        encoder_hidden = encoder.init_hidden()
        for word in tensor_from_sentence(input_lang, sentence):
            _, encoder_hidden = encoder(word, encoder_hidden)
        decoder_input, decoder_hidden, words = torch.tensor([[SOS_token]]), encoder_hidden, []
        for di in range(MAX_LENGTH):
            decoder_output, decoder_hidden = decoder(decoder_input, decoder_hidden)
            topv, topi = decoder_output.data.topk(1)
            if topi.item() == EOS_token:
                words.append("<EOS>")
                break
            words.append(output_lang.index2word[topi.item()])
            decoder_input = topi.squeeze().detach()
        return words


for a, b in pairs[:3]:
    print(">", a, "=", b, "<", " ".join(evaluate(a)))
