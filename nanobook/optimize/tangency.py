"""The largest ratio of a linear gain to risk: where a line from the origin touches the frontier.

Without bounds that bind it's one programme of non-negative weights, scaled to add up to 1.
Within bounds it's the portfolio of the frontier whose tolerance of risk, variance over gain, is
the one it was solved with. On each stretch of the frontier that tolerance has a closed form, so
the search steps from stretch to stretch and ends on the right one.

References
----------
.. [1] Dinkelbach (1967), "On nonlinear fractional programming", Management Science 13.
.. [2] Bailey, Lopez de Prado (2013), "An open-source implementation of the critical-line
   algorithm for portfolio optimization", Algorithms 6.
"""

import numpy as np

from nanobook.jit import njit
from nanobook.optimize.active_set import take_base
from nanobook.optimize.certificate import (
    CONDITION,
    GAP,
    ITERATIONS,
    NO_EXCESS,
    NOT_CONVERGED,
    NOT_FINITE,
    OBJECTIVE,
    OPTIMAL,
    RESIDUAL,
    STATUS,
    UNBOUNDED,
)
from nanobook.optimize.cholesky import factorise, solve_by
from nanobook.optimize.quadratic import ANY_SUM, SUM_ONE, held_condition, solve, variance_of

__all__ = ["best_gain", "tangency_weights"]

_STEPS = 100
_EXACT = 1e-13  # the relative error of a tolerance that costs nothing
_ENOUGH = 1e-10


@njit
def best_gain(gains, lower, upper):
    """Return the largest gain that weights within bounds can have, NaN if one is NaN."""
    rest, gain = 1.0, 0.0
    for i in range(gains.size):
        rest -= lower[i]
        gain += gains[i] * lower[i]
    taken = np.zeros(gains.size, dtype=np.int8)
    while rest > 0.0:
        best = np.int64(-1)
        for i in range(gains.size):
            if taken[i] == 0 and upper[i] > lower[i] and (best < 0 or gains[i] > gains[best]):
                best = i
        if best < 0:
            break
        taken[best] = 1
        share = min(rest, upper[best] - lower[best])
        gain += share * gains[best]
        rest -= share
    return gain


@njit
def tangency_weights(covariance, gains, lower, upper, side, weights, numbers):
    """Fill the weights of the largest ``gains'w / sqrt(w'Cw)``, and the vector of `certificate`.

    ``side`` says where each weight is thought to stand, as `solve_budget` has it (all -1 for no
    idea), and is filled with where it does. Weights of a failed solve are NaN. The status is
    NO_EXCESS where no weights gain anything.
    """
    size = weights.size
    linear, limit = gains.copy(), upper.copy()
    wide, plain = True, True
    for i in range(size):
        wide = wide and lower[i] == 0.0 and upper[i] > 0.0
        plain = plain and lower[i] == 0.0 and upper[i] >= 1.0
    most = best_gain(gains, lower, upper)
    status = NOT_CONVERGED
    if np.isnan(most):
        status = NOT_FINITE
    elif most <= 0.0:
        status = NO_EXCESS
    steps, residual, tolerance = 0.0, np.nan, 0.0
    low, high = 0.0, np.inf
    budget = ANY_SUM if wide else SUM_ONE
    for _ in range(_STEPS):
        if status != NOT_CONVERGED:
            break
        for i in range(size):
            if budget == ANY_SUM:
                linear[i], limit[i] = gains[i], np.inf
                side[i] = min(side[i], 0)
            else:
                linear[i], limit[i] = tolerance * gains[i], upper[i]
        ended = solve(covariance, linear, lower, limit, budget, weights, side, numbers)
        steps += numbers[ITERATIONS]
        residual = numbers[RESIDUAL]
        if budget == ANY_SUM:
            # Without bounds above: scaled to add up to 1 it's the answer, if bounds allow it.
            budget = SUM_ONE
            total = 0.0
            for i in range(size):
                total += weights[i]
            fits = ended == OPTIMAL and total > 0.0
            for i in range(size):
                fits = fits and weights[i] <= total * upper[i]
            if fits or plain:
                for i in range(size):
                    weights[i] /= total
                status = ended
                break
            tolerance = 1.0 / total if ended == OPTIMAL and total > 0.0 else 0.0
            continue
        if ended != OPTIMAL:
            status = ended
            break
        gain = 0.0
        for i in range(size):
            gain += gains[i] * weights[i]
        variance = variance_of(covariance, weights)
        if gain > 0.0 and variance == 0.0:
            status = UNBOUNDED
            break
        error = variance - tolerance * gain
        if error > 0.0:
            low = tolerance
        else:
            high = tolerance
        # Along this stretch gain = a + b * tolerance and variance = c + b * tolerance^2.
        before = tolerance
        rise = _gain_per_tolerance(covariance, gains, lower, upper, weights)
        start = gain - rise * tolerance
        least = variance - rise * tolerance * tolerance
        tolerance = least / start if start > 0.0 else np.inf
        if not low < tolerance < high:
            if high < np.inf:
                tolerance = (low + high) / 2.0
            elif gain > 0.0:
                tolerance = 2.0 * variance / gain + 2.0 * low
            else:
                tolerance = 4.0 * low if low > 0.0 else _first_tolerance(covariance, gains)
        small = abs(error) <= _EXACT * variance
        if small or abs(tolerance - before) <= _EXACT * before:
            residual = max(residual, abs(error) / variance)
            if residual <= _ENOUGH:
                status = OPTIMAL
            break
    numbers[STATUS], numbers[RESIDUAL], numbers[ITERATIONS] = status, residual, steps
    numbers[OBJECTIVE], numbers[GAP], numbers[CONDITION] = np.nan, np.nan, np.nan
    if status == OPTIMAL:
        gain = 0.0
        for i in range(size):
            gain += gains[i] * weights[i]
        numbers[OBJECTIVE] = gain / np.sqrt(variance_of(covariance, weights))
        numbers[CONDITION] = held_condition(covariance, weights)
    else:
        for i in range(size):
            weights[i] = np.nan


@njit
def _first_tolerance(covariance, gains):
    size = gains.size
    variance, gain = 0.0, 0.0
    for i in range(size):
        variance += covariance[i, i] / size
        gain = max(gain, abs(gains[i]))
    return variance / gain if variance > 0.0 else 1.0


@njit
def _gain_per_tolerance(covariance, gains, lower, upper, weights):
    """Return how fast the gain grows with the tolerance while the same weights are free."""
    chosen = np.empty(weights.size, dtype=np.int64)
    count = np.int64(0)
    for i in range(weights.size):
        if lower[i] < weights[i] < upper[i]:
            chosen[count] = i
            count += 1
    if count < 2:
        return 0.0
    base = take_base(covariance, chosen, count)
    count -= 1
    root = np.empty((count, count))
    weak = np.empty(count, dtype=np.int8)
    factorise(covariance, base, chosen, count, root, weak)
    step = np.empty(count)
    for p in range(count):
        step[p] = gains[chosen[p]] - gains[base]
    solve_by(root, count, step)
    rise = 0.0
    for p in range(count):
        rise += step[p] * (gains[chosen[p]] - gains[base])
    return rise
