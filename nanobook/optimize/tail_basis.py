"""The basis of a linear programme over weights and zeta: which equations hold, and their inverse.

k free assets and zeta are the unknowns, zeta first; the budget and k more equations determine
them, the budget first. ``equations[i]`` holds the coefficients of equation ``i + 1`` for each
asset, then zeta's. Bounds and losses are moved apart by about 1e-13 so that ties can't stall the
walk; the final weights are computed without that.
"""

import numpy as np

from nanobook.jit import njit
from nanobook.optimize.selection import heap_down, heapify

__all__ = ["ABSENT", "APART", "FIXED", "FREE", "LOWER", "UPPER", "clean_weights", "invert"]
__all__ += [
    "entering_column",
    "exchange",
    "first_vertex",
    "least",
    "most",
    "multipliers_of",
]
__all__ += ["reach_of", "reduced_costs", "shift", "tail_room", "universe_fits"]

#: What `side` says of an asset: at its lower bound, free, at its upper, fixed, not in the universe.
LOWER, FREE, UPPER, FIXED, ABSENT = -1, 0, 1, 2, 3

#: How far ties are moved apart, relative to what a return is.
APART = 1e-12


@njit(no_cpython_wrapper=True, no_cfunc_wrapper=True)
def shift(index, step):
    """Return a number in (0.5, 1.5) that differs from index to index."""
    place = (index + 1) * step
    return 0.5 + place - np.floor(place)


@njit(no_cpython_wrapper=True, no_cfunc_wrapper=True)
def least(lower, j):
    return lower[j] - 0.1 * APART * shift(j, 0.7548776662466927)


@njit(no_cpython_wrapper=True, no_cfunc_wrapper=True)
def most(upper, j):
    return upper[j] + 0.1 * APART * shift(j, 0.5698402909980532)


@njit(no_cpython_wrapper=True, no_cfunc_wrapper=True)
def replace_row(inverse, size, products, at):
    """Put another equation in the place of equation `at`; `products` is its row times inverse."""
    for m in range(size):
        row = inverse[m]
        factor = row[at] / products[at]
        for e in range(size):
            row[e] -= factor * products[e]
        row[at] = factor


@njit(no_cpython_wrapper=True, no_cfunc_wrapper=True)
def replace_column(inverse, size, products, at):
    """Put another asset in the place of unknown `at`; `products` is inverse times its column."""
    pivot_row = inverse[at]
    scale = 1.0 / products[at]
    for e in range(size):
        pivot_row[e] *= scale
    for m in range(size):
        if m != at and products[m] != 0.0:
            row, factor = inverse[m], products[m]
            for e in range(size):
                row[e] -= factor * pivot_row[e]


@njit(no_cpython_wrapper=True, no_cfunc_wrapper=True)
def grow(inverse, size, right, below, corner):
    """Add an equation, `below` its row times inverse, and an unknown, `right` inverse times its."""
    for m in range(size):
        row, factor = inverse[m], right[m] / corner
        for e in range(size):
            row[e] += factor * below[e]
        row[size] = -factor
    for e in range(size):
        inverse[size, e] = -below[e] / corner
    inverse[size, size] = 1.0 / corner


@njit(no_cpython_wrapper=True, no_cfunc_wrapper=True)
def shrink(inverse, size, unknown, equation):
    """Take away an unknown and an equation; the last ones move into their places."""
    pivot_row = inverse[unknown].copy()
    for m in range(size):
        if m != unknown:
            row = inverse[m]
            factor = row[equation] / pivot_row[equation]
            for e in range(size):
                row[e] -= factor * pivot_row[e]
    last = size - 1
    if unknown != last:
        for e in range(size):
            inverse[unknown, e] = inverse[last, e]
    if equation != last:
        for m in range(last):
            inverse[m, equation] = inverse[m, last]


@njit(no_cpython_wrapper=True, no_cfunc_wrapper=True)
def invert(equations, basis, count, inverse, scratch):
    """Compute the inverse afresh by elimination with row exchange; False where it's singular."""
    size, last = count + 1, equations.shape[1] - 1
    for m in range(size):
        for e in range(size):
            scratch[m, e] = 0.0
            inverse[m, e] = 1.0 if m == e else 0.0
    for i in range(count):
        scratch[0, i + 1] = 1.0
        scratch[i + 1, 0] = equations[i, last]
        for e in range(count):
            scratch[i + 1, e + 1] = equations[i, basis[0, e]]
    for step in range(size):
        best = step
        for m in range(step + 1, size):
            if abs(scratch[m, step]) > abs(scratch[best, step]):
                best = m
        if scratch[best, step] == 0.0:
            return False
        if best != step:
            for e in range(size):
                scratch[step, e], scratch[best, e] = scratch[best, e], scratch[step, e]
                inverse[step, e], inverse[best, e] = inverse[best, e], inverse[step, e]
        scale = 1.0 / scratch[step, step]
        for e in range(size):
            scratch[step, e] *= scale
            inverse[step, e] *= scale
        for m in range(size):
            factor = scratch[m, step]
            if m != step and factor != 0.0:
                for e in range(size):
                    scratch[m, e] -= factor * scratch[step, e]
                    inverse[m, e] -= factor * inverse[step, e]
    return True


@njit(no_cpython_wrapper=True, no_cfunc_wrapper=True)
def multipliers_of(gradient, basis, count, inverse, multipliers):
    """Fill the multipliers of the equations; `gradient` is each asset's, then zeta's."""
    slope = gradient[gradient.shape[0] - 1]
    for e in range(count + 1):
        multipliers[e] = slope * inverse[0, e]
    for i in range(count):
        slope = gradient[basis[0, i]]
        for e in range(count + 1):
            multipliers[e] += slope * inverse[i + 1, e]


@njit(no_cpython_wrapper=True, no_cfunc_wrapper=True)
def reduced_costs(gradient, equations, count, multipliers, costs):
    """Fill what a unit more of each asset would cost."""
    assets = equations.shape[1] - 1
    for j in range(assets):
        costs[j] = gradient[j] - multipliers[0]
    for i in range(count):
        share, row = multipliers[i + 1], equations[i]
        for j in range(assets):
            costs[j] -= share * row[j]


@njit(no_cpython_wrapper=True, no_cfunc_wrapper=True)
def entering_column(equations, count, inverse, asset, products):
    """Fill the inverse times the column of an asset that is to become free."""
    for m in range(count + 1):
        total = inverse[m, 0]
        for i in range(count):
            total += inverse[m, i + 1] * equations[i, asset]
        products[m] = total


@njit(no_cpython_wrapper=True, no_cfunc_wrapper=True)
def entering_row(row, basis, count, inverse, products):
    """Fill the row of a new equation times the inverse."""
    slope = row[row.shape[0] - 1]
    for e in range(count + 1):
        products[e] = slope * inverse[0, e]
    for i in range(count):
        slope = row[basis[0, i]]
        for e in range(count + 1):
            products[e] += slope * inverse[i + 1, e]


@njit(no_cpython_wrapper=True, no_cfunc_wrapper=True)
def reach_of(lower, upper, point, basis, count, edge, entering):
    """Return how far bounds let an edge go, and the place of the free asset that stops it or -1."""
    reach, blocking, fastest = np.inf, -1, 0.0
    if entering >= 0:
        reach = most(upper, entering) - least(lower, entering)
    for m in range(1, count + 1):
        fastest = max(fastest, abs(edge[m]))
    for i in range(count):
        j, change = basis[0, i], edge[i + 1]
        if abs(change) > 1e-11 * fastest:
            span = (most(upper, j) if change > 0.0 else least(lower, j)) - point[j]
            time = max(span / change, 0.0)
            if time < reach:
                reach, blocking = time, i
    return reach, blocking


@njit(no_cpython_wrapper=True, no_cfunc_wrapper=True)
def exchange(
    equations, lower, upper, side, point, basis, inverse, scratch, products, edge, choice, blocking
):
    """Exchange what was let go for what stopped the walk; returns the number of free assets.

    `choice` is an equation's place or -1 - asset; `blocking` is the place of the free asset that
    met its bound, -1 where the entering asset met its own, and -2 where equation ``count``, whose
    coefficients stand there, became one. ``products`` is the inverse times an entering column.
    """
    count = basis[2, 0]
    size = count + 1
    entering = -1 - choice
    if blocking == -2:
        below, row = scratch[0], equations[count]
        entering_row(row, basis, count, inverse, below)
        if choice >= 0:
            replace_row(inverse, size, below, choice + 1)
            for j in range(equations.shape[1]):
                equations[choice, j] = row[j]
        else:
            corner = row[entering] - below[0]
            for i in range(count):
                corner -= below[i + 1] * equations[i, entering]
            grow(inverse, size, products, below, corner)
            basis[0, count] = entering
            side[entering] = FREE
            count += 1
    elif blocking >= 0:
        j = basis[0, blocking]
        high = edge[blocking + 1] > 0.0
        side[j] = UPPER if high else LOWER
        point[j] = most(upper, j) if high else least(lower, j)
        if choice >= 0:
            shrink(inverse, size, blocking + 1, choice + 1)
            count -= 1
            basis[0, blocking] = basis[0, count]
            for e in range(equations.shape[1]):
                equations[choice, e] = equations[count, e]
        else:
            replace_column(inverse, size, products, blocking + 1)
            basis[0, blocking] = entering
            side[entering] = FREE
    else:
        side[entering] = -side[entering]
        high = side[entering] == UPPER
        point[entering] = most(upper, entering) if high else least(lower, entering)
    basis[2, 0] = count
    return count


@njit(no_cpython_wrapper=True, no_cfunc_wrapper=True)
def universe_fits(lower, upper, side):
    """Return whether weights of the assets that aren't absent can add up to 1."""
    total, room, counted = 0.0, 0.0, 0
    for j in range(side.shape[0]):
        if side[j] != ABSENT:
            total += lower[j]
            room += upper[j]
            counted += 1
            if not lower[j] <= upper[j]:
                return False
    return counted > 0 and total <= 1.0 + 1e-12 and room >= 1.0 - 1e-12


@njit
def tail_room(assets, periods):
    """Return the arrays that a solve works in and that carry a basis from window to window.

    They're called side, point, basis, inverse, scratch, equations, vectors, room and tail. The
    first four are the basis: `point` holds weights, zeta and a return's size; the rows of `basis`
    the free assets, each equation's period, the number of both, room to sort, and more for
    drawdowns. `periods` is the longest window's.
    """
    longest = max(assets, periods) + 1
    return (
        np.zeros(assets, np.int64),
        np.zeros(assets + 2),
        np.zeros((6, longest), np.int64),
        np.zeros((assets + 1, assets + 1)),
        np.empty((assets + 1, assets + 1)),
        np.empty((assets + 2, assets + 1)),
        np.empty((5, assets + 1)),
        np.empty((6, longest)),
        np.empty((3, periods + 1), np.int64),
    )


@njit(no_cpython_wrapper=True, no_cfunc_wrapper=True)
def first_vertex(score, lower, upper, side, point, basis):
    """Fill up assets from the least score until the budget is spent; one is left free.

    Assets that `side` calls absent stay so. ``basis[2, 0]`` becomes 1, or 0 where the bounds leave
    nothing to choose.
    """
    order, left, choices = basis[3], 1.0, 0
    basis[2, 0] = 0
    for j in range(side.shape[0]):
        point[j] = 0.0
        if side[j] == ABSENT:
            continue
        side[j] = FIXED if upper[j] <= lower[j] else LOWER
        point[j] = lower[j]
        if side[j] == LOWER:
            point[j] = least(lower, j)
            order[choices] = j
            choices += 1
        left -= point[j]
    heapify(score, order, choices)
    while choices:
        j = order[0]
        more = most(upper, j) - point[j]
        if more >= left:
            point[j] += left
            side[j] = FREE
            basis[0, 0], basis[2, 0] = j, 1
            break
        point[j] += more
        left -= more
        side[j] = UPPER
        choices -= 1
        order[0] = order[choices]
        heap_down(score, order, 0, choices)


@njit(no_cpython_wrapper=True, no_cfunc_wrapper=True)
def clean_weights(equations, lower, upper, side, basis, inverse, weights):
    """Fill the weights of a basis, without what moved ties apart; NaN for absent assets."""
    assets, count = side.shape[0], basis[2, 0]
    rest = 1.0
    for j in range(assets):
        weights[j] = np.nan if side[j] == ABSENT else 0.0
        if side[j] != ABSENT and side[j] != FREE:
            weights[j] = upper[j] if side[j] == UPPER else lower[j]
            rest -= weights[j]
    sides, solution = np.empty(count + 1), np.zeros(count + 1)
    for _ in range(2):  # once more for what rounding left
        sides[0] = rest
        for i in range(count):
            sides[0] -= solution[i + 1]
            total = -equations[i, assets] * solution[0]
            for j in range(assets):
                if side[j] != ABSENT and side[j] != FREE and weights[j] != 0.0:
                    total -= equations[i, j] * weights[j]
            for e in range(count):
                total -= equations[i, basis[0, e]] * solution[e + 1]
            sides[i + 1] = total
        for m in range(count + 1):
            for e in range(count + 1):
                solution[m] += inverse[m, e] * sides[e]
    total = 0.0
    for i in range(count):
        j = basis[0, i]
        weights[j] = min(max(solution[i + 1], lower[j]), upper[j])
        total += weights[j]
    for i in range(count):  # clipping leaves next to nothing to make up for
        j = basis[0, i]
        moved = min(max(weights[j] + (rest - total), lower[j]), upper[j])
        total += moved - weights[j]
        weights[j] = moved
