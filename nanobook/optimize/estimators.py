"""The covariance estimators by number, so that one kernel call serves them all.

A loop over dates or parameters calls `fill_covariance`; the public function calls its two halves.
"""

import math

import numpy as np

from nanobook.errors import ValidationError
from nanobook.jit import njit
from nanobook.optimize.denoise import denoise
from nanobook.optimize.factor import fill_market, shrink_to_single_factor
from nanobook.optimize.nonlinear import shrink_nonlinear
from nanobook.optimize.sample_covariance import (
    divisor,
    fill_ages,
    fill_mean_of_rows,
    fill_products,
)
from nanobook.optimize.shrinkage import (
    shrink_to_constant_correlation,
    shrink_to_identity_ledoit_wolf,
    shrink_to_identity_oas,
)

__all__ = ["CALL_LAPACK", "COVARIANCES", "covariance_code", "fill_covariance", "fill_sample"]

SAMPLE = 0
EWMA = 1
LEDOIT_WOLF = 2
CONSTANT_CORRELATION = 3
OAS = 4
NONLINEAR = 5
DENOISED = 6
SINGLE_FACTOR = 7
LEDOIT_WOLF_SINGLE_FACTOR = 8

#: The estimators' names, in the order of their numbers.
COVARIANCES = (
    "sample",
    "ewma",
    "ledoit_wolf",
    "constant_correlation",
    "oas",
    "nonlinear",
    "denoised",
    "single_factor",
    "ledoit_wolf_single_factor",
)

#: Those whose kernels must run under `one_blas_thread`.
CALL_LAPACK = ("nonlinear", "denoised")


def covariance_code(method):
    """Return the number of an estimator.

    Parameters
    ----------
    method : str
        One of `COVARIANCES`.

    Returns
    -------
    int64
        What kernels take.

    Raises
    ------
    ValidationError
        If there's no such estimator.
    """
    if not isinstance(method, str) or method not in COVARIANCES:
        raise ValidationError(
            f"covariance's method must be one of {', '.join(map(repr, COVARIANCES))}, "
            f"got {method!r}"
        )
    return np.int64(COVARIANCES.index(method))


@njit
def fill_sample(method, returns, half_life, weights, mean, out):
    """Fill the rows' weights, the means and the covariance that a method begins with.

    Sums of products are divided by T for linear shrinkage, as its papers do, otherwise by what
    takes out the bias.
    """
    if method == EWMA:
        fill_ages(half_life, weights)
    else:
        weights[:] = 1.0
    fill_mean_of_rows(returns, weights, mean)
    fill_products(returns, weights, mean, out)
    linear = LEDOIT_WOLF <= method <= OAS or method == LEDOIT_WOLF_SINGLE_FACTOR
    count = float(weights.size) if linear else divisor(weights)
    for i in range(out.shape[0]):
        for j in range(out.shape[1]):
            out[i, j] /= count


@njit
def fill_covariance(method, returns, half_life, shrinkage, mean, out):
    """Fill the means and the covariance of finite returns of shape (T, N) by a method's number.

    A half-life is read by EWMA alone; a shrinkage that's NaN is estimated. The means are those that
    deviations are taken from: weighted by age for EWMA. Returns the shrinkage, 0 where there's none
    and NaN where it isn't one number. With fewer than two rows ``out`` is all NaN. Nonlinear and
    denoised ones call LAPACK: hold `one_blas_thread` around what calls this for them.
    """
    periods = returns.shape[0]
    if periods < 2:
        mean[:] = math.nan
        out[:] = math.nan
        return math.nan
    weights = np.empty(periods)
    fill_sample(method, returns, half_life, weights, mean, out)
    if method == LEDOIT_WOLF:
        return shrink_to_identity_ledoit_wolf(returns, mean, shrinkage, out)
    if method == CONSTANT_CORRELATION:
        return shrink_to_constant_correlation(returns, mean, shrinkage, out)
    if method == OAS:
        return shrink_to_identity_oas(returns, shrinkage, out)
    if method == NONLINEAR:
        shrink_nonlinear(periods - 1, out)
        return math.nan
    if method == DENOISED:
        denoise(periods, shrinkage, out)
        return shrinkage
    if method == SINGLE_FACTOR or method == LEDOIT_WOLF_SINGLE_FACTOR:
        fill_market(returns, weights)
        return shrink_to_single_factor(
            returns, weights, mean, method == SINGLE_FACTOR, shrinkage, out
        )
    return 0.0
