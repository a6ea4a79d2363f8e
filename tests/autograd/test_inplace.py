"""In-place writes and views: the gradient is that of what the program computes, or the program is refused."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_rnn as tg

from .both import as_torch, programs, refused_as_torch


def base(m, *shape, scale=1.5):
    """A computed tensor, so that it may be written to, and the leaf it comes from."""
    x = m.tensor(np.random.default_rng(3).uniform(0.4, 1.2, shape or (3, 4)), requires_grad=True)
    return x, x * scale


def weighted(m, y):
    """A number in which every element of y counts differently."""
    n = int(np.prod(tuple(y.shape)))
    return (y * m.tensor(np.arange(1.0, n + 1).reshape(tuple(y.shape)))).sum()


def grads(m, y, *xs):
    weighted(m, y).backward()
    return (y, *[x.grad for x in xs])


# --- the whole tensor -------------------------------------------------------------------------------------


def each_in_place(name, *args):
    def program(m):
        x, b = base(m)
        result = getattr(b, name)(*[m.tensor(a) if isinstance(a, np.ndarray) else a for a in args])
        return (result is b, *grads(m, b, x))

    program.__name__ = name
    return program


ROW = np.array([0.5, 1.5, 2.5, 3.5])
MASK = np.array([True, False, False, True])
INDEX = np.array([[0, 2, 1, 0]])

IN_PLACE = [
    each_in_place("add_", ROW), each_in_place("sub_", 2.0), each_in_place("mul_", ROW), each_in_place("div_", ROW),
    each_in_place("pow_", 2.0), each_in_place("neg_"), each_in_place("exp_"), each_in_place("log_"),
    each_in_place("sqrt_"), each_in_place("rsqrt_"), each_in_place("abs_"), each_in_place("clamp_", 0.7, 1.4),
    each_in_place("sigmoid_"), each_in_place("tanh_"), each_in_place("relu_"), each_in_place("square_"),
    each_in_place("reciprocal_"), each_in_place("log1p_"), each_in_place("expm1_"), each_in_place("sin_"),
    each_in_place("cos_"), each_in_place("floor_"), each_in_place("sign_"), each_in_place("fill_", 2.0),
    each_in_place("zero_"), each_in_place("copy_", ROW), each_in_place("masked_fill_", MASK, 3.0),
    each_in_place("scatter_", 0, INDEX, 9.0), each_in_place("scatter_add_", 0, INDEX, np.ones((1, 4))),
    each_in_place("index_add_", 0, np.array([1]), np.ones((1, 4))), each_in_place("tril_"), each_in_place("triu_", 1),
    each_in_place("lerp_", np.ones((3, 4)), 0.3), each_in_place("addcmul_", ROW, ROW), each_in_place("cumsum_", 1),
    each_in_place("t_"), each_in_place("unsqueeze_", 1), each_in_place("transpose_", 0, 1), each_in_place("squeeze_"),
    each_in_place("remainder_", 0.5), each_in_place("requires_grad_"),
]  # fmt: skip


def chained(m):
    x, b = base(m)
    b.mul_(2).add_(1).sub_(x).exp_()
    return grads(m, b, x)


def operators(m):
    x, b = base(m)
    same = b
    b += 1
    b *= x
    b -= 0.5
    b /= 2
    b **= 2
    return (same is b, *grads(m, b, x))


def with_itself(m):
    x, b = base(m)
    b.add_(b)
    b.sub_(b * 0.3)
    return grads(m, b, x)


def into_a_constant(m):
    """A buffer that did not require grad begins to when something that does is written into it."""
    x, b = base(m)
    buffer = m.zeros(3, 4, dtype=m.float64)
    buffer.add_(b)
    buffer.mul_(b)
    return (buffer.requires_grad, *grads(m, buffer, x))


def loss_accumulator(m):
    x, b = base(m)
    total = m.zeros(1, dtype=m.float64)
    for row in b:
        total += row.sum() * row[0]
    total.backward()
    return total, x.grad


def integer_loss_accumulator(m):
    x, b = base(m)
    loss = 0
    for row in b:
        loss += (row * row).sum()
    loss.backward()
    return loss, x.grad


def copy_of_another(m):
    x, b = base(m)
    z, c = base(m, 4)
    b.copy_(c * c)
    b.mul_(2)
    return grads(m, b, x, z)


def copy_casts(m):
    x, _ = base(m, 4)
    single = m.zeros(4)
    single.copy_(x)
    (single * single).sum().backward()
    whole = m.zeros(4, dtype=m.int64)
    whole.copy_(x.detach() * 3)
    return single, x.grad, whole


def fill_with_a_tensor(m):
    x, b = base(m)
    z = m.tensor(2.0, dtype=m.float64, requires_grad=True)
    b.fill_(z * z)
    return grads(m, b, z)


def masked_fill_of_half(m):
    x, b = base(m)
    b.masked_fill_(b > 1.0, -5.0)
    return grads(m, b, x)


def keyword_tensors(m):
    x, b = base(m, 4)
    z, c = base(m, 4)
    buffer = m.zeros(4, dtype=m.float64)
    buffer.add_(other=b, alpha=3)
    buffer.addcmul_(tensor1=b, tensor2=c, value=2)
    return grads(m, buffer, x, z)


def no_grad_leaf(m):
    x = m.ones(3, requires_grad=True)
    with m.no_grad():
        x -= 0.5
        x.mul_(3)
        x[1] = 7
    (x * x).sum().backward()
    return x, x.grad, x.is_leaf


def no_grad_computed(m):
    """Under no_grad the value changes and the recorded past does not: the written factor is not in the gradient."""
    x, b = base(m)
    with m.no_grad():
        b.mul_(3)
    return grads(m, b, x)


def data_write(m):
    x = m.ones(3, requires_grad=True)
    (x * 2).sum().backward()
    x.data.add_(x.grad.data, alpha=-0.1)
    x.grad.data.zero_()
    (x * x).sum().backward()
    return x, x.grad


def retained_before_write(m):
    x, b = base(m)
    y = b * 2
    y.retain_grad()
    z = y + 0
    z.mul_(3)
    weighted(m, z).backward()
    return y.grad, x.grad


def order_two(m):
    x, b = base(m, 4)
    b = b.mul_(x).exp() * 1.0
    b[1] = b[2].clone() * b[3].clone()
    (dx,) = m.autograd.grad(b.sum(), x, create_graph=True)
    return m.autograd.grad((dx * dx).sum(), x)


@programs(
    *IN_PLACE, chained, operators, with_itself, into_a_constant, loss_accumulator, integer_loss_accumulator,
    copy_of_another, copy_casts, fill_with_a_tensor, masked_fill_of_half, keyword_tensors, no_grad_leaf,
    no_grad_computed, data_write, retained_before_write, order_two,
)  # fmt: skip
def test_whole_tensor_as_torch(program):
    as_torch(program, rtol=1e-9)


# --- through views ----------------------------------------------------------------------------------------


def row_then_base(m):
    """Re-pointing only the handle written to would give a wrong gradient here."""
    x, b = base(m)
    v = b[0]
    v.mul_(5)
    return grads(m, b, x)


def base_then_row(m):
    x, b = base(m)
    v = b[0]
    b.mul_(x)
    return grads(m, v, x)


def row_then_other_view(m):
    """A view taken before the write sees it."""
    x, b = base(m)
    v, column = b[1], b[:, 2]
    v.exp_()
    return grads(m, column, x)


def view_of_view(m):
    x, b = base(m)
    v = b[1:]
    w = v[0]
    u = w.view(2, 2).t()
    u.mul_(x[0, 0])
    w.add_(v[1])
    return (u, v, w, *grads(m, b, x))


def view_of_view_read_late(m):
    x, b = base(m)
    w = b[1:][0].view(2, 2)
    b[1].mul_(3)
    return grads(m, w, x)


def through_transpose(m):
    x, b = base(m)
    b.t()[2].mul_(3)
    b.permute(1, 0).select(0, 1).add_(x[:, 0])
    return grads(m, b, x)


def through_every_view(m):
    x, b = base(m, 2, 6)
    b.view(3, 4)[1].mul_(2)
    b.reshape(12)[::5].add_(1)
    b.unsqueeze(0).squeeze(0)[:, 1].mul_(b[:, 2].clone())
    b.narrow(1, 2, 2).sub_(0.5)
    b.flatten().unflatten(0, (4, 3)).movedim(0, 1)[2].neg_()
    b[..., -1, None].mul_(4)
    b.swapaxes(0, 1)[0].mul_(x[:, 5])
    return grads(m, b, x)


def negative_step(m):
    x, b = base(m)
    b.select(0, 1).copy_(b[2].detach().flip(0))
    b[:, 1:3].mul_(b[:, 2:4].clone())
    return grads(m, b, x)


def overlapping_copy(m):
    x, b = base(m, 5)
    b[1:] = b[:-1].clone() * 2
    return grads(m, b, x)


def chained_index_write(m):
    x, b = base(m)
    b[1][2] = 9.0
    b[0][1:][0] = x[2, 2]
    b[2][3] += 1
    b[0] *= 2
    return grads(m, b, x)


def confusion_matrix(m):
    counts = m.zeros(3, 3)
    for i, j in [(0, 1), (2, 2), (0, 1)]:
        counts[i][j] += 1
    return counts


def fancy_increment(m):
    x, b = base(m)
    b[range(3), [0, 3, 1]] -= 1
    b[m.tensor([0, 2])] *= 3
    b[b > 1.5] += b.detach().max()
    return grads(m, b, x)


def setitem_forms(m):
    x, b = base(m)
    b[0] = x[1] * 2
    b[:, 1] = x[:, 0]
    b[..., -1] = 4.0
    b[1:, 2:] = x[:2, :2]
    b[2, [0, 1]] = x[0, :2]
    return grads(m, b, x)


def setitem_broadcasts(m):
    x, b = base(m)
    z = m.tensor(2.0, dtype=m.float64, requires_grad=True)
    b[:2] = x[2]
    b[2] = z
    return grads(m, b, x, z)


def setitem_leading_ones(m):
    x, b = base(m)
    b[0] = x[1:2]
    return grads(m, b, x)


def setitem_mask(m):
    x, b = base(m)
    mask = m.tensor([[True, False, True, False]] * 3)
    b[mask] = x[:, :2].reshape(-1) * 3
    b[m.tensor([True, False, False])] = 1.0
    return grads(m, b, x)


def setitem_whole(m):
    x, b = base(m)
    b[:] = x * x
    b[...] = b + 1
    return grads(m, b, x)


def setitem_casts(m):
    x, _ = base(m, 3)
    whole = m.zeros(3, dtype=m.int64)
    whole[0] = 2.7
    whole[1:] = x.detach()[:2] * 5
    single = m.zeros(3)
    single[:] = x
    (single * single).sum().backward()
    return whole, single, x.grad


def setitem_of_a_list_element(m):
    x, b = base(m, 3)
    b[0] = True
    b[1] = 2
    return grads(m, b, x)


def recurrent_buffer(m):
    """out[t] = f(out[t-1]), the loop of every handwritten recurrent network."""
    x, b = base(m, 6, 3)
    out = m.zeros(6, 3, dtype=m.float64)
    for t in range(6):
        out[t] = (b[t] + (out[t - 1] if t else 0)).tanh()
    return grads(m, out, x)


def recurrent_columns(m):
    x, b = base(m, 3, 5)
    out = m.zeros(3, 5, dtype=m.float64)
    h = m.zeros(3, dtype=m.float64)
    for t in range(5):
        h = (h + b[:, t]).tanh()
        out[:, t] = h
    return grads(m, out, x)


def buffer_reused(m):
    """The second loss goes over the same memory, written anew."""
    x, b = base(m, 2, 3)
    out = m.zeros(2, 3, dtype=m.float64)
    found = []
    for k in range(2):
        out = out.detach()
        out.zero_()
        out[0] = x[0] * (k + 1)
        out[1] = out[0].tanh()
        out.sum().backward()
        found.append(x.grad.clone())
    return found


def views_of_a_constant(m):
    """A constant's view begins to require grad when something that does is written into its memory."""
    x, b = base(m, 4)
    buffer = m.zeros(2, 4, dtype=m.float64)
    row = buffer[0]
    row.add_(b)
    return row.requires_grad, buffer.requires_grad, *grads(m, buffer, x)


def view_requires_grad_after_base_write(m):
    x, b = base(m, 4)
    buffer = m.zeros(2, 4, dtype=m.float64)
    row = buffer[1]
    buffer.add_(b)
    return row.requires_grad, *grads(m, row, x)


def view_zeroed(m):
    x, b = base(m)
    b[1].zero_()
    b[0].fill_(3.0)
    return grads(m, b, x)


def iteration_without_grad(m):
    """Several views at once may be written to as long as no gradient is concerned."""
    a = m.ones(3, 2)
    for i, row in enumerate(a):
        row.mul_(i)
    first, _ = a.chunk(2, 1)
    first.add_(10)
    return a


def detached_write(m):
    x, b = base(m)
    b.detach()[0] = 5.0
    return grads(m, b, x)


def reshaped_in_place(m):
    x, b = base(m)
    b.t_().unsqueeze_(0)
    b[0, 1].mul_(3)
    return (tuple(b.shape), *grads(m, b, x))


def reshaped_view_in_place(m):
    x, b = base(m)
    v = b[1:]
    v.t_()
    v[2].mul_(3)
    return (tuple(v.shape), v, *grads(m, b, x))


def clone_is_apart(m):
    x, b = base(m)
    c = b.clone()
    c[0] = 0.0
    c[1].mul_(3)
    return (c, *grads(m, b, x))


def contiguous_shares(m):
    x, b = base(m)
    b.contiguous()[0] = 2.0
    b.t().contiguous()[0] = 7.0
    return grads(m, b, x)


def reshape_that_copies(m):
    x, b = base(m)
    c = b.t().reshape(12)
    c[0] = 3.0
    return (b, *grads(m, c, x))


def random_history(m, seed):
    """A long random history of reads and writes through random views."""
    random = np.random.default_rng(seed)
    x, b = base(m, 4, 4)
    views = [b, b[1], b[:, 2], b[1:3, ::2], b.t(), b.view(2, 8), b[2].view(2, 2)]
    total = 0
    for _ in range(40):
        v, w = (views[i] for i in random.integers(0, len(views), 2))
        match int(random.integers(0, 5)):
            case 0:
                v.mul_(0.9)
            case 1:
                v.add_(w.sum() * 0.01)
            case 2:
                v[0] = x[0, 0] * w.sum() * 0.02
            case 3:
                v.sin_()
            case 4:
                total = total + w.sum() * 0.3
    (weighted(m, b) + total).backward()
    return b, views, x.grad


@programs(
    row_then_base, base_then_row, row_then_other_view, view_of_view, view_of_view_read_late,
    through_transpose, through_every_view, negative_step, overlapping_copy, chained_index_write,
    confusion_matrix, fancy_increment, setitem_forms, setitem_broadcasts, setitem_leading_ones, setitem_mask,
    setitem_whole, setitem_casts, setitem_of_a_list_element, recurrent_buffer, recurrent_columns,
    buffer_reused, views_of_a_constant, view_requires_grad_after_base_write, view_zeroed,
    iteration_without_grad, detached_write, reshaped_in_place, reshaped_view_in_place, clone_is_apart,
    contiguous_shares, reshape_that_copies,
)  # fmt: skip
def test_views_as_torch(program):
    as_torch(program, rtol=1e-9)


@pytest.mark.parametrize("seed", range(12))
def test_random_history_as_torch(seed):
    as_torch(lambda m: random_history(m, seed), rtol=1e-9)


# --- refused, here as there -------------------------------------------------------------------------------


def leaf_written(m):
    m.ones(3, requires_grad=True).add_(1)


def leaf_item_written(m):
    m.ones(3, requires_grad=True)[0] = 1.0


def leaf_view_written(m):
    m.ones(3, 2, requires_grad=True)[0].mul_(2)


def leaf_transposed(m):
    m.ones(3, 2, requires_grad=True).t_()


def one_of_several_views(m):
    _, b = base(m)
    b.unbind(0)[0].mul_(2)


def one_of_several_views_split(m):
    _, b = base(m)
    b.split(2)[0][0].zero_()


def expanded(m):
    m.ones(3, 1).expand(3, 4).add_(1)


def view_of_expanded(m):
    m.ones(3, 1).expand(3, 4)[0].mul_(2)


def enlarged(m):
    m.ones(3).add_(m.ones(2, 3))


def not_broadcast(m):
    m.ones(3).add_(m.ones(4))


def float_into_int(m):
    m.ones(3, dtype=m.int64).mul_(1.5)


def int_divided(m):
    x = m.ones(3, dtype=m.int64)
    x /= 2


def int_into_bool(m):
    m.tensor([True]).add_(1)


def wrong_shape_set(m):
    m.ones(3, 2)[0] = m.ones(3)


def wrong_shape_copied(m):
    m.ones(3, 2).copy_(m.ones(3))


def index_out_of_range(m):
    m.ones(3)[3] = 1.0


def too_many_indices(m):
    m.ones(3)[0, 0] = 1.0


def saved_then_written(m):
    _, b = base(m)
    y = b.exp()
    y.add_(1)
    y.sum().backward()


def input_saved_then_written(m):
    _, b = base(m)
    y = b * b
    b.add_(1)
    y.sum().backward()


def input_saved_then_part_written(m):
    _, b = base(m)
    y = b * b
    b[0][1] = 3.0
    y.sum().backward()


def part_saved_then_other_part_written(m):
    """They share memory, and that is what counts."""
    _, b = base(m)
    y = b[0] * b[0]
    b[1] = 3.0
    y.sum().backward()


def saved_then_written_under_no_grad(m):
    _, b = base(m)
    y = b * b
    with m.no_grad():
        b.zero_()
    y.sum().backward()


def saved_then_written_detached(m):
    _, b = base(m)
    y = b * b
    b.detach().mul_(2)
    y.sum().backward()


def leaf_saved_then_stepped(m):
    x = m.ones(3, requires_grad=True)
    y = (x * x).sum()
    with m.no_grad():
        x -= 0.1
    y.backward()


def index_saved_then_written(m):
    _, b = base(m)
    rows = m.tensor([0, 2])
    y = b[rows]
    rows.add_(-1)
    y.sum().backward()


def gradient_saved_then_accumulated(m):
    """x.grad is in a graph, and then grows in place."""
    x, b = base(m, 3)
    w = m.ones(3, dtype=m.float64, requires_grad=True)
    b.sum().backward()
    y = (w * x.grad).sum()
    (x * 2).sum().backward()
    y.backward()


REFUSED = [
    leaf_written, leaf_item_written, leaf_view_written, leaf_transposed, one_of_several_views,
    one_of_several_views_split, expanded, view_of_expanded, enlarged, not_broadcast, float_into_int, int_divided,
    int_into_bool, wrong_shape_set, wrong_shape_copied, index_out_of_range, too_many_indices, saved_then_written,
    input_saved_then_written, input_saved_then_part_written, part_saved_then_other_part_written,
    saved_then_written_under_no_grad, saved_then_written_detached, leaf_saved_then_stepped, index_saved_then_written,
    gradient_saved_then_accumulated,
]  # fmt: skip


@programs(*REFUSED)
def test_refused_as_torch_refuses(program):
    refused_as_torch(program)


# --- better than torch, or different on purpose -----------------------------------------------------------


def exp_then_mul(b):
    b.exp_().mul_(3)


def mul_with_itself(b):
    b.mul_(b).mul_(b)


def parts_again_and_again(b):
    b[1].pow_(2).exp_()
    b[1].tanh_()
    b.sqrt_().mul_(2)


@programs(exp_then_mul, mul_with_itself, parts_again_and_again)
def test_what_an_in_place_operation_saves_is_safe(program):
    """It keeps apart what its rule needs of the memory it writes: later writes are no error. (PyTorch's are.)"""
    x, b = base(tg)
    program(b)
    weighted(tg, b).backward()
    array, eps = x.detach().numpy(), 1e-6

    def value(moved):
        b = tg.tensor(moved) * 1.5
        program(b)
        return weighted(tg, b).item()

    for place in np.ndindex(array.shape):
        ends = [array.copy(), array.copy()]
        ends[0][place] += eps
        ends[1][place] -= eps
        numeric = (value(ends[0]) - value(ends[1])) / (2 * eps)
        assert x.grad.numpy()[place] == pytest.approx(numeric, rel=1e-6)


def test_a_view_taken_under_no_grad_still_belongs_to_its_base():
    """It requires no grad, but a recorded write through it is a write to the base. (PyTorch: error.)"""
    x, b = base(tg)
    with tg.no_grad():
        v, (w, *_) = b[1][1:], b.unbind(0)
    assert not v.requires_grad
    assert not (v * 2).requires_grad
    v.mul_(5)
    b.sum().backward()
    assert x.grad.tolist() == [[1.5] * 4, [1.5, 7.5, 7.5, 7.5], [1.5] * 4]
    with pytest.raises(RuntimeError, match="unbind"):
        w.mul_(2)


def test_a_base_written_under_views_of_one_operation():
    """Reading several views that one operation returned is right after a write to their base. (PyTorch: error.)"""
    found = []
    for parts in (lambda b: (*b.unbind(0)[:2], *b.split(2, 1)), lambda b: (b[0], b[1], b[:, :2], b[:, 2:])):
        x, b = base(tg)
        first, second, left, right = parts(b)
        b.mul_(x)
        b[1] = 3.0
        found.append(grads(tg, tg.cat([first, second, left[2], right[0]]), x))
    for one, other in zip(*found):
        np.testing.assert_array_equal(one.detach().numpy(), other.detach().numpy())


@pytest.mark.parametrize(
    "attempt",
    [
        lambda b: b.add_(tg.ones(5)),
        lambda b: b.copy_(tg.ones(5)),
        lambda b: b.__setitem__(0, tg.ones(5)),
        lambda b: b.__setitem__((0, 9), 1.0),
        lambda b: b.__setitem__("a", 1.0),
        lambda b: b.__setitem__(0, "a"),
        lambda b: b.__setitem__([0, 7], 1.0),
        lambda b: b.fill_("a"),
        lambda b: b.masked_fill_(tg.ones(7) > 0, 1.0),
        lambda b: b.t_(1),
    ],
)
def test_nothing_is_changed_by_a_refused_write(attempt):
    x, b = base(tg)
    before, node = b.detach().clone(), b.node
    with pytest.raises((RuntimeError, TypeError, IndexError)):
        attempt(b)
    assert b.node is node
    np.testing.assert_array_equal(b.detach().numpy(), before.numpy())
    assert np.isfinite(grads(tg, b, x)[1].numpy()).all()


def test_refused_writes_say_which():
    _, b = base(tg)
    for attempt, words in [
        (lambda: tg.ones(3, requires_grad=True).mul_(2), ["mul_", "leaf", "no_grad"]),
        (lambda: b.unbind(0)[0].mul_(2), ["mul_", "unbind", "clone"]),
        (lambda: tg.ones(2, 1).expand(2, 3).add_(1), ["add_", "clone"]),
        (lambda: b.add_(tg.ones(2, 3, 4)), ["add_", "3, 4", "2, 3, 4"]),
        (lambda: b.__setitem__(0, tg.ones(5)), ["setitem", r"\(5,\)", r"\(3, 4\)"]),
    ]:
        for word in words:
            with pytest.raises(RuntimeError, match=word):
                attempt()


def test_a_view_of_a_reshaped_base_is_refused():
    """After b.t_() the recipe of an older view of b no longer fits."""
    _, b = base(tg, 3, 3)
    v = b[0]
    b.t_()
    b.mul_(2)
    with pytest.raises(RuntimeError, match="view"):
        v.sum()


def test_setitem_touches_only_its_part():
    """A loop over T steps costs O(T): no array of the whole is made, forward."""
    import tracemalloc

    out = tg.zeros(200, 10_000)
    h = tg.ones(10_000, requires_grad=True)
    tracemalloc.start()
    for t in range(200):
        out[t] = h
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < out.nbytes / 4
    out.sum().backward()
    np.testing.assert_array_equal(h.grad.numpy(), np.full(10_000, 200.0))
