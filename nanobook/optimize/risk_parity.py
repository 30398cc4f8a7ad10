"""Weights under which each asset brings in its share of the portfolio's variance.

With ``y`` unscaled weights and ``b`` the budgets, the shares are right where
``1/2 y'Cy - sum_i b_i log(y_i)`` is least: a convex problem without constraints. Its unknowns are
found by a few cycles of coordinate descent, then by Newton's method. Steps are measured relative
to the weights: the residual ``y_i (Cy)_i / b_i - 1`` then falls to minus the square of the step,
so three or four steps end at the last bit. A long step u is made by 1 / (1 + max abs(u)), which
takes the function down from wherever it stands: its third derivative is at most 2 max abs(u)
times its second. Each step's system is solved by conjugate gradients
with a diagonal preconditioner, which costs a few products with the matrix and factors nothing.
"""

import math

import numpy as np

from nanobook.errors import ValidationError
from nanobook.jit import njit
from nanobook.optimize.certificate import (
    FIELDS,
    ITERATIONS,
    NOT_CONVERGED,
    NOT_FINITE,
    OBJECTIVE,
    OPTIMAL,
    RESIDUAL,
    STATUS,
    UNBOUNDED,
)
from nanobook.optimize.inputs import also_named, read_problem
from nanobook.optimize.variances import check_variances, least_variance

__all__ = ["optimize_risk_parity", "risk_parity_weights"]

#: Cycles of coordinate descent at most, and the residual at which Newton's steps begin.
MOST_CYCLES, NEAR = 6, 0.3

#: Newton's steps at most. The residual that ends them, and the one that still counts as solved.
MOST_STEPS, AIM, ENOUGH = 100, 2e-13, 1e-10

#: A relative step up to this is made in full.
FULL_STEP = 0.3

#: What rounding the weights does to a contribution, in parts of what its terms add up to.
ROUNDING = 2e-14

#: Unscaled weights so far above where they began that they have no bound.
RUNAWAY = 1e10


@also_named(returns_matrix="returns")
def optimize_risk_parity(
    returns,
    symbols=None,
    *,
    budgets=None,
    covariance="sample",
    half_life=None,
    shrinkage=None,
    missing="raise",
    certificate=False,
):
    """Return the weights under which assets contribute to the variance as budgeted.

    The contribution of an asset is ``w_i (Cw)_i / w'Cw``. There's one answer, long only, and
    none where a mix of the assets has no risk at all.

    Parameters
    ----------
    returns : DataFrame or array_like of shape (T, N), or None
        Returns per period; None if `covariance` is a matrix.
    symbols : sequence of str, optional
        Names for a dict of weights.
    budgets : array_like of shape (N,), Series or mapping, optional
        Shares of the variance, in any unit, by default equal ones. An asset whose budget is 0
        isn't held.
    covariance : str, array_like of shape (N, N) or object, default "sample"
        What `estimate_covariance` calls a method, a matrix, or what has `covariance_forecast`.
    half_life : float, optional
        In periods, for ``covariance="ewma"``.
    shrinkage : float, optional
        A fixed intensity in place of an estimated one.
    missing : {"raise", "complete", "pairwise"}, default "raise"
        What NaNs do; see `estimate_covariance`.
    certificate : bool, default False
        Whether to return an `Optimum`: its `kkt_residual` is the largest relative difference
        of a contribution from its budget.

    Returns
    -------
    ndarray, list, Series, dict or Optimum
        Weights that add up to 1, dressed as `returns` is.

    Raises
    ------
    ArgumentTypeError
        If something can't be read as numbers.
    ValidationError
        If an input isn't finite, sizes don't agree, an asset that's to be held doesn't vary, a
        budget is negative or all are 0.
    ConvergenceError
        If no weights do it, since a mix of the assets has no risk.

    References
    ----------
    .. [1] Maillard, Roncalli, Teiletche (2010), "The properties of equally weighted risk
       contribution portfolios", Journal of Portfolio Management 36.
    .. [2] Griveau-Billion, Richard, Roncalli (2013), "A fast algorithm for computing
       high-dimensional risk parity portfolios".
    .. [3] Spinu (2013), "An algorithm for computing risk parity weights".

    Examples
    --------
