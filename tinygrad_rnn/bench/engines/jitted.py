"""JAX as it is best used: one jitted function, `scan` over time, the input's product taken for all steps at once."""

from __future__ import annotations

from ..work import Layer, Work, normal, weights


class Jax:
    """Recurrent layers in JAX.

    Args:
        threads: taken from the environment at the start of the process.
    """

    def __init__(self, threads: int) -> None:
        import jax

        jax.config.update("jax_enable_x64", True)
        self.jax = jax

    def layer(self, *sizes) -> Work:
        """Forward and backward, or forward alone, of a recurrent layer on a sequence."""
        layer = Layer(*sizes)
        jax = self.jax
        place = jax.device_put
        parameters = {name: place(array) for name, array in weights(layer.shapes, layer.H, layer.dtype).items()}
        x = place(normal((layer.T, layer.N, layer.I), layer.dtype, seed=1))

        def forward(parameters, x):
            for k in range(layer.layers):
                names = [f"{name}_l{k}" for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")]
                x = self._sequence(layer.cell, x, *[parameters[name] for name in names])
            return x

        if not layer.training:
            infer = jax.jit(forward)
            return Work(lambda: infer(parameters, x).block_until_ready(), lambda y: {"y": y})
        dy = place(normal((layer.T, layer.N, layer.H), layer.dtype, seed=2))

        @jax.jit
        def forward_and_backward(parameters, x, dy):
            y, pull_back = jax.vjp(lambda parameters: forward(parameters, x), parameters)
            return y, pull_back(dy)[0]

        def results(found):
            y, gradients = found
            return {"y": y} | {f"d{name}": gradient for name, gradient in gradients.items()}

        return Work(lambda: jax.block_until_ready(forward_and_backward(parameters, x, dy)), results)

    def _sequence(self, cell: str, x, w_ih, w_hh, b_ih, b_hh):
        """All states h [T, N, H] of one layer, from zeros."""
        jax, np = self.jax, self.jax.numpy
        sigmoid, tanh = jax.nn.sigmoid, np.tanh

        def lstm(state, a):
            h, c = state
            i, f, g, o = np.split(a + h @ w_hh.T, 4, axis=-1)
            c = sigmoid(f) * c + sigmoid(i) * tanh(g)
            h = sigmoid(o) * tanh(c)
            return (h, c), h

        def gru(h, a):
            r, z, n = np.split(a, 3, axis=-1)
            r_h, z_h, n_h = np.split(h @ w_hh.T + b_hh, 3, axis=-1)
            r, z = sigmoid(r + r_h), sigmoid(z + z_h)
            n = tanh(n + r * n_h)
            h = (1 - z) * n + z * h
            return h, h

        def rnn(h, a):
            h = tanh(a + h @ w_hh.T)
            return h, h

        h = np.zeros((x.shape[1], w_hh.shape[1]), x.dtype)
        a = x @ w_ih.T + (b_ih if cell == "GRU" else b_ih + b_hh)
        step, state = {"LSTM": (lstm, (h, h)), "GRU": (gru, h), "RNN": (rnn, h)}[cell]
        return jax.lax.scan(step, state, a)[1]
