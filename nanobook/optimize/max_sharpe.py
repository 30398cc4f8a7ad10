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
