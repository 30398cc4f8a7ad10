"""Expected returns from past ones: their mean, weighted by age, or drawn towards each other."""

import math

import numpy as np

from nanobook.errors import ValidationError
from nanobook.jit import njit
from nanobook.optimize.covariance import read_half_life
from nanobook.optimize.inputs import read_labels, read_rows, read_square
from nanobook.optimize.sample_covariance import fill_ages, fill_mean_of_rows, fill_products

__all__ = ["MEANS", "estimate_mean", "fill_mean", "mean_code"]

HISTORICAL = 0
EWMA = 1
JAMES_STEIN = 2

#: The estimators' names, in the order of their numbers.
MEANS = ("historical", "ewma", "james_stein")


def estimate_mean(
    returns, method="historical", *, half_life=None, missing="raise", covariance=None
):
    """Estimate the expected return per period of each asset.

    Parameters
    ----------
    returns : DataFrame or array_like of shape (T, N)
        Returns per period, at least two rows.
    method : {"historical", "ewma", "james_stein"}, default "historical"
        The mean; the mean with weights that fall with age; or the mean drawn towards that of the
        portfolio of least variance.
    half_life : float, optional
        For "ewma", which needs it: the periods after which a row's weight has halved.
    missing : {"raise", "complete", "pairwise"}, default "raise"
        What NaNs do. "complete" leaves out rows that have one, "pairwise" takes for each asset the
        rows that it has; "james_stein" needs whole rows.
    covariance : DataFrame or array_like of shape (N, N), or CovarianceEstimate, optional
        For "james_stein": a positive definite covariance per period, taken as it is. Without it the
        sample's, its inverse made unbiased as the paper does, which takes more than N + 2 rows.

    Returns
    -------
    Series, ndarray or list
        One number an asset, as the returns came.

    Raises
    ------
    ArgumentTypeError
        If an argument doesn't hold real numbers.
    ValidationError
        If a name isn't known, an option has no meaning for the method, a return isn't finite, rows
        are too few, or the covariance isn't positive definite; its child RangeError if the
        half-life isn't above 0.

    Notes
    -----
    "james_stein" is the Bayes-Stein estimator of [1]_, equations 14 and 17: with the sample mean m,
    the covariance C and ``g = 1'C^-1 m / 1'C^-1 1``, the share drawn to g is
    ``(N + 2) / (N + 2 + T (m - g)'C^-1 (m - g))``, where C is the sample's times
    ``(T - 1) / (T - N - 2)`` if none is given.

    References
    ----------
    .. [1] Jorion (1986), "Bayes-Stein estimation for portfolio analysis", Journal of Financial and
       Quantitative Analysis 21(3).

    Examples
    --------
    >>> estimate_mean([[0.01, 0.02], [-0.02, 0.01], [0.04, -0.03]])
    [0.01, 0.0]
    """
    code = mean_code(method)
    if method == "ewma":
        if half_life is None:
            raise ValidationError("half_life must be given, in periods, for 'ewma'")
        half_life = read_half_life(half_life)
    elif half_life is not None:
        raise ValidationError(f"half_life must be given only for 'ewma', got it for {method!r}")
    if covariance is not None and method != "james_stein":
        raise ValidationError(f"covariance must be given only for 'james_stein', not {method!r}")
    labels = read_labels(returns, None)
    square = np.empty((0, 0))
    if covariance is not None:
        square = read_square(getattr(covariance, "matrix", covariance), labels)
    matrix, _ = read_rows(returns, missing, labels)
    if np.isnan(matrix).any():
        return labels.dress(_mean_of_columns(matrix, half_life, method, labels), "mean")
    out = np.empty(labels.count)
    fill_mean(code, matrix, math.nan if half_life is None else half_life, square, out)
    if np.isnan(out).any():
        if covariance is None and len(matrix) <= labels.count + 2:
            raise ValidationError(
                f"returns must have more than N + 2 = {labels.count + 2} rows for 'james_stein', "
                f"got {len(matrix)}; a shrunk covariance= does with fewer"
            )
        raise ValidationError("covariance must be positive definite for 'james_stein', but isn't")
    return labels.dress(out, "mean")


def mean_code(method):
    """Return the number of an estimator.

    Parameters
    ----------
    method : str
        One of `MEANS`.

    Returns
    -------
    int64
        What kernels take.

    Raises
    ------
    ValidationError
        If there's no such estimator.
    """
    if not isinstance(method, str) or method not in MEANS:
        raise ValidationError(
            f"mean's method must be one of {', '.join(map(repr, MEANS))}, got {method!r}"
        )
    return np.int64(MEANS.index(method))


def _mean_of_columns(matrix, half_life, method, labels):
    """Return each column's mean over the rows that it has."""
    if method == "james_stein":
        raise ValidationError(
            "missing must be 'complete' for 'james_stein', which needs whole rows"
        )
    weights = np.ones(len(matrix))
    if half_life is not None:
        fill_ages(half_life, weights)
    out = np.empty(labels.count)
    for j in range(labels.count):
        there = ~np.isnan(matrix[:, j])
        if not there.any():
            raise ValidationError(
                f"returns must have a value for each asset, got none for {labels.names[j]!r}"
            )
        column = np.ascontiguousarray(matrix[there, j : j + 1])
        fill_mean_of_rows(column, np.ascontiguousarray(weights[there]), out[j : j + 1])
    return out


@njit
def fill_mean(method, returns, half_life, covariance, out):
    """Fill expected returns from finite returns of shape (T, N) by a method's number.

    The half-life is read by EWMA alone, the covariance by James-Stein; of shape (0, 0) it stands
    for the sample's. Returns the share drawn towards the common mean; ``out`` is all NaN, and so is
    the share, where the covariance isn't positive definite or rows are too few.
    """
    periods = returns.shape[0]
    weights = np.ones(periods)
    if method == EWMA:
        fill_ages(half_life, weights)
    fill_mean_of_rows(returns, weights, out)
    if method != JAMES_STEIN:
        return 0.0
    assets = out.size
    factor = np.empty((assets, assets))
    if covariance.shape[0] == assets:
        factor[:] = covariance
    elif periods > assets + 2:
        fill_products(returns, weights, out, factor)
        for i in range(assets):
            for j in range(assets):
                factor[i, j] /= periods - assets - 2
    else:
        out[:] = math.nan
        return math.nan
    return _draw_together(periods, factor, out)


@njit
def _draw_together(periods, factor, mean):
    """Shrink means by Jorion's rule; ``factor`` holds the covariance and becomes its root.

    With ``C = U'U`` all that's needed are the two vectors ``U'^-1 1`` and ``U'^-1 m``, which come
    along with the factorisation.
    """
    assets = mean.size
    ones, means = np.ones(assets), mean.copy()
    sizes = np.empty(assets)
    for i in range(assets):
        sizes[i] = factor[i, i]
    for k in range(assets):
        pivot = factor[k, k]
        if not pivot > 1e-14 * assets * sizes[k]:
            mean[:] = math.nan
            return math.nan
        root = math.sqrt(pivot)
        row = factor[k]
        for j in range(k, assets):
            row[j] /= root
        ones[k] /= root
        means[k] /= root
        for i in range(k + 1, assets):
            ratio = row[i]
            ones[i] -= ratio * ones[k]
            means[i] -= ratio * means[k]
            rest = factor[i]
            for j in range(i, assets):
                rest[j] -= ratio * row[j]
    inner, cross = 0.0, 0.0
    for k in range(assets):
        inner += ones[k] * ones[k]
        cross += ones[k] * means[k]
    common = cross / inner
    spread = 0.0
    for k in range(assets):
        gap = means[k] - common * ones[k]
        spread += gap * gap
    share = (assets + 2.0) / (assets + 2.0 + periods * spread)
    for k in range(assets):
        mean[k] += share * (common - mean[k])
    return share
