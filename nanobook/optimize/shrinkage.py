"""Linear shrinkage: part of the way from the sample's covariance to a target with less noise.

Kernels get the sample covariance in ``out``, divided by T as the papers do, and shrink it in place.
An intensity that's NaN is estimated; the one that was used is returned.
"""

import math

import numpy as np

from nanobook.jit import njit

__all__ = ["blend", "mean_fourth_power", "shrink_to_constant_correlation"]
__all__ += ["shrink_to_identity_ledoit_wolf", "shrink_to_identity_oas", "sum_of_squares"]


@njit
def mean_fourth_power(returns, mean):
    """Return the mean over rows of the fourth power of a row's distance from the mean."""
    periods, assets = returns.shape
    total = 0.0
    for t in range(periods):
        squares = 0.0
        for j in range(assets):
            deviation = returns[t, j] - mean[j]
            squares += deviation * deviation
        total += squares * squares
    return total / periods


@njit
def sum_of_squares(matrix):
    """Return the squared Frobenius norm."""
    total = 0.0
    for i in range(matrix.shape[0]):
        for j in range(matrix.shape[1]):
            total += matrix[i, j] * matrix[i, j]
    return total


@njit
def blend(intensity, target, out):
    """Move ``out`` towards the target by the share ``intensity``."""
    for i in range(out.shape[0]):
        for j in range(out.shape[1]):
            out[i, j] = (1.0 - intensity) * out[i, j] + intensity * target[i, j]


@njit
def _mean_variance(covariance):
    trace = 0.0
    for i in range(covariance.shape[0]):
        trace += covariance[i, i]
    return trace / covariance.shape[0]


@njit
def _blend_identity(intensity, variance, out):
    for i in range(out.shape[0]):
        for j in range(out.shape[1]):
            out[i, j] *= 1.0 - intensity
        out[i, i] += intensity * variance


@njit
def shrink_to_identity_ledoit_wolf(returns, mean, intensity, out):
    """Shrink towards the identity times the mean variance, as Ledoit and Wolf (2004)."""
    periods, assets = returns.shape
    variance = _mean_variance(out)
    if math.isnan(intensity):
        squares = sum_of_squares(out)
        noise = (mean_fourth_power(returns, mean) - squares) / periods
        distance = squares - assets * variance * variance
        noise = min(noise, distance)
        intensity = 0.0 if assets == 1 or noise == 0.0 else noise / distance
    _blend_identity(intensity, variance, out)
    return intensity


@njit
def shrink_to_identity_oas(returns, intensity, out):
    """Shrink towards the same target by the oracle approximating intensity.

    It's that of Chen, Wiesel, Eldar and Hero (2010), equation 23, without the terms in 2 / N, as
    scikit-learn has it.
    """
    periods, assets = returns.shape
    variance = _mean_variance(out)
    if math.isnan(intensity):
        squares = sum_of_squares(out) / (assets * assets)
        noise = squares + variance * variance
        distance = (periods + 1.0) * (squares - variance * variance / assets)
        intensity = 0.0 if assets == 1 else 1.0 if distance == 0.0 else min(noise / distance, 1.0)
    _blend_identity(intensity, variance, out)
    return intensity


@njit
def shrink_to_constant_correlation(returns, mean, intensity, out):
    """Shrink towards one correlation for all pairs, as Ledoit and Wolf (2004), "Honey".

    An asset without variance has no correlation, and doesn't count for the mean of them.
    """
    periods, assets = returns.shape
    deviations, inverses = np.zeros(assets), np.zeros(assets)
    for i in range(assets):
        if out[i, i] > 0.0:
            deviations[i] = math.sqrt(out[i, i])
            inverses[i] = 1.0 / deviations[i]
    total, pairs = 0.0, 0
    for i in range(assets):
        for j in range(i):
            total += out[i, j] * inverses[i] * inverses[j]
            pairs += inverses[i] * inverses[j] > 0.0
    correlation = total / pairs if pairs else 0.0
    if math.isnan(intensity):
        noise, common = 0.0, 0.0
        for t in range(periods):
            squares, cubes, scaled, fourths, diagonal = 0.0, 0.0, 0.0, 0.0, 0.0
            for j in range(assets):
                x = returns[t, j] - mean[j]
                square = x * x
                squares += square
                cubes += square * x * inverses[j]
                scaled += x * deviations[j]
                fourths += square * square
                diagonal += square * square * (inverses[j] > 0.0)
            noise += squares * squares
            common += fourths + correlation * (cubes * scaled - diagonal)
        noise /= periods
        common /= periods
        distance, squares = 0.0, 0.0
        for i in range(assets):
            common -= out[i, i] * out[i, i]
            for j in range(assets):
                squares += out[i, j] * out[i, j]
                if i != j:
                    gap = out[i, j] - correlation * deviations[i] * deviations[j]
                    distance += gap * gap
                    common -= correlation * deviations[i] * deviations[j] * out[i, j]
        # Where the sample is its own target, the distance is nothing but rounding.
        if distance > (1e-14 * assets) ** 2 * squares:
            noise -= squares
            intensity = min(max((noise - common) / distance / periods, 0.0), 1.0)
        else:
            intensity = 0.0
    for i in range(assets):
        for j in range(assets):
            if i != j:
                target = correlation * deviations[i] * deviations[j]
                out[i, j] = (1.0 - intensity) * out[i, j] + intensity * target
    return intensity
