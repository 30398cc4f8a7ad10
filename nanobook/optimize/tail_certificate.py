"""What proves that weights have the least tail risk: a dual solution, and the gap to it."""

import numpy as np

from nanobook.jit import njit
from nanobook.optimize.certificate import GAP, NOT_CONVERGED, OBJECTIVE, OPTIMAL, RESIDUAL, STATUS
from nanobook.optimize.tails import box_minimum

__all__ = ["TIGHT", "capped_shares", "gap_of", "write_gap"]

#: The largest gap of what's called optimal.
TIGHT = 1e-9


@njit
def capped_shares(shares, ceiling):
    """Move `shares` to where none is negative or above `ceiling` and they add up to 1."""
    total, slack = 0.0, 0.0
    for t in range(shares.shape[0]):
        shares[t] = min(max(shares[t], 0.0), ceiling)
        total += shares[t]
        slack += ceiling - shares[t]
    if total > 1.0:
        for t in range(shares.shape[0]):
            shares[t] /= total
    elif slack > 0.0:
        part = min((1.0 - total) / slack, 1.0)
        for t in range(shares.shape[0]):
            shares[t] += part * (ceiling - shares[t])


@njit
def gap_of(costs, lower, upper, risk, gain, scale):
    """Return the primal minus the dual objective over their size.

    `costs` are the dual's costs of a unit of each asset, `risk` and `gain` the primal's parts.
    """
    bound = box_minimum(costs, lower, upper)
    return (risk - gain - bound) / max(abs(risk) + abs(gain), max(1e-3 * scale, 1e-300))


@njit
def write_gap(numbers, objective, gap):
    """Write down the objective, the gap, and what follows for the status."""
    numbers[OBJECTIVE], numbers[GAP], numbers[RESIDUAL] = objective, gap, np.nan
    numbers[STATUS] = OPTIMAL if gap <= TIGHT else NOT_CONVERGED
