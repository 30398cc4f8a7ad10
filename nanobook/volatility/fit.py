"""Fit columns of returns: clean, scale, pick starts, climb from them, keep the best."""

import math

import numpy as np

from nanobook.jit import njit, prange
from nanobook.volatility.layout import (
    AR1,
    EGARCH,
    GARCH,
    GJR,
    MEAN,
    MODEL,
    STUDENT,
    P,
    Q,
    count_parameters,
    fill_bounds,
    first_beta,
    first_gamma,
)
from nanobook.volatility.maximise import CONVERGED, KNOWN, NOT_CONVERGED, climb, cost

__all__ = [
    "CONVERGED",
    "NOT_CONVERGED",
    "TOO_FEW",
    "NOT_FINITE",
    "NO_VARIATION",
    "LEAST_RETURNS",
    "fit_column",
    "fit_columns",
    "keep_known",
    "presample_of",
    "scale_of",
]

TOO_FEW, NOT_FINITE, NO_VARIATION = np.int64(2), np.int64(3), np.int64(4)

#: Fewer returns aren't fitted.
LEAST_RETURNS = 50

#: The presample variance of arch: a weighted mean of the first squares.
_PRESAMPLE_RETURNS, _PRESAMPLE_DECAY = 75, 0.94

#: It's no smaller than this part of the returns' variance.
_PRESAMPLE_LEAST = 1e-8

#: How many starts are climbed from: the caller's, and one of each kind.
_CLIMBS = 5

#: The grid of starts: what a shock adds, and the persistence. The first has nearly all of it.
_SHOCKS = np.array([0.01, 0.04, 0.09, 0.16, 0.04, 0.10, 0.25, 0.35])
_MEMORIES = np.array([0.999, 0.99, 0.98, 0.97, 0.93, 0.90, 0.80, 0.45])


@njit(inline="always")
def keep_known(column, out):
    """Copy what isn't NaN to the front of ``out``; returns how many, or -1 at an infinity."""
    count = 0
    for t in range(column.size):
        value = column[t]
        if math.isinf(value):
            return -1
        if value == value:
            out[count] = value
            count += 1
    return count


@njit(inline="always")
def scale_of(mean, y, least_squares):
    """Return the root mean square of the residuals of the mean by least squares.

    Fills the mean's parameters. 0.0 where nothing is left but rounding.
    """
    largest = 0.0
    for t in range(y.size):
        largest = max(largest, abs(y[t]))
    if largest == 0.0:
        return 0.0
    lag = 1 if mean == AR1 else 0
    count = y.size - lag
    centre, centre_before, slope = 0.0, 0.0, 0.0
    if mean > 0:
        for t in range(count):
            centre += y[t + lag] / largest
            centre_before += y[t] / largest
        centre /= count
        centre_before /= count
    if lag:
        joint, squares = 0.0, 0.0
        for t in range(count):
            before = y[t] / largest - centre_before
            joint += (y[t + 1] / largest - centre) * before
            squares += before * before
        if squares > 0.0:
            slope = joint / squares
        least_squares[1] = slope
    centre -= slope * centre_before
    total = 0.0
    for t in range(count):
        resid = y[t + lag] / largest - centre
        if lag:
            resid -= slope * (y[t] / largest)
        total += resid * resid
    if mean > 0:
        least_squares[0] = centre * largest
    root = math.sqrt(total / count)
    return root * largest if root > 1e-13 else 0.0


@njit
def fit_column(layout, column, start, params):
    """Fit one column, scaled to unit variance, and fill its parameters.

    Unless ``start`` begins with NaN, it's one more start, beside those of the grid.
    Returns a code, the log-likelihood in the column's units, the size of the gradient, the number
    of returns, their scale, and the scaled presample variance of the arch rule.
    """
    count, mean = count_parameters(layout), layout[MEAN]
    y = np.empty(column.size)
    size = keep_known(column, y)
    for k in range(count):
        params[k] = np.nan
    if size < 0:
        return NOT_FINITE, np.nan, np.nan, 0, np.nan, np.nan
    if size < LEAST_RETURNS:
        return TOO_FEW, np.nan, np.nan, size, np.nan, np.nan
    y = y[:size]
    x = np.empty((_CLIMBS, count))
    scale = scale_of(mean, y, x[0])
    if scale == 0.0:
        return NO_VARIATION, np.nan, np.nan, size, np.nan, np.nan
    for t in range(size):
        y[t] /= scale
    if mean > 0:
        x[0, 0] /= scale
    presample = presample_of(mean, y, x[0])

    least, most, share = np.empty(count), np.empty(count), np.empty(count)
    fill_bounds(layout, least, most, share)
    resids, variances = np.empty(size), np.empty(size)
    slopes = np.empty((size, count + 1 if layout[MODEL] == EGARCH else count))
    for k in range(count):
        x[1, k] = start[k]
    _pick_starts(layout, y, presample, least, most, share, resids, variances, slopes, x)

    known = np.full(count, np.nan)
    curvature = np.full((count, count), np.nan)
    best, code, gradient_norm = -np.inf, NOT_CONVERGED, np.nan
    for i in range(_CLIMBS):
        if math.isnan(x[i, mean]):
            continue
        if i > 1:
            curvature[0, 0] = np.nan  # what was learnt near the first start is no help far away
        found, total, norm = climb(
            layout,
            y,
            x[i],
            presample,
            least,
            most,
            share,
            resids,
            variances,
            slopes,
            known,
            curvature,
        )
        if found == KNOWN:
            continue
        better = total > best + 1e-9
        if found != code:
            better = found == CONVERGED
        if math.isfinite(total) and (better or not math.isfinite(best)):
            best, code, gradient_norm = total, found, norm
            for k in range(count):
                params[k] = x[i, k]
                if found == CONVERGED:
                    known[k] = x[i, k]
    best -= (size - (1 if mean == AR1 else 0)) * math.log(scale)
    return code, best, gradient_norm, size, scale, presample


@njit(inline="always")
def presample_of(mean, y, x):
    """Return arch's presample variance: a weighted mean of the first squared residuals."""
    lag = 1 if mean == AR1 else 0
    presample, weight, weights = 0.0, 1.0, 0.0
    for t in range(min(_PRESAMPLE_RETURNS, y.size - lag)):
        resid = y[t + lag]
        if mean > 0:
            resid -= x[0]
        if lag:
            resid -= x[1] * y[t]
        presample += weight * resid * resid
        weights += weight
        weight *= _PRESAMPLE_DECAY
    return max(presample / weights, _PRESAMPLE_LEAST)


@njit(inline="always")
def _pick_starts(layout, y, presample, least, most, share, resids, variances, slopes, x):
    """Fill the rows of ``x`` with the best start of the grid, and the best of other kinds.

    The first row comes with the mean's parameters, the second one with a start of the caller's,
    or NaN.
    """
    count = x.shape[1]
    places = 2 * _SHOCKS.size if layout[MODEL] != GARCH else _SHOCKS.size
    starts = np.empty((places + 1, count))
    values = np.empty(places + 1)
    gradient = np.empty(count)
    budget = 0.0
    for k in range(count):
        starts[0, k] = min(max(x[1, k], least[k]), most[k])
        budget += share[k] * starts[0, k]
    known = x[1, 0] == x[1, 0] and budget <= 1.0
    best = np.zeros(_CLIMBS, dtype=np.int64)  # of each kind; the first is the caller's
    for place in range(0 if known else 1, places + 1):
        if place > 0:
            for k in range(layout[MEAN]):
                starts[place, k] = x[0, k]
            if layout[STUDENT]:
                starts[place, count - 1] = 1.0 / 8.0
            _fill_start(layout, place - 1, starts[place])
        values[place] = cost(
            layout, y, starts[place], presample, share, resids, variances, slopes, False, gradient
        )
        kind = _kind(place)
        if best[kind] == 0 or values[place] < values[best[kind]]:
            best[kind] = place

    # The most promising first, since others stop where they come near it.
    if not known:
        values[0] = np.inf
    for row in range(_CLIMBS):
        first = row
        for kind in range(row + 1, _CLIMBS):
            if values[best[kind]] < values[best[first]]:
                first = kind
        place = best[first]
        best[first] = best[row]
        best[row] = place
        for k in range(count):
            x[row, k] = starts[place, k] if place > 0 or known else np.nan


@njit
def _kind(place):
    """Return of what kind a start is: 0 the caller's, from 1 on by how much memory it has.

    The one with nearly all of it that doesn't tilt is of a kind by itself.
    """
    if place <= 1:
        return 4 * place
    memory = _MEMORIES[(place - 1) % _SHOCKS.size]
    return 1 + (1 if memory > 0.85 else 0) + (1 if memory > 0.95 else 0)


@njit
def _fill_start(layout, place, x):
    """Fill the variance's parameters of start ``place``; each has the variance of the returns."""
    news, kept = _SHOCKS[place % _SHOCKS.size], _MEMORIES[place % _SHOCKS.size]
    bad = 1.7 if place >= _SHOCKS.size else 1.0
    p, q, omega = layout[P], layout[Q], layout[MEAN]
    gammas, betas = first_gamma(layout), first_beta(layout)
    for i in range(p):
        x[omega + 1 + i] = news / p
        if layout[MODEL] == EGARCH:
            x[omega + 1 + i] = 2.0 * news / p
            x[gammas + i] = (1.0 - bad) * news / p
        elif layout[MODEL] == GJR:
            x[omega + 1 + i] = (2.0 - bad) * news / p
            x[gammas + i] = bad * news / p
    kept = kept if layout[Q] else news
    for j in range(q):
        x[betas + j] = (kept if layout[MODEL] == EGARCH else kept - news) / q
    x[omega] = 0.0 if layout[MODEL] == EGARCH else 1.0 - kept


@njit(parallel=True)
def fit_columns(layout, returns, begins, ends, params, numbers, counts):
    """Fit every column over one window after another, columns side by side.

    Window r holds rows ``begins[r]`` to ``ends[r] - 1`` and starts from what the window before
    has found. Fills, by column and window, ``params``; ``numbers``: log-likelihood, size of the
    gradient, scale, presample variance; ``counts``: code, number of returns.
    """
    for n in prange(returns.shape[1]):
        i = np.int64(n)
        start = np.full(params.shape[2], np.nan)
        for r in range(begins.size):
            column = returns[begins[r] : ends[r], i].copy()
            code, total, norm, size, scale, presample = fit_column(
                layout, column, start, params[i, r]
            )
            numbers[i, r, 0], numbers[i, r, 1] = total, norm
            numbers[i, r, 2], numbers[i, r, 3] = scale, presample
            counts[i, r, 0], counts[i, r, 1] = code, size
            for k in range(start.size):
                start[k] = params[i, r, k]
