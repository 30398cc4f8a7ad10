"""How sure estimates are: covariance matrices from the Hessian, the scores, or both.

References
----------
.. [1] Bollerslev, Wooldridge (1992), "Quasi-maximum likelihood estimation and inference in
   dynamic models with time-varying covariances".
.. [2] Berndt, Hall, Hall, Hausman (1974), "Estimation and inference in nonlinear structural
   models": the outer product of the scores.
"""

import numpy as np

from nanobook.volatility.layout import (
    AR1,
    EGARCH,
    GJR,
    MEAN,
    MODEL,
    STUDENT,
    TARGETING,
    P,
    Q,
    fill_bounds,
    first_beta,
    first_gamma,
)
from nanobook.volatility.likelihood import likelihood

__all__ = ["parameter_covariance", "held_back"]

#: The step of the differences of the gradient, where a parameter is of size one.
_STEP = 2e-5


def held_back(layout, x):
    """Return which parameters stand at a bound, and whether the persistence is at its own.

    Parameters
    ----------
    layout : ndarray of int64
        The model.
    x : ndarray of shape (K,)
        The vector that kernels work with.

    Returns
    -------
    held : ndarray of bool, of shape (K,)
        True at a bound.
    spent : bool
        Whether the persistence is 1.
    share : ndarray of shape (K,)
        What each parameter adds to the persistence.
    """
    least, most, share = np.empty((3, x.size))
    fill_bounds(layout, least, most, share)
    return (x <= least) | (x >= most), bool(share @ x >= 1.0 - 1e-9), share


def parameter_covariance(layout, y, x, scale, presample, kind):
    """Return the covariance matrix of estimates, by name and in the units of the returns.

    Rows of parameters that stand at a bound are NaN, and the others' are what they are while
    those stay there. Under variance targeting the target is taken as known.

    Parameters
    ----------
    layout : ndarray of int64
        The model.
    y : ndarray of shape (T,)
        The returns without NaN, over `scale`.
    x : ndarray of shape (K,)
        The vector that kernels work with.
    scale, presample : float
        As the fit gave them.
    kind : {"robust", "hessian", "opg"}
        The sandwich of both, the inverse Hessian, the inverse of the scores' outer product.

    Returns
    -------
    ndarray of shape (K, K)
        NaN where it can't be had.
    """
    count = x.size
    held, spent, share = held_back(layout, x)
    omega, betas = int(layout[MEAN]), int(first_beta(layout))
    periods = y.size - (1 if layout[MEAN] == AR1 else 0)
    resids, variances = np.empty((2, y.size))
    slopes = np.empty((y.size, count + (layout[MODEL] == EGARCH)))
    scores, none = np.empty((periods, count)), np.empty((0, count))

    def gradient_at(point, scores=none):
        gradient = np.empty(count)
        likelihood(layout, y, point, presample, resids, variances, slopes, scores, gradient)
        return gradient

    gradient_at(x, scores)
    hessian = np.empty((count, count))
    for k in range(count):
        step = np.zeros(count)
        step[k] = _STEP * max(abs(x[k]), 0.1)
        hessian[k] = (gradient_at(x - step) - gradient_at(x + step)) / (2.0 * step[k])
    hessian = 0.5 * (hessian + hessian.T)

    # Directions in which the estimates were free to move.
    free = np.eye(count)[:, ~held]
    if layout[TARGETING]:
        free = np.delete(np.eye(count), omega, axis=1)[:, ~np.delete(held, omega)]
        free[omega] = -share @ free
    elif spent and free.size:
        free = free @ _null_space(share @ free)
    information = free.T @ hessian @ free
    outer = free.T @ (scores.T @ scores) @ free
    try:
        if kind == "opg":
            inner = np.linalg.inv(outer)
        else:
            inner = np.linalg.inv(information)
            if kind == "robust":
                inner = inner @ outer @ inner
    except np.linalg.LinAlgError:
        inner = np.full_like(information, np.nan)

    named = np.eye(count)
    if omega > 0:
        named[0, 0] = scale
    named[omega, omega] = 1.0 if layout[MODEL] == EGARCH else scale * scale
    if layout[MODEL] == EGARCH:
        named[omega, betas : betas + int(layout[Q])] = -2.0 * np.log(scale)
    if layout[MODEL] == GJR:
        for i in range(int(layout[P])):
            named[int(first_gamma(layout)) + i, omega + 1 + i] = -1.0
    if layout[STUDENT]:
        named[-1, -1] = -1.0 / x[-1] ** 2
    out = named @ free @ inner @ free.T @ named.T
    out[held], out[:, held] = np.nan, np.nan
    return out


def _null_space(row):
    """Return columns that are orthogonal to `row`, as many as there are."""
    return np.linalg.svd(row[None, :])[2][1:].T
