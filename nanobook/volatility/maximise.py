"""Climb to a maximum of the likelihood: sequential quadratic programs with BFGS updates.

The first curvature is the expected information, so the first step is one of Fisher's scoring;
then BFGS learns what the distribution really is.

References
----------
.. [1] Nocedal, Wright (2006), "Numerical optimization", sections 18.3 and 18.4: sequential
   quadratic programming, damped BFGS updates.
"""

import math

import numpy as np

from nanobook.jit import njit
from nanobook.volatility.layout import (
    AR1,
    CONSTANT,
    EGARCH,
    MEAN,
    MODEL,
    TARGETING,
    P,
    Q,
    persistence_of,
)
from nanobook.volatility.likelihood import fill_information, likelihood
from nanobook.volatility.likelihood_11 import egarch_likelihood_11, likelihood_11
from nanobook.volatility.quadratic import FIXED, FREE, best_step

__all__ = ["CONVERGED", "NOT_CONVERGED", "KNOWN", "climb", "cost"]

CONVERGED, NOT_CONVERGED, KNOWN = np.int64(0), np.int64(1), np.int64(-1)

#: The climb ends when the model promises less than this to the log-likelihood.
_ENOUGH = 1e-10

#: Log-likelihood below which a climb isn't told from the maximum that it approaches.
_NEAR = 1e-4

#: How many steps take the expected information for the curvature, before BFGS learns it.
_SCORINGS = 3

_STEPS = 150
_HALVINGS = 40


@njit
def cost(layout, y, x, presample, share, resids, variances, slopes, keep, gradient):
    """Return minus the log-likelihood per return, and fill its gradient.

    With ``keep``, what the information is made of is filled too. Under targeting, omega is set
    first and its gradient is passed on to the others. Infinite where there's no likelihood.
    """
    omega, periods = layout[MEAN], y.size
    if layout[TARGETING]:
        x[omega] = 1.0 - persistence_of(x, share)
    short = layout[P] == 1 and layout[Q] == 1 and layout[MEAN] <= CONSTANT
    filled = slopes if keep else slopes[:0]
    if not short:
        none = slopes[:0]
        total = likelihood(layout, y, x, presample, resids, variances, slopes, none, gradient)
    elif layout[MODEL] == EGARCH:
        total = egarch_likelihood_11(layout, y, x, presample, resids, variances, filled, gradient)
    else:
        total = likelihood_11(layout, y, x, presample, resids, variances, filled, gradient)
    if layout[MEAN] == AR1:
        periods -= 1
    for k in range(x.size):
        gradient[k] /= -periods
    if layout[TARGETING]:
        _pass_on(gradient, share, omega)
    return -total / periods if math.isfinite(total) else np.inf


@njit
def climb(layout, y, x, presample, least, most, share, resids, variances, slopes, known, curvature):
    """Move ``x`` to a maximum nearby, unless the way leads to ``known``, a maximum or NaN.

    EGARCH's likelihood has a kink wherever the mean meets a return, and its maximum may be one:
    where a climb is stuck, the mean's parameters stay, one after the other.

    ``curvature`` begins as that of another climb, or with NaN. Returns a code, the log-likelihood,
    and the largest element of the gradient of the log-likelihood per return that no bound holds
    back.
    """
    count, omega = x.size, layout[MEAN]
    periods = y.size - (1 if layout[MEAN] == AR1 else 0)
    places = np.zeros(count, dtype=np.int64)
    step = np.empty(count)
    gradient, trial_gradient = np.empty(count), np.empty(count)
    trial = np.empty(count)
    if layout[TARGETING]:
        places[omega] = FIXED
    doubtful, fresh = math.isnan(curvature[0, 0]), False
    value = np.inf
    if not doubtful:
        value = cost(layout, y, x, presample, share, resids, variances, slopes, False, gradient)
    code = NOT_CONVERGED
    multiplier = 0.0
    held, poor = 0, 0
    scoring = doubtful
    for at in range(_STEPS):
        if doubtful:
            value = cost(layout, y, x, presample, share, resids, variances, slopes, True, gradient)
            if not math.isfinite(value):
                break
        if doubtful or (scoring and at < _SCORINGS):
            _expect(layout, y, x, share, resids, variances, slopes, curvature)
            doubtful, fresh = False, True
        multiplier = best_step(curvature, gradient, x, least, most, share, places, step)
        slope = 0.0
        for k in range(count):
            slope += gradient[k] * step[k]
        promised = -0.5 * slope * periods

        length, reached = 1.0, np.inf
        improved = False
        for _ in range(_HALVINGS):
            for k in range(count):
                trial[k] = min(max(x[k] + length * step[k], least[k]), most[k])
            keep = at + 1 < _SCORINGS
            reached = cost(
                layout, y, trial, presample, share, resids, variances, slopes, keep, trial_gradient
            )
            if reached <= value + 1e-4 * length * slope:
                improved = True
                break
            if promised < _ENOUGH:
                break
            shorter = 0.25 * length
            if math.isfinite(reached):
                shorter = -0.5 * slope * length * length / (reached - value - slope * length)
            length = min(max(shorter, 0.1 * length), 0.5 * length)
        stuck = not improved and fresh
        doubtful = not improved
        if improved:
            poor = 0 if value - reached > -0.05 * slope else poor + 1
            stuck = poor == 3
            _learn(curvature, x, trial, gradient, trial_gradient, places, step)
            value = reached
            for k in range(count):
                x[k], gradient[k] = trial[k], trial_gradient[k]
            near = _distance(curvature, x, known) * periods < _NEAR
            if near and layout[MODEL] != EGARCH:
                code = KNOWN
                break
        if promised < _ENOUGH:
            code = CONVERGED
            break
        if stuck:
            if layout[MODEL] != EGARCH or held == layout[MEAN]:
                break
            places[held] = FIXED
            held += 1
            poor = 0
            doubtful = True
        fresh = False
    if layout[TARGETING]:
        x[omega] = 1.0 - persistence_of(x, share)
    size = 0.0
    for k in range(count):
        if places[k] == FREE:
            size = max(size, abs(gradient[k] + multiplier * share[k]))
    return code, -value * periods, size


@njit(inline="always")
def _expect(layout, y, x, share, resids, variances, slopes, curvature):
    """Fill the expected information per return from what `likelihood` left, safely invertible."""
    count, omega = x.size, layout[MEAN]
    periods = y.size - (1 if layout[MEAN] == AR1 else 0)
    if layout[TARGETING]:
        for t in range(periods):
            _pass_on(slopes[t], share, omega)
    fill_information(layout, y, x, resids, variances, slopes, curvature)
    for i in range(count):
        for k in range(count):
            curvature[i, k] /= periods
    for k in range(count):
        curvature[k, k] = curvature[k, k] * (1.0 + 1e-8) + 1e-10
    if layout[TARGETING]:
        curvature[omega, omega] = 1.0


@njit
def _pass_on(gradient, share, omega):
    """Pass the slope by omega, which targets the variance, on to what it depends on."""
    passed = gradient[omega]
    gradient[omega] = 0.0
    for k in range(share.size):
        gradient[k] -= passed * share[k]


@njit(inline="always")
def _distance(curvature, x, known):
    """Return how much less likely than ``known`` the curvature makes ``x``, per return."""
    total = 0.0
    for i in range(x.size):
        for k in range(x.size):
            total += (x[i] - known[i]) * curvature[i, k] * (x[k] - known[k])
    return 0.5 * total


@njit(inline="always")
def _learn(curvature, x, trial, gradient, trial_gradient, places, change):
    """Update the curvature by what the gradient did over the step from ``x`` to ``trial``."""
    count = x.size
    product = np.empty(count)
    turn = np.empty(count)
    bent, turned = 0.0, 0.0
    for k in range(count):
        change[k] = trial[k] - x[k] if places[k] != FIXED else 0.0
        turn[k] = trial_gradient[k] - gradient[k]
    for i in range(count):
        product[i] = 0.0
        for k in range(count):
            product[i] += curvature[i, k] * change[k]
        bent += change[i] * product[i]
        turned += change[i] * turn[i]
    if turned < 0.2 * bent:
        kept = 0.8 * bent / (bent - turned)
        for k in range(count):
            turn[k] = kept * turn[k] + (1.0 - kept) * product[k]
        turned = 0.2 * bent
    if bent > 0.0:
        for i in range(count):
            for k in range(count):
                learnt = turn[i] * turn[k] / turned
                curvature[i, k] += learnt - product[i] * product[k] / bent
