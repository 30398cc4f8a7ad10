"""One quick pass over a matrix for values that must not be there."""

import math

import numpy as np

from nanobook.jit import njit

__all__ = ["first_illegal"]


def first_illegal(matrix, least):
    """Find the first value that is below `least` or infinite; NaN is legal.

    Parameters
    ----------
    matrix : ndarray of shape (T, N)
        C-ordered float64.
    least : float
        The smallest legal value.

    Returns
    -------
    tuple of int or None
        Row and column, None if all values are legal.
    """
    row = _first_illegal_row(matrix, least)
    if row < 0:
        return None
    values = matrix[row]
    return int(row), int(np.flatnonzero((values < least) | np.isinf(values))[0])


@njit
def _first_illegal_row(matrix, least):
    for row in range(matrix.shape[0]):
        bad = False
        for column in range(matrix.shape[1]):
            value = matrix[row, column]
            bad |= (value < least) | (abs(value) == math.inf)
        if bad:
            return row
    return -1
