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
