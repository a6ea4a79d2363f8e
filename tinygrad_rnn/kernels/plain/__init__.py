"""The recurrent kernels in NumPy alone: for machines where Numba cannot compile, and to test the fast ones against.

Their functions have the same interfaces; the arrays kept for the gradient are [T, N, ...]. Where they are given
those of the fast kernels (compiled forward, then compiling backward failed), they compute their own again.
"""
