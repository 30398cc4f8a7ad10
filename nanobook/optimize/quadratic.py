"""Quadratic programmes of portfolios: weights at or above zero, or within bounds and a budget.

A few sweeps of coordinate descent guess which weights stand at a bound, block pivoting makes the
guess right, many weights at a time, and where it doesn't, since the matrix is singular or by bad
luck, `active_set` does it one weight at a time. What comes out is polished by a step of
refinement and carries a residual computed afresh.

The residual is the largest violation of an optimality condition over assets: of asset i the
gradient beyond the budget's price, where it has room to improve, over ``s_i r + |b_i|``, where
``s`` are the square roots of the matrix's diagonal and ``r = sum_j s_j |w_j|``; under a budget
over ``(s_i + r) r + |b_i| + |price|``, with ``r`` at least 1e-5 of the smallest ``s`` above zero.
What the weights' sum lacks to 1 counts as well. The residual has no unit, and stays the same
when returns are scaled.

References
----------
.. [1] Portugal, Judice, Vicente (1994), "A comparison of block pivoting and interior-point
   algorithms for linear least squares problems with nonnegative variables".
.. [2] Kim, Park (2011), "Fast nonnegative matrix factorization: an active-set-like method".
.. [3] Hintermuller, Ito, Kunisch (2002), "The primal-dual active set strategy as a semismooth
   Newton method".
"""

import numpy as np

from nanobook.jit import njit
from nanobook.optimize.active_set import (
    ENDLESS,
    free_step,
    gross_risk,
    level_of,
    move_weight,
    renew,
    slack_of,
    take_base,
    walk,
)
from nanobook.optimize.certificate import (
    INFEASIBLE,
    ITERATIONS,
    NOT_CONVERGED,
    NOT_FINITE,
    OPTIMAL,
    RESIDUAL,
    UNBOUNDED,
)
from nanobook.optimize.cholesky import NO_BASE, condition_by, factorise
from nanobook.optimize.descent import descend

__all__ = [
    "ANY_SUM",
    "SUM_ONE",
    "certify",
    "held_condition",
    "solve",
    "solve_budget",
    "solve_nonnegative",
    "variance_of",
]

#: Whether weights add up to 1.
SUM_ONE, ANY_SUM = np.int64(1), np.int64(0)

_SWEEPS = 12
_ROUNDS = 40
_PATIENCE = 4
_ROUNDING = 2e-14  # the largest violation, relative, that isn't worth a pivot
_ULP = 1e-15  # a room below it under a budget is none
_SHARP = 1e-12  # a residual above it calls for another way
_FLAT = 1e-15  # of the undiversified variance, for each weight: rounding of none
_ENOUGH = 1e-10  # the largest residual of an optimum


@njit
def solve_nonnegative(matrix, linear, weights, held, numbers):
    """Fill the ``x >= 0`` that minimises ``x'Ax / 2 - b'x``, of any sum; return a status.

    Parameters
    ----------
    matrix : ndarray of shape (N, N)
        A, symmetric and positive semidefinite, singular or not.
    linear : ndarray of shape (N,)
        b; where none is positive the answer is all zeros.
    weights : ndarray of shape (N,)
        Filled with x; what is in it doesn't matter.
    held : ndarray of shape (N,), int8
        1 where an asset is thought to be held, all 0 for no idea; filled with the answer's.
    numbers : ndarray of shape (FIELDS,)
        RESIDUAL and ITERATIONS are filled.

    Returns
    -------
    int
        OPTIMAL, UNBOUNDED where a direction without curvature goes down forever, NOT_FINITE or
        NOT_CONVERGED.
    """
    size = linear.size
    lower, upper = np.zeros(size), np.full(size, np.inf)
    side = np.empty(size, dtype=np.int8)
    for i in range(size):
        side[i] = 0 if held[i] != 0 else -1
    status = solve(matrix, linear, lower, upper, ANY_SUM, weights, side, numbers)
    for i in range(size):
        held[i] = 1 if side[i] == 0 else 0
    return status


@njit
def solve_budget(matrix, linear, lower, upper, weights, side, numbers):
    """Fill the weights that minimise ``w'Aw / 2 - b'w``, add up to 1 and keep to their bounds.

    Parameters
    ----------
    matrix : ndarray of shape (N, N)
        A, symmetric and positive semidefinite; zeros make it a linear programme.
    linear : ndarray of shape (N,)
        b.
    lower, upper : ndarray of shape (N,)
        Finite bounds.
    weights : ndarray of shape (N,)
        Filled; what is in it doesn't matter.
    side : ndarray of shape (N,), int8
        Where each weight is thought to stand: -1 at its lower bound, 1 at its upper, 0 between;
        without any 0 no idea. Filled with the answer's.
    numbers : ndarray of shape (FIELDS,)
        RESIDUAL and ITERATIONS are filled.

    Returns
    -------
    int
        OPTIMAL, INFEASIBLE, NOT_FINITE or NOT_CONVERGED.
    """
    return solve(matrix, linear, lower, upper, SUM_ONE, weights, side, numbers)


@njit
def variance_of(matrix, weights):
    """Return ``w'Cw``, never below zero.

    Parameters
    ----------
    matrix : ndarray of shape (N, N)
        A covariance.
    weights : ndarray of shape (N,)
        Weights of zero cost nothing.

    Returns
    -------
    float
        The variance.
    """
    total = 0.0
    for i in range(weights.size):
        if weights[i] != 0.0:
            row = matrix[i]
            inner = 0.0
            for j in range(weights.size):
                inner += row[j] * weights[j]
            total += weights[i] * inner
    return max(total, 0.0)


@njit
def held_condition(matrix, weights):
    """Return the 1-norm condition number of the matrix among the assets held, as estimated.

    Parameters
    ----------
    matrix : ndarray of shape (N, N)
        A covariance.
    weights : ndarray of shape (N,)
        Assets of weight zero don't count.

    Returns
    -------
    float
        Infinity where the part is singular; NaN where nothing is held.
    """
    chosen = np.empty(weights.size, dtype=np.int64)
    count = np.int64(0)
    for i in range(weights.size):
        if weights[i] != 0.0:
            chosen[count] = i
            count += 1
    if count == 0:
        return np.nan
    root = np.empty((count, count))
    weak = np.empty(count, dtype=np.int8)
    if factorise(matrix, NO_BASE, chosen, count, root, weak) > 0:
        return np.inf
    return condition_by(matrix, chosen, count, root)


@njit
def solve(matrix, linear, lower, upper, budget, weights, side, numbers):
    """Solve either programme: ``budget`` is SUM_ONE or ANY_SUM; the rest as `solve_budget`.

    Kernels call this one, since each function between them and it would be compiled as well.
    """
    size = linear.size
    numbers[RESIDUAL], numbers[ITERATIONS] = np.nan, 0.0
    warm = False
    check, least, most = 0.0, 0.0, 0.0
    for i in range(size):
        check += matrix[i, i] * 0.0 + linear[i] * 0.0
        warm = warm or (side[i] == 0 and lower[i] < upper[i])
        least += lower[i]
        most += upper[i]
        if lower[i] > upper[i]:
            least = np.inf
    for i in range(size):
        weights[i] = np.nan
    if check != 0.0:
        return NOT_FINITE
    if budget and not (least <= 1.0 + 1e-12 and most >= 1.0 - 1e-12):
        return INFEASIBLE
    gradient = np.empty(size)
    for _ in range(2):  # a guess that leads nowhere makes room for none
        if not warm:
            for i in range(size):
                weights[i], side[i] = lower[i], -1
            _meet_budget(lower, upper, budget, weights)
            renew(matrix, linear, weights, gradient)
            ridge = _typical_variance(matrix) if budget else 0.0
            descend(matrix, linear, lower, upper, ridge, _SWEEPS, weights, side, gradient)
        else:
            for i in range(size):
                weights[i] = upper[i] if side[i] > 0 else lower[i]
            _meet_budget(lower, upper, budget, weights)
            renew(matrix, linear, weights, gradient)
        residual = np.inf
        rounds = _pivot_blocks(matrix, linear, lower, upper, budget, weights, side, gradient)
        if rounds > 0:
            residual = certify(matrix, linear, lower, upper, budget, weights, gradient)
        if not residual <= _SHARP:
            before = weights.copy()
            for i in range(size):
                weights[i] = min(max(weights[i], lower[i]), upper[i])
            _meet_budget(lower, upper, budget, weights)
            renew(matrix, linear, weights, gradient)
            ended, steps = walk(matrix, linear, lower, upper, budget, weights, gradient)
            rounds = abs(rounds) + steps
            numbers[ITERATIONS] = rounds
            if ended == ENDLESS:
                return UNBOUNDED
            after = certify(matrix, linear, lower, upper, budget, weights, gradient)
            if after <= residual:
                residual = after
            else:
                for i in range(size):
                    weights[i] = before[i]
        if not warm or residual <= _ENOUGH:
            break
        warm = False
    for i in range(size):
        side[i] = 0
        if weights[i] <= lower[i]:
            side[i] = -1
        elif weights[i] >= upper[i]:
            side[i] = 1
    numbers[RESIDUAL], numbers[ITERATIONS] = residual, rounds
    if np.isnan(residual):
        return NOT_FINITE
    if not budget:
        value, risk = 0.0, gross_risk(matrix, budget, weights)
        for i in range(size):
            value += linear[i] * weights[i]
        if value < _FLAT * size * risk * risk:
            return UNBOUNDED
    return OPTIMAL if residual <= _ENOUGH else NOT_CONVERGED


@njit
def _typical_variance(matrix):
    """Return the harmonic mean of the diagonal, which the calmer assets rule."""
    total, largest = 0.0, 0.0
    for i in range(matrix.shape[0]):
        largest = max(largest, matrix[i, i])
    if largest == 0.0:
        return 1.0
    for i in range(matrix.shape[0]):
        total += 1.0 / max(matrix[i, i], 1e-8 * largest)
    return matrix.shape[0] / total


@njit
def _meet_budget(lower, upper, budget, weights):
    """Raise or lower weights in proportion to their room, so that they add up to 1."""
    if not budget:
        return
    gap, up, down = 1.0, 0.0, 0.0
    for i in range(weights.size):
        gap -= weights[i]
        up += upper[i] - weights[i]
        down += weights[i] - lower[i]
    if gap > 0.0 and up > 0.0:
        share = min(gap / up, 1.0)
        for i in range(weights.size):
            weights[i] += share * (upper[i] - weights[i])
    elif gap < 0.0 and down > 0.0:
        share = min(-gap / down, 1.0)
        for i in range(weights.size):
            weights[i] -= share * (weights[i] - lower[i])


@njit
def _pivot_blocks(matrix, linear, lower, upper, budget, weights, side, gradient):
    """Solve for the free weights and change the side of all that break a rule, until none does.

    Ends with polished weights. Returns the rounds it took, negative if it gave up.
    """
    size = weights.size
    chosen = np.empty(size, dtype=np.int64)
    weak = np.empty(size, dtype=np.int8)
    turn = np.empty(size, dtype=np.int8)
    step = np.empty(size)
    root = np.empty((0, 0))
    best, patience = size + 1, _PATIENCE
    for turns in range(_ROUNDS):
        count, gap = np.int64(0), 1.0
        for i in range(size):
            if side[i] == 0 and lower[i] < upper[i]:
                chosen[count] = i
                count += 1
                continue
            if side[i] == 0:
                side[i] = -1
            move_weight(matrix, i, upper[i] if side[i] > 0 else lower[i], weights, gradient)
        if count > root.shape[0]:
            root = np.empty((count, count))
        base = NO_BASE
        if budget:
            if count == 0:
                return -1 - turns
            base = take_base(matrix, chosen, count)
            count -= 1
        while factorise(matrix, base, chosen, count, root, weak) > 0:
            kept = np.int64(0)
            for p in range(count):
                i = chosen[p]
                if weak[p] == 1:
                    side[i] = -1
                    move_weight(matrix, i, lower[i], weights, gradient)
                else:
                    chosen[kept] = i
                    kept += 1
            count = kept
        for i in range(size):
            gap -= weights[i]
        rest = free_step(matrix, root, chosen, count, base, gradient, gap, step)
        for p in range(count):
            move_weight(matrix, chosen[p], weights[chosen[p]] + step[p], weights, gradient)
        if budget:
            move_weight(matrix, base, weights[base] + rest, weights, gradient)
        price = gradient[base] if budget else 0.0
        wrong = _wrong_sides(
            matrix, linear, lower, upper, budget, price, weights, gradient, side, turn
        )
        if wrong == 0:
            for i in range(size):
                weights[i] = min(max(weights[i], lower[i]), upper[i])
            renew(matrix, linear, weights, gradient)
            gap = 1.0
            for i in range(size):
                gap -= weights[i]
            rest = free_step(matrix, root, chosen, count, base, gradient, gap, step)
            for p in range(count):
                i = chosen[p]
                weights[i] = min(max(weights[i] + step[p], lower[i]), upper[i])
            if budget:
                weights[base] = min(max(weights[base] + rest, lower[base]), upper[base])
            return turns + 1
        if wrong < best:
            best, patience = wrong, _PATIENCE
        elif patience > 0:
            patience -= 1
        else:
            return -1 - turns
        for i in range(size):
            side[i] = turn[i]
    return -_ROUNDS


@njit
def _wrong_sides(matrix, linear, lower, upper, budget, price, weights, gradient, side, turn):
    """Fill where each weight should stand instead; return how many stand elsewhere."""
    size = weights.size
    risk, most = gross_risk(matrix, budget, weights), 0.0
    for i in range(size):
        most = max(most, abs(weights[i]))
    wrong = 0
    for i in range(size):
        turn[i] = side[i]
        deviation = np.sqrt(matrix[i, i])
        if side[i] == 0:
            room = _ROUNDING * risk / deviation if deviation > 0.0 else np.inf
            if budget:
                room = min(room, _ROUNDING * most)
            if weights[i] < lower[i] - room:
                turn[i] = -1
                wrong += 1
            elif weights[i] > upper[i] + room:
                turn[i] = 1
                wrong += 1
            continue
        excess = gradient[i] - price
        level = level_of(deviation, risk, linear[i], price, budget)
        room = upper[i] - lower[i]
        down, up = (room, 0.0) if side[i] > 0 else (0.0, room)
        if slack_of(excess, down, up) > _ROUNDING * level:
            turn[i] = 0
            wrong += 1
    return wrong


@njit
def certify(matrix, linear, lower, upper, budget, weights, gradient):
    """Make the weights' sum exact, and return the residual of what they are then."""
    size = weights.size
    nothing = 0.0
    if budget:
        nothing = _ULP
        gap, calm, inner = 1.0, -1, False
        for i in range(size):
            gap -= weights[i]
        # The free weight whose change matters least takes what rounding left.
        for i in range(size):
            down, up = weights[i] - lower[i], upper[i] - weights[i]
            if (up if gap > 0.0 else down) < abs(gap):
                continue
            free_one = down > nothing and up > nothing
            calmer = calm < 0 or matrix[i, i] < matrix[calm, calm]
            if (free_one == inner and calmer) or (free_one and not inner):
                calm, inner = i, free_one
        if calm >= 0:
            weights[calm] += gap
    renew(matrix, linear, weights, gradient)
    total, risk = 0.0, gross_risk(matrix, budget, weights)
    price, free = 0.0, -1
    floor, ceiling = -np.inf, np.inf
    for i in range(size):
        total += weights[i]
        down, up = weights[i] - lower[i], upper[i] - weights[i]
        if down > nothing and up > nothing:
            if free < 0 or matrix[i, i] < matrix[free, free]:
                free = i
        elif down > nothing:
            floor = max(floor, gradient[i])
        elif up > nothing:
            ceiling = min(ceiling, gradient[i])
    if free >= 0:
        price = gradient[free]
    elif floor == -np.inf:
        price = 0.0 if ceiling == np.inf else ceiling
    else:
        price = floor if ceiling == np.inf else (floor + ceiling) / 2.0
    residual = abs(total - 1.0)
    if not budget:
        price, residual = 0.0, 0.0
    for i in range(size):
        down, up = weights[i] - lower[i] - nothing, upper[i] - weights[i] - nothing
        slack = slack_of(gradient[i] - price, down, up)
        if slack > 0.0:
            level = level_of(np.sqrt(matrix[i, i]), risk, linear[i], price, budget)
            residual = max(residual, slack / level)
        elif slack != 0.0:
            return np.nan
    return residual
