"""What a model is made of: its numbers for kernels, the order of its parameters, their bounds.

Inside, returns have unit variance and parameters stand in one vector: those of the mean, omega,
p alphas, p gammas (GJR and EGARCH), q betas, and 1 / nu (Student's t). The GJR's alphas and
gammas are held as weights of good and of bad news, alpha and alpha + gamma: then its constraints
are bounds, and one budget that all share, persistence <= 1.
"""

import numpy as np

from nanobook.jit import njit

__all__ = [
    "GARCH",
    "GJR",
    "EGARCH",
    "ZERO",
    "CONSTANT",
    "AR1",
    "MODEL",
    "P",
    "Q",
    "MEAN",
    "STUDENT",
    "SSR",
    "TARGETING",
    "NU_LEAST",
    "NU_MOST",
    "make_layout",
    "count_parameters",
    "first_gamma",
    "first_beta",
    "fill_bounds",
    "persistence_of",
    "to_units",
    "from_units",
    "parameter_names",
]

GARCH, GJR, EGARCH = np.int64(0), np.int64(1), np.int64(2)

#: The value is the number of the mean's parameters.
ZERO, CONSTANT, AR1 = np.int64(0), np.int64(1), np.int64(2)

#: Places in a layout: which model, its orders, its mean; whether shocks are Student's, whether
#: the presample variance is the mean square of the residuals, whether omega targets the variance.
MODEL, P, Q, MEAN, STUDENT, SSR, TARGETING = range(7)

NU_LEAST, NU_MOST = 2.05, 500.0

#: The smallest omega, as a part of the returns' variance.
_OMEGA_LEAST = 1e-8


def make_layout(model, p, q, mean, dist, backcast, variance_targeting):
    """Return a model's numbers, as kernels take them.

    Parameters
    ----------
    model : str
        As in `garch_fit`, checked.
    p, q : int
        How many lags of shocks, and of variances.
    mean, dist, backcast : str
        As in `garch_fit`, checked.
    variance_targeting : bool
        Whether omega follows from the other parameters.

    Returns
    -------
    ndarray of int64
        One number a place.
    """
    layout = np.zeros(7, dtype=np.int64)
    layout[MODEL] = ("GARCH", "GJR", "EGARCH").index(model)
    layout[P], layout[Q] = p, q
    layout[MEAN] = ("zero", "constant", "ar1").index(mean)
    layout[STUDENT] = dist == "t"
    layout[SSR] = backcast == "ssr"
    layout[TARGETING] = bool(variance_targeting)
    return layout


def parameter_names(layout):
    """Return the names of a model's parameters, which are those of arch.

    Parameters
    ----------
    layout : ndarray of int64
        The model.

    Returns
    -------
    list of str
        In the order of the vector.
    """
    p, q = int(layout[P]), int(layout[Q])
    names = [[], ["mu"], ["Const", "y[1]"]][layout[MEAN]] + ["omega"]
    names += [f"alpha[{i}]" for i in range(1, p + 1)]
    if layout[MODEL] != GARCH:
        names += [f"gamma[{i}]" for i in range(1, p + 1)]
    names += [f"beta[{j}]" for j in range(1, q + 1)]
    return names + ["nu"] * int(layout[STUDENT])


@njit(inline="always")
def count_parameters(layout):
    """Return how many parameters a model has."""
    return first_beta(layout) + layout[Q] + layout[STUDENT]


@njit(inline="always")
def first_gamma(layout):
    """Return the place of the first gamma; without gammas, that of the first beta."""
    return layout[MEAN] + 1 + layout[P]


@njit(inline="always")
def first_beta(layout):
    """Return the place of the first beta."""
    gammas = 0 if layout[MODEL] == GARCH else layout[P]
    return first_gamma(layout) + gammas


@njit(inline="always")
def fill_bounds(layout, least, most, share):
    """Fill the bounds of each parameter, and its share of the persistence, at most 1 in all."""
    count = count_parameters(layout)
    omega, gammas, betas = layout[MEAN], first_gamma(layout), first_beta(layout)
    for k in range(count):
        least[k], most[k], share[k] = -np.inf, np.inf, 0.0
    if layout[MODEL] != EGARCH:
        least[omega] = _OMEGA_LEAST
        for k in range(omega + 1, betas):
            least[k] = 0.0
            share[k] = 1.0 if betas == gammas else 0.5
    for k in range(betas, betas + layout[Q]):
        least[k] = 0.0
        share[k] = 1.0
    if layout[STUDENT]:
        least[count - 1], most[count - 1] = 1.0 / NU_MOST, 1.0 / NU_LEAST


@njit(inline="always")
def persistence_of(x, share):
    """Return the persistence that parameters have."""
    total = 0.0
    for k in range(share.size):
        total += share[k] * x[k]
    return total


def to_units(layout, x, scale):
    """Return parameters by name, of returns that are `scale` times as large.

    Parameters
    ----------
    layout : ndarray of int64
        The model.
    x : ndarray of shape (..., K)
        The vectors that kernels work with.
    scale : float or ndarray of shape (...)
        What the returns were divided by.

    Returns
    -------
    ndarray of shape (..., K)
        In the units of the returns.
    """
    x = np.asarray(x)
    out = x.copy()
    omega, gammas, betas = _places(layout)
    if omega > 0:
        out[..., 0] = x[..., 0] * scale
    if layout[MODEL] == EGARCH:
        kept = 1.0 - x[..., betas : betas + layout[Q]].sum(axis=-1)
        out[..., omega] = x[..., omega] + kept * 2.0 * np.log(scale)
    else:
        out[..., omega] = x[..., omega] * scale * scale
    if layout[MODEL] == GJR:
        out[..., gammas:betas] -= x[..., omega + 1 : gammas]
    if layout[STUDENT]:
        out[..., -1] = 1.0 / x[..., -1]
    return out


def from_units(layout, params, scale):
    """Return the vectors that `to_units` makes `params` of.

    Parameters
    ----------
    layout : ndarray of int64
        The model.
    params : ndarray of shape (..., K)
        By name, in the units of the returns.
    scale : float or ndarray of shape (...)
        What the returns are divided by.

    Returns
    -------
    ndarray of shape (..., K)
        The vectors that kernels work with.
    """
    params = np.asarray(params)
    out = params.copy()
    omega, gammas, betas = _places(layout)
    if omega > 0:
        out[..., 0] = params[..., 0] / scale
    if layout[MODEL] == EGARCH:
        kept = 1.0 - params[..., betas : betas + layout[Q]].sum(axis=-1)
        out[..., omega] = params[..., omega] - kept * 2.0 * np.log(scale)
    else:
        out[..., omega] = params[..., omega] / scale / scale
    if layout[MODEL] == GJR:
        out[..., gammas:betas] += params[..., omega + 1 : gammas]
    if layout[STUDENT]:
        out[..., -1] = 1.0 / params[..., -1]
    return out


def _places(layout):
    """Return the places of omega, the first gamma and the first beta."""
    return int(layout[MEAN]), int(first_gamma(layout)), int(first_beta(layout))
