"""The project's benchmark: this library beside PyTorch and JAX, side by side in one run (`tinygrad-rnn bench`).

One file a section (`ceiling`, `products`, `layers`, `minimal`, `bits`, `characters`, `overhead`, `startup`, `memory`),
one a competitor (`engines/`); `bench.py` lets them take turns, each in a process of its own (`child.py`, `worker.py`).
What must be reached is in `aims.py`, and `summary.py` holds a run's rows against it.
"""
