"""The log-likelihood of models with one lag of each, and its gradient, at several times the speed.

It's `likelihood` written out for one lag of each and a mean that is zero or a constant: whatever
the recursion carries along stays in registers, and one logarithm serves the product of many
variances. Products and sums may be fused, which rounds once less.
"""

import math

import numpy as np

from nanobook.jit import njit
from nanobook.volatility.layout import GARCH, MEAN, MODEL, SSR, STUDENT
from nanobook.volatility.likelihood import LOG_2_PI, MEAN_ABS_NORMAL
from nanobook.volatility.student import log_constant, log_constant_slope

__all__ = ["likelihood_11", "egarch_likelihood_11"]


@njit(fastmath={"contract"})
def likelihood_11(layout, y, x, presample, resids, variances, slopes, gradient):
    """Return the log-likelihood of ``x`` and fill its gradient.

    Unless ``slopes`` is empty, fills also the three arrays that `likelihood` fills.
    """
    mean, student = layout[MEAN], layout[STUDENT] != 0
    periods, keep = y.size, slopes.shape[0] > 0
    mu = x[0] if mean > 0 else 0.0
    omega, alpha = x[mean], x[mean + 1]
    gjr = 0 if layout[MODEL] == GARCH else 1
    gamma, beta = x[mean + 1 + gjr], x[mean + 2 + gjr]
    presample_slope = 0.0
    if layout[SSR]:
        presample = 0.0
        for t in range(periods):
            resid = y[t] - mu
            presample += resid * resid
            presample_slope -= 2.0 * resid
        presample /= periods
        presample_slope /= periods
    nu = 1.0 / x[x.size - 1] if student else 4.0
    freedom = 1.0 / (nu - 2.0)

    # What the first variance follows: news that is half good, half bad.
    variance, good, bad = presample, 0.5 * presample, 0.5 * presample
    by_mu, by_omega, by_alpha, by_gamma, by_beta = presample_slope, 0.0, 0.0, 0.0, 0.0
    news_slope = 0.5 * (alpha + gamma) * presample_slope
    to_mu, to_omega, to_alpha, to_gamma, to_beta = 0.0, 0.0, 0.0, 0.0, 0.0
    squares, logs, tails, pulls = 0.0, 0.0, 0.0, 0.0
    product, tail = 1.0, 1.0
    for t in range(periods):
        by_mu = news_slope + beta * by_mu
        by_omega = 1.0 + beta * by_omega
        by_alpha = good + beta * by_alpha
        by_gamma = bad + beta * by_gamma
        by_beta = variance + beta * by_beta
        variance = omega + (alpha * good + gamma * bad) + beta * variance
        inverse = 1.0 / variance
        product *= variance
        if not 1e-100 < product < 1e100:
            if not 1e-250 < product < 1e250:
                return -np.inf
            logs += math.log(product)
            product = 1.0

        resid = y[t] - mu
        if keep:
            resids[t], variances[t] = resid, variance
            if mean > 0:
                slopes[t, 0] = by_mu
            slopes[t, mean] = by_omega
            slopes[t, mean + 1] = by_alpha
            slopes[t, mean + 1 + gjr] = by_gamma
            if not gjr:
                slopes[t, mean + 1] = by_alpha + by_gamma
            slopes[t, mean + 2 + gjr] = by_beta
        square = resid * resid
        if resid < 0.0:
            good, bad = 0.0, square
            news_slope = -2.0 * gamma * resid
        else:
            good, bad = square, 0.0
            news_slope = -2.0 * alpha * resid

        ratio = square * inverse
        if student:
            ratio *= freedom
            tail *= 1.0 + ratio
            if tail > 1e100:
                tails += math.log(tail)
                tail = 1.0
            pull = 1.0 / (1.0 + ratio)
            ratio *= pull
            pulls += ratio
            to_mu += (nu + 1.0) * freedom * pull * resid * inverse
            pull = ((nu + 1.0) * ratio - 1.0) * inverse
        else:
            squares += ratio
            to_mu += resid * inverse
            pull = (ratio - 1.0) * inverse
        pull *= 0.5
        to_mu += pull * by_mu
        to_omega += pull * by_omega
        to_alpha += pull * by_alpha
        to_gamma += pull * by_gamma
        to_beta += pull * by_beta

    logs += math.log(product)
    if mean > 0:
        gradient[0] = to_mu
    gradient[mean] = to_omega
    gradient[mean + 1] = to_alpha
    gradient[mean + 1 + gjr] = to_gamma
    if not gjr:
        gradient[mean + 1] = to_alpha + to_gamma
    gradient[mean + 2 + gjr] = to_beta
    if not student:
        return -0.5 * (periods * LOG_2_PI + logs + squares)
    tails += math.log(tail)
    by_nu = periods * log_constant_slope(nu) - 0.5 * tails + 0.5 * (nu + 1.0) * freedom * pulls
    gradient[x.size - 1] = -by_nu * nu * nu
    return periods * log_constant(nu) - 0.5 * (logs + (nu + 1.0) * tails)


@njit(fastmath={"contract"})
def egarch_likelihood_11(layout, y, x, presample, resids, logs, slopes, gradient):
    """Do for an EGARCH(1,1) what `likelihood_11` does; ``logs`` are those of the variances."""
    mean, student, ssr = layout[MEAN], layout[STUDENT] != 0, layout[SSR] != 0
    periods, keep = y.size, slopes.shape[0] > 0
    mu = x[0] if mean > 0 else 0.0
    omega, alpha, gamma, beta = x[mean], x[mean + 1], x[mean + 2], x[mean + 3]
    nu = 1.0 / x[x.size - 1] if student else 4.0
    freedom = 1.0 / (nu - 2.0)
    by_mu, z = 0.0, 0.0
    if ssr:
        total, presample = 0.0, 0.0
        for t in range(periods):
            total += y[t] - mu
            presample += (y[t] - mu) * (y[t] - mu)
        presample /= periods
        size = 1.0 / math.sqrt(presample)
        z = total / periods * size
        by_mu = -2.0 * z * size
    level, size = math.log(presample), 1.0 / math.sqrt(presample)
    bigger = abs(z) - MEAN_ABS_NORMAL if ssr else 0.0

    by_omega, by_alpha, by_gamma, by_beta, by_start = 0.0, 0.0, 0.0, 0.0, 1.0
    to_mu, to_omega, to_alpha, to_gamma, to_beta = 0.0, 0.0, 0.0, 0.0, 0.0
    levels, squares, tails, pulls = 0.0, 0.0, 0.0, 0.0
    tail = 1.0
    for t in range(periods):
        pull = gamma + alpha * np.sign(z)
        if t == 0 and not ssr:
            pull = 0.0
        kept = beta - 0.5 * pull * z
        by_mu = kept * by_mu - pull * size
        by_omega = 1.0 + kept * by_omega
        by_alpha = bigger + kept * by_alpha
        by_gamma = z + kept * by_gamma
        by_beta = level + kept * by_beta
        by_start = kept * by_start
        if abs(by_start) < 1e-200:
            by_start = 0.0
        level = omega + (alpha * bigger + gamma * z) + beta * level
        if not abs(level) < 600.0:
            return -np.inf
        size = math.exp(-0.5 * level)
        resid = y[t] - mu
        if keep:
            resids[t], logs[t] = resid, level
            if mean > 0:
                slopes[t, 0] = by_mu
            slopes[t, mean] = by_omega
            slopes[t, mean + 1] = by_alpha
            slopes[t, mean + 2] = by_gamma
            slopes[t, mean + 3] = by_beta
        z = resid * size
        bigger = abs(z) - MEAN_ABS_NORMAL
        levels += level

        ratio = z * z
        if student:
            ratio *= freedom
            tail *= 1.0 + ratio
            if tail > 1e100:
                tails += math.log(tail)
                tail = 1.0
            lean = 1.0 / (1.0 + ratio)
            ratio *= lean
            pulls += ratio
            to_mu += (nu + 1.0) * freedom * lean * z * size
            lean = 0.5 * ((nu + 1.0) * ratio - 1.0)
        else:
            squares += ratio
            to_mu += z * size
            lean = 0.5 * (ratio - 1.0)
        to_mu += lean * by_mu
        to_omega += lean * by_omega
        to_alpha += lean * by_alpha
        to_gamma += lean * by_gamma
        to_beta += lean * by_beta

    if not abs(by_start) <= 1.0 + 1e-9:
        return -np.inf
    if mean > 0:
        gradient[0] = to_mu
    gradient[mean] = to_omega
    gradient[mean + 1] = to_alpha
    gradient[mean + 2] = to_gamma
    gradient[mean + 3] = to_beta
    if not student:
        return -0.5 * (periods * LOG_2_PI + levels + squares)
    tails += math.log(tail)
    by_nu = periods * log_constant_slope(nu) - 0.5 * tails + 0.5 * (nu + 1.0) * freedom * pulls
    gradient[x.size - 1] = -by_nu * nu * nu
    return periods * log_constant(nu) - 0.5 * (levels + (nu + 1.0) * tails)
