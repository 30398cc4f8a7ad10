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
from nanobook.optimize.quadratic import held_condition, solve_budget, solve_nonnegative, variance_of

__all__ = ["best_gain", "tangency_weights"]

_STEPS = 100
_EXACT = 1e-13  # the relative error of a tolerance that costs nothing
_ENOUGH = 1e-10


@njit
def tangency_weights(covariance, gains, lower, upper, side, weights, numbers):
    """Fill the weights of the largest ``gains'w / sqrt(w'Cw)``, and the vector of `certificate`.

    ``side`` says where each weight is thought to stand, as `solve_budget` has it (all -1 for no
    idea), and is filled with where it does. Weights of a failed solve are NaN.
    """
    size = weights.size
    status = _tangency(covariance, gains, lower, upper, side, weights, numbers)
    numbers[STATUS], numbers[GAP] = status, np.nan
    numbers[OBJECTIVE], numbers[CONDITION] = np.nan, np.nan
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
def best_gain(gains, lower, upper):
    """Return the largest gain that weights within bounds can have, NaN if one is NaN."""
    rest, gain = 1.0, 0.0
    for i in range(gains.size):
        rest -= lower[i]
        gain += gains[i] * lower[i]
    taken = np.zeros(gains.size, dtype=np.int8)
    while rest > 0.0:
        best = -1
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
def _tangency(covariance, gains, lower, upper, side, weights, numbers):
    size = weights.size
    numbers[RESIDUAL], numbers[ITERATIONS] = np.nan, 0.0
    free = True
    for i in range(size):
        free = free and lower[i] == 0.0 and upper[i] > 0.0
    most = best_gain(gains, lower, upper)
    if np.isnan(most):
        return NOT_FINITE
    if most <= 0.0:
        return NO_EXCESS
    steps, tolerance = 0.0, 0.0
    if free:
        held = np.empty(size, dtype=np.int8)
        for i in range(size):
            held[i] = 1 if side[i] == 0 else 0
        status = solve_nonnegative(covariance, gains, weights, held, numbers)
        fits = status == OPTIMAL
        if fits:
            total = 0.0
            for i in range(size):
                total += weights[i]
            tolerance = 1.0 / total
            for i in range(size):
                weights[i] /= total
                fits = fits and weights[i] <= upper[i]
                side[i] = 0 if held[i] == 1 else -1
        plain = True
        for i in range(size):
            plain = plain and upper[i] >= 1.0
        if plain or fits:
            return status
        steps = numbers[ITERATIONS]
    return _search(covariance, gains, lower, upper, side, weights, numbers, steps, tolerance)


@njit
def _search(covariance, gains, lower, upper, side, weights, numbers, steps, tolerance):
    """Find the tolerance of risk that the portfolio solved with it has."""
    size = weights.size
    linear = np.empty(size)
    low, high = 0.0, np.inf
    for _ in range(_STEPS):
        for i in range(size):
            linear[i] = tolerance * gains[i]
        status = solve_budget(covariance, linear, lower, upper, weights, side, numbers)
        steps += numbers[ITERATIONS]
        numbers[ITERATIONS] = steps
        if status != OPTIMAL:
            return status
        gain = 0.0
        for i in range(size):
            gain += gains[i] * weights[i]
        variance = variance_of(covariance, weights)
        if gain > 0.0 and variance == 0.0:
            return UNBOUNDED
        error = variance - tolerance * gain
        if abs(error) <= _EXACT * variance:
            numbers[RESIDUAL] = max(numbers[RESIDUAL], abs(error) / variance)
            return OPTIMAL
        if error > 0.0:
            low = tolerance
        else:
            high = tolerance
        # Along this stretch gain = a + b * tolerance and variance = c + b * tolerance^2.
        rise = _gain_per_tolerance(covariance, gains, lower, upper, weights)
        start = gain - rise * tolerance
        least = variance - rise * tolerance * tolerance
        before = tolerance
        tolerance = least / start if start > 0.0 else np.inf
        if not low < tolerance < high:
            if high < np.inf:
                tolerance = (low + high) / 2.0
            elif gain > 0.0:
                tolerance = 2.0 * variance / gain + 2.0 * low
            else:
                tolerance = 4.0 * low if low > 0.0 else _first_tolerance(covariance, gains)
        if abs(tolerance - before) <= _EXACT * before:
            residual = max(numbers[RESIDUAL], abs(error) / variance)
            numbers[RESIDUAL] = residual
            return OPTIMAL if residual <= _ENOUGH else NOT_CONVERGED
    return NOT_CONVERGED


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
    count = 0
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
