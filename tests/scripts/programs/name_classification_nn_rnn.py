"""Names and their languages again, with nn.RNN, minibatches from a Dataset of unequal names, and a confusion matrix."""

import random

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import Dataset

torch.manual_seed(2024)
device = torch.device("cpu")
if torch.cuda.is_available():
    device = torch.device("cuda")
torch.set_default_device(device)
print(f"Using device = {torch.get_default_device()}")

ALPHABET = "abcdefghijklmnopqrstuvwxyz '-_"
NAMES = {
    "Dutch": ["aalst", "de vries", "van dijk", "haanraads", "meijer", "snyders"],
    "Irish": ["o'brien", "o'neill", "mcguire", "sweeney", "kavanagh", "flynn"],
    "Greek": ["papadopoulos", "nikolaidis", "stavros", "kalogeras", "metaxas", "alexiou"],
}


def letter_to_index(letter):
    return ALPHABET.find(letter) if letter in ALPHABET else ALPHABET.find("_")


def line_to_tensor(line):
    tensor = torch.zeros(len(line), 1, len(ALPHABET))
    for li, letter in enumerate(line):
        tensor[li][0][letter_to_index(letter)] = 1
    return tensor


class NamesDataset(Dataset):
    def __init__(self, names):
        self.labels_uniq = sorted(names)
        self.data, self.tensors, self.labels, self.label_tensors = [], [], [], []
        for label, lines in names.items():
            for line in lines:
                self.data.append(line)
                self.labels.append(label)
                self.tensors.append(line_to_tensor(line))
                self.label_tensors.append(torch.tensor([self.labels_uniq.index(label)], dtype=torch.long))

    def __len__(self):
        return len(self.data)

    def __getitem__(self, idx):
        return self.label_tensors[idx], self.tensors[idx], self.labels[idx], self.data[idx]


alldata = NamesDataset(NAMES)
print(f"loaded {len(alldata)} items of data, example = {alldata[0][3]} {tuple(alldata[0][1].shape)}")
train_set, test_set = torch.utils.data.random_split(alldata, [0.8, 0.2], generator=torch.Generator().manual_seed(1))
print(f"train examples = {len(train_set)}, validation examples = {len(test_set)}")


class CharRNN(nn.Module):
    def __init__(self, input_size, hidden_size, output_size):
        super().__init__()
        self.rnn = nn.RNN(input_size, hidden_size)
        self.h2o = nn.Linear(hidden_size, output_size)
        self.softmax = nn.LogSoftmax(dim=1)

    def forward(self, line_tensor):
        rnn_out, hidden = self.rnn(line_tensor)
        output = self.h2o(hidden[0])
        return self.softmax(output)


rnn = CharRNN(len(ALPHABET), 24, len(alldata.labels_uniq))
print(rnn)


def label_from_output(output, output_labels):
    top_n, top_i = output.topk(1)
    label_i = top_i[0].item()
    return output_labels[label_i], label_i


def train(rnn, training_data, n_epoch=12, n_batch_size=6, report_every=3, learning_rate=0.25, criterion=nn.NLLLoss()):
    all_losses = []
    rnn.train()
    optimizer = torch.optim.SGD(rnn.parameters(), lr=learning_rate)
    for it in range(1, n_epoch + 1):
        current_loss = 0
        batches = list(range(len(training_data)))
        random.shuffle(batches)
        batches = np.array_split(batches, len(batches) // n_batch_size)
        for batch in batches:
            batch_loss = 0
            for i in batch:
                label_tensor, text_tensor, label, text = training_data[i]
                output = rnn.forward(text_tensor)
                loss = criterion(output, label_tensor)
                batch_loss += loss
            batch_loss.backward()
            nn.utils.clip_grad_norm_(rnn.parameters(), 3)
            optimizer.step()
            optimizer.zero_grad()
            current_loss += batch_loss.item() / len(batch)
        all_losses.append(current_loss / len(batches))
        if it % report_every == 0:
            print(f"{it} ({it / n_epoch:.0%}): \t average batch loss = {all_losses[-1]:.4f}")
    return all_losses


all_losses = train(rnn, train_set)


def evaluate(rnn, testing_data, classes):
    confusion = torch.zeros(len(classes), len(classes))
    rnn.eval()
    with torch.no_grad():
        for i in range(len(testing_data)):
            label_tensor, text_tensor, label, text = testing_data[i]
            guess, guess_i = label_from_output(rnn(text_tensor), classes)
            confusion[classes.index(label)][guess_i] += 1
    for i in range(len(classes)):
        denom = confusion[i].sum()
        if denom > 0:
            confusion[i] = confusion[i] / denom
    return confusion.cpu().numpy()


print(evaluate(rnn, train_set, alldata.labels_uniq).diagonal())
with torch.no_grad():
    probs = F.softmax(rnn(line_to_tensor("van den berg")), dim=1).squeeze()
for label, p in zip(alldata.labels_uniq, probs):
    print(f"{label:>6} {p:.3f}")
