"""The weights that every other has to beat: equal ones."""

import numpy as np

from nanobook.jit import njit
from nanobook.optimize.certificate import COMPUTED, FIELDS, ITERATIONS, OBJECTIVE, STATUS
from nanobook.optimize.inputs import also_named, read_problem
from nanobook.optimize.variances import variance_of

__all__ = ["equal_weights", "fill_equal"]


@also_named(returns_matrix="returns")
def equal_weights(
    returns,
    symbols=None,
    *,
    covariance="sample",
    half_life=None,
    shrinkage=None,
    missing="raise",
    certificate=False,
):
    """Return the same weight for each asset.

    Parameters
    ----------
    returns : DataFrame or array_like of shape (T, N), or None
        Returns per period; None if `covariance` is a matrix.
    symbols : sequence of str, optional
        Names for a dict of weights.
    covariance : str, array_like of shape (N, N) or object, default "sample"
        What `estimate_covariance` calls a method, a matrix, or what has `covariance_forecast`;
        only the certificate has a use for it.
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
        If an input isn't finite, sizes don't agree or a name isn't known.

    Examples
    --------
    >>> equal_weights([[0.01, 0.02], [-0.01, 0.0]], ["A", "B"])
    {'A': 0.5, 'B': 0.5}
    """
    problem = read_problem(
        returns,
        symbols,
        covariance=covariance,
        half_life=half_life,
        shrinkage=shrinkage,
        missing=missing,
    )
    weights, numbers = np.empty(problem.labels.count), np.full(FIELDS, np.nan)
    fill_equal(problem.covariance, weights, numbers)
    return problem.answer("equal", weights, numbers, certificate)


@njit
def fill_equal(covariance, weights, numbers):
    """Fill equal weights."""
    weights[:] = 1.0 / weights.size
    numbers[:] = np.nan
    numbers[ITERATIONS], numbers[STATUS] = 0.0, COMPUTED
    numbers[OBJECTIVE] = variance_of(covariance, weights)
