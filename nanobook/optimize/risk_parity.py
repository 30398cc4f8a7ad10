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
    >>> covariance = np.diag([0.04, 0.01])  # twice as volatile: half the weight
    >>> optimize_risk_parity(None, covariance=covariance).round(8)
    array([0.33333333, 0.66666667])
    """
    problem = read_problem(
        returns,
        symbols,
        covariance=covariance,
        half_life=half_life,
        shrinkage=shrinkage,
        missing=missing,
    )
    shares = read_budgets(problem.labels, budgets)
    check_variances(problem, shares > 0.0)
    weights, numbers = np.zeros(shares.size), np.full(FIELDS, np.nan)
    risk_parity_weights(problem.covariance, shares, weights, numbers)
    return problem.answer("risk_parity", weights, numbers, certificate)


def read_budgets(labels, budgets):
    """Return shares of the variance, adding up to 1.

    Parameters
    ----------
    labels : Labels
        The assets.
    budgets : array_like of shape (N,), Series, mapping or None
        In any unit; None for equal ones.

    Returns
    -------
    ndarray of shape (N,)
        A fresh vector.

    Raises
    ------
    ArgumentTypeError
        If they aren't numbers.
    ValidationError
        If one is negative or not finite, all are 0, or there isn't one for each asset.
    """
    shares = labels.read("budgets", 1.0 if budgets is None else budgets)
    wrong = shares[~(np.isfinite(shares) & (shares >= 0.0))]
    if wrong.size:
        raise ValidationError(f"budgets must be finite and at least 0, got {wrong[0]}")
    if not shares.any():
        raise ValidationError("budgets must not all be 0")
    shares /= shares.max()
    return shares / shares.sum()


@njit
def risk_parity_weights(covariance, budgets, weights, numbers):
    """Fill weights whose contributions are the budgets, which are positive or 0 and add up to 1.

    Where all weights of assets with a budget are positive on entry, the search begins there.
    RESIDUAL is the largest abs(contribution / budget - 1), recomputed from the weights returned:
    at most 1e-12, or where assets hedge each other so well that rounding of the weights does more
    than that, what it does. Weights are NaN after a failure. UNBOUNDED tells of an asset, or a
    mix of assets, without risk.
    """
    n = budgets.size
    held = np.empty(n, np.int64)
    k = 0
    warm = True
    for i in range(n):
        if budgets[i] > 0.0:
            held[k] = i
            k += 1
            warm = warm and weights[i] > 0.0 and weights[i] < np.inf
    numbers[:] = np.nan
    numbers[ITERATIONS] = 0.0
    floor = least_variance(covariance)
    numbers[STATUS] = OPTIMAL
    for a in range(k):
        variance = covariance[held[a], held[a]]
        if not variance > floor:
            numbers[STATUS] = UNBOUNDED if variance <= floor else NOT_FINITE
    if numbers[STATUS] != OPTIMAL:
        weights[:] = np.nan
        return
    matrix, shares = covariance, budgets
    if k < n:
        matrix, shares = np.empty((k, k)), np.empty(k)
        for a in range(k):
            shares[a] = budgets[held[a]]
            for b in range(k):
                matrix[a, b] = covariance[held[a], held[b]]
    y, gradient = np.empty(k), np.empty(k)
    for a in range(k):
        y[a] = weights[held[a]] if warm else math.sqrt(shares[a] / matrix[a, a])
    numbers[STATUS] = _balance(matrix, shares, y, gradient, numbers)
    if numbers[STATUS] == UNBOUNDED or numbers[STATUS] == NOT_FINITE:
        weights[:] = np.nan
        return
    total = 0.0
    for a in range(k):
        total += y[a]
    weights[:] = 0.0
    for a in range(k):
        y[a] /= total
        weights[held[a]] = y[a]
    _multiply(matrix, y, gradient)
    variance = 0.0
    for a in range(k):
        variance += y[a] * gradient[a]
    worst = 0.0
    for a in range(k):
        worst = max(worst, abs(y[a] * gradient[a] / (variance * shares[a]) - 1.0))
    numbers[OBJECTIVE] = variance
    numbers[RESIDUAL] = worst
    if not (worst <= ENOUGH or worst <= _attainable(matrix, y, gradient)):
        weights[:] = np.nan
        numbers[STATUS] = NOT_CONVERGED


@njit
def _balance(matrix, shares, y, gradient, numbers):
    """Bring ``y_i (Cy)_i`` to the shares; return a status."""
    k = y.size
    _multiply(matrix, y, gradient)
    variance, alone = 0.0, 0.0
    for i in range(k):
        variance += y[i] * gradient[i]
        alone += y[i] * math.sqrt(matrix[i, i])
    if not abs(variance) < np.inf:
        return NOT_FINITE
    if not variance > 1e-12 * alone * alone:  # hedged nearly in full: the scale is a guess
        variance = alone * alone / k
    scale = 1.0 / math.sqrt(variance)
    begin = 0.0
    for i in range(k):
        y[i] *= scale
        gradient[i] *= scale
        begin = max(begin, y[i] * math.sqrt(matrix[i, i] / shares[i]))
    worst = _residual(shares, y, gradient)
    for _ in range(MOST_CYCLES):
        if worst <= NEAR:
            break
        _cycle(matrix, shares, y, gradient)
        numbers[ITERATIONS] += 1.0
        worst = _residual(shares, y, gradient)
    step, rest, ahead, image = np.empty(k), np.empty(k), np.empty(k), np.empty(k)
    for _ in range(MOST_STEPS):
        if worst <= AIM:
            break
        numbers[ITERATIONS] += 1.0
        _newton_step(matrix, shares, y, gradient, worst, step, rest, ahead, image)
        longest = 0.0
        for i in range(k):
            longest = max(longest, abs(step[i]))
        if longest != longest:
            return NOT_FINITE
        length = 1.0 if longest <= FULL_STEP else 1.0 / (1.0 + longest)
        for i in range(k):
            y[i] *= 1.0 + length * step[i]
        _multiply(matrix, y, gradient)
        before, worst = worst, _residual(shares, y, gradient)
        if longest <= 1e-9 and worst > 0.25 * before:  # only rounding is left
            break
    for i in range(k):
        if y[i] * math.sqrt(matrix[i, i] / shares[i]) > RUNAWAY * begin:
            return UNBOUNDED
    return OPTIMAL


@njit
def _cycle(matrix, shares, y, gradient):
    """Move each coordinate to where the function is least along it; keep ``gradient = Cy``."""
    k = y.size
    for i in range(k):
        row = matrix[i]
        variance = row[i]
        others = gradient[i] - variance * y[i]
        root = math.sqrt(others * others + 4.0 * variance * shares[i])
        if others > 0.0:
            new = 2.0 * shares[i] / (root + others)
        else:
            new = (root - others) / (2.0 * variance)
        moved = new - y[i]
        y[i] = new
        for j in range(k):
            gradient[j] += moved * row[j]


@njit
def _newton_step(matrix, shares, y, gradient, worst, step, rest, ahead, image):
    """Fill ``step``, relative to y, by conjugate gradients on ``(YCY + B) u = b - Y C y``.

    ``rest`` is the system's residual, ``ahead`` the direction of search, ``image`` its product.
    """
    k = y.size
    step[:] = 0.0
    energy = 0.0
    for i in range(k):
        rest[i] = shares[i] - y[i] * gradient[i]
        ahead[i] = rest[i] / (y[i] * y[i] * matrix[i, i] + shares[i])
        energy += rest[i] * ahead[i]
    aim = max(0.1 * worst * min(worst, 1.0), 0.2 * AIM)
    scaled = np.empty(k)
    for _ in range(2 * k + 20):
        if not energy > 0.0:
            break
        for i in range(k):
            scaled[i] = y[i] * ahead[i]
        _multiply(matrix, scaled, image)
        curved = 0.0
        for i in range(k):
            image[i] = y[i] * image[i] + shares[i] * ahead[i]
            curved += ahead[i] * image[i]
        length = energy / curved
        left, after = 0.0, 0.0
        for i in range(k):
            step[i] += length * ahead[i]
            rest[i] -= length * image[i]
            left = max(left, abs(rest[i]) / shares[i])
            after += rest[i] * rest[i] / (y[i] * y[i] * matrix[i, i] + shares[i])
        if left <= aim:
            break
        ratio = after / energy
        energy = after
        for i in range(k):
            ahead[i] = rest[i] / (y[i] * y[i] * matrix[i, i] + shares[i]) + ratio * ahead[i]


@njit
def _residual(shares, y, gradient):
    """Return the largest abs(y_i (Cy)_i / b_i - 1)."""
    worst = 0.0
    for i in range(y.size):
        worst = max(worst, abs(y[i] * gradient[i] / shares[i] - 1.0))
    return worst


@njit
def _attainable(matrix, y, gradient):
    """Return what rounding of the weights may leave of the residual where assets hedge."""
    lost = 0.0
    for i in range(y.size):
        terms, row = 0.0, matrix[i]
        for j in range(y.size):
            terms += abs(row[j]) * y[j]
        lost = max(lost, terms / max(gradient[i], 1e-300))
    return ROUNDING * lost


@njit
def _multiply(matrix, vector, out):
    """Fill the product of a symmetric matrix and a vector, four rows a pass."""
    k = vector.size
    out[:] = 0.0
    i = 0
    while i + 3 < k:
        v0, v1, v2, v3 = vector[i], vector[i + 1], vector[i + 2], vector[i + 3]
        r0, r1, r2, r3 = matrix[i], matrix[i + 1], matrix[i + 2], matrix[i + 3]
        for j in range(k):
            out[j] += v0 * r0[j] + v1 * r1[j] + v2 * r2[j] + v3 * r3[j]
        i += 4
    while i < k:
        value, row = vector[i], matrix[i]
        for j in range(k):
            out[j] += value * row[j]
        i += 1
