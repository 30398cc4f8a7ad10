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
from nanobook.optimize.cholesky import NO_BASE, factorise, solve_by

__all__ = ["DONE", "ENDLESS", "STUCK", "free_step", "gross_risk", "level_of"]
__all__ += ["move_weight", "renew", "slack_of", "take_base", "walk"]

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
def take_base(matrix, chosen, count):
    """Take the calmest of the chosen assets out of their list, and return it.

    Under a budget the others move against it. Its place in the list goes to the last one.
    """
    place = np.int64(0)
    for p in range(1, count):
        if matrix[chosen[p], chosen[p]] < matrix[chosen[place], chosen[place]]:
            place = p
    base = chosen[place]
    chosen[place] = chosen[count - 1]
    return base


@njit
def free_step(matrix, root, chosen, count, base, gradient, gap, step):
    """Fill the step of the chosen weights to the optimum of all that are free.

    Returns the step of the base, with which the free weights' sum changes by ``gap``; 0 where
    there's no base since there's no budget.
    """
    if base < 0:
        for p in range(count):
            step[p] = -gradient[chosen[p]]
        solve_by(root, count, step)
        return 0.0
    from_base = matrix[base]
    for p in range(count):
        i = chosen[p]
        step[p] = gradient[base] - gradient[i] - gap * (from_base[i] - from_base[base])
    solve_by(root, count, step)
    rest = gap
    for p in range(count):
        rest -= step[p]
    return rest


@njit
def gross_risk(matrix, budget, weights):
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
    return max(risk, _TRACE * least) if budget and least < np.inf else risk


@njit
def level_of(deviation, risk, linear, price, budget):
    """Return the size of the terms that a gradient beyond the price is made of."""
    level = deviation * risk + abs(linear) + abs(price)
    return level + risk * risk if budget else level


@njit
def slack_of(excess, down, up):
    """Return by how much a gradient beyond the price breaks optimality, with this room to move."""
    if excess > 0.0:
        return excess if down > 0.0 else 0.0
    return -excess if up > 0.0 else 0.0


@njit
def walk(matrix, linear, lower, upper, budget, weights, gradient):
    """Move feasible weights to the optimum; the gradient must be theirs, and stays so.

    Returns how it ended (DONE, STUCK at the limit of steps, ENDLESS descent) and the steps.
    """
    size = weights.size
    inside = np.zeros(size, dtype=np.int8)
    chosen = np.empty(size + 1, dtype=np.int64)
    weak = np.zeros(size, dtype=np.int8)
    step = np.empty(size + 1)
    root = np.empty((min(size, 16), min(size, 16)))
    for i in range(size):
        if lower[i] < weights[i] < upper[i]:
            inside[i] = 1
    entering = NO_BASE
    fresh, still = False, 0
    limit = 20 * size + 200
    for steps in range(limit):
        if steps % 64 == 63:
            renew(matrix, linear, weights, gradient)
        count, gap, base = np.int64(0), 1.0, NO_BASE
        for i in range(size):
            gap -= weights[i]
            if inside[i] == 1:
                chosen[count] = i
                count += 1
        if budget:
            if count == 0:
                if entering < 0:
                    entering = _steepest(upper, weights, gradient)
                    if entering < 0:
                        return DONE, steps
                chosen[0], inside[entering], entering, count = entering, 1, NO_BASE, np.int64(1)
            base = take_base(matrix, chosen, count)
            count -= 1
        if entering >= 0:
            chosen[count] = entering
            inside[entering] = 1
            count += 1
        if count > root.shape[0]:
            root = np.empty((min(size, 2 * count), min(size, 2 * count)))

        # Free weights that depend on others stay where they are, for the time being.
        flat = False
        while not flat and factorise(matrix, base, chosen, count, root, weak) > 0:
            flat = entering >= 0 and weak[count - 1] == 1
            kept = np.int64(0)
            for p in range(count):
                if weak[p] == 1:
                    inside[chosen[p]] = 0
                    flat = flat and p == count - 1
                else:
                    chosen[kept] = chosen[p]
                    kept += 1
            if entering >= 0 and weak[count - 1] == 1 and not flat:
                chosen[kept] = entering
                inside[entering] = 1
                kept += 1
            count = kept
        length = 1.0
        if flat:
            length = _flat_step(matrix, root, chosen, count, base, entering, gradient, step)
            count += 1
        else:
            step[count] = free_step(matrix, root, chosen, count, base, gradient, gap, step)
        if base >= 0:
            chosen[count] = base
            count += 1
        blocked, bottom = -1, False
        for p in range(count):
            i = chosen[p]
            if step[p] < 0.0 and (lower[i] - weights[i]) > length * step[p]:
                blocked, length, bottom = i, (lower[i] - weights[i]) / step[p], True
            elif step[p] > 0.0 and (upper[i] - weights[i]) < length * step[p]:
                blocked, length, bottom = i, (upper[i] - weights[i]) / step[p], False
        if length == np.inf:
            return ENDLESS, steps
        length = max(length, 0.0)
        far = 0.0
        for p in range(count):
            i = chosen[p]
            value = min(max(weights[i] + length * step[p], lower[i]), upper[i])
            if i == blocked:
                value = lower[i] if bottom else upper[i]
            far = max(far, abs(value - weights[i]))
            move_weight(matrix, i, value, weights, gradient)
        still = still + 1 if far == 0.0 else 0
        entering = NO_BASE
        if blocked >= 0 and (count > 1 or not budget):
            inside[blocked] = 0
            fresh = False
            continue
        if flat:
            fresh = False
            continue

        # The free weights are at their optimum: who else should be free?
        price = gradient[base] if budget else 0.0
        risk = gross_risk(matrix, budget, weights)
        worst = _ROUNDING
        for i in range(size):
            if inside[i] == 1:
                continue
            slack = slack_of(gradient[i] - price, weights[i] - lower[i], upper[i] - weights[i])
            level = level_of(np.sqrt(matrix[i, i]), risk, linear[i], price, budget)
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
def _flat_step(matrix, root, chosen, count, base, entering, gradient, step):
    """Fill the direction, downhill, that a weight opens which depends on the free ones.

    It's the weight itself for the others, and ends in the places after theirs: the entering
    weight's, then the base's. Returns how far it's worth going; infinity if it never curves.
    """
    offset = 0.0 if base < 0 else matrix[base, entering] - matrix[base, base]
    for p in range(count):
        i = chosen[p]
        step[p] = matrix[entering, i] - offset - (0.0 if base < 0 else matrix[base, i])
    solve_by(root, count, step)
    slope = gradient[entering]
    total = 1.0
    for p in range(count):
        slope -= step[p] * gradient[chosen[p]]
        total -= step[p]
    if base >= 0:
        slope -= total * gradient[base]
    sign = 1.0 if slope < 0.0 else -1.0
    for p in range(count):
        step[p] *= -sign
    step[count] = sign
    chosen[count] = entering
    last = count + 1
    if base >= 0:
        step[last] = -sign * total
        chosen[last] = base
        last += 1
    curvature = 0.0
    for p in range(last):
        inner = 0.0
        for q in range(last):
            inner += matrix[chosen[p], chosen[q]] * step[q]
        curvature += step[p] * inner
    return abs(slope) / curvature if curvature > 0.0 else np.inf


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
def _steepest(upper, weights, gradient):
    """Return the weight with room above that is best raised."""
    best = NO_BASE
    for i in range(weights.size):
        if weights[i] < upper[i] and (best < 0 or gradient[i] < gradient[best]):
            best = i
    return best
