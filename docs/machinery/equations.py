"""Equations as docstrings write them, in ASCII, to LaTeX: h_t = tanh(W_ih x_t + b_ih), y = x / sqrt(mean(x**2) + eps).

A small grammar: sums of products of powers, where a space multiplies what has short names. What does not fit it
is no equation, and stays as it was written.
"""

from __future__ import annotations

import re

TOKEN = re.compile(
    r" *(?:(?P<number>\d+(?:\.\d+)?(?:e[+-]?\d+)?)"
    r"|(?P<name>[A-Za-z][A-Za-z0-9]*'?(?:_(?:\{[^{}]*\}|\([^()]*\)|[A-Za-z0-9]+))?'?)"
    r"|(?P<mark>\*\*|<=|>=|!=|\.\.\.|[-+*/^=<>()\[\],|@]))"
)
GREEK = {
    "alpha", "beta", "gamma", "delta", "epsilon", "eta", "lambda", "mu", "phi", "pi", "rho", "sigma", "tau", "theta",
    "Phi",
}  # fmt: skip
FUNCTIONS = {"tanh", "log", "exp", "max", "min", "sin", "cos", "tan", "cosh", "sinh"}
SIGMA = {"sum": r"\sum", "prod": r"\prod"}
RELATIONS = {"=": "=", "<=": r"\le", ">=": r"\ge", "<": "<", ">": ">", "!=": r"\ne"}
PROSE = {"and", "but", "for", "from", "in", "integral", "is", "of", "or", "over", "where", "with"}
CONSTANTS = {"eps", "lr", "inf", "beta1", "beta2"}  # longer names that may stand beside others


class NoEquation(ValueError):
    """The text does not follow the grammar."""


def latex(text: str) -> str:
    """All of the text as LaTeX: one equation or several, with commas between them.

    Raises:
        NoEquation: it is none.
    """
    written, end = longest(text, words=True)
    if text[end:].strip():
        raise NoEquation(text)
    return written


def longest(text: str, words: bool = False) -> tuple[str, int]:
    """The longest equation at the start of the text, and where it ends; with `words`, words may be multiplied too.

    Raises:
        NoEquation: there is none.
    """
    reader, parts, end = Reader(text, words), [], 0
    try:
        while True:
            left = reader.items()
            while (mark := reader.mark) in RELATIONS:
                reader.step()
                parts.append(f"{left} {RELATIONS[mark]} {reader.sum()}")
                left, end = "", reader.end
            if left or reader.mark != ",":
                break
            reader.step()
    except NoEquation:
        pass
    if not end:
        raise NoEquation(text)
    return r",\quad ".join(parts).replace(r",\quad  ", " "), end


class Reader:
    """Recursive descent over the tokens of a text."""

    def __init__(self, text: str, words: bool) -> None:
        self.words = words
        self.tokens: list[re.Match] = []
        at = 0
        while match := TOKEN.match(text, at):
            self.tokens.append(match)
            at = match.end()
        self.at = 0

    @property
    def mark(self) -> str | None:
        return self.tokens[self.at]["mark"] if self.at < len(self.tokens) else None

    @property
    def name(self) -> str | None:
        return self.tokens[self.at]["name"] if self.at < len(self.tokens) else None

    @property
    def end(self) -> int:
        """Where what has been read ends in the text."""
        return self.tokens[self.at - 1].end()

    def step(self) -> re.Match:
        if self.at == len(self.tokens):
            raise NoEquation("nothing more")
        self.at += 1
        return self.tokens[self.at - 1]

    def expect(self, mark: str) -> None:
        if self.mark != mark:
            raise NoEquation(f"{mark} expected")
        self.step()

    def items(self) -> str:
        """i, f, g, o."""
        parts = [self.sum()]
        while self.mark == ",":
            self.step()
            parts.append(self.sum())
        return ", ".join(parts)

    def sum(self) -> str:
        written = ""
        if self.mark in ("-", "+"):
            written = self.step()["mark"]
        written += self.product()
        while self.mark in ("+", "-"):
            before = self.at
            sign = self.step()["mark"]
            try:
                written += f" {sign} {self.product()}"
            except NoEquation:
                self.at = before
                break
        return written

    def product(self) -> str:
        """From left to right, as Python reads it, what stands side by side multiplied: x/2 (1 + y) is x (1 + y) / 2."""
        written = self.power()
        while True:
            if self.mark == "/":
                self.step()
                written = rf"\frac{{{bare(written)}}}{{{bare(self.power())}}}"
            elif self.mark in ("*", "@"):
                sign = r" \cdot " if self.step()["mark"] == "*" else r"\, "
                written += sign + self.power()
            elif self.at < len(self.tokens) and self.follows():
                written += rf"\, {self.power()}"
            else:
                return written

    def follows(self) -> bool:
        """Whether what comes next looks like mathematics and not like words."""
        if self.name:
            return self.words or short(self.name) or (self.at + 1 < len(self.tokens) and self.calls())
        return self.mark == "(" and self.at > 0 and self.tokens[self.at].group().startswith(" ")

    def calls(self) -> bool:
        following = self.tokens[self.at + 1]
        return following["mark"] == "(" and not following.group().startswith(" ")

    def power(self) -> str:
        written = self.atom()
        if self.mark in ("**", "^"):
            self.step()
            sign = self.step()["mark"] if self.mark == "-" else ""
            if self.name == "T":
                self.step()
                return rf"{written}^\top"
            return f"{written}^{{{sign}{bare(self.power())}}}"
        return written

    def atom(self) -> str:
        token = self.step()
        if token["number"]:
            return token["number"]
        if token["name"]:
            return self.named(token["name"])
        closing = {"(": ")", "[": "]", "|": "|"}.get(token["mark"])
        if token["mark"] == "...":
            return r"\ldots"
        if closing is None:
            raise NoEquation(token["mark"])
        inner = self.items()
        self.expect(closing)
        return rf"\left{token['mark']}{inner}\right{closing}"

    def named(self, name: str) -> str:
        if name in PROSE:
            raise NoEquation(name)
        base = name.partition("_")[0].rstrip("'")
        touching = self.at < len(self.tokens) and not self.tokens[self.at].group().startswith(" ")
        if base in SIGMA:
            return SIGMA[base] + name[len(base) :] + " " + self.product()
        if base == "sqrt" and self.mark == "(":
            self.step()
            inner = self.items()
            self.expect(")")
            return rf"\sqrt{{{inner}}}"
        if touching and self.mark == "(":
            self.step()
            inner = "" if self.mark == ")" else self.items()
            self.expect(")")
            return rf"{function(name)}\left({inner}\right)"
        if touching and self.mark == "[":
            self.step()
            inner = self.items()
            self.expect("]")
            return f"{symbol(name)}_{{{inner}}}"
        return symbol(name)


def short(name: str) -> bool:
    """Whether it looks like a quantity and not like a word."""
    base, _, below = name.partition("_")
    base = base.rstrip("'")
    if base in GREEK or base in CONSTANTS or base in SIGMA or below:
        return True
    return (len(base) == 1 and base not in "aIA") or bool(re.fullmatch(r"[A-Za-z]\d|d[A-Za-z]", base))


def symbol(name: str) -> str:
    name, primes = name.replace("'", ""), name.count("'")
    base, _, below = name.partition("_")
    if base not in GREEK and len(base) > 1 and below.isalpha() and len(below) > 1:  # hidden_size: one word, no index
        return word(name) + "'" * primes
    below = below.strip("{}()")
    written = rf"\{base}" if base in GREEK or base in FUNCTIONS else base if len(base) == 1 else word(base)
    if below:
        written += f"_{{{below if len(below) <= 3 or not below.isalpha() else word(below)}}}"
    return written + "'" * primes


def word(base: str) -> str:
    if match := re.fullmatch(r"([A-Za-z])(\d+)", base):
        return f"{match[1]}_{{{match[2]}}}"
    return rf"\text{{{base}}}"


def function(name: str) -> str:
    if name == "sigmoid":
        return r"\sigma"
    return rf"\{name}" if name in FUNCTIONS else symbol(name)


def bare(written: str) -> str:
    """Without the brackets around all of it, which a fraction or an exponent does not need."""
    if not (written.startswith(r"\left(") and written.endswith(r"\right)")):
        return written
    depth = 0
    for match in re.finditer(r"\\(left|right)", written):
        depth += 1 if match[1] == "left" else -1
        if depth == 0 and match.end() + 1 < len(written):
            return written
    return written[6:-7]
