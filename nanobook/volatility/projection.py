"""From the last shocks and variances to the variances that are expected for periods ahead.

A GARCH's and a GJR's expected variance follows its own recursion. The log-variance of an EGARCH
is linear in the shocks to come, so its expected variance is a product of moment-generating
functions, which for normal shocks are known in closed form. Student's t has none: the expected
variance is infinite from the second period on, and what's given is the exponential of the
expected log-variance.

References
----------
.. [1] Baillie, Bollerslev (1992), "Prediction in dynamic models with time-dependent conditional
   variances".
.. [2] Nelson (1991), "Conditional heteroskedasticity in asset returns: a new approach",
   appendix 1: the moments of the EGARCH.
"""

import math

import numpy as np

from nanobook.volatility.layout import (
    EGARCH,
    GJR,
    MEAN,
    MODEL,
    STUDENT,
    P,
    Q,
    first_beta,
    first_gamma,
)
from nanobook.volatility.likelihood import MEAN_ABS_NORMAL

__all__ = ["project_variance", "mean_abs_student"]


def project_variance(layout, x, resids, variances, horizon):
    """Return the variances expected for the next periods.

    Parameters
    ----------
    layout : ndarray of int64
        The model.
    x : ndarray of shape (K,)
        The vector that kernels work with.
    resids : ndarray of shape (T,)
        The residuals so far.
    variances : ndarray of shape (T + 1,)
        As `filter_variances` gives them: the last one is the next period's.
    horizon : int
        How many periods.

    Returns
    -------
    ndarray of shape (horizon,)
        In the scale of `x`.
    """
    p, q, omega = int(layout[P]), int(layout[Q]), int(layout[MEAN])
    alpha = x[omega + 1 : omega + 1 + p]
    gammas, betas = int(first_gamma(layout)), int(first_beta(layout))
    gamma, beta = x[gammas : gammas + p], x[betas : betas + q]
    lags = max(p, q)
    known = len(resids)
    value = np.concatenate([variances[known - lags :], np.empty(horizon - 1)])
    if layout[MODEL] == EGARCH:
        return _project_log(layout, x, resids, value, horizon, alpha, gamma, beta)
    if layout[MODEL] != GJR:
        gamma = alpha
    past = resids[known - lags :]
    good, bad = past**2 * (past >= 0), past**2 * (past < 0)
    for step in range(1, horizon):
        at = lags + step
        total = x[omega]
        for i in range(p):
            s = at - 1 - i
            if s < lags:
                total += alpha[i] * good[s] + gamma[i] * bad[s]
            else:
                total += 0.5 * (alpha[i] + gamma[i]) * value[s]
        for j in range(q):
            total += beta[j] * value[at - 1 - j]
        value[at] = total
    return value[lags:]


def _project_log(layout, x, resids, value, horizon, alpha, gamma, beta):
    p, q, omega = len(alpha), len(beta), int(layout[MEAN])
    lags = max(p, q)
    z = resids[len(resids) - lags :] * np.exp(-0.5 * value[:lags])
    size = np.abs(z)
    for step in range(1, horizon):
        at = lags + step
        total = x[omega] - MEAN_ABS_NORMAL * alpha.sum()
        for i in range(p):
            s = at - 1 - i
            if s < lags:
                total += alpha[i] * size[s] + gamma[i] * z[s]
        for j in range(q):
            total += beta[j] * value[at - 1 - j]
        value[at] = total

    # What a shock of size one does to the log-variance one period later, two, and so on.
    by_size, by_sign = np.zeros((2, horizon))
    for d in range(horizon - 1):
        by_size[d] = alpha[d] if d < p else 0.0
        by_sign[d] = gamma[d] if d < p else 0.0
        for j in range(min(q, d)):
            by_size[d] += beta[j] * by_size[d - 1 - j]
            by_sign[d] += beta[j] * by_sign[d - 1 - j]
    if layout[STUDENT]:
        gains = by_size * mean_abs_student(1.0 / x[-1])
    else:
        gains = _log_moment(by_size, by_sign)
    added = np.concatenate([[0.0], np.cumsum(gains[: horizon - 1])])
    return np.exp(value[lags:] + added)


def _log_moment(a, g):
    """Return the log of the expectation of exp(a |z| + g z), z standard normal."""
    from scipy.special import log_ndtr

    up, down = g + a, a - g
    return np.logaddexp(0.5 * up**2 + log_ndtr(up), 0.5 * down**2 + log_ndtr(down))


def mean_abs_student(nu):
    """Return the expected size of a shock of Student's t with unit variance.

    Parameters
    ----------
    nu : float
        Degrees of freedom, above 2.

    Returns
    -------
    float
        Below sqrt(2 / pi), which it tends to.
    """
    log_ratio = math.lgamma(0.5 * (nu + 1.0)) - math.lgamma(0.5 * nu)
    return 2.0 * math.sqrt((nu - 2.0) / math.pi) / (nu - 1.0) * math.exp(log_ratio)
