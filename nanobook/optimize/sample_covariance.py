"""Means and products of deviations: what every covariance estimate begins with.

Two passes, the mean first. Rows may have weights; the sample's are all one.
"""

import numpy as np

from nanobook.jit import njit

__all__ = ["divisor", "fill_ages", "fill_mean_of_rows", "fill_products", "pairwise_covariance"]


@njit
def fill_ages(half_life, weights):
    """Fill the weight of each row: 1 for the last, half of it each half-life before."""
    periods = weights.size
    for t in range(periods):
        weights[t] = 0.5 ** ((periods - 1 - t) / half_life)


@njit
def fill_mean_of_rows(returns, weights, mean):
    """Fill the weighted mean of each column; a column of one value has exactly that mean."""
    periods, assets = returns.shape
    for j in range(assets):
        mean[j] = 0.0
    total = 0.0
    for t in range(periods):
        total += weights[t]
        for j in range(assets):
            mean[j] += weights[t] * (returns[t, j] - returns[0, j])
    for j in range(assets):
        mean[j] = returns[0, j] + mean[j] / total


@njit
def fill_products(returns, weights, mean, out):
    """Fill the (N, N) matrix of weighted sums of products of deviations from the mean.

    Four rows are added in one pass, to two rows of the result at a time: that way the result is
    read and written an eighth as often as there are products.
    """
    periods, assets = returns.shape
    out[:] = 0.0
    block = np.zeros((4, assets + 1))
    first, second, third, fourth = block[0], block[1], block[2], block[3]
    w = np.zeros(4)
    for start in range(0, periods, 4):
        for k in range(4):
            if start + k < periods:
                w[k] = weights[start + k]
                for j in range(assets):
                    block[k, j] = returns[start + k, j] - mean[j]
            else:
                w[k] = 0.0
                for j in range(assets):
                    block[k, j] = 0.0
        for i in range(0, assets - 1, 2):
            a0, b0 = w[0] * first[i], w[0] * first[i + 1]
            a1, b1 = w[1] * second[i], w[1] * second[i + 1]
            a2, b2 = w[2] * third[i], w[2] * third[i + 1]
            a3, b3 = w[3] * fourth[i], w[3] * fourth[i + 1]
            upper, lower = out[i], out[i + 1]
            for j in range(i + 2):
                x0, x1, x2, x3 = first[j], second[j], third[j], fourth[j]
                upper[j] += (a0 * x0 + a1 * x1) + (a2 * x2 + a3 * x3)
                lower[j] += (b0 * x0 + b1 * x1) + (b2 * x2 + b3 * x3)
        if assets % 2:
            i = assets - 1
            a0, a1, a2, a3 = w[0] * first[i], w[1] * second[i], w[2] * third[i], w[3] * fourth[i]
            last = out[i]
            for j in range(assets):
                last[j] += (a0 * first[j] + a1 * second[j]) + (a2 * third[j] + a3 * fourth[j])
    for i in range(assets):
        for j in range(i):
            out[j, i] = out[i, j]


@njit
def divisor(weights):
    """Return what sums of products are divided by so that the estimate has no bias.

    It's the sum of the weights less the sum of their squares over their sum: T - 1 where all are
    one.
    """
    total, squares = 0.0, 0.0
    for t in range(weights.size):
        total += weights[t]
        squares += weights[t] * weights[t]
    return total - squares / total


def pairwise_covariance(returns, weights):
    """Estimate each covariance from the rows in which neither of the two is missing.

    Parameters
    ----------
    returns : ndarray of shape (T, N)
        NaN where missing.
    weights : ndarray of shape (T,)
        What rows count.

    Returns
    -------
    covariance : ndarray of shape (N, N)
        Each about the means of the pair's own rows, without bias. Not always positive
        semidefinite.
    counts : ndarray of shape (N, N)
        The rows that each pair has; an element with fewer than two of them is NaN.
    """
    there = ~np.isnan(returns)
    known = there.astype(np.float64)
    safe = np.where(there, returns, 0.0)
    # About each column's own mean first, so that the means of pairs are small corrections.
    centred = np.where(there, safe - (weights @ safe) / np.maximum(weights @ known, 1e-300), 0.0)
    weighted = centred * weights[:, None]
    mass = (known * weights[:, None]).T @ known
    squares = (known * (weights * weights)[:, None]).T @ known
    counts = known.T @ known
    with np.errstate(invalid="ignore", divide="ignore"):
        means = (weighted.T @ known) / mass
        covariance = (weighted.T @ centred) - mass * means * means.T
        covariance /= mass - squares / mass
    covariance[counts < 2] = np.nan
    return (covariance + covariance.T) / 2, counts.astype(np.int64)
