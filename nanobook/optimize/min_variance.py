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
