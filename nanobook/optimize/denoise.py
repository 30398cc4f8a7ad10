"""Denoising: eigenvalues of the correlation that noise alone would give are made equal.

After Lopez de Prado (2020), "Machine learning for asset managers", chapter 2: the Marchenko-Pastur
density is fitted to a kernel estimate of the eigenvalues' density, and what lies below its upper
edge is noise. The fit is the least of all on a grid, refined, not the nearest to a start.
"""

import math

import numpy as np

from nanobook.jit import njit
from nanobook.optimize.eigen import decompose
from nanobook.optimize.sample_covariance import fill_products

__all__ = ["denoise", "noise_edge", "noise_variance"]

#: The book's: points at which the densities are compared, and the kernel's bandwidth.
POINTS = 1000
BANDWIDTH = 0.01

_GRID = 48
_GOLDEN = (math.sqrt(5.0) - 1.0) / 2.0
_REACH = 8.5  # bandwidths beyond which a normal density is below rounding


@njit
def noise_edge(variance, ratio):
    """Return the largest eigenvalue that noise has when there are ``ratio`` rows an asset."""
    return variance * (1.0 + math.sqrt(1.0 / ratio)) ** 2


@njit
def _misfit(values, ratio, variance, density):
    """Return the summed squared gap between the two densities; ``density`` is room to work in.

    A normal density on an even grid goes from point to point by two products.
    """
    low = variance * (1.0 - math.sqrt(1.0 / ratio)) ** 2
    high = noise_edge(variance, ratio)
    step = (high - low) / (POINTS - 1)
    decay = math.exp(-((step / BANDWIDTH) ** 2))
    for k in range(POINTS):
        density[k] = 0.0
    for i in range(values.size):
        middle = (values[i] - low) / step
        reach = _REACH * BANDWIDTH / step
        if middle + reach < 0.0 or middle - reach > POINTS - 1:
            continue
        start = min(max(int(math.floor(middle)), 0), POINTS - 1)
        for direction in (-1, 1):
            k = start if direction < 0 else start + 1
            z = (k - middle) * step / BANDWIDTH
            height = math.exp(-0.5 * z * z)
            factor = math.exp(-z * direction * step / BANDWIDTH - 0.5 * (step / BANDWIDTH) ** 2)
            while 0 <= k < POINTS and abs(k - middle) <= reach:
                density[k] += height
                height *= factor
                factor *= decay
                k += direction
    total = 0.0
    scale = 1.0 / (BANDWIDTH * math.sqrt(2.0 * math.pi) * values.size)
    for k in range(POINTS):
        x = low + k * step
        room = (high - x) * (x - low)
        noise = 0.0
        if room > 0.0 and 0 < k < POINTS - 1:
            noise = ratio / (2.0 * math.pi * variance * x) * math.sqrt(room)
        gap = density[k] * scale - noise
        total += gap * gap
    return total


@njit
def noise_variance(values, ratio):
    """Return the variance of the noise that fits a correlation's eigenvalues best."""
    density = np.empty(POINTS)
    best, least = 0, math.inf
    for k in range(1, _GRID):
        misfit = _misfit(values, ratio, k / _GRID, density)
        if misfit < least:
            best, least = k, misfit
    low = max((best - 1) / _GRID, 1e-5)
    high = min((best + 1) / _GRID, 1.0 - 1e-5)
    left, right = high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)
    at_left = _misfit(values, ratio, left, density)
    at_right = _misfit(values, ratio, right, density)
    while high - low > 1e-9:
        if at_left <= at_right:
            high, right, at_right = right, left, at_left
            left = high - _GOLDEN * (high - low)
            at_left = _misfit(values, ratio, left, density)
        else:
            low, left, at_left = left, right, at_right
            right = low + _GOLDEN * (high - low)
            at_right = _misfit(values, ratio, right, density)
    return (low + high) / 2.0


@njit
def denoise(periods, shrinkage, out):
    """Take the noise out of a covariance in place; return its variance and the eigenvalues kept.

    Eigenvalues of the correlation within the noise become their mean; with a shrinkage that isn't
    NaN, the part of the correlation they span keeps its diagonal and loses that share of the rest.
    An asset without variance counts as one without correlations. NaN for a matrix that isn't
    finite.
    """
    assets = out.shape[0]
    deviations = np.zeros(assets)
    correlation = np.empty((assets, assets))
    for i in range(assets):
        deviations[i] = math.sqrt(max(out[i, i], 0.0))
    for i in range(assets):
        for j in range(assets):
            product = deviations[i] * deviations[j]
            correlation[i, j] = out[i, j] / product if product > 0.0 else out[i, j]
        correlation[i, i] = 1.0 if deviations[i] < math.inf else math.nan
    values, vectors = np.empty(assets), np.empty((assets, assets))
    if not decompose(correlation, values, vectors):
        out[:] = math.nan
        return math.nan, 0
    ratio = periods / assets
    variance = noise_variance(values, ratio)
    edge = noise_edge(variance, ratio)
    first, noise = 0, 0.0
    while first < assets and values[first] <= edge:
        noise += max(values[first], 0.0)
        first += 1
    kept = assets - first
    level = noise / max(first, 1) if math.isnan(shrinkage) else 0.0
    for i in range(assets):
        values[i] -= level
    fill_products(vectors[first:], values[first:], np.zeros(assets), out)
    if math.isnan(shrinkage):
        for i in range(assets):
            out[i, i] += level
            vectors[0, i] = deviations[i] / math.sqrt(out[i, i])
        for i in range(assets):
            for j in range(assets):
                out[i, j] *= vectors[0, i] * vectors[0, j]
    else:
        for i in range(assets):
            for j in range(assets):
                mixed = shrinkage * out[i, j] + (1.0 - shrinkage) * correlation[i, j]
                out[i, j] = (1.0 if i == j else mixed) * deviations[i] * deviations[j]
    return variance, kept
