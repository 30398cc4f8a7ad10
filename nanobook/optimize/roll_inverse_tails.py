"""The rules of inverse tail risk, for every date and candidate."""

import numpy as np

from nanobook.jit import njit
from nanobook.optimize.certificate import COMPUTED, ITERATIONS, STATUS, TOO_FEW
from nanobook.optimize.inverse_tails import inverse_tail_weights
from nanobook.optimize.universe import find_members, gather_rows

__all__ = ["roll_inverse_tails"]


@njit
def roll_inverse_tails(
    returns, streak, ends, window, need, of_drawdowns, alphas, order, weights, numbers
):
    """Fill ``weights`` (S, D, N) and ``numbers`` (S, D, FIELDS) of candidates with one window."""
    assets = returns.shape[1]
    members = np.full(assets, -1, dtype=np.int64)
    rows = np.empty((0, 0))
    solution = np.empty(0)
    for d in range(ends.size):
        end = ends[d]
        begin = max(0, end - window) if window > 0 else 0
        size, _ = find_members(streak[end - 1], need, members)
        if rows.shape[0] < end - begin or rows.shape[1] != size:
            rows, solution = np.empty((end - begin, size)), np.empty(size)
        who = members[:size]
        counted = gather_rows(returns, begin, end, who, rows)
        for c in range(order.size):
            s = order[c]
            if size == 0 or counted < 2:
                numbers[s, d, STATUS] = TOO_FEW
                continue
            inverse_tail_weights(rows[:counted], alphas[c], of_drawdowns[c], solution)
            numbers[s, d, STATUS], numbers[s, d, ITERATIONS] = COMPUTED, 0.0
            weights[s, d, :] = 0.0
            for at in range(size):
                weights[s, d, who[at]] = solution[at]
