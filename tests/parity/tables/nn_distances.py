"""Distances between vectors, and losses made of them."""

from ..calling import Call, Module, f, given

SIDES = given([1.0, -1.0, 1.0], requires_grad=False)
SIDES_2 = given([1.0, -1.0], requires_grad=False)
PAIR, THREE = (f(2, 3), f(2, 3)), (f(2, 3), f(2, 3), f(2, 3))
REDUCED = [{"reduction": name} for name in ("mean", "sum", "none")]
OLD = [{"size_average": False}, {"reduce": False}]
LOSSES = {
    "cosine_embedding_loss CosineEmbeddingLoss": ((*PAIR, SIDES_2), [{"margin": 0.3}]),
    "margin_ranking_loss MarginRankingLoss": ((f(3), f(3), SIDES), [{"margin": 0.5}]),
    "triplet_margin_loss TripletMarginLoss": (THREE, [{"margin": 2.0}, {"p": 1}, {"swap": True}]),
}

CALLS = {
    "nn.functional.pairwise_distance": [
        Call(*PAIR), Call(*PAIR, 1), Call(*PAIR, p=3.0, keepdim=True), Call(f(3), f(3)), Call(f(2, 3), f(3)),
        Call(f(2, 3), f(2, 2), raises=True),
    ],
    "nn.PairwiseDistance": [Module(on=PAIR), Module(1.0, 1e-3, True, on=PAIR)],
    "nn.CosineSimilarity": [Module(on=PAIR), Module(0, 1e-3, on=PAIR), Module(2, on=PAIR, raises=True)],
}  # fmt: skip
for names, (on, ways) in LOSSES.items():
    function, module = names.split()
    CALLS[f"nn.functional.{function}"] = [Call(*on, **way) for way in (*REDUCED, *ways, *OLD)]
    CALLS[f"nn.{module}"] = [Module(on=on, **way) for way in (*REDUCED, *ways, *OLD)]
    CALLS[f"nn.{module}"] += [Module(on=on, reduction="median", raises=True), Module(on=on[:2], raises=True)]
