"""Least squares with an intercept, and standard errors that stand autocorrelated residuals.

Regressors are centred and scaled first, so that variances of 1e-4 beside a constant of 1 cost
no digits.

References
----------
.. [1] Newey, West (1987), "A simple, positive semi-definite, heteroskedasticity and
   autocorrelation consistent covariance matrix", Econometrica 55(3).
.. [2] Parzen (1963), "On spectral analysis with missing observations and amplitude modulation":
   a missing row is a score of zero in its place.
"""

import math
from typing import NamedTuple

import numpy as np

from nanobook.jit import njit

__all__ = ["FITTED", "ROUNDING", "Regressions", "least_squares", "newey_west_lags"]
__all__ += ["regress_columns", "solve_centred"]

#: What came of a regression, by code.
REGRESSION_STATUS = ("fitted", "too few observations", "regressors are collinear")
FITTED, TOO_FEW, COLLINEAR = range(len(REGRESSION_STATUS))

#: A regressor of which less than this share is its own, not other regressors', can't be told.
OWN_SHARE = 1e-11

#: A regressor's deviation below this share of its mean is the rounding of a constant.
ROUNDING = 1e-13


class Regressions(NamedTuple):
    """What came of regressing N columns, each on a constant and K regressors."""

    params: np.ndarray  # (N, K + 1), the constant first
    covariance: np.ndarray  # (N, K + 1, K + 1)
    stats: np.ndarray  # (N, 3): observations, sum of squared residuals, total sum of squares
    status: np.ndarray  # (N,), places in REGRESSION_STATUS

    @property
    def std_err(self):
        """Standard errors, (N, K + 1)."""
        return np.sqrt(np.einsum("nkk->nk", self.covariance))

    @property
    def nobs(self):
        """Observations, (N,)."""
        return self.stats[:, 0].astype(np.int64)

    @property
    def r_squared(self):
        """The share of variance explained, (N,)."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return 1.0 - self.stats[:, 1] / self.stats[:, 2]

    @property
    def noise(self):
        """Sum of squared residuals over observations less parameters, (N,)."""
        spare = self.stats[:, 0] - self.params.shape[1]
        out = np.full(len(spare), np.nan)
        return np.divide(self.stats[:, 1], spare, out=out, where=spare > 0)

    @property
    def words(self):
        """What came of each, in words, (N,)."""
        return np.array([REGRESSION_STATUS[code] for code in self.status], dtype=object)


def newey_west_lags(periods):
    """Return how many autocovariances to count: ``4 (T / 100)^(2/9)``, rounded down.

    Parameters
    ----------
    periods : int
        Length of the sample.

    Returns
    -------
    int
        The rule of thumb of Newey and West (1994).
    """
    return int(4.0 * (periods / 100.0) ** (2.0 / 9.0))


def regress_columns(targets, regressors, lags):
    """Regress every column on its own regressors.

    Parameters
    ----------
    targets : ndarray of shape (T, N)
        What is explained.
    regressors : ndarray of shape (T, N, K)
        What explains it, beside a constant. Rows that hold a NaN are left out.
    lags : int
        Autocovariances that the standard errors count.

    Returns
    -------
    Regressions
        What came of them.
    """
    count, width = targets.shape[1], regressors.shape[2] + 1
    found = Regressions(
        np.full((count, width), np.nan),
        np.full((count, width, width), np.nan),
        np.full((count, 3), np.nan),
        np.empty(count, dtype=np.int64),
    )
    for s in range(count):
        y, x = (np.ascontiguousarray(table[:, s]) for table in (targets, regressors))
        found.status[s] = least_squares(
            y, x, lags, found.params[s], found.covariance[s], found.stats[s]
        )
    return found


@njit
def least_squares(y, x, lags, params, covariance, stats):
    """Regress ``y`` on a constant and the columns of ``x``; return a status code.

    Rows that hold a NaN are left out. Fills the parameters, the constant first, their Newey-West
    covariance, and (observations, sum of squared residuals, total sum of squares); what can't be
    told stays as it was.
    """
    periods, count = x.shape
    mean = np.zeros(count)
    mean_y = 0.0
    used = np.zeros(periods, dtype=np.bool_)
    number = 0
    for t in range(periods):
        total = y[t]
        for k in range(count):
            total += x[t, k]
        if total - total == 0.0:  # finite
            used[t] = True
            number += 1
            mean_y += y[t]
            for k in range(count):
                mean[k] += x[t, k]
    stats[0] = number
    if number <= count + 1:
        return TOO_FEW
    mean_y /= number
    for k in range(count):
        mean[k] /= number

    squares = np.zeros((count, count))
    products = np.zeros(count)
    total_squares = 0.0
    for t in range(periods):
        if not used[t]:
            continue
        dy = y[t] - mean_y
        total_squares += dy * dy
        for k in range(count):
            dx = x[t, k] - mean[k]
            products[k] += dx * dy
            for j in range(k + 1):
                squares[k, j] += dx * (x[t, j] - mean[j])
    for k in range(count):  # what rounding alone leaves of a constant
        if squares[k, k] <= number * (mean[k] * ROUNDING) ** 2:
            squares[k, k] = 0.0
    slopes = np.empty(count)
    scale = np.empty(count)
    inverse = np.empty((count, count))
    if not solve_centred(squares, products, slopes, scale, inverse):
        return COLLINEAR

    # The score of parameter 0 is the residual, those of the others residual times regressor.
    scores = np.zeros((periods, count + 1))
    residual_squares = 0.0
    for t in range(periods):
        if not used[t]:
            continue
        residual = y[t] - mean_y
        for k in range(count):
            residual -= slopes[k] * (x[t, k] - mean[k])
        residual_squares += residual * residual
        scores[t, 0] = residual
        for k in range(count):
            scores[t, k + 1] = residual * (x[t, k] - mean[k]) / scale[k]
    stats[1], stats[2] = residual_squares, total_squares

    params[0] = mean_y
    for k in range(count):
        params[k + 1] = slopes[k]
        params[0] -= slopes[k] * mean[k]
    meat = np.zeros((count + 1, count + 1))
    for lag in range(min(lags, periods - 1) + 1):
        weight = 1.0 - lag / (lags + 1.0)
        for t in range(lag, periods):
            for i in range(count + 1):
                now = weight * scores[t, i]
                for j in range(count + 1):
                    meat[i, j] += now * scores[t - lag, j]
                    if lag > 0:
                        meat[j, i] += now * scores[t - lag, j]

    # Parameters are `turn` times those of the centred and scaled regressors.
    turn = np.zeros((count + 1, count + 1))
    turn[0, 0] = 1.0 / number
    for i in range(count):
        for j in range(count):
            turn[i + 1, j + 1] = inverse[i, j] / scale[i]
            turn[0, j + 1] -= mean[i] * turn[i + 1, j + 1]
    for i in range(count + 1):
        for j in range(count + 1):
            total = 0.0
            for k in range(count + 1):
                for m in range(count + 1):
                    total += turn[i, k] * meat[k, m] * turn[j, m]
            covariance[i, j] = total
    return FITTED


@njit
def solve_centred(squares, products, slopes, scale, inverse):
    """Solve for slopes from sums of centred squares and products; False if collinear.

    Only the lower triangle of ``squares`` is read. Fills also the roots of its diagonal and the
    inverse of the matrix scaled by them.
    """
    count = products.size
    lower = np.zeros((count, count))
    for k in range(count):
        if not 0.0 < squares[k, k] < math.inf:
            return False
        scale[k] = math.sqrt(squares[k, k])
    for i in range(count):
        for j in range(i + 1):
            rest = squares[i, j] / (scale[i] * scale[j])
            for k in range(j):
                rest -= lower[i, k] * lower[j, k]
            if i > j:
                lower[i, j] = rest / lower[j, j]
            elif rest > OWN_SHARE:
                lower[i, i] = math.sqrt(rest)
            else:
                return False
    for column in range(count):  # of the identity, by substitution forwards and backwards
        for i in range(count):
            rest = 1.0 if i == column else 0.0
            for k in range(i):
                rest -= lower[i, k] * inverse[k, column]
            inverse[i, column] = rest / lower[i, i]
        for i in range(count - 1, -1, -1):
            rest = inverse[i, column]
            for k in range(i + 1, count):
                rest -= lower[k, i] * inverse[k, column]
            inverse[i, column] = rest / lower[i, i]
    for i in range(count):
        total = 0.0
        for j in range(count):
            total += inverse[i, j] * products[j] / scale[j]
        slopes[i] = total / scale[i]
    return True
