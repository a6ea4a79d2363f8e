"""The dtype in which two tensors, or a tensor and a number, meet: every pair of dtypes, for every kind of operation."""

from ..calling import Program

DTYPES = "bool uint8 int8 int16 int32 int64 float32 float64".split()


def written(torch, x, y):
    x += y
    return x


def assigned(torch, x, y):
    x[...] = y
    return x


OPERATIONS = {
    "add": lambda torch, x, y: x + y,
    "sub": lambda torch, x, y: x - y,
    "mul": lambda torch, x, y: x * y,
    "div": lambda torch, x, y: x / y,
    "floor_divide": lambda torch, x, y: x // y,
    "remainder": lambda torch, x, y: x % y,
    "pow": lambda torch, x, y: x**y,
    "lt": lambda torch, x, y: x < y,
    "bitwise_and": lambda torch, x, y: x & y,
    "atan2": lambda torch, x, y: torch.atan2(x, y),
    "maximum": lambda torch, x, y: torch.maximum(x, y),
    "where": lambda torch, x, y: torch.where(torch.tensor([True, False]), x, y),
    "cat": lambda torch, x, y: torch.cat([x, y]),
    "stack": lambda torch, x, y: torch.stack([x, y]),
    "matmul": lambda torch, x, y: x @ y,
    "Tensor.__iadd__": written,
    "Tensor.__setitem__": assigned,
}
OF_NUMBERS = "add mul div floor_divide remainder lt bitwise_and where Tensor.__iadd__ Tensor.__setitem__".split()


def tensors(torch, shape: tuple) -> list:
    return [torch.ones(shape, dtype=getattr(torch, name)) for name in DTYPES]


def numbers(torch, shape: tuple) -> list:
    return [True, 2, 1.5]


def numbers_but_bools(torch, shape: tuple) -> list:
    return [2, 1.5]


def met(operation, others, shape: tuple, other_shape: tuple):
    """One line for each dtype of the first: what comes of it and each of the others."""

    def run(torch):
        return [
            "  ".join([f"{result(torch, x, y)}" for y in others(torch, other_shape)]) for x in tensors(torch, shape)
        ]

    def result(torch, x, y):
        try:
            return str(operation(torch, x.clone(), y).dtype).removeprefix("torch.")
        except Exception as error:
            return "RuntimeError" if isinstance(error, RuntimeError) else type(error).__name__

    return Program(run, dtypes=("float32",))


CALLS = {name: [met(operation, tensors, (2,), (2,))] for name, operation in OPERATIONS.items()}
for name, operation in OPERATIONS.items():
    if name not in ("cat", "stack", "matmul"):
        CALLS[name] += [met(operation, tensors, (2,), ()), met(operation, tensors, (), ())]
    if name in OF_NUMBERS:
        CALLS[name] += [met(operation, numbers, (2,), ()), met(operation, numbers, (), ())]
CALLS["pow"] += [met(OPERATIONS["pow"], numbers_but_bools, (2,), ())]
CALLS["sub"] += [met(OPERATIONS["sub"], numbers_but_bools, (2,), ())]
CALLS["Tensor.__rsub__"] = [met(lambda torch, x, y: y - x, numbers_but_bools, (2,), ())]
CALLS["Tensor.__rtruediv__"] = [met(lambda torch, x, y: y / x, numbers, (2,), ())]
CALLS["Tensor.__rpow__"] = [met(lambda torch, x, y: y**x, numbers, (2,), ())]
