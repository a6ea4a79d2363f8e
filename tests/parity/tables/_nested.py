"""A module that holds all there is, and calls that ask it something."""

from ..calling import Program


def nested(torch):
    """A module with parameters, buffers and modules, some of them twice."""
    nn = torch.nn

    class Inner(nn.Module):
        def __init__(self):
            super().__init__()
            self.scale = nn.Parameter(torch.tensor([2.0, 3.0]))
            self.register_buffer("seen", torch.tensor([1, 2]))
            self.register_buffer("hidden", torch.tensor([0.5]), persistent=False)
            self.register_parameter("nothing", None)
            self.register_buffer("void", None)

        def forward(self, x, factor=1.0):
            return x * self.scale * factor

        def extra_repr(self):
            return "two numbers"

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.first = Inner()
            self.own = nn.Parameter(torch.ones(2, 1))
            self.rnn = nn.GRU(2, 1)
            self.row = nn.Sequential(nn.Linear(2, 2, bias=False), nn.Tanh())
            self.again = self.first
            self.gone = None
            self.tied = self.own
            with torch.no_grad():
                for parameter in (*self.rnn.parameters(), *self.row.parameters()):
                    parameter.fill_(0.25)

        def forward(self, x):
            return self.again(self.row(self.first(x))) + self.rnn(x)[0]

    return Net()


def asked(of, *arguments, raises=False, grad=False) -> Program:
    """What `of(torch, net, ...)` gives for that module."""
    run = lambda torch, *rest: of(torch, nested(torch), *rest)
    return Program(run, *arguments, raises=raises, grad=grad, dtypes=("float32",))


def each(values, of, *arguments, raises=False) -> list[Program]:
    """The same question, `of(torch, net, value, ...)`, for several values."""
    return [
        asked(lambda torch, net, *rest, value=value: of(torch, net, value, *rest), *arguments, raises=raises)
        for value in values
    ]


def listed(pairs) -> list:
    """Names, and what kind of thing each is."""
    return [[name, type(value).__name__, list(getattr(value, "shape", []))] for name, value in pairs]
