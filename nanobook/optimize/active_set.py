"""A quadratic programme solved one weight at a time, whatever the matrix's rank.

The free weights always have a sound factor. A weight that depends on them moves along the
direction without curvature that it opens, until one of them reaches a bound and makes room.

References
----------
.. [1] Nocedal, Wright (2006), "Numerical optimization", section 16.5: active-set methods.
.. [2] Wolfe (1976), "Finding the nearest point in a polytope", Mathematical Programming 11:
   minor cycles.
"""

import numpy as np

from nanobook.jit import njit
from nanobook.optimize.cholesky import factorise, solve_by

__all__ = ["DONE", "ENDLESS", "STUCK", "free_step", "gross_risk", "move_weight"]
__all__ += ["renew", "slack_of", "walk"]

#: How a walk ended.
DONE, STUCK, ENDLESS = np.int64(0), np.int64(1), np.int64(2)

#: The largest violation, relative, that counts as rounding.
_ROUNDING = 2e-14

_TRACE = 1e-5


@njit
def move_weight(matrix, i, value, weights, gradient):
    """Put a weight where it's to be, and let the gradient know."""
    step = value - weights[i]
    if step != 0.0:
        weights[i] = value
        row = matrix[i]
        for j in range(weights.size):
            gradient[j] += step * row[j]


@njit
def free_step(root, chosen, count, gradient, ridge, gap, step, unit):
    """Fill the step to the optimum of the free weights that changes their sum by ``gap``.

    Returns the budget's price: the gradient that all free weights will share. Without a
    ``ridge`` there's no budget, and the price is 0.
    """
    base = 0.0
    if ridge > 0.0:
        for p in range(count):
            base += gradient[chosen[p]]
        base /= count
    for p in range(count):
        step[p] = base - gradient[chosen[p]]
    solve_by(root, count, step)
    if ridge == 0.0:
        return 0.0
    for p in range(count):
        unit[p] = 1.0
    solve_by(root, count, unit)
    total, each = 0.0, 0.0
    for p in range(count):
        total += step[p]
        each += unit[p]
    times = (gap - total) / each
    for p in range(count):
        step[p] += times * unit[p]
    return base + times - ridge * gap


@njit
def gross_risk(matrix, ridge, weights):
    """Return the risk of weights that nothing diversifies, what gradients are measured by.

    Under a budget it's at least a trace of the smallest risk there is, so that rounding has
    something to vanish beside where a portfolio without any risk is possible.
    """
    risk, least = 0.0, np.inf
    for i in range(weights.size):
        deviation = np.sqrt(matrix[i, i])
        risk += deviation * abs(weights[i])
        if deviation > 0.0:
            least = min(least, deviation)
    return max(risk, _TRACE * least) if ridge > 0.0 and least < np.inf else risk


@njit
def slack_of(excess, down, up):
    """Return by how much a gradient beyond the price breaks optimality, with this room to move."""
    if excess > 0.0:
        return excess if down > 0.0 else 0.0
    return -excess if up > 0.0 else 0.0


@njit
def walk(matrix, linear, lower, upper, ridge, weights, gradient):
    """Move feasible weights to the optimum; the gradient must be theirs, and stays so.

    Returns how it ended (DONE, STUCK at the limit of steps, ENDLESS descent) and the steps.
    """
    size = weights.size
    inside = np.zeros(size, dtype=np.int8)
    chosen = np.empty(size, dtype=np.int64)
    weak = np.zeros(size, dtype=np.int8)
    step, unit = np.empty(size), np.empty(size)
    root = np.empty((min(size, 16), min(size, 16)))
    for i in range(size):
        if lower[i] < weights[i] < upper[i]:
            inside[i] = 1
    entering = -1
    fresh, still = False, 0
    limit = 20 * size + 200
    for steps in range(limit):
        if steps % 64 == 63:
            renew(matrix, linear, weights, gradient)
        count, gap = 0, 1.0
        for i in range(size):
            gap -= weights[i]
            if inside[i] == 1 and i != entering:
                chosen[count] = i
                count += 1
        if count == 0 and ridge > 0.0 and entering < 0:
            entering = _first(lower, upper, weights, gradient)
            if entering < 0:
                return DONE, steps
        if entering >= 0:
            chosen[count] = entering
            inside[entering] = 1
            count += 1
        if count > root.shape[0]:
            root = np.empty((min(size, 2 * count), min(size, 2 * count)))

        # Free weights that depend on others stay where they are, for the time being.
        while count > 0 and factorise(matrix, ridge, chosen, count, root, weak) > 0:
            kept = 0
            last = entering >= 0 and weak[count - 1] == 1
            for p in range(count):
                if weak[p] == 1:
                    inside[chosen[p]] = 0
                else:
                    chosen[kept] = chosen[p]
                    kept += 1
            alone = last and kept == count - 1
            count = kept
            if alone:
                break
        blocked, length = -1, np.inf
        flat = entering >= 0 and inside[entering] == 0
        price = 0.0
        if flat:
            # The direction along which nothing curves: the entering weight for the others.
            price = 0.0
            for p in range(count):
                step[p] = matrix[entering, chosen[p]] + ridge
                price += gradient[chosen[p]] / count if ridge > 0.0 else 0.0
            solve_by(root, count, step)
            slope = gradient[entering]
            for p in range(count):
                slope -= step[p] * gradient[chosen[p]]
            sign = 1.0 if slope < 0.0 else -1.0
            for p in range(count):
                step[p] *= -sign
            step[count] = sign
            chosen[count] = entering
            count += 1
            curvature = 0.0
            for p in range(count):
                inner = 0.0
                for q in range(count):
                    inner += matrix[chosen[p], chosen[q]] * step[q]
                curvature += step[p] * inner
            if curvature > 0.0:
                length = abs(slope) / curvature
        elif count > 0:
            price = free_step(root, chosen, count, gradient, ridge, gap, step, unit)
            length = 1.0
        bottom = False
        for p in range(count):
            i = chosen[p]
            if step[p] < 0.0 and (lower[i] - weights[i]) > length * step[p]:
                blocked, length, bottom = i, min((lower[i] - weights[i]) / step[p], length), True
            elif step[p] > 0.0 and (upper[i] - weights[i]) < length * step[p]:
                blocked, length, bottom = i, min((upper[i] - weights[i]) / step[p], length), False
        if length == np.inf:
            return ENDLESS, steps
        length = max(length, 0.0)
        far = 0.0
        for p in range(count):
            i = chosen[p]
            value = weights[i] + length * step[p]
            if i == blocked:
                value = lower[i] if bottom else upper[i]
            far = max(far, abs(value - weights[i]))
            move_weight(matrix, i, min(max(value, lower[i]), upper[i]), weights, gradient)
        still = still + 1 if far == 0.0 else 0
        entering = -1
        if blocked >= 0 and (count > 1 or ridge == 0.0):
            inside[blocked] = 0
            fresh = False
            continue
        if flat:
            fresh = False
            continue

        # The free weights are at their optimum: who else should be free?
        risk = gross_risk(matrix, ridge, weights)
        worst = _ROUNDING
        for i in range(size):
            if inside[i] == 1:
                continue
            down, up = weights[i] - lower[i], upper[i] - weights[i]
            slack = slack_of(gradient[i] - price, down, up)
            level = np.sqrt(matrix[i, i]) * risk + abs(linear[i]) + abs(price)
            if slack > worst * level:
                entering = i
                if still > size:
                    break  # the first one: no cycle lasts under this rule
                worst = slack / level
        if entering < 0:
            if fresh:
                return DONE, steps + 1
            renew(matrix, linear, weights, gradient)
            fresh = True
    return STUCK, limit


@njit
def renew(matrix, linear, weights, gradient):
    """Fill the gradient from nothing but the weights."""
    for j in range(weights.size):
        gradient[j] = -linear[j]
    for i in range(weights.size):
        value = weights[i]
        if value != 0.0:
            row = matrix[i]
            for j in range(weights.size):
                gradient[j] += value * row[j]


@njit
def _first(lower, upper, weights, gradient):
    """Return the weight that can best take the budget up: of those with room, the steepest."""
    best = -1
    for i in range(weights.size):
        if weights[i] < upper[i] and (best < 0 or gradient[i] < gradient[best]):
            best = i
    return best
