"""The paths of PyTorch's modules, such as `nn.modules.rnn.LSTM`: the same classes as in `nn`."""

from __future__ import annotations

import sys
from types import ModuleType

from ... import nn
from ...absent import name_the_nearest

PATHS = {
    "activation": (
        "ELU GELU GLU Hardsigmoid Hardswish Hardtanh LeakyReLU LogSigmoid LogSoftmax Mish MultiheadAttention PReLU "
        "ReLU ReLU6 SELU Sigmoid SiLU Softmax Softmin Softplus Softsign Tanh"
    ),
    "batchnorm": "BatchNorm1d",
    "container": "ModuleDict ModuleList ParameterDict ParameterList Sequential",
    "distance": "CosineSimilarity PairwiseDistance",
    "dropout": "Dropout Dropout1d Dropout2d",
    "flatten": "Flatten",
    "linear": "Identity Linear",
    "loss": (
        "BCELoss BCEWithLogitsLoss CosineEmbeddingLoss CrossEntropyLoss HuberLoss KLDivLoss L1Loss MSELoss"
        " MarginRankingLoss NLLLoss SmoothL1Loss TripletMarginLoss"
    ),
    "module": "Module",
    "normalization": "LayerNorm",
    "rnn": "GRU GRUCell LSTM LSTMCell RNN RNNBase RNNCell RNNCellBase",
    "sparse": "Embedding",
}

for name, classes in PATHS.items():
    path = ModuleType(f"{__name__}.{name}", f"The classes of torch.nn.modules.{name} that there are.")
    found = {each: getattr(nn, each) for each in classes.split()}
    vars(path).update(found)
    globals().update({name: path, **found})
    sys.modules[path.__name__] = path
    name_the_nearest(path.__name__)
name_the_nearest(__name__)
