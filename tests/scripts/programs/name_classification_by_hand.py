"""Which language a name is from: a recurrent cell of two linear layers, one name at a time, plain SGD by hand."""

import random
import string
import unicodedata

import torch
import torch.nn as nn
from torch.autograd import Variable

all_letters = string.ascii_lowercase + " .'"
n_letters = len(all_letters)
lines = {
    "Italian": "Rossi Bianchi Ferrari Colombo Moretti Gallo Nicolò",
    "Scottish": "Campbell MacDonald Stewart Murray Fraser Ross",
    "Japanese": "Tanaka Suzuki Watanabe Yamamoto Kobayashi Itō",
}


def to_ascii(s):
    return "".join(c for c in unicodedata.normalize("NFD", s.lower()) if c in all_letters)


category_lines = {category: [to_ascii(name) for name in names.split()] for category, names in lines.items()}
all_categories = list(category_lines)
n_categories = len(all_categories)


def name_to_tensor(name):
    tensor = torch.zeros(len(name), 1, n_letters)
    for i, letter in enumerate(name):
        tensor[i][0][all_letters.find(letter)] = 1
    return tensor


class RNN(nn.Module):
    def __init__(self, input_size, hidden_size, output_size):
        super(RNN, self).__init__()
        self.hidden_size = hidden_size
        self.i2h = nn.Linear(input_size + hidden_size, hidden_size)
        self.i2o = nn.Linear(input_size + hidden_size, output_size)
        self.softmax = nn.LogSoftmax(dim=1)

    def forward(self, input, hidden):
        combined = torch.cat((input, hidden), 1)
        hidden = self.i2h(combined)
        output = self.softmax(self.i2o(combined))
        return output, hidden

    def init_hidden(self):
        return Variable(torch.zeros(1, self.hidden_size))


rnn = RNN(n_letters, 32, n_categories)
print(rnn)
print(name_to_tensor("j"))
print(name_to_tensor("jones").size())


def category_from_output(output):
    top_n, top_i = output.data.topk(1)
    category_i = top_i[0][0]
    return all_categories[category_i], category_i.item()


criterion = nn.NLLLoss()
learning_rate = 0.02


def train(category_tensor, line_tensor):
    hidden = rnn.init_hidden()
    rnn.zero_grad()
    for i in range(line_tensor.size()[0]):
        output, hidden = rnn(line_tensor[i], hidden)
    loss = criterion(output, category_tensor)
    loss.backward()
    for p in rnn.parameters():
        p.data.add_(p.grad.data, alpha=-learning_rate)
    return output, loss.item()


n_iters, print_every = 180, 20
current_loss, all_losses = 0, []
for it in range(1, n_iters + 1):
    category = random.choice(all_categories)
    line = random.choice(category_lines[category])
    category_tensor = Variable(torch.LongTensor([all_categories.index(category)]))
    output, loss = train(category_tensor, Variable(name_to_tensor(line)))
    current_loss += loss
    if it % print_every == 0:
        guess, guess_i = category_from_output(output)
        correct = "right" if guess == category else "wrong (%s)" % category
        print("%d %d%% %.4f %s / %s %s" % (it, it / n_iters * 100, current_loss / print_every, line, guess, correct))
        all_losses.append(current_loss / print_every)
        current_loss = 0


def evaluate(line_tensor):
    hidden = rnn.init_hidden()
    for i in range(line_tensor.size()[0]):
        output, hidden = rnn(line_tensor[i], hidden)
    return output


confusion = torch.zeros(n_categories, n_categories)
with torch.no_grad():
    for category in all_categories:
        for line in category_lines[category]:
            guess, guess_i = category_from_output(evaluate(name_to_tensor(line)))
            confusion[all_categories.index(category)][guess_i] += 1
for i in range(n_categories):
    confusion[i] = confusion[i] / confusion[i].sum()
print(confusion)


def predict(name, n_predictions=2):
    with torch.no_grad():
        output = evaluate(Variable(name_to_tensor(name)))
    topv, topi = output.topk(n_predictions, 1, True)
    for i in range(n_predictions):
        value = topv[0][i].item()
        print("(%.2f) %s" % (value, all_categories[topi[0][i].item()]))


torch.save(rnn, "char-rnn-classification.pt")
rnn = torch.load("char-rnn-classification.pt", weights_only=False)
predict("morimoto")
predict("macleod")
