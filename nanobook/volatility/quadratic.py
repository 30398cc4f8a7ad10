"""The best step of a quadratic model within bounds and one budget.

References
----------
.. [1] Nocedal, Wright (2006), "Numerical optimization", section 16.5: active-set methods.
"""

import numpy as np

from nanobook.jit import njit

__all__ = ["best_step", "FREE", "AT_LEAST", "AT_MOST", "FIXED"]

#: Where a parameter stands.
FREE, AT_LEAST, AT_MOST, FIXED = np.int64(0), np.int64(-1), np.int64(1), np.int64(2)

_ROUNDS = 60


@njit
def best_step(curvature, gradient, x, least, most, share, places, step):
    """Fill the step from ``x`` that minimises ``gradient @ step + step @ curvature @ step / 2``.

    ``x + step`` stays between ``least`` and ``most``, and ``share @ (x + step)`` at or below 1.
    ``places`` says which parameters are FIXED; the others are filled with where the step leads.
    ``curvature`` must be positive definite. Returns the budget's multiplier, 0 if it's slack.
    """
    count = x.size
    slope = np.empty(count)
    move = np.empty(count)
    along = np.empty(count)
    factor = np.empty((count, count))
    room = 1.0
    for k in range(count):
        step[k] = 0.0
        slope[k] = gradient[k]
        room -= share[k] * x[k]
        if places[k] != FIXED:
            places[k] = FREE
            if x[k] <= least[k] and gradient[k] > 0.0:
                places[k] = AT_LEAST
            elif x[k] >= most[k] and gradient[k] < 0.0:
                places[k] = AT_MOST
    spent = False
    multiplier = 0.0
    for _ in range(_ROUNDS):
        _factorise(curvature, places, factor)
        for k in range(count):
            move[k] = -slope[k] if places[k] == FREE else 0.0
            along[k] = share[k] if places[k] == FREE else 0.0
        _solve(factor, places, move)
        multiplier = 0.0
        if spent:
            _solve(factor, places, along)
            used, per_unit = 0.0, 0.0
            for k in range(count):
                if places[k] == FREE:
                    used += share[k] * move[k]
                    per_unit += share[k] * along[k]
            if per_unit > 0.0:
                multiplier = used / per_unit
                for k in range(count):
                    if places[k] == FREE:
                        move[k] -= multiplier * along[k]
            else:
                spent = False

        length, blocked, side = 1.0, -1, FREE
        cost = 0.0
        for k in range(count):
            if places[k] != FREE:
                continue
            cost += share[k] * move[k]
            if x[k] + step[k] + length * move[k] < least[k]:
                length, blocked, side = (least[k] - x[k] - step[k]) / move[k], k, AT_LEAST
            elif x[k] + step[k] + length * move[k] > most[k]:
                length, blocked, side = (most[k] - x[k] - step[k]) / move[k], k, AT_MOST
        if not spent and cost > 1e-14 and length * cost > room:
            length, blocked = room / cost, count
        length = max(length, 0.0)
        for k in range(count):
            if places[k] == FREE:
                step[k] += length * move[k]
        if not spent:
            room -= length * cost
        for i in range(count):
            if places[i] == FREE:
                for k in range(count):
                    slope[k] += length * curvature[k, i] * move[i]
        if blocked == count:
            spent = True
            continue
        if blocked >= 0:
            places[blocked] = side
            step[blocked] = (least[blocked] if side == AT_LEAST else most[blocked]) - x[blocked]
            continue

        worst, released = 0.0, -1
        for k in range(count):
            pull = slope[k] + multiplier * share[k]
            if places[k] == AT_LEAST and pull < worst:
                worst, released = pull, k
            elif places[k] == AT_MOST and -pull < worst:
                worst, released = -pull, k
        if spent and multiplier < worst:
            spent = False
            continue
        if released < 0:
            break
        places[released] = FREE
    return multiplier if spent else 0.0


@njit
def _factorise(matrix, places, factor):
    """Fill the rows and columns of free parameters with their Cholesky factor."""
    count = places.size
    for i in range(count):
        if places[i] != FREE:
            continue
        for j in range(i + 1):
            if places[j] != FREE:
                continue
            value = matrix[i, j]
            for k in range(j):
                if places[k] == FREE:
                    value -= factor[i, k] * factor[j, k]
            if i == j:
                floor = 1e-12 * matrix[i, i] + 1e-300
                factor[i, i] = np.sqrt(value if value > floor else floor)
            else:
                factor[i, j] = value / factor[j, j]


@njit
def _solve(factor, places, right):
    """Turn the free elements of ``right`` into the solution, with the factor's own rows."""
    count = places.size
    for i in range(count):
        if places[i] == FREE:
            for k in range(i):
                if places[k] == FREE:
                    right[i] -= factor[i, k] * right[k]
            right[i] /= factor[i, i]
    for i in range(count - 1, -1, -1):
        if places[i] == FREE:
            for k in range(i + 1, count):
                if places[k] == FREE:
                    right[i] -= factor[k, i] * right[k]
            right[i] /= factor[i, i]
