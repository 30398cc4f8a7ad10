"""The log-likelihood of GARCH, GJR and EGARCH of any order, and its gradient, in one pass.

References
----------
.. [1] Bollerslev (1986), "Generalized autoregressive conditional heteroskedasticity".
.. [2] Glosten, Jagannathan, Runkle (1993), "On the relation between the expected value and the
   volatility of the nominal excess return on stocks".
.. [3] Nelson (1991), "Conditional heteroskedasticity in asset returns: a new approach".
.. [4] Wintenberger (2013), "Continuous invertibility and stable QML estimation of the EGARCH(1,1)
   model": where it forgets.
.. [5] Fiorentini, Calzolari, Panattoni (1996), "Analytic derivatives and the computation of GARCH
   estimates": the recursive gradient and the information matrix.
"""

import math

import numpy as np

from nanobook.jit import njit
from nanobook.volatility.layout import (
    AR1,
    EGARCH,
    GJR,
    MEAN,
    MODEL,
    SSR,
    STUDENT,
    P,
    Q,
    first_beta,
    first_gamma,
)
from nanobook.volatility.student import log_constant, log_constant_slope

__all__ = ["fill_residuals", "fill_information", "likelihood", "LOG_2_PI", "MEAN_ABS_NORMAL"]

LOG_2_PI = math.log(2.0 * math.pi)

#: What EGARCH takes off the size of a standardised shock, whatever the distribution.
MEAN_ABS_NORMAL = math.sqrt(2.0 / math.pi)


@njit(inline="always")
def fill_residuals(layout, y, x, presample, resids, before):
    """Fill the residuals, and what is known of the time before the first one.

    ``before`` gets the slopes of the presample variance by the mean's two parameters, and those
    of the mean residual. Returns the presample variance, ``presample`` or under SSR the mean
    square, and the mean residual. An AR(1) spends the first return; its residuals count from the
    second one.
    """
    mean = layout[MEAN]
    lag = 1 if mean == AR1 else 0
    mu = x[0] if mean > 0 else 0.0
    phi = x[1] if mean == AR1 else 0.0
    count = y.size - lag
    squares, total, joint, earlier = 0.0, 0.0, 0.0, 0.0
    for t in range(count):
        resid = y[t + lag] - mu
        if lag:
            resid -= phi * y[t]
            joint += resid * y[t]
            earlier += y[t]
        total += resid
        squares += resid * resid
        resids[t] = resid
    before[0] = before[1] = before[2] = before[3] = 0.0
    first = 0.0
    if layout[SSR]:
        presample, first = squares / count, total / count
        if mean > 0:
            before[0], before[2] = -2.0 * first, -1.0
        if lag:
            before[1], before[3] = -2.0 * joint / count, -earlier / count
    return presample, first


@njit
def likelihood(layout, y, x, presample, resids, variances, slopes, scores, gradient):
    """Return the log-likelihood of ``x`` and fill its gradient.

    Fills ``resids``; ``variances`` (EGARCH: their logs); ``slopes``, a row of their derivatives a
    period; and, unless it's empty, a row of ``scores`` a period. EGARCH has one slope more, by the
    presample variance. Minus infinity comes of a variance that isn't positive and finite, and of
    an EGARCH that doesn't forget: where that last slope has grown, what is filtered is noise.
    """
    model, p, q, mean = layout[MODEL], layout[P], layout[Q], layout[MEAN]
    omega, gammas, betas = mean, first_gamma(layout), first_beta(layout)
    count, width, student = x.size, slopes.shape[1], layout[STUDENT] != 0
    lag = 1 if mean == AR1 else 0
    before = np.empty(4)
    presample, first = fill_residuals(layout, y, x, presample, resids, before)
    periods = y.size - lag
    keep_scores = scores.size > 0
    if model == EGARCH:
        root = math.sqrt(presample)
        first /= root
        for k in range(2):
            before[k] /= presample
            before[2 + k] = before[2 + k] / root - 0.5 * first * before[k]
        presample = math.log(presample)

    nu = 1.0 / x[count - 1] if student else np.inf
    constant = log_constant(nu) if student else -0.5 * LOG_2_PI
    constant_slope = log_constant_slope(nu) if student else 0.0
    for k in range(count):
        gradient[k] = 0.0
    total = 0.0
    for t in range(periods):
        row = slopes[t]
        for k in range(width):
            row[k] = 0.0
        row[omega] = 1.0
        value = x[omega]
        for i in range(p):
            s = t - 1 - i
            place = omega + 1 + i
            if model == EGARCH:
                if s >= 0:
                    size = math.exp(-0.5 * variances[s])
                    z = resids[s] * size
                    value += x[place] * (abs(z) - MEAN_ABS_NORMAL) + x[gammas + i] * z
                    row[place] += abs(z) - MEAN_ABS_NORMAL
                    row[gammas + i] += z
                    pull = x[gammas + i] + x[place] * np.sign(z)
                    if mean > 0:
                        row[0] -= pull * size
                    if lag:
                        row[1] -= pull * size * y[s]
                    for k in range(width):
                        row[k] -= 0.5 * pull * z * slopes[s, k]
                elif layout[SSR]:
                    value += x[place] * (abs(first) - MEAN_ABS_NORMAL) + x[gammas + i] * first
                    row[place] += abs(first) - MEAN_ABS_NORMAL
                    row[gammas + i] += first
                    pull = x[gammas + i] + x[place] * np.sign(first)
                    for k in range(mean):
                        row[k] += pull * before[2 + k]
            elif s >= 0:
                resid = resids[s]
                if model == GJR and resid < 0.0:
                    place = gammas + i
                square = resid * resid
                value += x[place] * square
                row[place] = square
                if mean > 0:
                    row[0] -= 2.0 * x[place] * resid
                if lag:
                    row[1] -= 2.0 * x[place] * resid * y[s]
            else:
                weight = x[place]
                row[place] = presample
                if model == GJR:
                    weight = 0.5 * (weight + x[gammas + i])
                    row[place] = row[gammas + i] = 0.5 * presample
                value += weight * presample
                for k in range(mean):
                    row[k] += weight * before[k]
        for j in range(q):
            s = t - 1 - j
            beta = x[betas + j]
            if s >= 0:
                value += beta * variances[s]
                row[betas + j] += variances[s]
                for k in range(width):
                    row[k] += beta * slopes[s, k]
            else:
                value += beta * presample
                row[betas + j] += presample
                for k in range(mean):
                    row[k] += beta * before[k]
                if model == EGARCH:
                    row[count] += beta

        variances[t] = value
        resid = resids[t]
        if model == EGARCH:
            if not abs(value) < 600.0:
                return -np.inf
            if abs(row[count]) < 1e-200:
                row[count] = 0.0
            inverse = math.exp(-value)
            log_variance = value
        else:
            if not 1e-250 < value < 1e250:
                return -np.inf
            inverse = 1.0 / value
            log_variance = math.log(value)
        square = resid * resid * inverse
        if student:
            ratio = square / (nu - 2.0)
            tail = math.log1p(ratio)
            pull = (nu + 1.0) / (1.0 + ratio)
            gain = constant - 0.5 * log_variance - 0.5 * (nu + 1.0) * tail
            by_log_variance = 0.5 * (pull * ratio - 1.0)
            by_mean = pull / (nu - 2.0) * resid * inverse
            by_nu = constant_slope - 0.5 * tail + 0.5 * pull * ratio / (nu - 2.0)
        else:
            gain = constant - 0.5 * (log_variance + square)
            by_log_variance = 0.5 * (square - 1.0)
            by_mean = resid * inverse
            by_nu = 0.0
        total += gain
        by_value = by_log_variance if model == EGARCH else by_log_variance * inverse
        if keep_scores:
            for k in range(count):
                scores[t, k] = by_value * row[k]
            if mean > 0:
                scores[t, 0] += by_mean
            if lag:
                scores[t, 1] += by_mean * y[t]
            if student:
                scores[t, count - 1] -= by_nu * nu * nu
        for k in range(count):
            gradient[k] += by_value * row[k]
        if mean > 0:
            gradient[0] += by_mean
        if lag:
            gradient[1] += by_mean * y[t]
        if student:
            gradient[count - 1] -= by_nu * nu * nu
    if model == EGARCH and not abs(slopes[periods - 1, count]) <= 1.0 + 1e-9:
        return -np.inf
    return total


@njit(inline="always")
def fill_information(layout, y, x, resids, variances, slopes, information):
    """Fill the expected information matrix from what `likelihood` has left.

    Of 1 / nu only the diagonal is filled, with the mean square of its score at one return in
    eight.
    """
    model, mean, count = layout[MODEL], layout[MEAN], x.size
    student = layout[STUDENT] != 0
    lag = 1 if mean == AR1 else 0
    last = count - 1 if student else count
    nu = 1.0 / x[count - 1] if student else np.inf
    scale, mean_scale = 0.5, 1.0
    constant_slope = 0.0
    if student:
        scale = 0.5 * nu / (nu + 3.0)
        mean_scale = nu * (nu + 1.0) / ((nu - 2.0) * (nu + 3.0))
        constant_slope = log_constant_slope(nu)
    for i in range(count):
        for k in range(count):
            information[i, k] = 0.0
    for t in range(y.size - lag):
        inverse = math.exp(-variances[t]) if model == EGARCH else 1.0 / variances[t]
        weight = scale if model == EGARCH else scale * inverse * inverse
        row = slopes[t]
        for i in range(last):
            part = weight * row[i]
            for k in range(i + 1):
                information[i, k] += part * row[k]
        if mean > 0:
            information[0, 0] += mean_scale * inverse
        if lag:
            information[1, 0] += mean_scale * inverse * y[t]
            information[1, 1] += mean_scale * inverse * y[t] * y[t]
        if student and t % 8 == 0:  # a logarithm costs as much as all the rest
            ratio = resids[t] * resids[t] * inverse / (nu - 2.0)
            slope = 0.5 * (nu + 1.0) * ratio / ((1.0 + ratio) * (nu - 2.0))
            slope = (constant_slope - 0.5 * math.log1p(ratio) + slope) * nu * nu
            information[last, last] += 8.0 * slope * slope
    for i in range(count):
        for k in range(i):
            information[k, i] = information[i, k]
