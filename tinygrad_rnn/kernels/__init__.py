"""Fast recurrent kernels in Numba: arrays in, arrays out; they know no Tensor and no graph.

Import a kernel from its own file (`kernels.lstm`, `kernels.gru`, `kernels.rnn`): this file imports nothing,
so that importing the package does not load Numba.
"""
