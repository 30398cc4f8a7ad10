"""The portfolio of the largest Sharpe ratio."""

import numpy as np

from nanobook.errors import ArgumentTypeError, ValidationError
from nanobook.jit import njit
from nanobook.optimize.certificate import FIELDS, NO_EXCESS, STATUS
from nanobook.optimize.inputs import also_named, read_bounds, read_problem
from nanobook.optimize.tangency import best_gain, tangency_weights

__all__ = ["max_sharpe_weights", "optimize_max_sharpe"]


@also_named(returns_matrix="returns", risk_free_rate="risk_free")
def optimize_max_sharpe(
    returns,
    symbols=None,
    risk_free=0.0,
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
    """Return the weights of the largest Sharpe ratio.

    They maximise ``(mean'w - risk_free) / sqrt(w'Cw)``, per period, add up to 1 and keep to
    their bounds. Where no portfolio within the bounds earns more than `risk_free` there's no
    such ratio to maximise, and nothing else is put in its place.

    Parameters
    ----------
    returns : DataFrame or array_like of shape (T, N), or None
        Returns per period; None where both moments are given.
    symbols : sequence of str, optional
        Names for a dict of weights.
    risk_free : float, default 0.0
        The risk-free return per period; also called `risk_free_rate`.
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
        If shapes don't agree, a value isn't finite, no weights keep to the bounds, or none earn
        more than `risk_free` (with `certificate` the status says so instead).
    ConvergenceError
        If the solve failed; of a portfolio without risk that earns more, the ratio has no bound.

    References
    ----------
    .. [1] Sharpe (1966), "Mutual fund performance", Journal of Business 39.
    .. [2] Cornuejols, Tutuncu (2006), "Optimization methods in finance", section 8.2: the
       programme of non-negative weights that has the same optimum.
    """
    try:
        risk_free = float(risk_free)
    except (TypeError, ValueError):
        raise ArgumentTypeError(f"risk_free must be a number, got {risk_free!r}") from None
    if not np.isfinite(risk_free):
        raise ValidationError(f"risk_free must be finite, got {risk_free}")
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
    excess = problem.mean - risk_free
    tangency_weights(problem.covariance, excess, lower, upper, side, weights, numbers)
    if numbers[STATUS] == NO_EXCESS and not certificate:
        best = best_gain(problem.mean, lower, upper)
        raise ValidationError(
            f"risk_free must be below the best mean within the bounds, {best}, got {risk_free}"
        )
    return problem.answer("max_sharpe", weights, numbers, certificate)


@njit
def max_sharpe_weights(covariance, mean, risk_free, lower, upper, side, weights, numbers):
    """Fill the weights of the largest Sharpe ratio, and the vector of `certificate`.

    ``side`` says where each weight is thought to stand, as `solve_budget` has it (all -1 for no
    idea), and is filled with where it does. Weights of a failed solve are NaN.
    """
    excess = np.empty(mean.size)
    for i in range(mean.size):
        excess[i] = mean[i] - risk_free
    tangency_weights(covariance, excess, lower, upper, side, weights, numbers)
