"""Random variables whose samples have a log-probability to be differentiated: policies, noise, latent states."""

from ..absent import name_the_nearest
from .bernoulli import Bernoulli
from .categorical import Categorical
from .distribution import Distribution
from .kl import kl_divergence
from .normal import Normal

__all__ = ["Bernoulli", "Categorical", "Distribution", "Normal", "kl_divergence"]

name_the_nearest(__name__)
