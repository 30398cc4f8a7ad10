"""What the tail of a sample of portfolio returns costs: CVaR and CDaR by their definitions.

The tail of T periods at level alpha holds ``(1 - alpha) T`` of them, which needn't be whole: the
last period counts by the fraction that's left (Rockafellar, Uryasev 2000). Drawdowns are those of
uncompounded cumulative returns from a peak that starts at 0, before the first return (Chekhlov,
Uryasev, Zabarankin 2005).
"""

import numpy as np

from nanobook.jit import njit
from nanobook.optimize.selection import heap_down, heapify, nth_smallest

__all__ = ["box_minimum", "cdar_of", "cvar_of", "drawdowns_of", "portfolio_losses", "tail_mean"]


@njit
def tail_mean(losses, alpha):
    """Return the mean of the worst ``(1 - alpha) T`` of `losses`, whose order is lost."""
    periods = losses.shape[0]
    share = (1.0 - alpha) * periods
    whole = min(np.int64(share), periods - 1)  # those that count in full
    first = periods - whole
    edge, total = nth_smallest(losses, first - 1), 0.0
    for t in range(first, periods):
        total += losses[t]
    return (total + (share - whole) * edge) / share


@njit
def portfolio_losses(columns, begin, end, weights, losses):
    """Fill `losses` with what each period from `begin` to `end` loses under fixed weights.

    `columns` has a row for each asset; those of weight 0 or NaN aren't read.
    """
    losses[:] = 0.0
    for j in range(weights.shape[0]):
        weight = weights[j]
        if weight == weight and weight != 0.0:
            column = columns[j, begin:end]
            for t in range(end - begin):
                losses[t] -= weight * column[t]


@njit
def drawdowns_of(losses, drawdowns):
    """Fill `drawdowns` with how far cumulative returns are below their highest, 0 at the start."""
    depth = 0.0
    for t in range(losses.shape[0]):
        depth = max(depth + losses[t], 0.0)
        drawdowns[t] = depth


@njit
def cvar_of(columns, weights, alpha):
    """Return the mean loss of weights over the worst ``(1 - alpha) T`` periods."""
    losses = np.empty(columns.shape[1])
    portfolio_losses(columns, 0, columns.shape[1], weights, losses)
    return tail_mean(losses, alpha)


@njit
def cdar_of(columns, weights, alpha):
    """Return the mean drawdown of weights over the worst ``(1 - alpha) T`` periods."""
    losses = np.empty(columns.shape[1])
    portfolio_losses(columns, 0, columns.shape[1], weights, losses)
    drawdowns_of(losses, losses)
    return tail_mean(losses, alpha)


@njit
def box_minimum(costs, lower, upper):
    """Return the least ``costs'w`` over weights within bounds that add up to 1.

    Assets whose bounds are NaN don't take part.
    """
    order = np.empty(costs.shape[0], np.int64)
    total, left, size = 0.0, 1.0, 0
    for j in range(costs.shape[0]):
        if lower[j] == lower[j]:
            left -= lower[j]
            total += costs[j] * lower[j]
            order[size] = j
            size += 1
    heapify(costs, order, size)
    while size and left > 0.0:
        j = order[0]
        more = min(upper[j] - lower[j], left)
        total += costs[j] * more
        left -= more
        size -= 1
        order[0] = order[size]
        heap_down(costs, order, 0, size)
    return total
