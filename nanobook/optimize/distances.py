"""How far apart assets are, from their correlations; and points in space."""

import math

import numpy as np

from nanobook.errors import ValidationError
from nanobook.jit import njit

__all__ = ["CORRELATION", "DISTANCES", "DISTANCE_OF_DISTANCES", "fill_distances"]
__all__ += ["fill_euclidean", "read_distance"]

CORRELATION = 0  # sqrt((1 - correlation) / 2)
DISTANCE_OF_DISTANCES = 1  # Euclidean, between two assets' vectors of those distances

#: Their codes by name.
DISTANCES = {"correlation": CORRELATION, "distance_of_distances": DISTANCE_OF_DISTANCES}


def read_distance(distance):
    """Return the code of a distance.

    Parameters
    ----------
    distance : {"correlation", "distance_of_distances"}
        Its name.

    Returns
    -------
    int64
        What `fill_distances` takes.

    Raises
    ------
    ValidationError
        If it's another one.
    """
    if distance not in DISTANCES:
        raise ValidationError(
            f"distance must be 'correlation' or 'distance_of_distances', got {distance!r}"
        )
    return np.int64(DISTANCES[distance])


@njit
def fill_distances(covariance, kind, out):
    """Fill the (N, N) distances between assets with positive variances.

    Returns whether every entry of the covariance is finite.
    """
    n = covariance.shape[0]
    scale = np.empty(n)
    for i in range(n):
        scale[i] = 1.0 / math.sqrt(covariance[i, i])
    fault = 0.0
    for i in range(n):
        row, from_row = out[i], covariance[i]
        for j in range(n):
            gap = 0.5 * (1.0 - from_row[j] * (scale[i] * scale[j]))
            row[j] = math.sqrt(min(max(gap, 0.0), 1.0))
        row[i] = 0.0
        for j in range(n):
            fault += from_row[j] * 0.0
    if kind == DISTANCE_OF_DISTANCES:
        fill_euclidean(out.copy(), out)
    return fault == 0.0


@njit
def fill_euclidean(points, out):
    """Fill the (N, N) Euclidean distances between points, a row each."""
    n, axes = points.shape
    across = np.ascontiguousarray(points.T)
    squares = np.empty(n)
    for i in range(n):
        squares[:] = 0.0
        for k in range(axes):
            own, row = points[i, k], across[k]
            for j in range(i):
                squares[j] += (own - row[j]) * (own - row[j])
        for j in range(i):
            out[i, j] = out[j, i] = math.sqrt(squares[j])
        out[i, i] = 0.0
