"""The portfolio of the least variance."""

import numpy as np

from nanobook.jit import njit
from nanobook.optimize.certificate import CONDITION, FIELDS, GAP, OBJECTIVE, OPTIMAL, STATUS
from nanobook.optimize.inputs import also_named, read_bounds, read_problem
from nanobook.optimize.quadratic import SUM_ONE, held_condition, solve, variance_of

__all__ = ["min_variance_weights", "optimize_min_variance"]


@also_named(returns_matrix="returns")
def optimize_min_variance(
    returns,
    symbols=None,
    *,
    covariance="sample",
    half_life=None,
    shrinkage=None,
    missing="raise",
    lower=0.0,
    upper=1.0,
    certificate=False,
):
    """Return the weights whose portfolio varies least.

    They minimise ``w'Cw``, add up to 1 and keep to their bounds: a true optimum, within rounding.
    Where several portfolios are equally good (of two assets that are the same, say), one is given.

    Parameters
    ----------
    returns : DataFrame or array_like of shape (T, N), or None
        Returns per period; None where `covariance` is given as a matrix.
    symbols : sequence of str, optional
        Names for a dict of weights.
    covariance : str, array_like of shape (N, N) or object, default "sample"
        How `estimate_covariance` is to estimate it, the matrix, or what has one.
    half_life : float, optional
        Of weights that fall with age, in periods, for the estimators that have them.
    shrinkage : float, optional
        A fixed intensity in place of an estimated one.
    missing : {"raise", "complete", "pairwise"}, default "raise"
        What NaNs do; see `estimate_covariance`.
    lower : float, array_like of shape (N,), Series or mapping, default 0.0
        Least weights.
    upper : float, array_like of shape (N,), Series or mapping, default 1.0
        Largest weights.
    certificate : bool, default False
        Whether to return an `Optimum`, which proves itself.

    Returns
    -------
    ndarray, Series, list, dict or Optimum
        Weights in the shape of `returns`: a Series for a frame, a dict with `symbols`.

    Raises
    ------
    ArgumentTypeError
        If something can't be read as numbers.
    ValidationError
        If shapes don't agree, a value isn't finite, or no weights keep to the bounds.
    ConvergenceError
        If the solve failed.

    References
    ----------
    .. [1] Markowitz (1952), "Portfolio selection", Journal of Finance 7.

    Examples
    --------
    >>> optimize_min_variance([[0.01, 0.02], [-0.01, 0.02], [0.01, -0.02], [-0.01, -0.02]])
    [0.8, 0.2]
    """
    problem = read_problem(
        returns,
        symbols,
        covariance=covariance,
        half_life=half_life,
        shrinkage=shrinkage,
        missing=missing,
    )
    lower, upper = read_bounds(problem.labels, lower, upper)
    weights, numbers = np.empty(lower.size), np.full(FIELDS, np.nan)
    side = np.full(lower.size, -1, dtype=np.int8)
    min_variance_weights(problem.covariance, lower, upper, side, weights, numbers)
    return problem.answer("min_variance", weights, numbers, certificate)


@njit
def min_variance_weights(covariance, lower, upper, side, weights, numbers):
    """Fill the weights of the least variance, and the vector of `certificate`.

    ``side`` says where each weight is thought to stand, as `solve_budget` has it (all -1 for no
    idea), and is filled with where it does. Weights of a failed solve are NaN.
    """
    size = weights.size
    linear = np.zeros(size)
    status = solve(covariance, linear, lower, upper, SUM_ONE, weights, side, numbers)
    numbers[STATUS], numbers[GAP] = status, np.nan
    numbers[OBJECTIVE], numbers[CONDITION] = np.nan, np.nan
    if status == OPTIMAL:
        numbers[OBJECTIVE] = variance_of(covariance, weights)
        numbers[CONDITION] = held_condition(covariance, weights)
    else:
        for i in range(size):
            weights[i] = np.nan
