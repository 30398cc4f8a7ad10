"""The single factor model: assets move together as far as they move with one factor.

Kernels get the sample covariance in ``out`` and move it towards the model's, whose variances are
the sample's and whose covariances are the product of both assets' with the factor over the
factor's variance.
"""

import math

import numpy as np

from nanobook.jit import njit
from nanobook.optimize.shrinkage import mean_fourth_power

__all__ = ["fill_market", "shrink_to_single_factor"]


@njit
def fill_market(returns, factor):
    """Fill the mean of each row: the return of the market in which all assets weigh the same."""
    periods, assets = returns.shape
    for t in range(periods):
        factor[t] = 0.0
        for j in range(assets):
            factor[t] += returns[t, j]
        factor[t] /= assets


@njit
def shrink_to_single_factor(returns, factor, mean, whole, intensity, out):
    """Shrink a covariance towards the model; return the intensity.

    If ``whole``, the covariance was divided by T - 1 and an intensity that's NaN is 1: the model
    itself. Otherwise it was divided by T and a missing intensity is estimated, as Ledoit and Wolf
    (2003).
    """
    periods, assets = returns.shape
    count = periods - 1.0 if whole else float(periods)
    if whole and math.isnan(intensity):
        intensity = 1.0
    middle = 0.0
    for t in range(periods):
        middle += factor[t] - factor[0]
    middle = factor[0] + middle / periods
    joint, variance = np.zeros(assets), 0.0
    for t in range(periods):
        x = factor[t] - middle
        variance += x * x
        for j in range(assets):
            joint[j] += x * (returns[t, j] - mean[j])
    variance /= count
    for j in range(assets):
        joint[j] /= count
    inverse = 1.0 / variance if variance > 0.0 else 0.0
    if math.isnan(intensity):
        intensity = _intensity(returns, factor, middle, mean, joint, inverse, out)
    for i in range(assets):
        for j in range(assets):
            if i != j:
                target = joint[i] * joint[j] * inverse
                out[i, j] = (1.0 - intensity) * out[i, j] + intensity * target
    return intensity


@njit
def _intensity(returns, factor, middle, mean, joint, inverse, covariance):
    periods, assets = returns.shape
    fourths, crossed, doubled = 0.0, 0.0, 0.0
    for t in range(periods):
        z = factor[t] - middle
        squares, along, both, twice = 0.0, 0.0, 0.0, 0.0
        for j in range(assets):
            x = returns[t, j] - mean[j]
            square = x * x
            squares += square
            along += x * joint[j]
            fourths += square * square
            both += square * x * joint[j]
            twice += square * joint[j] * joint[j]
        crossed += z * (squares * along - both)
        doubled += z * z * (along * along - twice)
    common, distance, squares = fourths / periods, 0.0, 0.0
    crossed *= inverse / periods
    doubled *= inverse * inverse / periods
    for i in range(assets):
        common -= covariance[i, i] * covariance[i, i]
        for j in range(assets):
            squares += covariance[i, j] * covariance[i, j]
            if i != j:
                target = joint[i] * joint[j] * inverse
                gap = covariance[i, j] - target
                distance += gap * gap
                crossed -= target * covariance[i, j]
                doubled -= target * covariance[i, j]
    noise = mean_fourth_power(returns, mean) - squares
    common += 2.0 * crossed - doubled
    # Where the sample is its own target, the distance is nothing but rounding.
    if not distance > (1e-14 * assets) ** 2 * squares:
        return 0.0
    return min(max((noise - common) / distance / periods, 0.0), 1.0)
