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
