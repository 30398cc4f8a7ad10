"""The optimizers and estimators as pointers of one signature, so that one kernel serves them all.

A kernel that called them by name would hold the compiled code of all of them; through a pointer
only what is asked for is compiled, and once.
"""

from functools import cache

import numba
import numpy as np

from nanobook.jit import function_pointer
from nanobook.optimize.candidates import (
    AVERSION,
    CLUSTERS,
    COVARIANCE,
    DISTANCE,
    HALF_LIFE,
    LINKAGE,
    MEAN,
    RISK_FREE,
    SHRINKAGE,
    VARIANT,
)
from nanobook.optimize.certificate import CONDITION
from nanobook.optimize.equal import fill_equal
from nanobook.optimize.estimators import fill_covariance
from nanobook.optimize.herc import herc_weights
from nanobook.optimize.hrp import hrp_weights
from nanobook.optimize.inverse_volatility import fill_inverse_volatility
from nanobook.optimize.max_diversification import max_diversification_weights
from nanobook.optimize.max_sharpe import max_sharpe_weights
from nanobook.optimize.min_variance import min_variance_weights
from nanobook.optimize.moments import fill_mean
from nanobook.optimize.nco import nco_weights
from nanobook.optimize.quadratic import held_condition
from nanobook.optimize.risk_parity import risk_parity_weights
from nanobook.optimize.utility import utility_weights

__all__ = ["estimator_pointer", "method_pointer"]

_VECTOR, _MATRIX = numba.types.float64[::1], numba.types.float64[:, ::1]

#: A candidate's settings, covariance, mean, lower and upper bounds, budgets, sides and weights
#: (the solution of the date before, or no idea, and then this one's), the certificate's figures.
_METHOD = numba.types.void(
    _VECTOR, _MATRIX, _VECTOR, _VECTOR, _VECTOR, _VECTOR, numba.types.int8[::1], _VECTOR, _VECTOR
)

#: A candidate's settings, rows of returns; mean and covariance to fill.
_ESTIMATOR = numba.types.void(_VECTOR, _MATRIX, _VECTOR, _MATRIX)


@cache
def method_pointer(name):
    """Return what a kernel calls to solve for a method's weights.

    Parameters
    ----------
    name : str
        The method.

    Returns
    -------
    callable
        Compiled now, or from the cache.
    """
    return function_pointer(_METHODS[name], _METHOD, cached=True)


@cache
def estimator_pointer(runs):
    """Return what a kernel calls to estimate moments.

    Parameters
    ----------
    runs : bool
        Whether the kernel keeps moments itself, and has no use for an estimator.

    Returns
    -------
    callable
        Compiled now, or from the cache.
    """
    return function_pointer(_nothing if runs else _estimate, _ESTIMATOR, cached=True)


def _min_variance(row, covariance, mean, lower, upper, budgets, side, weights, numbers):
    min_variance_weights(covariance, lower, upper, side, weights, numbers)


def _max_sharpe(row, covariance, mean, lower, upper, budgets, side, weights, numbers):
    max_sharpe_weights(covariance, mean, row[RISK_FREE], lower, upper, side, weights, numbers)


def _utility(row, covariance, mean, lower, upper, budgets, side, weights, numbers):
    utility_weights(covariance, mean, row[AVERSION], lower, upper, side, weights, numbers)


def _max_diversification(row, covariance, mean, lower, upper, budgets, side, weights, numbers):
    max_diversification_weights(covariance, lower, upper, side, weights, numbers)


def _risk_parity(row, covariance, mean, lower, upper, budgets, side, weights, numbers):
    risk_parity_weights(covariance, budgets, weights, numbers)
    numbers[CONDITION] = held_condition(covariance, weights)


def _inverse_volatility(row, covariance, mean, lower, upper, budgets, side, weights, numbers):
    fill_inverse_volatility(covariance, weights, numbers)


def _equal(row, covariance, mean, lower, upper, budgets, side, weights, numbers):
    fill_equal(covariance, weights, numbers)


def _hrp(row, covariance, mean, lower, upper, budgets, side, weights, numbers):
    distance, linkage = np.int64(row[DISTANCE]), np.int64(row[LINKAGE])
    hrp_weights(covariance, distance, linkage, weights, numbers)


def _herc(row, covariance, mean, lower, upper, budgets, side, weights, numbers):
    distance, linkage = np.int64(row[DISTANCE]), np.int64(row[LINKAGE])
    clusters, risk = min(np.int64(row[CLUSTERS]), weights.size), np.int64(row[VARIANT])
    herc_weights(covariance, distance, linkage, clusters, risk, weights, numbers)


def _nco(row, covariance, mean, lower, upper, budgets, side, weights, numbers):
    distance, linkage = np.int64(row[DISTANCE]), np.int64(row[LINKAGE])
    clusters, goal = min(np.int64(row[CLUSTERS]), weights.size), np.int64(row[VARIANT])
    excess = np.empty(weights.size)
    for i in range(weights.size):
        excess[i] = mean[i] - row[RISK_FREE]
    nco_weights(covariance, excess, distance, linkage, clusters, goal, weights, numbers)


_METHODS = {
    "min_variance": _min_variance,
    "max_sharpe": _max_sharpe,
    "utility": _utility,
    "max_diversification": _max_diversification,
    "risk_parity": _risk_parity,
    "inverse_volatility": _inverse_volatility,
    "equal": _equal,
    "hrp": _hrp,
    "herc": _herc,
    "nco": _nco,
}


def _estimate(row, returns, mean, covariance):
    fill_covariance(
        np.int64(row[COVARIANCE]), returns, row[HALF_LIFE], row[SHRINKAGE], mean, covariance
    )
    fill_mean(np.int64(row[MEAN]), returns, row[HALF_LIFE], np.empty((0, 0)), mean)


def _nothing(row, returns, mean, covariance):
    pass
