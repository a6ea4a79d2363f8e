"""Connectionist temporal classification: the loss of a sequence of labels whose places in time nobody knows."""

from __future__ import annotations

import numpy as np

from ..autograd.graph import Tensor
from ..autograd.op import Array, ArrayInt, fused
from ..kernels.quiet import quiet
from .floating import refuse_integers
from .indexing import getitem, take_along_dim
from .lookup import check_classes
from .loss import check_reduction, reduced
from .naming import called
from .rearrange import roll, stack
from .reduction import logsumexp
from .selection import where
from .shape import reshape


def ctc_loss(
    log_probs,
    targets,
    input_lengths,
    target_lengths,
    blank: int = 0,
    reduction: str = "mean",
    zero_infinity: bool = False,
) -> Array:
    """Negative log-probability that a network says the target, at whatever times, with blanks between.

        y = -log sum over paths pi of prod_t p_t(pi_t)

    A path has a class for each time step. It says a sequence of labels if that is what remains when first
    repetitions are merged and then blanks are left out: "a a _ a b" says "a a b".

    Args:
        log_probs: log-probabilities [T, N, C], or [T, C] for one sequence, as `log_softmax` gives them.
        targets: class numbers [N, S], padded with whatever, or of all sequences behind one another [sum of lengths].
        input_lengths, target_lengths: of each sequence, N integers in a tensor or tuple.
        blank: the class that stands for no label.
        reduction: "mean" (of the losses, each divided by its target's length), "sum" or "none".
        zero_infinity: a target that no path can say, being too long, counts as 0 and not as inf.

    Returns:
        A number; with reduction "none" [N], or a number for one sequence.

    Raises:
        IndexError: a class of the targets is out of range.
        ValueError: the reduction is unknown.
        RuntimeError: shapes or lengths do not fit; the blank is no class.
        NotImplementedError: the log-probabilities are not of floats.

    The gradient is that of this function. PyTorch's differs by softmax: the two agree behind `log_softmax`.

    Source: Graves et al. 2006; `torch.nn.functional.ctc_loss`.
    """
    check_reduction(reduction)
    refuse_integers(log_probs)
    if log_probs.ndim not in (2, 3) or not log_probs.shape[0] or not log_probs.shape[-2]:
        raise RuntimeError(f"ctc_loss: expected log_probs [T, N, C] or [T, C], not empty, got {tuple(log_probs.shape)}")
    batched = log_probs.ndim == 3
    x = log_probs if batched else reshape(log_probs, (log_probs.shape[0], 1, log_probs.shape[1]))
    T, N, C = x.shape
    if not 0 <= blank < C:
        raise RuntimeError(f"ctc_loss: blank must be in label range, that is in [0, {C}), got {blank}")
    steps, spoken = _lengths(input_lengths, "input_lengths", N), _lengths(target_lengths, "target_lengths", N)
    if steps.max() > T:
        raise RuntimeError(f"ctc_loss: expected input_lengths of at most {T} (steps of log_probs), got {steps.max()}")
    labels = _padded(_plain(targets), spoken, batched)
    check_classes(labels, C, "ctc_loss: target {} is out of bounds: expected a class in [0, {})")
    losses = path_loss(x, labels, steps, spoken, blank=blank, zero_infinity=zero_infinity)
    if reduction == "mean":
        losses = losses / np.maximum(spoken, 1).astype(x.dtype)
    return reduced(losses if batched else reshape(losses, ()), reduction)


def _plain(x) -> np.ndarray:
    return x.array if isinstance(x, Tensor) else np.asarray(x)


def _lengths(given, name: str, N: int) -> np.ndarray:
    lengths = np.atleast_1d(_plain(given))
    if lengths.shape != (N,):
        raise RuntimeError(f"ctc_loss: {name} must be of size batch_size, {N} integers, got shape {lengths.shape}")
    if lengths.dtype.kind not in "iu" or lengths.min() < 0:
        raise RuntimeError(f"ctc_loss: {name} must be integral and at least 0, got {lengths.tolist()!r:.80}")
    return lengths.astype(np.int64)


def _padded(targets: np.ndarray, lengths: np.ndarray, batched: bool) -> np.ndarray:
    """[N, S], with 0 behind the end of each target."""
    N, S = len(lengths), int(lengths.max())
    within = np.arange(S) < lengths[:, None]
    labels = np.zeros((N, S), np.int64)
    if batched and targets.ndim == 1:
        if len(targets) != lengths.sum():
            raise RuntimeError(f"ctc_loss: expected {lengths.sum()} targets (sum of their lengths), got {len(targets)}")
        labels[within] = targets
        return labels
    rows = targets if batched else targets[None]
    if rows.ndim != 2 or len(rows) != N or rows.shape[1] < S:
        raise RuntimeError(f"ctc_loss: expected targets of shape ({N}, {S}) or longer, got {targets.shape}")
    return np.where(within, rows[:, :S], 0)


def _track(labels: np.ndarray, blank: int) -> np.ndarray:
    """What a path goes through, [N, 2 S + 1]: each label between two blanks."""
    track = np.full((len(labels), 2 * labels.shape[1] + 1), blank)
    track[:, 1::2] = labels
    return track


def _leaps(track: np.ndarray) -> np.ndarray:
    """Where a path may come from two places before: the blank between two labels that differ may be left out."""
    leaps = np.zeros(track.shape, bool)
    leaps[:, 2:] = track[:, 2:] != track[:, :-2]
    return leaps


def _onward(a: np.ndarray, leaps: np.ndarray) -> np.ndarray:
    """Of each place the log-sum of the paths that stay there, come from the one before and from two before."""
    y = a.copy()
    np.logaddexp(y[:, 1:], a[:, :-1], out=y[:, 1:])
    np.logaddexp(y[:, 2:], a[:, :-2], out=y[:, 2:], where=leaps[:, 2:])
    return y


def _before(track: np.ndarray, dtype) -> np.ndarray:
    """Log-probabilities of the places before the first step: all paths come out of the first blank."""
    a = np.full(track.shape, -np.inf, dtype)
    a[:, 0] = 0
    return a


@quiet
def _forward(x, labels, steps, spoken, *, blank, zero_infinity) -> tuple:
    """`ahead` [T + 1, N, 2 S + 1]: the log-probability to be at a place after t steps."""
    track = _track(labels, blank)
    leaps, emitted = _leaps(track), np.take_along_axis(x, track[None], 2)
    ahead = np.empty((len(x) + 1, *track.shape), x.dtype)
    ahead[0] = _before(track, x.dtype)
    for t in range(len(x)):
        np.add(_onward(ahead[t], leaps), emitted[t], out=ahead[t + 1])
    each = np.arange(len(track))
    at_end = ahead[steps, each]
    loss = -np.logaddexp(at_end[each, 2 * spoken], np.where(spoken > 0, at_end[each, 2 * spoken - 1], -np.inf))
    return np.where(np.isinf(loss) & zero_infinity, 0, loss).astype(x.dtype), ahead, loss.astype(x.dtype)


@quiet
def _vjp(dy, x, labels, steps, spoken, blank, zero_infinity, ahead, loss) -> tuple:
    """dx_t(c) = -dy times the chance that a path that says the target is at class c after step t."""
    track = _track(labels, blank)
    backwards, emitted = _leaps(track[:, ::-1]), np.take_along_axis(x, track[None], 2)
    each, places = np.arange(len(track)), np.arange(track.shape[1])
    ends = (places == 2 * spoken[:, None]) | (places == 2 * spoken[:, None] - 1)
    last = np.where(ends, 0, -np.inf).astype(x.dtype)
    counted = ~(np.isinf(loss) & zero_infinity)
    rest = np.full(track.shape, -np.inf, x.dtype)  # the log-probability of saying what remains
    dx = np.zeros_like(x)
    for t in range(len(x), 0, -1):
        rest = np.where((steps == t)[:, None], last, rest)
        chance = np.exp(ahead[t] + rest + loss[:, None])
        share = np.where(((t <= steps) & counted)[:, None], -dy[:, None] * chance, 0)
        for place in places:
            dx[t - 1, each, track[:, place]] += share[:, place]
        rest = _onward((rest + emitted[t - 1])[:, ::-1], backwards)[:, ::-1]
    return dx, None, None, None


@fused(forward=_forward, vjp=_vjp, hidden="ahead loss")
@called("ctc_loss")
def path_loss(x: Array, labels: ArrayInt, steps: ArrayInt, spoken: ArrayInt, *, blank, zero_infinity) -> Array:
    """`ctc_loss` of [T, N, C] and padded labels [N, S] for each sequence, [N]: the sum over paths, step by step."""
    labels, steps, spoken = _plain(labels), _plain(steps), _plain(spoken)
    track = _track(labels, blank)
    leaps, each, places = _leaps(track), np.arange(len(track)), np.arange(track.shape[1])
    emitted = take_along_dim(x, track[None], 2)
    ahead = [_before(track, x.dtype)]
    for t in range(x.shape[0]):
        one, two = [roll(ahead[t], n, 1) for n in (1, 2)]
        ways = [ahead[t], where(places > 0, one, -np.inf), where(leaps, two, -np.inf)]
        ahead.append(logsumexp(stack(ways), 0) + emitted[t])
    at_end = getitem(stack(ahead), (steps, each))
    blanks, said = [getitem(at_end, (each, 2 * spoken - n)) for n in (0, 1)]
    loss = -logsumexp(stack([blanks, where(spoken > 0, said, -np.inf)]), 0)
    return where(loss == np.inf, 0.0, loss) if zero_infinity else loss
