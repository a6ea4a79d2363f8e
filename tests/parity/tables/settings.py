"""What is set for the whole program: dtypes and their names, defaults, modes, and generators of random numbers."""

from ..calling import Call, Program, f, i

ONCE = ("float32",)
P = Program
DTYPES = "float32 float float64 double int8 int16 short int32 int int64 long uint8 bool".split()


def with_default(name: str, value: str, use):
    """What `use` gives while a default is another one."""

    def run(torch):
        before = getattr(torch, f"get_{name}")()
        getattr(torch, f"set_{name}")(getattr(torch, value, value))
        try:
            return use(torch)
        finally:
            getattr(torch, f"set_{name}")(before)

    return run


def of_dtype(torch):
    made = [
        torch.tensor([1.0]),
        torch.zeros(1),
        torch.tensor(1) / 2,
        torch.tensor([1]) * 1.5,
        torch.tensor([1]),
        torch.eye(2),
    ]
    return [str(x.dtype).removeprefix("torch.") for x in made]


def seeded(draw):
    """The same numbers after the same seed, and others after another."""

    def run(torch):
        state = torch.get_rng_state()
        drawn = []
        for seed in (7, 7, 8):
            torch.manual_seed(seed)
            drawn.append(draw(torch))
        torch.set_rng_state(state)
        return [torch.equal(drawn[0], drawn[1]), torch.equal(drawn[0], drawn[2])]

    return run


def continued(torch):
    state = torch.get_rng_state()
    first = torch.rand(3)
    torch.set_rng_state(state)
    return [torch.equal(first, torch.rand(3)), str(state.dtype).removeprefix("torch."), state.ndim]


def generated(torch):
    generator = torch.Generator().manual_seed(3)
    state = generator.get_state()
    first = torch.randn(2, generator=generator)
    again = torch.randn(2, generator=torch.Generator().manual_seed(3))
    generator.set_state(state)
    third = torch.randn(2, generator=generator)
    return [torch.equal(first, again), torch.equal(first, third), generator.initial_seed(), str(generator.device)]


CALLS = {
    "finfo": [
        P(
            lambda torch, name=name: [
                getattr(torch.finfo(getattr(torch, name)), limit)
                for limit in ("bits", "eps", "tiny", "smallest_normal", "resolution", "dtype")
            ],
            dtypes=ONCE,
        )
        for name in ("float32", "float64")
    ] + [
        P(lambda torch: [torch.finfo(torch.float32).max, torch.finfo(torch.float32).min], dtypes=ONCE),
        P(lambda torch: torch.finfo().bits, dtypes=ONCE),
        P(lambda torch: torch.finfo(torch.int64), raises=True, dtypes=ONCE),
    ],
    "iinfo": [
        P(
            lambda torch, name=name: [
                getattr(torch.iinfo(getattr(torch, name)), limit)
                for limit in ("bits", "max", "min", "dtype")
            ],
            dtypes=ONCE,
        )
        for name in ("uint8", "int8", "int16", "int32", "int64")
    ] + [P(lambda torch: torch.iinfo(torch.float32), raises=True, dtypes=ONCE)],
    "can_cast": [
        P(lambda torch, x=x: [torch.can_cast(getattr(torch, x), getattr(torch, y)) for y in DTYPES], dtypes=ONCE)
        for x in DTYPES
    ],
    "result_type": [
        P(lambda torch, x, y=y: str(torch.result_type(x, y)).removeprefix("torch."), x, dtypes=ONCE)
        for x in (f(2), i(2), f())
        for y in (2, 1.5, True)
    ] + [
        P(lambda torch, x, y: str(torch.result_type(x, y)).removeprefix("torch."), i(2), f(), dtypes=ONCE),
        P(lambda torch: str(torch.result_type(1, 2.0)).removeprefix("torch."), dtypes=ONCE),
    ],
    "newaxis": [P(lambda torch, x: x[:, torch.newaxis], f(2))],
    **{
        name: [P(lambda torch, name=name: str(getattr(torch, name)).removeprefix("torch."), dtypes=ONCE)]
        for name in DTYPES
    },
    "get_default_dtype": [P(lambda torch: str(torch.get_default_dtype()).removeprefix("torch."), dtypes=ONCE)],
    "set_default_dtype": [
        P(with_default("default_dtype", "float64", of_dtype), dtypes=ONCE),
        P(with_default("default_dtype", "float32", of_dtype), dtypes=ONCE),
        P(lambda torch: torch.set_default_dtype(torch.int64), raises=True, dtypes=ONCE),
    ],
    "set_default_tensor_type": [
        P(
            lambda torch: [
                torch.set_default_tensor_type("torch.DoubleTensor"), torch.tensor(1.0).dtype == torch.float64,
                torch.set_default_tensor_type(torch.FloatTensor),
            ][1],
            dtypes=ONCE,
        ),
        P(lambda torch: torch.set_default_tensor_type(torch.LongTensor), raises=True, dtypes=ONCE),
    ],
    "get_default_device": [P(lambda torch: str(torch.get_default_device()), dtypes=ONCE)],
    "set_default_device": [
        P(
            lambda torch: [torch.set_default_device("cpu"), str(torch.zeros(1).device), torch.set_default_device(None)],
            dtypes=ONCE,
        ),
        Call("nowhere", raises=True, dtypes=ONCE),
    ],
    "manual_seed": [P(seeded(draw), dtypes=ONCE) for draw in (
        lambda torch: torch.rand(3), lambda torch: torch.randn(3), lambda torch: torch.randint(99999, (4,)),
        lambda torch: torch.randperm(50), lambda torch: torch.multinomial(torch.ones(99), 5),
        lambda torch: torch.bernoulli(torch.ones(60) / 2), lambda torch: torch.normal(0.0, 1.0, (3,)),
        lambda torch: torch.empty(4).uniform_(),
        lambda torch: torch.empty(4).normal_(), lambda torch: torch.nn.functional.dropout(torch.ones(60)),
        lambda torch: torch.nn.Linear(3, 2).weight, lambda torch: torch.rand_like(torch.ones(3)),
    )] + [Call("seed", raises=True, dtypes=ONCE), P(lambda torch: torch.manual_seed(5).initial_seed(), dtypes=ONCE)],
    "initial_seed": [P(lambda torch: [torch.manual_seed(11), torch.initial_seed()][1], dtypes=ONCE)],
    "seed": [P(lambda torch: [isinstance(torch.seed(), int), torch.seed() != torch.seed()], dtypes=ONCE)],
    "get_rng_state": [P(continued, dtypes=ONCE)],
    "set_rng_state": [P(lambda torch: torch.set_rng_state(torch.zeros(3)), raises=True, dtypes=ONCE)],
    "Generator": [P(generated, dtypes=ONCE), Call("cuda", raises=True, dtypes=ONCE)],
    "default_generator": [
        P(lambda torch: [torch.manual_seed(2), torch.default_generator.initial_seed()][1], dtypes=ONCE),
    ],
    "get_num_threads": [P(lambda torch: torch.get_num_threads() >= 1, dtypes=ONCE)],
    "set_num_threads": [
        P(
            lambda torch: [
                n := torch.get_num_threads(), torch.set_num_threads(1), torch.get_num_threads(),
                torch.set_num_threads(n),
            ][2],
            dtypes=ONCE,
        ),
        Call(0, raises=True, dtypes=ONCE), Call("1", raises=True, dtypes=ONCE),
    ],
}  # fmt: skip
