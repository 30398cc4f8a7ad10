"""The original's volatility forecast: GARCH's recursion at coefficients fixed once for all."""

import math
import warnings

import numpy as np

from nanobook.errors import ArgumentTypeError
from nanobook.jit import njit
from nanobook.panel.arrays import as_count
from nanobook.volatility.labels import read_panel

__all__ = ["garch_ewma_forecast"]

#: What the shocks' coefficients and the variances' add up to, and how they fall with the lag.
ARCH_SUM, ARCH_FALL = 0.08, 0.80
GARCH_SUM, GARCH_FALL = 0.90, 0.85

#: The most lags of either kind.
MOST_LAGS = 8

#: The least variance, and the least share of the sample's variance in the constant.
FLOOR, LEAST_SHARE = 1e-12, 1e-6


def garch_ewma_forecast(returns, p=1, q=1, mean="zero"):
    """Return the original's one-step volatility forecast, which fits nothing to the returns.

    Parameters
    ----------
    returns : array_like of shape (T,) or (T, N), Series or DataFrame
        Returns per period; one column per asset.
    p, q : int, default 1
        Lags of squared returns and of variances, brought into 1 to 8 and to no more than T.
    mean : str, default "zero"
        "constant" or "mean" subtract the sample mean, in any case of letters; "zero" doesn't.

    Returns
    -------
    float, ndarray or Series
        Standard deviation of the next period's return, not annualised; one a column. Below two
        returns, and where a return isn't finite, it's 0.

    Raises
    ------
    ArgumentTypeError
        If `returns` doesn't hold numbers, `p` or `q` isn't an integer or `mean` not a string.
    RangeError
        If `p` or `q` is negative.

    Warns
    -----
    UserWarning
        If `mean` is another word, which counts as "zero" as it did in the original.

    Notes
    -----
    Here for code that expects the original's numbers, to the last bit; use `garch_forecast`,
    which fits by maximum likelihood. The coefficients add up to 0.08 and 0.90 whatever the data
    say, and the newest shocks count twice: the last variance of the recursion has taken them in
    already when the forecast adds them again.

    Examples
    --------
    >>> returns = [0.012, -0.007, 0.004, -0.021, 0.009, 0.015, -0.003, 0, 0.006, -0.011]
    >>> garch_ewma_forecast(returns)
    0.010694907667130793
    """
    p, q = as_count("p", p), as_count("q", q)
    demean = _subtracts_mean(mean)
    matrix, labels = read_panel("returns", returns)
    most = min(MOST_LAGS, len(matrix))
    alpha = _falling(min(max(p, 1), most), ARCH_FALL, ARCH_SUM)
    beta = _falling(min(max(q, 1), most), GARCH_FALL, GARCH_SUM)
    out = np.zeros(matrix.shape[1])
    if len(matrix) >= 2:
        _garch_ewma(matrix, demean, alpha, beta, out)
    return labels.per_asset(out, "garch_ewma_forecast")


def _subtracts_mean(mean):
    if not isinstance(mean, str):
        raise ArgumentTypeError(f"mean must be a string, got {mean!r}")
    word = mean.lower()
    if word not in ("zero", "constant", "mean"):
        warnings.warn(
            f"mean must be 'zero', 'constant' or 'mean', got {mean!r}: it counts as 'zero'",
            UserWarning,
            stacklevel=3,
        )
    return word in ("constant", "mean")


def _falling(count, fall, total):
    """Return weights that fall with the lag and add up to `total`, rounded as the original's."""
    weights, weight, scale = [], 1.0, 0.0
    for _ in range(count):
        weights.append(weight)
        scale += weight
        weight *= fall
    return np.array([weight / scale * total for weight in weights])


@njit
def _garch_ewma(returns, demean, alpha, beta, out):
    """Fill ``out`` with each column's forecast; sums run from the first return to the last."""
    periods, columns = returns.shape
    shocks = np.empty(periods)
    variances = np.empty(periods + 1)
    by_shocks = by_variances = 0.0
    for weight in alpha:
        by_shocks += weight
    for weight in beta:
        by_variances += weight
    share = max(1.0 - by_shocks - by_variances, LEAST_SHARE)
    for s in range(columns):
        for t in range(periods):
            shocks[t] = returns[t, s]
        fallback = _sample_variance(shocks)
        out[s] = 0.0
        if not fallback < math.inf:
            continue
        out[s] = math.sqrt(fallback)
        if demean:
            total = 0.0
            for shock in shocks:
                total += shock
            center = total / periods
            for t in range(periods):
                shocks[t] -= center
        start = _sample_variance(shocks)
        if not start < math.inf:
            continue
        start = max(start, FLOOR)
        omega = share * start
        variances[0] = start
        for t in range(1, periods + 1):
            variances[t] = _next_variance(shocks, variances, omega, alpha, beta, t, t)
        out[s] = math.sqrt(
            _next_variance(shocks, variances, omega, alpha, beta, periods, periods + 1)
        )


@njit
def _next_variance(shocks, variances, omega, alpha, beta, shock_end, variance_end):
    """Return omega plus the weighted shocks before one place and variances before another."""
    arch = 0.0
    for i in range(min(alpha.size, shock_end)):
        shock = shocks[shock_end - 1 - i]
        arch += alpha[i] * shock * shock
    garch = 0.0
    for j in range(min(beta.size, variance_end)):
        garch += beta[j] * variances[variance_end - 1 - j]
    variance = omega + arch + garch
    return variance if variance > FLOOR else FLOOR


@njit
def _sample_variance(values):
    """Return the sum of squares about the mean over one less than their number."""
    total = 0.0
    for value in values:
        total += value
    mean = total / values.size
    squares = 0.0
    for value in values:
        squares += (value - mean) * (value - mean)
    return squares / (values.size - 1)
