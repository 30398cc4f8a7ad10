"""The first four moments of returns, and how alike several series of them are."""

import math

import numpy as np

from nanobook.errors import ValidationError
from nanobook.jit import njit
from nanobook.panel.arrays import as_matrix

__all__ = ["COUNT", "KURTOSIS", "MEAN", "SKEW", "VARIANCE", "average_correlation", "moments"]

#: What `moments` writes, in order.
COUNT, MEAN, VARIANCE, SKEW, KURTOSIS = range(5)

#: A deviation below this part of the typical size is rounding: the series doesn't vary.
LEAST_VARIATION = 1e-12


@njit
def moments(values, out):
    """Fill ``out`` with count, mean, variance, skewness and kurtosis; NaN is left out.

    Variance is over one less than the count, as in a Sharpe ratio; skewness and kurtosis are
    those of the values themselves, m3 / m2**1.5 and m4 / m2**2. Values that don't vary have no
    variance and NaN for shape; fewer than two have NaN for variance too.
    """
    out[:] = math.nan
    count, total, squares = 0, 0.0, 0.0
    for value in values:
        if value == value:
            count += 1
            total += value
            squares += value * value
    out[COUNT] = count
    if count == 0:
        return
    mean = total / count
    drift = deviations = 0.0
    for value in values:
        if value == value:
            drift += value - mean
    mean += drift / count
    for value in values:
        if value == value:
            deviations += (value - mean) * (value - mean)
    out[MEAN] = mean
    if count < 2:
        return
    if deviations <= LEAST_VARIATION * LEAST_VARIATION * squares:
        out[VARIANCE] = 0.0
        return
    out[VARIANCE] = deviations / (count - 1)
    spread = math.sqrt(deviations / count)
    third = fourth = 0.0
    for value in values:
        if value == value:
            z = (value - mean) / spread  # of size one, so that no power under- or overflows
            third += z * z * z
            fourth += z * z * z * z
    out[SKEW], out[KURTOSIS] = third / count, fourth / count


def average_correlation(returns):
    """Return the mean correlation of two different columns, at the cost of reading them.

    Parameters
    ----------
    returns : array_like of shape (T, S) or DataFrame
        Returns per period, one column a candidate; finite.

    Returns
    -------
    float
        The mean over all pairs of columns that vary; NaN if fewer than two do.

    Raises
    ------
    ArgumentTypeError
        If `returns` isn't a matrix of numbers.
    ValidationError
        If there's a value that isn't finite.

    See Also
    --------
    effective_trials : What it's for.

    Examples
    --------
    >>> round(average_correlation([[1, 2, 3], [2, 4, 1], [3, 6, 5]]), 3)
    0.667
    """
    matrix = as_matrix("returns", returns)
    if not np.isfinite(matrix).all():
        raise ValidationError("returns must be finite, but hold NaN or an infinity")
    if not matrix.size:
        return math.nan
    centred = matrix - matrix.mean(axis=0)
    lengths = np.sqrt((centred * centred).sum(axis=0))
    varies = lengths > LEAST_VARIATION * np.sqrt((matrix * matrix).sum(axis=0))
    count = int(varies.sum())
    if count < 2:
        return math.nan
    # The square of the sum of unit vectors is the sum of all correlations.
    whole = (centred[:, varies] / lengths[varies]).sum(axis=1)
    return float((whole @ whole - count) / (count * (count - 1)))
