"""Covariance matrices from returns: the sample's, weighted by age, shrunk or of a factor model."""

import dataclasses
import math
from functools import cached_property

import numpy as np

from nanobook.errors import RangeError, ValidationError
from nanobook.optimize.blas import one_blas_thread
from nanobook.optimize.denoise import denoise
from nanobook.optimize.estimators import covariance_code, fill_sample
from nanobook.optimize.factor import fill_market, shrink_to_single_factor
from nanobook.optimize.inputs import read_labels, read_rows
from nanobook.optimize.nonlinear import shrink_nonlinear
from nanobook.optimize.repair import read_method, repaired
from nanobook.optimize.sample_covariance import fill_ages, pairwise_covariance
from nanobook.optimize.shrinkage import (
    shrink_to_constant_correlation,
    shrink_to_identity_ledoit_wolf,
    shrink_to_identity_oas,
)
from nanobook.panel.arrays import as_float, as_matrix, as_vector
from nanobook.panel.frames import is_frame, is_series

__all__ = ["CovarianceEstimate", "estimate_covariance", "read_half_life"]

_WITH_FACTOR = ("single_factor", "ledoit_wolf_single_factor")
_WITHOUT_SHRINKAGE = ("sample", "ewma", "nonlinear")
_FROM_SAMPLE_ALONE = ("ledoit_wolf", "oas", "constant_correlation")


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class CovarianceEstimate:
    """A covariance matrix, and what was done to get it.

    It can stand wherever an optimizer takes a covariance.

    Parameters
    ----------
    matrix : DataFrame or ndarray of shape (N, N)
        Per period; a frame where the returns were one.
    method : str
        The estimator's name.
    shrinkage : float or None
        The share of the way to the target that was gone; None where the method has no such number.
    nobs : int
        Rows that were used; of pairwise estimates the fewest that any pair has.
    repair_distance : float
        Frobenius distance of the repair to a positive semidefinite matrix, 0.0 where there was
        none.
    notes : dict
        More by name: rows dropped, values missing, the noise's variance, eigenvalues kept.
    """

    matrix: object
    method: str
    shrinkage: float | None
    nobs: int
    repair_distance: float
    notes: dict

    @cached_property
    def condition_number(self):
        """Largest eigenvalue over the smallest; infinite where that is zero to rounding."""
        with one_blas_thread(kernels=False):
            values = np.linalg.eigvalsh(np.asarray(self.matrix))
        if not values[0] > len(values) * np.finfo(float).eps * values[-1]:
            return math.inf
        return float(values[-1] / values[0])

    def __repr__(self):
        size = len(self.matrix)
        shrunk = "" if self.shrinkage is None else f", shrinkage={self.shrinkage:.4g}"
        mended = f", repair_distance={self.repair_distance:.3g}" if self.repair_distance else ""
        return (
            f"CovarianceEstimate({self.method}: {size} x {size}, {self.nobs} rows{shrunk}{mended})"
        )


def estimate_covariance(
    returns,
    method="sample",
    *,
    half_life=None,
    shrinkage=None,
    factor=None,
    missing="raise",
    repair="higham",
):
    """Estimate the covariance matrix of returns per period.

    Parameters
    ----------
    returns : DataFrame or array_like of shape (T, N)
        Returns per period, at least two rows.
    method : str, default "sample"
        One of the names under Notes.
    half_life : float, optional
        For "ewma", which needs it: the periods after which a row's weight has halved.
    shrinkage : float, optional
        A fixed intensity between 0 and 1 in place of the estimated one, for methods that have a
        target. Of "denoised" it's the share of the noise's correlations that is taken away.
    factor : array_like of shape (T,) or Series, optional
        What the factor models take for the market; the mean of each row if not given.
    missing : {"raise", "complete", "pairwise"}, default "raise"
        What NaNs do. "complete" leaves out rows that have one. "pairwise" takes for each pair the
        rows that both assets have, for "sample" and "ewma", and for "ledoit_wolf", "oas" and
        "constant_correlation" with a fixed shrinkage.
    repair : {"higham", "clip"}, default "higham"
        How a pairwise estimate that isn't positive semidefinite is made so; see
        `nearest_covariance`.

    Returns
    -------
    CovarianceEstimate
        The matrix and how it came about.

    Raises
    ------
    ArgumentTypeError
        If an argument doesn't hold real numbers.
    ValidationError
        If a name isn't known, an option has no meaning for the method, a return isn't finite, rows
        are too few, or returns are so large that their squares aren't numbers; its child RangeError
        if a number lies outside its range.

    Notes
    -----
    ==============================  ==========================================================
    "sample"                        two passes, divided by T - 1
    "ewma"                          weights fall by half each `half_life`, about the weighted
                                    mean, without bias (as pandas' ``ewm(halflife).cov()``)
    "ledoit_wolf"                   towards the mean variance times the identity [1]_
    "constant_correlation"          towards one correlation for all pairs [2]_
    "oas"                           the target of "ledoit_wolf", intensity of [3]_ without the
                                    terms in 2 / N, as scikit-learn
    "nonlinear"                     each eigenvalue to its own place, in closed form [4]_; also
                                    with fewer rows than assets
    "denoised"                      the correlation's eigenvalues below the edge that noise
                                    would have become their mean; with a `shrinkage` they stay,
                                    and what they span shrinks towards its diagonal [5]_
    "single_factor"                 the model's; variances are the sample's
    "ledoit_wolf_single_factor"     towards the single factor model [6]_
    ==============================  ==========================================================

    The four that estimate an intensity divide by T, as their papers do, all others by T - 1. The
    sums are a kernel's and not the BLAS': on one thread it takes up to 1.5 times as long, but loops
    over dates, which can't call the BLAS, give the same bits.

    References
    ----------
    .. [1] Ledoit, Wolf (2004), "A well-conditioned estimator for large-dimensional covariance
       matrices", Journal of Multivariate Analysis 88(2), lemmas 3.2 to 3.5.
    .. [2] Ledoit, Wolf (2004), "Honey, I shrunk the sample covariance matrix", Journal of Portfolio
       Management 30(4), appendices A and B.
    .. [3] Chen, Wiesel, Eldar, Hero (2010), "Shrinkage algorithms for MMSE covariance estimation",
       IEEE Transactions on Signal Processing 58(10), equation 23.
    .. [4] Ledoit, Wolf (2020), "Analytical nonlinear shrinkage of large-dimensional covariance
       matrices", Annals of Statistics 48(5), sections 4.7 and C.
    .. [5] Lopez de Prado (2020), "Machine learning for asset managers", sections 2.4 to 2.6.
    .. [6] Ledoit, Wolf (2003), "Improved estimation of the covariance matrix of stock returns with
       an application to portfolio selection", Journal of Empirical Finance 10(5).

    Examples
    --------
    >>> returns = [[0.01, 0.02], [-0.02, 0.01], [0.03, -0.01], [0.0, 0.01]]
    >>> estimate = estimate_covariance(returns, "ledoit_wolf")
    >>> (estimate.matrix * 1e4).round(3)
    array([[ 2.775, -0.362],
           [-0.362,  1.475]])
    >>> round(estimate.shrinkage, 4)
    0.275
    """
    code = covariance_code(method)
    half_life = _read_half_life(method, half_life)
    shrinkage = _read_shrinkage(method, shrinkage)
    read_method(repair)
    labels = read_labels(returns, None)
    market = _read_factor(method, factor, returns)
    if market is not None:
        returns, market = _common_rows(returns, market, missing)
    matrix, notes = read_rows(returns, missing, labels)
    distance, nobs = 0.0, len(matrix)
    if np.isnan(matrix).any():
        _refuse_pairwise(method, shrinkage)
        out, nobs = _pairwise(matrix, half_life, labels)
        shrinkage = _shrink(method, matrix, None, shrinkage, np.zeros(labels.count), out, notes)
        _refuse_overflow(out)
        out, distance = repaired(out, repair)
        notes["fewest_common_rows"] = nobs
        if distance:
            notes["repair_distance"] = distance
    else:
        weights, mean = np.empty(nobs), np.empty(labels.count)
        out = np.empty((labels.count, labels.count))
        fill_sample(code, matrix, half_life, weights, mean, out)
        _refuse_overflow(out)
        shrinkage = _shrink(method, matrix, market, shrinkage, mean, out, notes)
        _refuse_overflow(out)
    if shrinkage is not None:
        notes["shrinkage"] = shrinkage
    return CovarianceEstimate(_dressed(out, labels), method, shrinkage, nobs, distance, notes)


def _dressed(matrix, labels):
    if labels.kind != "series":
        return matrix
    from pandas import DataFrame

    return DataFrame(matrix, index=labels.names, columns=labels.names)


def _shrink(method, returns, factor, shrinkage, mean, out, notes):
    """Turn the sample covariance into the method's; return the intensity or None."""
    if method == "ledoit_wolf":
        return shrink_to_identity_ledoit_wolf(returns, mean, shrinkage, out)
    if method == "oas":
        return shrink_to_identity_oas(returns, shrinkage, out)
    if method == "constant_correlation":
        return shrink_to_constant_correlation(returns, mean, shrinkage, out)
    if method == "nonlinear":
        with one_blas_thread():
            shrink_nonlinear(np.int64(len(returns) - 1), out)
    if method == "denoised":
        with one_blas_thread():
            variance, kept = denoise(np.int64(len(returns)), shrinkage, out)
        notes["noise_variance"], notes["eigenvalues_kept"] = float(variance), int(kept)
        return None if math.isnan(shrinkage) else shrinkage
    if method in _WITH_FACTOR:
        if factor is None:
            factor = np.empty(len(returns))
            fill_market(returns, factor)
        whole = method == "single_factor"
        return shrink_to_single_factor(returns, factor, mean, whole, shrinkage, out)
    return None


def _pairwise(matrix, half_life, labels):
    weights = np.ones(len(matrix))
    if not math.isnan(half_life):
        fill_ages(half_life, weights)
    with one_blas_thread(kernels=False):
        covariance, counts = pairwise_covariance(matrix, weights)
    fewest = int(counts.min())
    if fewest < 2:
        i, j = np.argwhere(counts < 2)[0]
        raise ValidationError(
            "returns must have at least two rows in which neither of two assets is missing, got "
            f"{fewest} for {labels.names[i]!r} and {labels.names[j]!r}"
        )
    return covariance, fewest


def read_half_life(half_life):
    """Return a half-life as a float.

    Parameters
    ----------
    half_life : float
        What the caller gave.

    Returns
    -------
    float
        Above 0.

    Raises
    ------
    ArgumentTypeError
        If it isn't a number.
    RangeError
        If it isn't above 0.
    """
    half_life = as_float("half_life", half_life)
    if half_life <= 0.0:
        raise RangeError(f"half_life must be above 0, got {half_life}")
    return half_life


def _read_half_life(method, half_life):
    if method == "ewma":
        if half_life is None:
            raise ValidationError("half_life must be given, in periods, for 'ewma'")
        return read_half_life(half_life)
    if half_life is not None:
        raise ValidationError(f"half_life must be given only for 'ewma', got it for {method!r}")
    return math.nan


def _read_shrinkage(method, shrinkage):
    if shrinkage is None:
        return math.nan
    if method in _WITHOUT_SHRINKAGE:
        raise ValidationError(
            f"shrinkage must not be given for {method!r}, which has no target to shrink to"
        )
    shrinkage = as_float("shrinkage", shrinkage)
    if not 0.0 <= shrinkage <= 1.0:
        raise RangeError(f"shrinkage must lie between 0 and 1, got {shrinkage}")
    return shrinkage


def _read_factor(method, factor, returns):
    if factor is None:
        return None
    if method not in _WITH_FACTOR:
        raise ValidationError(f"factor must be given only for a factor model, not for {method!r}")
    if is_series(factor) and is_frame(returns) and not factor.index.equals(returns.index):
        raise ValidationError("factor must have the index of returns")
    vector = as_vector("factor", factor)
    if vector.size != len(returns):
        raise ValidationError(
            f"factor must have a value for each of {len(returns)} rows, got {vector.size}"
        )
    if np.isinf(vector).any():
        raise ValidationError("factor must be finite, got an infinity")
    return vector


def _common_rows(returns, market, missing):
    """Return the returns, NaN wherever the factor is missing, and the factor's rows that count."""
    matrix = as_matrix("returns", returns)
    gone = np.isnan(market)
    if missing != "complete":
        if gone.any():
            raise ValidationError(
                f"factor must be finite, got NaN in row {int(np.argmax(gone))}; "
                "missing='complete' leaves such rows out"
            )
        return matrix, market
    matrix = np.where(gone[:, None], np.nan, matrix)
    return matrix, market[~np.isnan(matrix).any(axis=1)]


def _refuse_pairwise(method, shrinkage):
    fixed = method in _FROM_SAMPLE_ALONE and not math.isnan(shrinkage)
    if method not in ("sample", "ewma") and not fixed:
        hint = " or a fixed shrinkage" if method in _FROM_SAMPLE_ALONE else ""
        raise ValidationError(
            f"missing must be 'complete' for {method!r}, which needs whole rows; 'pairwise' goes "
            f"with 'sample' and 'ewma'{hint}"
        )


def _refuse_overflow(matrix):
    if not np.isfinite(matrix).all():
        raise ValidationError(
            "returns must be of a size that can be squared, and a half-life long enough to weigh "
            "more than one row: the covariance isn't finite"
        )
