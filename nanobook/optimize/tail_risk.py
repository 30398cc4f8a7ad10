"""Weights of least tail risk: CVaR, conditional drawdown, and CVaR against expected return."""

import math

import numpy as np

from nanobook.errors import RangeError, ValidationError
from nanobook.optimize.cdar_programme import cdar_weights
from nanobook.optimize.certificate import FIELDS, OBJECTIVE
from nanobook.optimize.cvar_programme import cvar_weights
from nanobook.optimize.inputs import read_bounds, read_problem
from nanobook.panel.arrays import as_float

__all__ = ["optimize_cdar", "optimize_cvar", "optimize_mean_cvar", "read_level"]


def optimize_cvar(
    returns,
    symbols=None,
    alpha=0.95,
    *,
    missing="raise",
    lower=0.0,
    upper=1.0,
    certificate=False,
):
    """Return the weights whose mean loss over the worst periods is least.

    CVaR is the mean loss over the worst ``(1 - alpha) T`` of T periods, of which the last counts
    by its fraction where that isn't whole [1]_. Where several weights are best, one is returned.

    Parameters
    ----------
    returns : DataFrame or array_like of shape (T, N)
        Returns per period.
    symbols : sequence of str, optional
        Names for a dict of weights.
    alpha : float, default 0.95
        Level of the tail, between 0 and 1; so close to 1 that less than one period is left, the
        largest loss is minimised.
    missing : {"raise", "complete"}, default "raise"
        Whether a NaN is refused or its row left out.
    lower, upper : float, array_like of shape (N,), Series or mapping
        Bounds on each weight.
    certificate : bool, default False
        Whether to return an `Optimum`; its objective is the CVaR, a loss being positive, and its
        duality gap proves it.

    Returns
    -------
    ndarray, list, Series, dict or Optimum
        Weights that add up to 1, dressed as the returns were, a dict with `symbols`.

    Raises
    ------
    ArgumentTypeError
        If something can't be read as numbers.
    ValidationError
        If shapes don't agree, a value isn't finite, rows are too few or bounds leave no weights;
        its child RangeError if `alpha` isn't between 0 and 1.
    ConvergenceError
        If the gap couldn't be closed.

    References
    ----------
    .. [1] Rockafellar, Uryasev (2000), "Optimization of conditional value-at-risk"; (2002),
       "Conditional value-at-risk for general loss distributions".
    """
    return _least("cvar", cvar_weights, returns, symbols, alpha, missing, lower, upper, certificate)


def optimize_cdar(
    returns,
    symbols=None,
    alpha=0.95,
    *,
    missing="raise",
    lower=0.0,
    upper=1.0,
    certificate=False,
):
    """Return the weights whose mean drawdown over the worst periods is least.

    A drawdown is how far the sum of returns so far, uncompounded, lies below its highest value,
    which starts at 0 before the first return; CDaR is the mean over the worst ``(1 - alpha) T``
    of T periods [1]_. Close to 0 `alpha` gives the average drawdown, close to 1 the largest.

    Parameters
    ----------
    returns : DataFrame or array_like of shape (T, N)
        Returns per period, in the order of time.
    symbols : sequence of str, optional
        Names for a dict of weights.
    alpha : float, default 0.95
        Level of the tail, between 0 and 1.
    missing : {"raise", "complete"}, default "raise"
        Whether a NaN is refused or its row left out.
    lower, upper : float, array_like of shape (N,), Series or mapping
        Bounds on each weight.
    certificate : bool, default False
        Whether to return an `Optimum`; its objective is the CDaR, and its duality gap proves it.

    Returns
    -------
    ndarray, list, Series, dict or Optimum
        Weights that add up to 1, dressed as the returns were, a dict with `symbols`.

    Raises
    ------
    ArgumentTypeError
        If something can't be read as numbers.
    ValidationError
        If shapes don't agree, a value isn't finite, rows are too few or bounds leave no weights;
        its child RangeError if `alpha` isn't between 0 and 1.
    ConvergenceError
        If the gap couldn't be closed.

    References
    ----------
    .. [1] Chekhlov, Uryasev, Zabarankin (2005), "Drawdown measure in portfolio optimization".
    """
    return _least("cdar", cdar_weights, returns, symbols, alpha, missing, lower, upper, certificate)


def optimize_mean_cvar(
    returns,
    symbols=None,
    alpha=0.95,
    *,
    risk_aversion=1.0,
    mean="historical",
    half_life=None,
    missing="raise",
    lower=0.0,
    upper=1.0,
    certificate=False,
):
    """Return the weights of most expected return less `risk_aversion` times CVaR.

    Parameters
    ----------
    returns : DataFrame or array_like of shape (T, N)
        Returns per period.
    symbols : sequence of str, optional
        Names for a dict of weights.
    alpha : float, default 0.95
        Level of the tail, between 0 and 1; see `optimize_cvar`.
    risk_aversion : float, default 1.0
        What a unit of CVaR costs in units of expected return; positive.
    mean : str, array_like of shape (N,) or Series, default "historical"
        A name that `estimate_mean` knows, or expected returns per period.
    half_life : float, optional
        Of weights that fall with age, in periods, for means that have them.
    missing : {"raise", "complete"}, default "raise"
        Whether a NaN is refused or its row left out.
    lower, upper : float, array_like of shape (N,), Series or mapping
        Bounds on each weight.
    certificate : bool, default False
        Whether to return an `Optimum`; its objective is ``mean'w - risk_aversion CVaR``.

    Returns
    -------
    ndarray, list, Series, dict or Optimum
        Weights that add up to 1, dressed as the returns were, a dict with `symbols`.

    Raises
    ------
    ArgumentTypeError
        If something can't be read as numbers.
    ValidationError
        If shapes don't agree, a value isn't finite, rows are too few or bounds leave no weights;
        its child RangeError if `alpha` or `risk_aversion` is out of range.
    ConvergenceError
        If the gap couldn't be closed.

    References
    ----------
    .. [1] Rockafellar, Uryasev (2000), "Optimization of conditional value-at-risk".
    """
    alpha = read_level(alpha)
    risk_aversion = as_float("risk_aversion", risk_aversion)
    if risk_aversion <= 0.0:
        raise RangeError(f"risk_aversion must be positive, got {risk_aversion}")
    _refuse_pairs(missing)
    problem = read_problem(
        returns,
        symbols,
        mean=mean,
        half_life=half_life,
        missing=missing,
        needs=("returns", "mean"),
    )
    lower, upper = read_bounds(problem.labels, lower, upper)
    weights, numbers = np.empty(problem.labels.count), np.full(FIELDS, math.nan)
    linear = np.ascontiguousarray(problem.mean) / risk_aversion
    cvar_weights(problem.returns, linear, alpha, lower, upper, weights, numbers)
    numbers[OBJECTIVE] *= -risk_aversion
    return problem.answer("mean_cvar", weights, numbers, certificate)


def _least(method, kernel, returns, symbols, alpha, missing, lower, upper, certificate):
    alpha = read_level(alpha)
    _refuse_pairs(missing)
    problem = read_problem(returns, symbols, missing=missing, needs=("returns",))
    lower, upper = read_bounds(problem.labels, lower, upper)
    count = problem.labels.count
    weights, numbers = np.empty(count), np.full(FIELDS, math.nan)
    kernel(problem.returns, np.zeros(count), alpha, lower, upper, weights, numbers)
    return problem.answer(method, weights, numbers, certificate)


def read_level(alpha):
    """Return the level of a tail as a float, or raise.

    Parameters
    ----------
    alpha : float
        Between 0 and 1.

    Returns
    -------
    float
        The level.

    Raises
    ------
    ArgumentTypeError
        If `alpha` isn't a number.
    RangeError
        If it isn't between 0 and 1.
    """
    alpha = as_float("alpha", alpha)
    if not 0.0 < alpha < 1.0:
        raise RangeError(f"alpha must lie between 0 and 1, got {alpha}")
    return alpha


def _refuse_pairs(missing):
    if missing == "pairwise":
        raise ValidationError(
            "missing must be 'raise' or 'complete' here, got 'pairwise': a tail needs whole rows"
        )
