"""Variances: of a portfolio, and of assets, large enough to be divided by."""

import numpy as np

from nanobook.errors import ValidationError
from nanobook.jit import njit
from nanobook.panel.frames import shown_labels

__all__ = ["check_variances", "least_variance", "variance_of"]

#: A variance below this part of the largest is what rounding leaves of a constant.
ROUNDING = 1e-28


@njit
def least_variance(covariance):
    """Return what a variance has to exceed to count as one; NaN if one isn't finite."""
    most, fault = 0.0, 0.0
    for i in range(covariance.shape[0]):
        most = max(most, covariance[i, i])
        fault += covariance[i, i] * 0.0
    return ROUNDING * most if fault == 0.0 else np.nan


@njit
def variance_of(covariance, weights):
    """Return the variance of a portfolio, w'Cw."""
    total = 0.0
    product = np.zeros(weights.size)
    for i in range(weights.size):
        weight, row = weights[i], covariance[i]
        for j in range(weights.size):
            product[j] += weight * row[j]
    for i in range(weights.size):
        total += weights[i] * product[i]
    return total


def check_variances(problem, held=None):
    """Make sure that the assets of a problem vary.

    Parameters
    ----------
    problem : Problem
        With its covariance.
    held : ndarray of bool of shape (N,), optional
        Which assets matter, by default all.

    Raises
    ------
    ValidationError
        If one has no variance.
    """
    variances = np.diag(problem.covariance)
    still = variances <= ROUNDING * variances.max()
    if problem.returns is not None:
        values = problem.returns
        still = still | (np.nanmax(values, axis=0) == np.nanmin(values, axis=0))
    if held is not None:
        still = still & held
    if still.any():
        names = [problem.labels.names[at] for at in np.flatnonzero(still)]
        raise ValidationError(
            f"returns must vary, since this method divides by variances, but those of "
            f"{shown_labels(names)} don't; leave such assets out"
        )
