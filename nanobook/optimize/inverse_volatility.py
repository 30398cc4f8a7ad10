"""Weights that ask for no solver: inverse to volatility."""

import math

import numpy as np

from nanobook.jit import njit
from nanobook.optimize.certificate import (
    COMPUTED,
    FIELDS,
    ITERATIONS,
    NOT_FINITE,
    OBJECTIVE,
    STATUS,
    UNBOUNDED,
)
from nanobook.optimize.inputs import also_named, read_problem
from nanobook.optimize.variances import check_variances, least_variance, variance_of

__all__ = ["fill_inverse_volatility", "inverse_volatility_weights"]


@also_named(returns_matrix="returns")
def inverse_volatility_weights(
    returns,
    symbols=None,
    *,
    covariance="sample",
    half_life=None,
    shrinkage=None,
    missing="raise",
    certificate=False,
):
    """Return weights inverse to the assets' volatilities: risk parity as if all were alike.

    Parameters
    ----------
    returns : DataFrame or array_like of shape (T, N), or None
        Returns per period; None if `covariance` is a matrix.
    symbols : sequence of str, optional
        Names for a dict of weights.
    covariance : str, array_like of shape (N, N) or object, default "sample"
        What `estimate_covariance` calls a method, a matrix, or what has `covariance_forecast`;
        only its diagonal counts.
    half_life : float, optional
        In periods, for ``covariance="ewma"``.
    shrinkage : float, optional
        A fixed intensity in place of an estimated one.
    missing : {"raise", "complete", "pairwise"}, default "raise"
        What NaNs do; see `estimate_covariance`.
    certificate : bool, default False
        Whether to return an `Optimum`; its status is "computed", and its objective the variance.

    Returns
    -------
    ndarray, list, Series, dict or Optimum
        Weights that add up to 1, dressed as `returns` is.

    Raises
    ------
    ArgumentTypeError
        If something can't be read as numbers.
    ValidationError
        If an input isn't finite, sizes don't agree, a name isn't known or an asset doesn't vary.

    Examples
    --------
    >>> covariance = [[0.09, 0.0], [0.0, 0.01]]
    >>> inverse_volatility_weights(None, ["A", "B"], covariance=covariance)
    {'A': 0.25, 'B': 0.75}
    """
    problem = read_problem(
        returns,
        symbols,
        covariance=covariance,
        half_life=half_life,
        shrinkage=shrinkage,
        missing=missing,
    )
    check_variances(problem)
    weights, numbers = np.empty(problem.labels.count), np.full(FIELDS, np.nan)
    fill_inverse_volatility(problem.covariance, weights, numbers)
    return problem.answer("inverse_volatility", weights, numbers, certificate)


@njit
def fill_inverse_volatility(covariance, weights, numbers):
    """Fill weights inverse to volatility; NaN after a failure, UNBOUNDED without variance."""
    n = weights.size
    numbers[:] = np.nan
    numbers[ITERATIONS], numbers[STATUS] = 0.0, COMPUTED
    floor, total = least_variance(covariance), 0.0
    for i in range(n):
        variance = covariance[i, i]
        if not (variance > floor and variance < np.inf):
            numbers[STATUS] = UNBOUNDED if variance <= floor else NOT_FINITE
            weights[:] = np.nan
            return
        weights[i] = 1.0 / math.sqrt(variance)
        total += weights[i]
    for i in range(n):
        weights[i] /= total
    numbers[OBJECTIVE] = variance_of(covariance, weights)
