"""Eigenvalues and eigenvectors inside kernels: the one place that calls LAPACK."""

import math

import numpy as np

from nanobook.jit import njit

__all__ = ["decompose"]


@njit
def decompose(matrix, values, vectors):
    """Fill ascending eigenvalues and, row by row, their eigenvectors; return whether they exist.

    They don't where the matrix holds NaN or infinity, which LAPACK would meet with an exception.
    Callers hold `one_blas_thread`.
    """
    size = matrix.shape[0]
    for i in range(size):
        for j in range(size):
            if not abs(matrix[i, j]) < math.inf:
                return False
    found, columns = np.linalg.eigh(matrix)
    for i in range(size):
        values[i] = found[i]
        for j in range(size):
            vectors[i, j] = columns[j, i]
    return True
