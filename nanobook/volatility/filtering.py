"""The variances that parameters make of returns, one for every period and one for the next."""

import math

import numpy as np

from nanobook.jit import njit
from nanobook.volatility.layout import (
    AR1,
    EGARCH,
    GJR,
    MEAN,
    MODEL,
    SSR,
    P,
    Q,
    first_beta,
    first_gamma,
)
from nanobook.volatility.likelihood import MEAN_ABS_NORMAL, fill_residuals

__all__ = ["filter_variances"]


@njit
def filter_variances(layout, y, x, presample, resids, variances):
    """Fill the residuals, and the variance of each and of the one that will follow them.

    EGARCH's are filled as logs.
    """
    model, p, q, mean = layout[MODEL], layout[P], layout[Q], layout[MEAN]
    omega, gammas, betas = mean, first_gamma(layout), first_beta(layout)
    before = np.empty(4)
    presample, first = fill_residuals(layout, y, x, presample, resids, before)
    if model == EGARCH:
        first /= math.sqrt(presample)
        presample = math.log(presample)
    periods = y.size - (1 if mean == AR1 else 0)
    for t in range(periods + 1):
        value = x[omega]
        for i in range(p):
            s = t - 1 - i
            alpha = x[omega + 1 + i]
            if model == EGARCH:
                if s >= 0:
                    z = resids[s] * math.exp(-0.5 * variances[s])
                    value += alpha * (abs(z) - MEAN_ABS_NORMAL) + x[gammas + i] * z
                elif layout[SSR]:
                    value += alpha * (abs(first) - MEAN_ABS_NORMAL) + x[gammas + i] * first
            elif s >= 0:
                weight = x[gammas + i] if model == GJR and resids[s] < 0.0 else alpha
                value += weight * resids[s] * resids[s]
            else:
                weight = 0.5 * (alpha + x[gammas + i]) if model == GJR else alpha
                value += weight * presample
        for j in range(q):
            s = t - 1 - j
            value += x[betas + j] * (variances[s] if s >= 0 else presample)
        variances[t] = value
