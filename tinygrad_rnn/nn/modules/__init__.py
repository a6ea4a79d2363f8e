"""The paths of PyTorch's modules, such as `nn.modules.rnn.LSTM`: the same classes as in `nn`."""

from __future__ import annotations

import sys
from types import ModuleType

from ... import nn
from ...absent import name_the_nearest

PATHS = {
    "activation": (
        "CELU ELU GELU GLU Hardshrink Hardsigmoid Hardswish Hardtanh LeakyReLU LogSigmoid LogSoftmax Mish "
        "MultiheadAttention PReLU RReLU ReLU ReLU6 SELU SiLU Sigmoid Softmax Softmin Softplus Softshrink Softsign "
        "Tanh Tanhshrink Threshold"
    ),
    "batchnorm": "BatchNorm1d",
    "container": "ModuleDict ModuleList ParameterDict ParameterList Sequential",
    "distance": "CosineSimilarity PairwiseDistance",
    "dropout": "AlphaDropout Dropout Dropout1d Dropout2d Dropout3d FeatureAlphaDropout",
    "flatten": "Flatten Unflatten",
    "linear": "Bilinear Identity Linear",
    "loss": (
        "BCELoss BCEWithLogitsLoss CTCLoss CosineEmbeddingLoss CrossEntropyLoss GaussianNLLLoss HingeEmbeddingLoss "
        "HuberLoss KLDivLoss L1Loss MSELoss MarginRankingLoss MultiLabelSoftMarginLoss MultiMarginLoss NLLLoss "
        "PoissonNLLLoss SmoothL1Loss SoftMarginLoss TripletMarginLoss"
    ),
    "module": "Module",
    "normalization": "GroupNorm LayerNorm RMSNorm",
    "rnn": "GRU GRUCell LSTM LSTMCell RNN RNNBase RNNCell RNNCellBase",
    "sparse": "Embedding EmbeddingBag",
}

for name, classes in PATHS.items():
    path = ModuleType(f"{__name__}.{name}", f"The classes of torch.nn.modules.{name} that there are.")
    found = {each: getattr(nn, each) for each in classes.split()}
    vars(path).update(found)
    globals().update({name: path, **found})
    sys.modules[path.__name__] = path
    name_the_nearest(path.__name__)
name_the_nearest(__name__)
