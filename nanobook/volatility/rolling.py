"""`rolling_garch`: a volatility forecast for every date and asset, from the past alone."""

import math
import warnings

import numpy as np

from nanobook.errors import ValidationError
from nanobook.jit import njit
from nanobook.panel.arrays import as_count
from nanobook.panel.frames import as_columns
from nanobook.volatility.filtering import filter_variances
from nanobook.volatility.fit import LEAST_RETURNS, NOT_CONVERGED
from nanobook.volatility.garch import check_model, fit_windows
from nanobook.volatility.layout import (
    AR1,
    EGARCH,
    GJR,
    MEAN,
    MODEL,
    P,
    Q,
    first_beta,
    first_gamma,
)

__all__ = ["rolling_garch"]


def rolling_garch(
    returns,
    *,
    window=None,
    refit_every=21,
    horizon=1,
    min_periods=252,
    model="GARCH",
    p=1,
    q=1,
    mean="constant",
    dist="normal",
    backcast="arch",
    variance_targeting=False,
):
    """Forecast volatility at every date, from a model that is fitted again now and then.

    The row of a date is what was expected at its close: the parameters come from returns up to
    the last refit, the state from returns up to that date, and nothing from after it. Each refit
    starts from the one before; columns run side by side.

    Parameters
    ----------
    returns : array_like of shape (T,) or (T, N), Series or DataFrame
        Returns per period, one column an asset. NaNs are dropped: the forecast stays.
    window : int, optional
        Periods that a fit looks back; by default all there are.
    refit_every : int, default 21
        Periods from one fit to the next.
    horizon : int, default 1
        Periods that a forecast is for: the volatility per period of the next `horizon` periods
        together, the root of the mean of their expected variances.
    min_periods : int, default 252
        Periods before the first fit where there's no `window`.
    model : {"GARCH", "GJR", "EGARCH"}, default "GARCH"
        As in `garch_fit`. EGARCH only with a horizon of 1.
    p, q : int, default 1
        As in `garch_fit`.
    mean, dist, backcast : str, optional
        As in `garch_fit`, with its defaults.
    variance_targeting : bool, default False
        As in `garch_fit`.

    Returns
    -------
    ndarray, Series or DataFrame
        Volatility per period, in shape and labels as `returns`; NaN before the first fit, and
        where a window has no fit, say for fewer than 50 returns.

    Raises
    ------
    ArgumentTypeError
        If `returns` doesn't hold real numbers in one or two dimensions.
    RangeError
        If a count is out of range.
    ValidationError
        If an option has another value than those of `garch_fit`, or `horizon` is above 1 for an
        EGARCH.

    Warns
    -----
    RuntimeWarning
        If some fits didn't converge; their forecasts are used.

    Examples
    --------
    >>> returns = np.random.default_rng(3).normal(0, 0.01, (600, 2))
    >>> rolling_garch(returns, window=500, refit_every=50)[[498, 499]].round(3)
    array([[ nan,  nan],
           [0.01, 0.01]])
    """
    layout = check_model(
        model=model,
        p=p,
        q=q,
        mean=mean,
        dist=dist,
        backcast=backcast,
        variance_targeting=variance_targeting,
        covariance="robust",
    )
    matrix, dress = as_columns("returns", returns)
    refit_every = as_count("refit_every", refit_every, least=1)
    horizon = as_count("horizon", horizon, least=1)
    first = as_count("min_periods", min_periods, least=LEAST_RETURNS)
    if window is not None:
        first = window = as_count("window", window, least=LEAST_RETURNS)
    if layout[MODEL] == EGARCH and horizon > 1:
        raise ValidationError(f"horizon must be 1 for an EGARCH, got {horizon}")

    out = np.full_like(matrix, np.nan)
    ends = np.arange(first, len(matrix) + 1, refit_every)
    if ends.size and matrix.shape[1]:
        begins = np.zeros_like(ends) if window is None else ends - window
        params, numbers, counts = fit_windows(layout, matrix, begins, ends)
        stops = np.append(ends[1:], len(matrix) + 1) - 1
        _roll(layout, matrix, begins, ends, stops, params, numbers, horizon, out)
        stuck = int((counts[:, :, 0] == NOT_CONVERGED).sum())
        if stuck:
            warnings.warn(
                f"{stuck} of {counts[:, :, 0].size} fits did not converge",
                RuntimeWarning,
                stacklevel=2,
            )
    return dress(out)


@njit
def _roll(layout, returns, begins, ends, stops, params, numbers, horizon, out):
    """Fill the forecasts of each window: from its last row on, before row ``stops``."""
    lag = 1 if layout[MEAN] == AR1 else 0
    lags = max(layout[P], layout[Q])
    ahead = np.empty(lags + horizon)
    y, rows = np.empty(returns.shape[0]), np.empty(returns.shape[0], dtype=np.int64)
    resids, variances = np.empty(y.size), np.empty(y.size + 1)
    for n in range(returns.shape[1]):
        for r in range(begins.size):
            x = params[n, r]
            if not math.isfinite(x[0]):
                continue
            scale, presample = numbers[n, r, 2], numbers[n, r, 3]
            count = 0
            stop = stops[r]
            for t in range(begins[r], stops[r]):
                value = returns[t, n]
                if math.isinf(value):
                    stop = t
                    break
                if value == value:
                    y[count] = value / scale
                    rows[count] = t
                    count += 1
            filter_variances(layout, y[:count], x, presample, resids, variances)
            known = 0
            for t in range(ends[r] - 1, stop):
                while known < count and rows[known] <= t:
                    known += 1
                out[t, n] = scale * _expected(
                    layout, x, resids, variances, known - lag, horizon, ahead
                )


@njit
def _expected(layout, x, resids, variances, known, horizon, ahead):
    """Return the root of the mean variance of the periods after the first ``known`` residuals."""
    if layout[MODEL] == EGARCH:
        return math.exp(0.5 * variances[known])
    p, q, omega = layout[P], layout[Q], layout[MEAN]
    gammas, betas = first_gamma(layout), first_beta(layout)
    lags = ahead.size - horizon
    for s in range(lags):
        ahead[s] = variances[known - lags + s]
    ahead[lags] = variances[known]
    total = variances[known]
    for at in range(lags + 1, ahead.size):
        value = x[omega]
        for i in range(p):
            s = at - 1 - i
            good = x[omega + 1 + i]
            bad = x[gammas + i] if layout[MODEL] == GJR else good
            if s < lags:
                resid = resids[known - lags + s]
                value += (bad if resid < 0.0 else good) * resid * resid
            else:
                value += 0.5 * (good + bad) * ahead[s]
        for j in range(q):
            value += x[betas + j] * ahead[at - 1 - j]
        ahead[at] = value
        total += value
    return math.sqrt(total / horizon)
