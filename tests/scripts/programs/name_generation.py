"""Invents names letter by letter for a category: the loss of every letter is summed, Variables, old `add_`."""

import random
import string

import torch
import torch.nn as nn
from torch.autograd import Variable

all_letters = string.ascii_letters + " .,;'-"
n_letters = len(all_letters) + 1  # Plus EOS marker

category_lines = {
    "Russian": ["Rovakov", "Uantov", "Shavakov", "Ivanov", "Petrov"],
    "German": ["Gerren", "Ereng", "Rosher", "Schmidt", "Weber"],
    "Spanish": ["Salla", "Parer", "Allan", "Garcia", "Lopez"],
}
all_categories = sorted(category_lines)
n_categories = len(all_categories)
print("# categories:", n_categories, all_categories)


class RNN(nn.Module):
    def __init__(self, input_size, hidden_size, output_size):
        super(RNN, self).__init__()
        self.hidden_size = hidden_size
        self.i2h = nn.Linear(n_categories + input_size + hidden_size, hidden_size)
        self.i2o = nn.Linear(n_categories + input_size + hidden_size, output_size)
        self.o2o = nn.Linear(hidden_size + output_size, output_size)
        self.dropout = nn.Dropout(0.0)
        self.softmax = nn.LogSoftmax(dim=1)

    def forward(self, category, input, hidden):
        input_combined = torch.cat((category, input, hidden), 1)
        hidden = self.i2h(input_combined)
        output = self.i2o(input_combined)
        output_combined = torch.cat((hidden, output), 1)
        output = self.o2o(output_combined)
        output = self.dropout(output)
        output = self.softmax(output)
        return output, hidden

    def initHidden(self):
        return Variable(torch.zeros(1, self.hidden_size))


def random_choice(l):
    return l[random.randint(0, len(l) - 1)]


def category_tensor(category):
    tensor = torch.zeros(1, n_categories)
    tensor[0][all_categories.index(category)] = 1
    return tensor


def input_tensor(line):
    tensor = torch.zeros(len(line), 1, n_letters)
    for li in range(len(line)):
        tensor[li][0][all_letters.find(line[li])] = 1
    return tensor


def target_tensor(line):
    letter_indexes = [all_letters.find(line[li]) for li in range(1, len(line))]
    letter_indexes.append(n_letters - 1)
    return torch.LongTensor(letter_indexes)


def random_training_example():
    category = random_choice(all_categories)
    line = random_choice(category_lines[category])
    return Variable(category_tensor(category)), Variable(input_tensor(line)), Variable(target_tensor(line))


criterion = nn.NLLLoss()
learning_rate = 0.002
rnn = RNN(n_letters, 48, n_letters)


def train(category, input_line, target_line):
    target_line.unsqueeze_(-1)
    hidden = rnn.initHidden()
    rnn.zero_grad()
    loss = torch.Tensor([0])
    for i in range(input_line.size(0)):
        output, hidden = rnn(category, input_line[i], hidden)
        l = criterion(output, target_line[i])
        loss += l
    loss.backward()
    for p in rnn.parameters():
        p.data.add_(-learning_rate * p.grad.data)
    return output, loss.data[0] / input_line.size(0)


total_loss = 0
for it in range(1, 121):
    output, loss = train(*random_training_example())
    total_loss += loss
    if it % 20 == 0:
        print("%d %.4f" % (it, loss))
print("average", (total_loss / 120).item())

max_length = 12


def sample(category, start_letter="A"):
    with torch.no_grad():
        cat = category_tensor(category)
        input = input_tensor(start_letter)
        hidden = rnn.initHidden()
        name = start_letter
        for i in range(max_length):
            output, hidden = rnn(cat, input[0], hidden)
            topv, topi = output.topk(1)
            topi = topi[0][0]
            if topi == n_letters - 1:
                break
            letter = all_letters[topi]
            name += letter
            input = input_tensor(letter)
        return name


for category in all_categories:
    for start in category[:3].upper():
        print(category, sample(category, start))
