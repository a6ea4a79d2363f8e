"""Sequence to sequence: spelled-out dates are translated to ISO dates, with attention and without.

    python examples/translate_dates.py -o dates.svg

    march the third , twelve hundred and four . monday , the fifth of may nineteen hundred and eighty
    1204-03-03 1980-05-05.

An encoder reads the words in both directions. A decoder writes the dates, one sign a step. Without attention it knows
of the text what the encoder's last states hold: as many numbers for three dates as for one, the encoding bottleneck.
With attention it looks again at the encoder's states of all words before each sign, and weights them by how well they
answer to its own state:

    s_t = GRU([y_{t-1}, c_t], s_{t-1})      without attention c_t = [h_last, h'_first]
                                            with it c_t = sum_j a_j e_j, e_j = [h_j, h'_j] the states at word j,
                                            a_j = softmax_j(v . tanh(W s_{t-1} + U e_j))

Source: Cho et al. 2014; Bahdanau, Cho & Bengio 2015.
Expected: of 1000 texts whose dates were not learnt from, all are translated exactly with attention; without, after as
many updates, 28% are: most of those up to 15 words, hardly one above 20. (Two and a half minutes.)
"""

from __future__ import annotations

import argparse
from datetime import date, timedelta
from pathlib import Path
from typing import NamedTuple

import numpy as np
from _training import RIGHT, WRONG, command, fit, save, whole

import tinygrad_rnn as tg
from tinygrad_rnn import nn
from tinygrad_rnn.nn.functional import cross_entropy

ONES = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen".split()
ONES += "seventeen eighteen nineteen".split()
TENS = "zero ten twenty thirty forty fifty sixty seventy eighty ninety".split()
ORDINALS = {"one": "first", "two": "second", "three": "third", "five": "fifth", "eight": "eighth", "nine": "ninth"}
ORDINALS |= {"twelve": "twelfth", "twenty": "twentieth", "thirty": "thirtieth"}
FORMS = (
    "the {day} of {month} {year}",
    "{month} the {day} , {year}",
    "{weekday} , the {day} of {month} {year}",
    "on the {day} of {month} , a {weekday} , in the year {year}",
    "in the year {year} , on {weekday} , {month} the {day}",
)
SIGNS = "0123456789- ."  # of the translation: dates with blanks between them, and a full stop
START, NOTHING = len(SIGNS), -100  # what the decoder reads first; what stands behind the full stop
FIRST, DAYS = date(1100, 1, 1), 1000 * 365
HELD_OUT = 10  # every tenth day is not learnt from


def cardinal(n: int) -> str:
    """A number below 100 in words."""
    return ONES[n] if n < 20 else TENS[n // 10] + f" {ONES[n % 10]}" * (n % 10 > 0)


def ordinal(n: int) -> str:
    """The n-th in words."""
    *begin, last = cardinal(n).split()
    return " ".join([*begin, ORDINALS.get(last, f"{last}th")])


def year(n: int) -> str:
    """A year in words."""
    hundreds = f"{cardinal(n // 1000)} thousand" if n % 1000 < 100 else f"{cardinal(n // 100)} hundred"
    return hundreds + f" and {cardinal(n % 100)}" * (n % 100 > 0)


def spelled(day: date, form: str) -> str:
    """A date in one of FORMS."""
    names = {"day": ordinal(day.day), "year": year(day.year), "month": f"{day:%B}", "weekday": f"{day:%A}"}
    return form.format(**names).lower()


SOME_DAYS = [FIRST + timedelta(n) for n in range(0, DAYS, 991)]
WORDS = [".", *sorted({word for day in SOME_DAYS for form in FORMS for word in spelled(day, form).split()})]


class Pair(NamedTuple):
    """A text and its translation."""

    words: list[str]
    signs: str


def pair(random: np.random.Generator, dates: int, held_out: bool) -> Pair:
    """So many random dates in random forms; those of every tenth day, or of the other days."""
    days = random.integers(0, DAYS // HELD_OUT, dates) * HELD_OUT
    days += 0 if held_out else random.integers(1, HELD_OUT, dates)
    made = [FIRST + timedelta(int(day)) for day in days]
    texts = [spelled(day, str(random.choice(FORMS))) for day in made]
    return Pair(" . ".join(texts).split(), " ".join([day.isoformat() for day in made]) + ".")


def encoded(pairs: list[Pair]) -> tuple[tg.Tensor, np.ndarray, tg.Tensor]:
    """Words [S, N], padded at the end, how many there are [N], and signs [T, N], padded with NOTHING."""
    lengths = np.array([len(words) for words, _ in pairs])
    words = np.zeros((lengths.max(), len(pairs)), np.int64)
    signs = np.full((max(len(signs) for _, signs in pairs), len(pairs)), NOTHING)
    for n, (text, translation) in enumerate(pairs):
        words[: len(text), n] = [WORDS.index(word) for word in text]
        signs[: len(translation), n] = [SIGNS.index(sign) for sign in translation]
    return tg.tensor(words), lengths, tg.tensor(signs)


class Translator(nn.Module):
    """An encoder that reads words, and a decoder that writes signs, with attention or without."""

    def __init__(self, hidden: int, attention: bool, embedding: int = 32) -> None:
        super().__init__()
        self.words, self.signs = nn.Embedding(len(WORDS), embedding), nn.Embedding(len(SIGNS) + 1, embedding)
        self.encoder = nn.GRU(embedding, hidden, bidirectional=True)
        self.bridge = nn.Linear(2 * hidden, hidden)
        self.attention = nn.AdditiveAttention(hidden, 2 * hidden, hidden) if attention else None
        self.decoder = nn.GRUCell(embedding + 2 * hidden, hidden)
        self.readout = nn.Linear(hidden, len(SIGNS))

    def forward(self, words, lengths, steps: int, signs=None):
        """Scores [T, N, signs] of T steps and the attention's weights, one [N, S] for each step.

        The decoder reads the signs it should have written (teacher forcing), or where there are none those it wrote.
        """
        states, last = self.encoder(self.words(words), lengths=lengths)
        context = tg.cat([last[0], last[1]], 1)  # all that there is to know without attention
        s = tg.tanh(self.bridge(context))
        if self.attention:
            memory = self.attention.memory(states, lengths=lengths)
        previous, scores, looks = tg.full((len(lengths),), START), [], []
        for t in range(steps):
            with tg.step(t):
                if self.attention:
                    context, weights = self.attention(s, memory)
                    looks.append(weights)
                s = self.decoder(tg.cat([self.signs(previous), context], 1), s)
                scores.append(self.readout(s))
                previous = scores[-1].argmax(1) if signs is None else signs[t].clamp(min=0)
        return tg.stack(scores), looks


def loss_of(net: Translator, pairs: list[Pair]) -> tg.Tensor:
    words, lengths, signs = encoded(pairs)
    scores, _ = net(words, lengths, len(signs), signs)
    return cross_entropy(scores.flatten(0, 1), signs.flatten(), ignore_index=NOTHING)


@tg.no_grad()
def translate(net: Translator, pairs: list[Pair]) -> tuple[list[str], np.ndarray]:
    """What the network writes, up to the full stop, and where it looked: weights [T, N, S]."""
    words, lengths, signs = encoded(pairs)
    scores, looks = net(words, lengths, len(signs))
    written = ["".join([SIGNS[sign] for sign in column]) for column in scores.argmax(2).numpy().T]
    ended = [text[: text.find(".") + 1] or text for text in written]
    return ended, np.array([weights.numpy() for weights in looks])


def exact(written: list[str], pairs: list[Pair]) -> np.ndarray:
    """Which translations are right to the last sign."""
    return np.array([text == signs for text, (_, signs) in zip(written, pairs, strict=True)])


def by_length(right: np.ndarray, pairs: list[Pair], width: int) -> tuple[list[float], list[float]]:
    """Middles of classes of so many words, and the part of texts in each that is translated exactly."""
    classes = np.array([len(words) for words, _ in pairs]) // width
    found = sorted(set(classes.tolist()))
    return [(k + 0.5) * width for k in found], [float(right[classes == k].mean()) for k in found]


def picture(right: dict[str, np.ndarray], pairs: list[Pair], example: Pair, look: np.ndarray, path: Path) -> None:
    """Accuracy by length, and where the decoder looks as it writes."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(13, 4.6), layout="constrained")
    left, middle = figure.subplots(1, 2, width_ratios=(1, 1.5))
    for (name, translated), (color, mark) in zip(right.items(), ((RIGHT, "o"), (WRONG, "s")), strict=True):
        left.plot(*by_length(translated, pairs, 5), color=color, marker=mark, label=name)
    left.set(title="texts that are translated exactly", xlabel="words in the text", ylim=(-0.03, 1.03))
    left.grid(alpha=0.3)
    left.legend(frameon=False)
    middle.imshow(look, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    middle.set_xticks(range(len(example.words)), example.words, rotation=90)
    middle.set_yticks(range(len(example.signs)), example.signs.replace(" ", "␣"))
    middle.set_title("where the decoder looks as it writes each sign")
    save(figure, path)


def arguments(given: list[str] | None = None) -> argparse.Namespace:
    """What the command line says; or what is given."""
    parser = command(__doc__, updates=500, quick=15, lr=0.005)
    parser.add_argument("--dates", type=whole, default=3, help="at most so many in a text")
    parser.add_argument("--texts", type=whole, default=1000, help="held-out ones, to measure with")
    return parser.parse_args(given)


def batch(random: np.random.Generator, count: int, dates: int, held_out: bool) -> list[Pair]:
    """So many pairs of one to `dates` dates."""
    return [pair(random, int(some), held_out) for some in random.integers(1, dates + 1, count)]


def held_out_texts(options: argparse.Namespace) -> list[Pair]:
    """What is measured with."""
    return batch(np.random.default_rng([options.seed, 1]), options.texts, options.dates, held_out=True)


def trained(name: str, attention: bool, options: argparse.Namespace) -> Translator:
    """A network that has learnt from other days."""
    tg.manual_seed(options.seed)
    random, net = np.random.default_rng([options.seed, 0]), Translator(options.hidden, attention)
    fit(name, net, lambda: loss_of(net, batch(random, options.batch, options.dates, held_out=False)), options)
    return net


def main() -> None:
    options = arguments()
    pairs, right = held_out_texts(options), {}
    example = pair(np.random.default_rng([options.seed, 2]), min(2, options.dates), held_out=True)
    for name, attention in (("with attention", True), ("without", False)):
        net = trained(name, attention, options)
        right[name] = exact(translate(net, pairs)[0], pairs)
        (written,), looks = translate(net, [example])
        if attention:
            look = looks[:, 0]
        print(f"{name}: {right[name].mean():.1%} of {len(pairs)} texts are translated exactly; {written}", flush=True)
    picture(right, pairs, example, look, options.out)


if __name__ == "__main__":
    main()
