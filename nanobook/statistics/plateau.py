"""Whether the best candidate stands on a plateau or on a peak: how its neighbours do."""

import math
from dataclasses import dataclass

import numpy as np

from nanobook.errors import ValidationError
from nanobook.panel.arrays import as_count, as_integer, as_matrix, as_vector

__all__ = ["Plateau", "plateau"]


@dataclass(frozen=True, eq=False)
class Plateau:
    """The best candidate and its neighbours.

    Parameters
    ----------
    best : int
        The candidate.
    value : float
        What it reaches.
    neighbours : ndarray of int64
        Candidates next to it that have a value, ascending.
    mean, median, least : float
        Of the neighbours' values; NaN without neighbours.
    on_grid : bool
        Whether neighbours are steps on a full grid; otherwise they're the nearest candidates.
    """

    best: int
    value: float
    neighbours: np.ndarray
    mean: float
    median: float
    least: float
    on_grid: bool

    @property
    def count(self):
        """Number of neighbours."""
        return int(self.neighbours.size)

    @property
    def median_ratio(self):
        """The median neighbour over the best; NaN unless the best is above 0."""
        return self.median / self.value if self.value > 0.0 else math.nan

    @property
    def least_ratio(self):
        """The worst neighbour over the best; NaN unless the best is above 0."""
        return self.least / self.value if self.value > 0.0 else math.nan


def plateau(values, coordinates, best=None, *, nearest=None):
    """Return how the neighbours of the best candidate do.

    Where the candidates fill a grid, a neighbour is one step away along one axis, in the order
    of the values on that axis, however far apart they are. Otherwise neighbours are the nearest
    candidates, every axis measured by ranks from 0 to 1.

    Parameters
    ----------
    values : array_like of shape (S,)
        What each candidate reaches, more being better; NaN for one that failed.
    coordinates : array_like of shape (S, A)
        Its place: positions on a grid, or the parameters themselves.
    best : int, optional
        The candidate to look around; by default the first of the highest value.
    nearest : int, optional
        Number of neighbours where there's no grid, at least 1; by default two an axis. Given
        with a grid, it's preferred to the grid's steps.

    Returns
    -------
    Plateau
        The neighbours and what they reach. A candidate that failed is no neighbour.

    Raises
    ------
    ArgumentTypeError
        If an argument isn't of its kind.
    ValidationError
        If shapes don't go together, a coordinate isn't finite, or no value is a number.
    RangeError
        If `best` or `nearest` lies outside its range.

    Examples
    --------
    >>> found = plateau([1, 2, 1, 3, 9, 2], [[0, 0], [0, 1], [0, 2], [1, 0], [1, 1], [1, 2]])
    >>> found.best, found.neighbours, found.median
    (4, array([1, 3, 5]), 2.0)
    """
    values = as_vector("values", values)
    coordinates = as_matrix("coordinates", coordinates)
    if len(coordinates) != values.size or not coordinates.shape[1]:
        raise ValidationError(
            f"coordinates must have a row a value, {values.size}, and a column an axis, "
            f"got shape {coordinates.shape}"
        )
    if not np.isfinite(coordinates).all():
        raise ValidationError("coordinates must be finite, but hold NaN or an infinity")
    if np.isnan(values).all():
        raise ValidationError("values must hold a number, got NaN only or nothing")
    if best is None:
        best = int(np.nanargmax(values))
    best = as_integer("best", best, least=0, most=values.size - 1)
    places = [np.unique(axis, return_inverse=True) for axis in coordinates.T]
    sizes = [distinct.size for distinct, _ in places]
    ranks = np.stack([place for _, place in places], axis=1)
    fine = ~np.isnan(values)
    fine[best] = False
    on_grid = nearest is None and _fills_grid(ranks, sizes)
    if on_grid:
        neighbours = np.flatnonzero(fine & (np.abs(ranks - ranks[best]).sum(axis=1) == 1))
    else:
        count = 2 * ranks.shape[1] if nearest is None else as_count("nearest", nearest, least=1)
        scaled = ranks / np.maximum(np.array(sizes) - 1, 1)
        distance = ((scaled - scaled[best]) ** 2).sum(axis=1)
        order = np.argsort(np.where(fine, distance, np.inf), kind="stable")
        neighbours = np.sort(order[: min(count, int(fine.sum()))])
    around = values[neighbours]
    if around.size:
        mean, median, least = around.mean(), np.median(around), around.min()
    else:
        mean = median = least = math.nan
    return Plateau(
        best=best,
        value=float(values[best]),
        neighbours=neighbours.astype(np.int64),
        mean=float(mean),
        median=float(median),
        least=float(least),
        on_grid=on_grid,
    )


def _fills_grid(ranks, sizes):
    """Return whether every combination of places stands exactly once."""
    return len(ranks) == math.prod(sizes) and len(np.unique(ranks, axis=0)) == len(ranks)
