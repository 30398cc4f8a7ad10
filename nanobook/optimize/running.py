"""Means and covariances that move with a window: rows are added and taken away, one by one.

Sums are kept of deviations from a fixed reference, the mean of the first window, so that nothing
large cancels; a window that shares too little with the one before is summed anew.
"""

import numpy as np

from nanobook.jit import njit

__all__ = ["add_row", "begin_sums", "moments_of", "remove_row"]

#: Places in the vector of totals: the weights, and their squares, summed.
WEIGHT, SQUARES = 0, 1


@njit
def begin_sums(rows, decay, reference, sums, products, totals):
    """Sum a window's rows, oldest first; a row of age a counts ``decay ** a``.

    ``reference``, ``sums`` (k,), the lower half of ``products`` (k, k) and ``totals`` (2,) are
    filled.
    """
    periods, count = rows.shape
    for i in range(count):
        reference[i] = 0.0
        sums[i] = 0.0
        for j in range(count):
            products[i, j] = 0.0
    for t in range(periods):
        for i in range(count):
            reference[i] += rows[t, i]
    for i in range(count):
        reference[i] /= periods
    totals[WEIGHT] = 0.0
    totals[SQUARES] = 0.0
    weight = decay ** np.float64(periods - 1)
    four = np.empty((4, count))
    weights = np.empty(4)
    t = 0
    while t < periods:
        fused = min(4, periods - t)
        for f in range(4):
            weights[f] = 0.0
            for i in range(count):
                four[f, i] = 0.0
        for f in range(fused):
            weights[f] = weight
            totals[WEIGHT] += weight
            totals[SQUARES] += weight * weight
            for i in range(count):
                deviation = rows[t + f, i] - reference[i]
                four[f, i] = deviation
                sums[i] += weight * deviation
            # Anew from the power now and then: a product of many roundings would drift.
            weight = decay ** np.float64(periods - 2 - t - f) if t + f < periods - 1 else 1.0
        for i in range(count):
            a, b = weights[0] * four[0, i], weights[1] * four[1, i]
            c, d = weights[2] * four[2, i], weights[3] * four[3, i]
            for j in range(i + 1):
                products[i, j] += (a * four[0, j] + b * four[1, j]) + (
                    c * four[2, j] + d * four[3, j]
                )
        t += fused


@njit
def add_row(row, decay, reference, sums, products, totals):
    """Let every row grow older by a period, and take in a new one."""
    count = row.size
    totals[WEIGHT] = decay * totals[WEIGHT] + 1.0
    totals[SQUARES] = decay * decay * totals[SQUARES] + 1.0
    deviations = np.empty(count)
    for i in range(count):
        deviations[i] = row[i] - reference[i]
    if decay == 1.0:
        for i in range(count):
            own = deviations[i]
            sums[i] += own
            for j in range(i + 1):
                products[i, j] += own * deviations[j]
        return
    for i in range(count):
        own = deviations[i]
        sums[i] = decay * sums[i] + own
        for j in range(i + 1):
            products[i, j] = decay * products[i, j] + own * deviations[j]


@njit
def remove_row(row, weight, reference, sums, products, totals):
    """Take away a row that counts ``weight``."""
    count = row.size
    totals[WEIGHT] -= weight
    totals[SQUARES] -= weight * weight
    deviations = np.empty(count)
    for i in range(count):
        deviations[i] = row[i] - reference[i]
    for i in range(count):
        own = weight * deviations[i]
        sums[i] -= own
        for j in range(i + 1):
            products[i, j] -= own * deviations[j]


@njit
def moments_of(reference, sums, products, totals, mean, covariance):
    """Fill the weighted mean and the covariance, freed of its bias.

    With equal weights that's the sample's covariance, over one less than the rows; with others
    the sum over ``1 - sum of squared shares``, as pandas' ``ewm(...).cov()``.
    """
    count = sums.size
    total = totals[WEIGHT]
    scale = 1.0 / (total - totals[SQUARES] / total)
    for i in range(count):
        center = sums[i] / total
        mean[i] = reference[i] + center
        for j in range(i + 1):
            value = (products[i, j] - center * sums[j]) * scale
            covariance[i, j] = value
            covariance[j, i] = value
