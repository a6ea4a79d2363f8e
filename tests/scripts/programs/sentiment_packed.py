"""Sentiment of reviews of unequal length: a collate function pads, a two-layer bi-LSTM reads packed sequences."""

import random

import torch
import torch.nn as nn
import torch.optim as optim
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence, pad_sequence
from torch.utils.data import DataLoader

SEED = 1234
random.seed(SEED)
torch.manual_seed(SEED)
torch.backends.cudnn.deterministic = True
device = torch.device("cuda" if torch.cuda.is_available() else "cpu")

good = "great lovely moving superb funny".split()
bad = "dull awful boring poor weak".split()
filler = "the film was a story with some actors in it".split()
vocab = {word: i for i, word in enumerate(["<unk>", "<pad>"] + filler + good + bad)}
PAD_IDX, UNK_IDX = vocab["<pad>"], vocab["<unk>"]


def make_review():
    label = random.choice(["pos", "neg"])
    words = random.choices(filler, k=random.randint(2, 9)) + random.sample(good if label == "pos" else bad, 2)
    random.shuffle(words)
    return label, " ".join(words)


def tokenizer(text):
    return text.lower().split()


text_pipeline = lambda x: [vocab.get(token, UNK_IDX) for token in tokenizer(x)]
label_pipeline = lambda x: 1.0 if x == "pos" else 0.0


def collate_batch(batch):
    label_list, text_list, lengths = [], [], []
    for _label, _text in batch:
        label_list.append(label_pipeline(_label))
        processed_text = torch.tensor(text_pipeline(_text), dtype=torch.int64)
        text_list.append(processed_text)
        lengths.append(processed_text.size(0))
    text = pad_sequence(text_list, padding_value=PAD_IDX)
    return text.to(device), torch.tensor(lengths), torch.tensor(label_list).to(device)


train_data = [make_review() for _ in range(80)]
valid_data = [make_review() for _ in range(30)]
train_iter = DataLoader(train_data, batch_size=16, shuffle=True, collate_fn=collate_batch)
valid_iter = DataLoader(valid_data, batch_size=16, collate_fn=collate_batch)


class RNN(nn.Module):
    def __init__(
        self, vocab_size, embedding_dim, hidden_dim, output_dim, n_layers, bidirectional, dropout, pad_idx, ordered
    ):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embedding_dim, padding_idx=pad_idx)
        self.rnn = nn.LSTM(embedding_dim, hidden_dim, num_layers=n_layers, bidirectional=bidirectional, dropout=dropout)
        self.fc = nn.Linear(hidden_dim * 2, output_dim)
        self.dropout = nn.Dropout(dropout)
        self.ordered = ordered

    def forward(self, text, text_lengths):
        embedded = self.dropout(self.embedding(text))
        if self.ordered:
            text_lengths, order = text_lengths.sort(descending=True)
            embedded = embedded[:, order]
            packed_embedded = pack_padded_sequence(embedded, text_lengths.tolist())
        else:
            packed_embedded = pack_padded_sequence(embedded, text_lengths.to("cpu"), enforce_sorted=False)
        packed_output, (hidden, cell) = self.rnn(packed_embedded)
        output, output_lengths = pad_packed_sequence(packed_output)
        assert torch.equal(output_lengths, text_lengths.cpu())
        hidden = self.dropout(torch.cat((hidden[-2, :, :], hidden[-1, :, :]), dim=1))
        if self.ordered:
            hidden = hidden[order.argsort()]
        return self.fc(hidden)


def count_parameters(model):
    return sum(p.numel() for p in model.parameters() if p.requires_grad)


def binary_accuracy(preds, y):
    rounded_preds = torch.round(torch.sigmoid(preds))
    correct = (rounded_preds == y).float()
    acc = correct.sum() / len(correct)
    return acc


def train(model, iterator, optimizer, criterion):
    epoch_loss = 0
    epoch_acc = 0
    model.train()
    for text, text_lengths, label in iterator:
        optimizer.zero_grad()
        predictions = model(text, text_lengths).squeeze(1)
        loss = criterion(predictions, label)
        acc = binary_accuracy(predictions, label)
        loss.backward()
        optimizer.step()
        epoch_loss += loss.item()
        epoch_acc += acc.item()
    return epoch_loss / len(iterator), epoch_acc / len(iterator)


def evaluate(model, iterator, criterion):
    epoch_loss = 0
    epoch_acc = 0
    model.eval()
    with torch.no_grad():
        for text, text_lengths, label in iterator:
            predictions = model(text, text_lengths).squeeze(1)
            epoch_loss += criterion(predictions, label).item()
            epoch_acc += binary_accuracy(predictions, label).item()
    return epoch_loss / len(iterator), epoch_acc / len(iterator)


def predict_sentiment(model, sentence):
    model.eval()
    indexed = text_pipeline(sentence)
    tensor = torch.LongTensor(indexed).to(device)
    tensor = tensor.unsqueeze(1)
    length_tensor = torch.LongTensor([len(indexed)])
    prediction = torch.sigmoid(model(tensor, length_tensor))
    return prediction.item()


for ordered in True, False:
    model = RNN(len(vocab), 12, 10, 1, 2, True, 0.0, PAD_IDX, ordered)
    print(f"The model has {count_parameters(model):,} trainable parameters")
    pretrained_embeddings = torch.randn(len(vocab), 12) * 0.5
    model.embedding.weight.data.copy_(pretrained_embeddings)
    model.embedding.weight.data[UNK_IDX] = torch.zeros(12)
    model.embedding.weight.data[PAD_IDX] = torch.zeros(12)
    print(model.embedding.weight.data[:3, :4])

    optimizer = optim.Adam(model.parameters(), lr=0.01)
    criterion = nn.BCEWithLogitsLoss()
    model = model.to(device)
    criterion = criterion.to(device)
    best_valid_loss = float("inf")
    for epoch in range(4):
        train_loss, train_acc = train(model, train_iter, optimizer, criterion)
        valid_loss, valid_acc = evaluate(model, valid_iter, criterion)
        if valid_loss < best_valid_loss:
            best_valid_loss = valid_loss
            torch.save(model.state_dict(), "sentiment-model.pt")
        print(f"Epoch: {epoch + 1:02}")
        print(f"\tTrain Loss: {train_loss:.3f} | Train Acc: {train_acc * 100:.2f}%")
        print(f"\t Val. Loss: {valid_loss:.3f} |  Val. Acc: {valid_acc * 100:.2f}%")
    model.load_state_dict(torch.load("sentiment-model.pt"))
    print(round(predict_sentiment(model, "This film was awful and boring"), 4))
    print(round(predict_sentiment(model, "a lovely story"), 4))
