"""Rolling sums over the prices' last bars, kept in a strategy's memory.

The memory of one window over N columns is ``WINDOW * N + 1`` floats: rows of the sum and the sum
of squares of what's seen less a reference, the reference, how many values there are, how many of
them aren't the reference, and at its end the next bar. A step costs the same for any window; where
the window has turned over, all is summed anew, so that errors don't pile up. Where all values are
the reference, as while a price stands still, the sums are 0 and not what rounding left of them.
"""

import math

import numpy as np

from nanobook.jit import njit

__all__ = ["WINDOW", "slide_prices", "slide_returns"]

#: Rows of a window's memory.
WINDOW = 5


@njit
def slide_prices(t, prices, window, memory):
    """Move the window to end at bar `t`; `memory` then holds the sums of its prices."""
    _slide(t, prices, window, memory, False)


@njit
def slide_returns(t, prices, window, memory):
    """Move the window to end at bar `t`; `memory` then holds the sums of its simple returns."""
    _slide(t, prices, window, memory, True)


@njit
def _slide(t, prices, window, memory, returns):
    columns = prices.shape[1]
    size = WINDOW * columns
    upcoming = np.int64(memory[size])
    steps = t + 1 - upcoming
    memory[size] = t + 1
    if upcoming == 0 or 2 * steps > window or upcoming // window != (t + 1) // window:
        _sum_anew(t, prices, window, memory, returns)
        return
    total, squares = memory[:columns], memory[columns : 2 * columns]
    reference, count = memory[2 * columns : 3 * columns], memory[3 * columns : 4 * columns]
    moving = memory[4 * columns : size]
    first = 1 if returns else 0
    for bar in range(upcoming, t + 1):
        old = bar - window
        for i in range(columns):
            x = prices[bar, i]
            if returns:
                x = x / prices[bar - 1, i] - 1.0
            x -= reference[i]
            known = abs(x) < math.inf
            x = x if known else 0.0
            total[i] += x
            squares[i] += x * x
            count[i] += 1.0 if known else 0.0
            moving[i] += 1.0 if x != 0.0 else 0.0
        if old >= first:
            for i in range(columns):
                x = prices[old, i]
                if returns:
                    x = x / prices[old - 1, i] - 1.0
                x -= reference[i]
                known = abs(x) < math.inf
                x = x if known else 0.0
                total[i] -= x
                squares[i] -= x * x
                count[i] -= 1.0 if known else 0.0
                moving[i] -= 1.0 if x != 0.0 else 0.0
    for i in range(columns):
        if moving[i] == 0.0:
            total[i] = squares[i] = 0.0


@njit
def _sum_anew(t, prices, window, memory, returns):
    """Sum the window ending at bar `t`, less the latest value in it."""
    columns = prices.shape[1]
    total, squares = memory[:columns], memory[columns : 2 * columns]
    reference, count = memory[2 * columns : 3 * columns], memory[3 * columns : 4 * columns]
    moving = memory[4 * columns : 5 * columns]
    first = max(t + 1 - window, 1 if returns else 0)
    for i in range(columns):
        total[i] = squares[i] = count[i] = moving[i] = 0.0
        reference[i] = 0.0 if returns or not prices[t, i] >= 0.0 else prices[t, i]
    for bar in range(first, t + 1):
        for i in range(columns):
            x = prices[bar, i]
            if returns:
                x = x / prices[bar - 1, i] - 1.0
            x -= reference[i]
            known = abs(x) < math.inf
            x = x if known else 0.0
            total[i] += x
            squares[i] += x * x
            count[i] += 1.0 if known else 0.0
            moving[i] += 1.0 if x != 0.0 else 0.0
