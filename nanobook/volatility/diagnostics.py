"""Tests of what a model has left over in the standardised residuals.

References
----------
.. [1] Ljung, Box (1978), "On a measure of lack of fit in time series models".
.. [2] Engle (1982), "Autoregressive conditional heteroscedasticity with estimates of the variance
   of United Kingdom inflation": the test for ARCH.
"""

import numpy as np

__all__ = ["arch_lm_test", "ljung_box_test"]


def ljung_box_test(values, lags):
    """Return the Ljung-Box statistic of a series and its p-value.

    Parameters
    ----------
    values : ndarray of shape (T,)
        Finite.
    lags : int
        How many autocorrelations are tested together.

    Returns
    -------
    statistic, pvalue : float
        NaN where there are too few values, or none that vary.
    """
    from scipy.special import chdtrc

    count = len(values)
    centred = values - values.mean() if count else values
    total = centred @ centred
    if count <= lags + 1 or not total > 0:
        return np.nan, np.nan
    statistic = 0.0
    for lag in range(1, lags + 1):
        correlation = (centred[lag:] @ centred[:-lag]) / total
        statistic += correlation**2 / (count - lag)
    statistic *= count * (count + 2)
    return float(statistic), float(chdtrc(lags, statistic))


def arch_lm_test(values, lags):
    """Return Engle's statistic, T times R squared of squares on their own lags, and its p-value.

    Parameters
    ----------
    values : ndarray of shape (T,)
        Finite.
    lags : int
        How many lags of the squares.

    Returns
    -------
    statistic, pvalue : float
        NaN where there are too few values, or none that vary.
    """
    from scipy.special import chdtrc

    squares = values**2
    count = len(squares) - lags
    if count <= lags + 1 or not np.ptp(squares) > 0:
        return np.nan, np.nan
    left = squares[lags:]
    right = np.column_stack(
        [np.ones(count), *(squares[lags - i : len(squares) - i] for i in range(1, lags + 1))]
    )
    rest = left - right @ np.linalg.lstsq(right, left, rcond=None)[0]
    spread = left - left.mean()
    statistic = count * (1.0 - (rest @ rest) / (spread @ spread))
    return float(statistic), float(chdtrc(lags, statistic))
