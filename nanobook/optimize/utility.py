"""The portfolio that a given dislike of variance prefers."""

import numpy as np

from nanobook.errors import ArgumentTypeError, ValidationError
from nanobook.jit import njit
from nanobook.optimize.certificate import CONDITION, FIELDS, GAP, OBJECTIVE, OPTIMAL, STATUS
from nanobook.optimize.inputs import also_named, read_bounds, read_problem
from nanobook.optimize.quadratic import SUM_ONE, held_condition, solve, variance_of

__all__ = ["optimize_utility", "utility_weights"]


@also_named(returns_matrix="returns")
def optimize_utility(
    returns,
    symbols=None,
    risk_aversion=1.0,
    *,
    covariance="sample",
    mean="historical",
    half_life=None,
    shrinkage=None,
    missing="raise",
    lower=0.0,
    upper=1.0,
    certificate=False,
):
    """Return the weights of the largest quadratic utility.

    They maximise ``mean'w - risk_aversion / 2 w'Cw``, add up to 1 and keep to their bounds.

    Parameters
    ----------
    returns : DataFrame or array_like of shape (T, N), or None
        Returns per period; None where both moments are given.
    symbols : sequence of str, optional
        Names for a dict of weights.
    risk_aversion : float, default 1.0
        At least 0; at 0 the return alone counts. It has the unit of 1 over a return, so that
        it's the same for daily and for annual moments.
    covariance : str, array_like of shape (N, N) or object, default "sample"
        How `estimate_covariance` is to estimate it, the matrix, or what has one.
    mean : str, array_like of shape (N,), Series or mapping, default "historical"
        How `estimate_mean` is to estimate it, or expected returns per period.
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
        If shapes don't agree, a value isn't finite, `risk_aversion` is negative, or no weights
        keep to the bounds.
    ConvergenceError
        If the solve failed.

    References
    ----------
    .. [1] Markowitz (1952), "Portfolio selection", Journal of Finance 7.
    """
    risk_aversion = _read_aversion(risk_aversion)
    problem = read_problem(
        returns,
        symbols,
        covariance=covariance,
        mean=mean,
        half_life=half_life,
        shrinkage=shrinkage,
        missing=missing,
        needs=("covariance", "mean"),
    )
    lower, upper = read_bounds(problem.labels, lower, upper)
    weights, numbers = np.empty(lower.size), np.full(FIELDS, np.nan)
    side = np.full(lower.size, -1, dtype=np.int8)
    utility_weights(
        *(problem.covariance, problem.mean, risk_aversion),
        *(lower, upper, side, weights, numbers),
    )
    return problem.answer("utility", weights, numbers, certificate)


@njit
def utility_weights(covariance, mean, risk_aversion, lower, upper, side, weights, numbers):
    """Fill the weights of the largest utility, and the vector of `certificate`.

    ``side`` says where each weight is thought to stand, as `solve_budget` has it (all -1 for no
    idea), and is filled with where it does. Weights of a failed solve are NaN.
    """
    size = weights.size
    linear = mean.copy()
    matrix = covariance
    if risk_aversion > 0.0:
        for i in range(size):
            linear[i] /= risk_aversion
    else:
        matrix = np.zeros((size, size))
    status = solve(matrix, linear, lower, upper, SUM_ONE, weights, side, numbers)
    numbers[STATUS], numbers[GAP] = status, np.nan
    numbers[OBJECTIVE], numbers[CONDITION] = np.nan, np.nan
    if status == OPTIMAL:
        earned = 0.0
        for i in range(size):
            earned += mean[i] * weights[i]
        numbers[OBJECTIVE] = earned - risk_aversion / 2.0 * variance_of(covariance, weights)
        numbers[CONDITION] = held_condition(covariance, weights)
    else:
        for i in range(size):
            weights[i] = np.nan


def _read_aversion(risk_aversion):
    try:
        value = float(risk_aversion)
    except (TypeError, ValueError):
        raise ArgumentTypeError(f"risk_aversion must be a number, got {risk_aversion!r}") from None
    if not 0.0 <= value < np.inf:
        raise ValidationError(f"risk_aversion must be finite and at least 0, got {value}")
    return value
