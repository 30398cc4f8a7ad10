"""Nonlinear shrinkage: each eigenvalue of the sample moved to where it belongs, in closed form.

After Ledoit and Wolf (2020), "Analytical nonlinear shrinkage of large-dimensional covariance
matrices", Annals of Statistics 48(5): the density of eigenvalues and its Hilbert transform are
estimated by Epanechnikov's kernel, with a bandwidth in proportion to the eigenvalue.
"""

import math

import numpy as np

from nanobook.jit import njit
from nanobook.optimize.eigen import decompose
from nanobook.optimize.sample_covariance import fill_products

__all__ = ["shrink_eigenvalues", "shrink_nonlinear"]

_ROOT_5 = math.sqrt(5.0)


@njit
def shrink_eigenvalues(values, freedom):
    """Shrink ascending eigenvalues of a sample covariance in place.

    The sample has ``freedom`` degrees of freedom, T - 1. Where there are more eigenvalues, the
    smallest are zero but for rounding and all become one value. Among the others those that are
    zero beyond the sample's size, of duplicated or constant assets, stay next to zero.
    """
    assets = values.size
    first = max(0, assets - freedom)
    count = assets - first
    largest = values[assets - 1]
    if assets == 1 or not largest > 0.0:
        return
    floor = assets * 2.3e-16 * largest
    for i in range(first, assets):
        values[i] = max(values[i], floor)
    bandwidth = freedom ** (-1.0 / 3.0)
    ratio = assets / freedom
    shrunk = np.empty(count)
    for i in range(count):
        value = values[first + i]
        density, transform = 0.0, 0.0
        for j in range(count):
            width = bandwidth * values[first + j]
            x = (value - values[first + j]) / width
            inside = 1.0 - x * x / 5.0
            density += max(inside, 0.0) / width
            part = -0.3 * x
            if abs(x) != _ROOT_5:
                logarithm = math.log(abs((_ROOT_5 - x) / (_ROOT_5 + x)))
                part += 0.75 / _ROOT_5 * inside * logarithm
            transform += part / width
        density *= 0.75 / _ROOT_5 / count
        transform /= math.pi * count
        scaled = math.pi * value
        if first == 0:
            real = 1.0 - ratio - ratio * scaled * transform
            imaginary = ratio * scaled * density
        else:
            real, imaginary = scaled * transform, scaled * density
        shrunk[i] = value / (real * real + imaginary * imaginary)
    if first:
        inverse = 0.0
        for i in range(first, assets):
            inverse += 1.0 / values[i]
        inverse /= count
        inner = 1.0 - 0.2 / bandwidth**2
        logarithm = math.log(abs((1.0 + _ROOT_5 * bandwidth) / (1.0 - _ROOT_5 * bandwidth)))
        transform = 0.3 / bandwidth**2 + 0.75 / _ROOT_5 / bandwidth * inner * logarithm
        transform *= inverse / math.pi
        for i in range(first):
            values[i] = 1.0 / (math.pi * (assets - freedom) / freedom * transform)
    for i in range(count):
        values[first + i] = shrunk[i]


@njit
def shrink_nonlinear(freedom, out):
    """Shrink a sample covariance, divided by T - 1, in place; return whether it could be done."""
    assets = out.shape[0]
    values, vectors = np.empty(assets), np.empty((assets, assets))
    if not decompose(out, values, vectors):
        out[:] = math.nan
        return False
    if assets > 1:
        shrink_eigenvalues(values, freedom)
        fill_products(vectors, values, np.zeros(assets), out)
    return True
