"""Losses: functions, and their modules with the same options."""

from ..calling import Call, Module, constant, f, given, i, pos, unit

REDUCTIONS = ("mean", "sum", "none")
OLD = [
    {"size_average": False}, {"size_average": True}, {"reduce": False}, {"reduce": True, "size_average": False},
    {"size_average": False, "reduction": "none"},
]  # fmt: skip
UNKNOWN = {"reduction": "median"}
CHANCES = given([[0.1, 0.5, 0.9], [0.3, 1.0, 0.0]])
INNER = given([[0.1, 0.5, 0.9], [0.3, 0.8, 0.2]])
SOFT = constant(given([[0.2, 0.0, 0.8], [0.6, 0.4, 1.0]]))
IGNORED = given([1, -100, 2], "int64")


def both(function: str, module: str, calls: list, refused: list = ()) -> dict:
    """Calls (arguments, options) of a function, each reduced in all ways, and of its module; some are refused."""
    every = [(arguments, {**options, "reduction": name}) for arguments, options in calls for name in REDUCTIONS]
    every += [(calls[0][0], way) for way in ({}, *OLD)]
    of_modules = [*calls, *[(calls[0][0], way) for way in ({"reduction": "sum"}, {"reduction": "none"}, *OLD)]]
    wrong = [*refused, (calls[0][0], UNKNOWN)]
    return {
        f"nn.functional.{function}": [
            *[Call(*arguments, **options) for arguments, options in every],
            *[Call(*arguments, **options, raises=True) for arguments, options in wrong],
        ],
        f"nn.{module}": [
            *[Module(on=arguments, **options) for arguments, options in of_modules],
            *[Module(on=arguments, **options, raises=True) for arguments, options in wrong],
        ],
    }


PAIRS = [
    ((f(2, 3), f(2, 3)), {}), ((constant(f(3)), i(3)), {}), ((f(), f()), {}), ((f(0), f(0)), {}),
    ((f(2, 3), constant(f(3))), {}),
]  # fmt: skip
UNLIKE = [((i(3), i(3)), {}), ((f(2, 3), f(2)), {})]

WEIGHT = constant(pos(4))
CLASSES = [
    ((f(3, 4), i(3, high=4)), {}),
    ((f(3, 4), i(3, high=4)), {"weight": WEIGHT}),
    ((f(3, 4), IGNORED), {}),
    ((f(3, 4), given([1, 2, 0], "int64")), {"weight": WEIGHT, "ignore_index": 2}),
    ((f(3, 4), given([1, 2, -5], "int64")), {"ignore_index": -5}),
    ((f(4), i(high=4)), {}),
    ((f(4), given(-100, "int64")), {"weight": WEIGHT}),
    ((f(2, 4, 3), i(2, 3, high=4)), {"weight": WEIGHT, "ignore_index": 1}),
    ((f(2, 4, 1, 2), i(2, 1, 2, high=4)), {}),
    ((f(0, 4), i(0)), {}),
    ((f(3, 1), i(3, high=1)), {}),
    ((f(3, 4), i(3, high=4, dtype="uint8")), {}),
    ((f(2, 4), given([-100, -100], "int64")), {}),
]
NOT_CLASSES = [
    ((f(3, 4), IGNORED), {"ignore_index": 2}),
    ((f(3, 4), i(3, low=4)), {}),
    ((f(3, 4), given([0, -1, 2], "int64")), {}),
    ((f(3, 4), i(2, high=4)), {}),
    ((f(3, 4), i(3, 2, high=4)), {}),
    ((f(3, 4), i(3, high=4, dtype="int32")), {}),
    ((f(3, 4), i(3, high=4)), {"weight": pos(3)}),
    ((f(), i()), {}),
    ((f(2, 4, 3), i(2, 4, high=4)), {}),
    ((i(3, 4), i(3, high=4)), {}),
    ((f(3, 4), f(3)), {}),
]
LIKELY = [
    *[((f(3, 4), i(3, high=4)), {"label_smoothing": s, **more}) for s in (0.1, 1.0)
        for more in ({}, {"weight": WEIGHT})],
    ((f(2, 4, 3), i(2, 3, high=4)), {"label_smoothing": 0.3, "weight": WEIGHT, "ignore_index": 1}),
    ((f(3, 4), pos(3, 4)), {}),
    ((f(3, 4), pos(3, 4)), {"weight": WEIGHT, "label_smoothing": 0.2}),
    ((f(2, 4, 3), pos(2, 4, 3)), {"weight": WEIGHT}),
    ((f(4), pos(4)), {}),
]  # fmt: skip
UNLIKELY = [
    ((f(3, 4), i(3, high=4)), {"label_smoothing": 1.1}),
    ((f(3, 4), pos(3, 3)), {}),
    ((f(3, 4), pos(3, 4)), {"ignore_index": 1}),
]

CALLS = {
    **both("mse_loss", "MSELoss", PAIRS, UNLIKE),
    **both("l1_loss", "L1Loss", PAIRS, UNLIKE),
    **both("smooth_l1_loss", "SmoothL1Loss", [*PAIRS, *[((f(2, 3), f(2, 3)), {"beta": b}) for b in (0, 0.3, 4)]],
           [*UNLIKE, (PAIRS[0][0], {"beta": -1})]),
    **both("nll_loss", "NLLLoss", CLASSES, NOT_CLASSES),
    **both("cross_entropy", "CrossEntropyLoss", [*CLASSES, *LIKELY], [*NOT_CLASSES, *UNLIKELY]),
    **both("binary_cross_entropy", "BCELoss", [
        ((INNER, SOFT), {}), ((CHANCES, SOFT), {}), ((INNER, INNER), {}), ((INNER, SOFT), {"weight": constant(pos(3))}),
        ((given(0.3), given(0.7)), {}), ((given([]), given([])), {}),
    ], [((INNER, pos(3)), {}), ((given([1.5]), given([1.0])), {}), ((given([-0.1]), given([1.0])), {}),
        ((INNER, i(2, 3, high=2)), {})]),
    **both("binary_cross_entropy_with_logits", "BCEWithLogitsLoss", [
        ((f(2, 3), SOFT), {}), ((f(2, 3), f(2, 3)), {}), ((f(2, 3), SOFT), {"weight": constant(pos(2, 1))}),
        ((f(2, 3), SOFT), {"pos_weight": constant(pos(3))}),
        ((f(2, 3), SOFT), {"weight": constant(pos(3)), "pos_weight": constant(pos(3))}),
        ((given([-800.0, 0.0, 800.0]), given([1.0, 0.5, 0.0])), {}), ((f(), f()), {}), ((f(0), f(0)), {}),
    ], [((f(2, 3), f(3)), {}), ((f(2, 3), SOFT), {"pos_weight": constant(pos(2))})]),
    **both("kl_div", "KLDivLoss", [
        ((f(2, 3), pos(2, 3)), {}), ((f(2, 3), constant(SOFT)), {}), ((f(2, 3), f(2, 3)), {"log_target": True}),
        ((f(), pos()), {}), ((f(0), pos(0)), {}), ((f(2, 3), constant(pos(3))), {}),
    ], UNLIKE[1:]),
}  # fmt: skip
CALLS["nn.functional.kl_div"] += [Call(f(2, 3), pos(2, 3), reduction="batchmean")]
CALLS["nn.KLDivLoss"] += [Module(reduction="batchmean", on=(f(2, 3), unit(2, 3)), log_target=True)]

HUBER = [*PAIRS, *[((f(2, 3), f(2, 3)), {"delta": delta}) for delta in (0.3, 4)]]
HUBERS = [(x, {**options, "reduction": name}) for x, options in HUBER for name in REDUCTIONS]
NO_HUBER = [*UNLIKE, *[(PAIRS[0][0], options) for options in ({"delta": 0}, {"delta": -1}, UNKNOWN)]]
for name, made in (
    ("nn.functional.huber_loss", Call),
    ("nn.HuberLoss", lambda *on, **options: Module(on=on, **options)),
):
    CALLS[name] = [made(*x, **options) for x, options in HUBERS]
    CALLS[name] += [made(*x, **options, raises=True) for x, options in NO_HUBER]

for name in ("mse_loss", "l1_loss", "huber_loss"):
    CALLS[f"nn.functional.{name}"] += [
        *[Call(f(2, 3), f(2, 3), weight=pos(2, 3), reduction=how) for how in REDUCTIONS],
        Call(f(2, 3), f(3), weight=constant(pos(2, 3))),
        Call(f(2, 3), f(2, 3), weight=pos(3), raises=True),
    ]
