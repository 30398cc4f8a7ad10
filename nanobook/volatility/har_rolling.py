"""A HAR forecast for every row from the rows before it, the regression moving along."""

import math

import numpy as np

from nanobook.errors import ValidationError
from nanobook.jit import njit
from nanobook.panel.arrays import as_count
from nanobook.volatility.har import LOG, SQRT, lag_means, mean_ahead, read_har, transformed
from nanobook.volatility.regression import ROUNDING, solve_centred
from nanobook.volatility.rolling_sums import rolling_sums

__all__ = ["rolling_har"]


def rolling_har(
    realised_variance,
    window=1000,
    *,
    expanding=False,
    refit_every=1,
    min_periods=None,
    lags=(1, 5, 22),
    transform="level",
    horizon=1,
):
    """Forecast realised variance from every row on, by a HAR regression over the rows before.

    The value in row t uses the rows up to and including t and none after it, for the parameters
    as well: a target that reaches past row t isn't in the regression.

    Parameters
    ----------
    realised_variance : array_like of shape (T,) or (T, N), Series or DataFrame
        Realised variance per period, not volatility: at least 0. NaN where it's missing.
    window : int, default 1000
        Rows that a regression reaches back.
    expanding : bool, default False
        Let it reach back to the first row instead.
    refit_every : int, default 1
        Rows between two regressions; those between use the last one's parameters.
    min_periods : int, optional
        Rows that a regression needs, out of those in reach: half of `window` if not given.
    lags : sequence of int, default (1, 5, 22)
        Periods of each average, ascending.
    transform : {"level", "sqrt", "log"}, default "level"
        What is regressed; see `har_fit`.
    horizon : int, default 1
        Periods ahead whose mean variance is forecast.

    Returns
    -------
    ndarray, Series or DataFrame
        What came in, in shape and labels: the expected mean variance of the next `horizon`
        periods. NaN where too few rows lie behind, averages are missing, or regressors are
        collinear.

    Raises
    ------
    ArgumentTypeError
        If an argument is of the wrong kind.
    ValidationError
        If a variance is negative or infinite, `lags` isn't ascending, `transform` isn't known or
        `min_periods` doesn't fit in the window; its child RangeError if a number lies outside
        its range.

    References
    ----------
    .. [1] Corsi (2009), "A simple approximate long-memory model of realized volatility", Journal
       of Financial Econometrics 7(2).

    Examples
    --------
    >>> variance = [1.0, 2.0, 1.5, 3.0, 2.5, 2.0, 1.0, 1.5, 2.5, 3.5]
    >>> rolling_har(variance, 8, lags=(1, 2), min_periods=8).round(4)
    array([   nan,    nan,    nan,    nan,    nan,    nan,    nan,    nan,
              nan, 2.4751])
    """
    matrix, labels, lags, code = read_har(realised_variance, lags, transform)
    window = as_count("window", window, least=1)
    refit_every = as_count("refit_every", refit_every, least=1)
    horizon = as_count("horizon", horizon, least=1)
    least = max(len(lags) + 2, window // 2 if min_periods is None else 0)
    if min_periods is not None:
        least = max(as_count("min_periods", min_periods), least)
    if least > window and not expanding:
        raise ValidationError(
            f"min_periods must leave {len(lags) + 2} rows or more and fit in the window, {window}, "
            f"got {least if min_periods is None else min_periods}"
        )
    values = transformed(matrix, code)
    means, targets = np.empty((*values.shape, len(lags))), np.empty_like(values)
    lag_means(values, np.array(lags), means)
    mean_ahead(values, horizon, code, targets)
    width = len(lags) + 1  # regressors and target
    anchor, forecasts = np.zeros(width), np.empty(len(values))
    rows = np.empty((len(values), 1 + width + width * (width + 1) // 2))
    sums = np.empty_like(rows)
    out = np.empty_like(values)
    for s in range(values.shape[1]):
        x = np.ascontiguousarray(means[:, s])
        _moments_of_rows(x, np.ascontiguousarray(targets[:, s]), anchor, rows)
        if expanding or window >= len(rows):
            np.cumsum(rows, axis=0, out=sums)
        else:
            rolling_sums(rows, window, sums)
            np.cumsum(rows[: window - 1], axis=0, out=sums[: window - 1])  # not full yet
        _forecast_column(x, sums, anchor, refit_every, least, horizon, code, forecasts)
        out[:, s] = forecasts
    return labels.like(out)


@njit
def _forecast_column(means, sums, anchor, refit_every, least, horizon, code, out):
    """Fill ``out`` with forecasts from a column's averages and its windows' sums."""
    periods, count = means.shape
    center = np.empty(count + 1)
    squares = np.empty((count, count))
    products = np.empty(count)
    slopes = np.empty(count)
    scale = np.empty(count)
    inverse = np.empty((count, count))
    fitted = False
    noise = math.nan
    waited = refit_every
    for t in range(periods):
        row = t - horizon  # the last whose target is known
        waited += 1
        if waited >= refit_every and row >= 0 and sums[row, 0] >= least:
            waited = 0
            noise = _solve(sums[row], center, squares, products, slopes, scale, inverse)
            fitted = noise == noise
        forecast = math.nan
        if fitted:
            forecast = anchor[count] + center[count]
            for k in range(count):
                forecast += slopes[k] * (means[t, k] - anchor[k] - center[k])
            if code == SQRT:
                forecast = forecast * forecast + noise
            elif code == LOG:
                forecast = math.exp(forecast + noise / 2.0)
        out[t] = forecast


@njit
def _moments_of_rows(means, targets, anchor, rows):
    """Fill rows of (1, regressors and target, their products) about an anchor; 0 if missing."""
    periods, moments = rows.shape
    width = anchor.size
    point = np.empty(width)
    anchored = False
    for t in range(periods):
        total = targets[t]
        for k in range(width - 1):
            point[k] = means[t, k]
            total += point[k]
        point[width - 1] = targets[t]
        if total - total != 0.0:  # NaN
            for m in range(moments):
                rows[t, m] = 0.0
            continue
        if not anchored:  # at the first row: a level costs no digits
            anchored = True
            for k in range(width):
                anchor[k] = point[k]
        rows[t, 0] = 1.0
        place = 1 + width
        for k in range(width):
            value = point[k] - anchor[k]
            rows[t, 1 + k] = value
            for j in range(k + 1):
                rows[t, place] = value * (point[j] - anchor[j])
                place += 1


@njit
def _solve(sums, center, squares, products, slopes, scale, inverse):
    """Fill center and slopes from a window's sums; return the residuals' variance or NaN."""
    count = products.size
    number = sums[0]
    for k in range(count + 1):
        center[k] = sums[1 + k] / number
    place = 2 + count
    for k in range(count):
        for j in range(k + 1):
            squares[k, j] = sums[place] - number * center[k] * center[j]
            place += 1
        if squares[k, k] <= ROUNDING * sums[place - 1]:  # rounding alone
            squares[k, k] = 0.0
    for j in range(count):
        products[j] = sums[place] - number * center[count] * center[j]
        place += 1
    left = sums[place] - number * center[count] * center[count]
    if not solve_centred(squares, products, slopes, scale, inverse):
        return math.nan
    for k in range(count):
        left -= slopes[k] * products[k]
    return max(left, 0.0) / (number - count - 1)
