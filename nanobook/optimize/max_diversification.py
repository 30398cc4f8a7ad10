"""The portfolio whose risk is the smallest part of its assets' risks."""

import numpy as np

from nanobook.jit import njit
from nanobook.optimize.certificate import FIELDS, NO_EXCESS, STATUS, UNBOUNDED
from nanobook.optimize.inputs import also_named, read_bounds, read_problem
from nanobook.optimize.tangency import tangency_weights

__all__ = ["max_diversification_weights", "optimize_max_diversification"]


@also_named(returns_matrix="returns")
def optimize_max_diversification(
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
    """Return the weights of the largest diversification ratio.

    They maximise ``s'w / sqrt(w'Cw)``, where ``s`` are the assets' standard deviations, add up
    to 1 and keep to their bounds. An asset that never moves gets no weight beyond its bound.

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
        If the solve failed; where no asset moves, or a portfolio of assets that do has no risk,
        the ratio has no bound.

    References
    ----------
    .. [1] Choueifaty, Coignard (2008), "Toward maximum diversification", Journal of Portfolio
       Management 35.
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
    deviations = np.sqrt(np.diag(problem.covariance))
    tangency_weights(problem.covariance, deviations, lower, upper, side, weights, numbers)
    if numbers[STATUS] == NO_EXCESS:  # there's no ratio: nothing moves
        numbers[STATUS] = UNBOUNDED
    return problem.answer("max_diversification", weights, numbers, certificate)


@njit
def max_diversification_weights(covariance, lower, upper, side, weights, numbers):
    """Fill the weights of the largest diversification ratio, and the vector of `certificate`.

    ``side`` says where each weight is thought to stand, as `solve_budget` has it (all -1 for no
    idea), and is filled with where it does. Weights of a failed solve are NaN.
    """
    deviations = np.empty(weights.size)
    for i in range(weights.size):
        deviations[i] = np.sqrt(covariance[i, i])
    tangency_weights(covariance, deviations, lower, upper, side, weights, numbers)
    if numbers[STATUS] == NO_EXCESS:
        numbers[STATUS] = UNBOUNDED
