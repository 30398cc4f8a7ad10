"""Sums over every trailing window, without subtracting what has left it.

Windows are put together from heads and tails of blocks as long as the window (van Herk, as in
`nanobook.metrics.rolling`), so a spike or a NaN leaves no trace once it's out of the window.
"""

import numpy as np

from nanobook.jit import njit

__all__ = ["rolling_sums"]


@njit
def rolling_sums(values, window, out):
    """Fill ``out`` from row ``window - 1`` on with each window's sum; NaN before."""
    periods, columns = values.shape
    head = np.zeros(columns)
    tail = np.zeros((window, columns))
    for t in range(periods):
        last = t % window  # the head holds places 0..last of its block, the tail the rest
        if last == 0:
            if t > 0:
                _tail_sums(values, t, tail)
            for s in range(columns):
                head[s] = 0.0
        for s in range(columns):
            head[s] += values[t, s]
        if last == window - 1:
            for s in range(columns):
                out[t, s] = head[s]
        elif t >= window:
            for s in range(columns):
                out[t, s] = tail[last + 1, s] + head[s]
        else:
            for s in range(columns):
                out[t, s] = np.nan


@njit
def _tail_sums(values, end, tail):
    """Fill row ``i`` with the sums of places i.. of the block that ends before row ``end``."""
    window, columns = tail.shape
    for s in range(columns):
        tail[window - 1, s] = values[end - 1, s]
    for i in range(window - 2, -1, -1):
        for s in range(columns):
            tail[i, s] = tail[i + 1, s] + values[end - window + i, s]
