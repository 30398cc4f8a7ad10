"""Figures of every trailing window, at a cost per value that doesn't grow with the window.

The series is cut into blocks as long as the window. A window is then the tail of one block
and the head of the next: heads grow by one value at a time, tails are summed up once per
block from its end, and one merge of the two makes a window. Nothing is ever subtracted from
a running sum, so a spike that has left the window, a NaN or a large level leave no trace.

References
----------
.. [1] van Herk (1992), "A fast algorithm for local minimum and maximum filters on rectangular
   and octagonal kernels": the blocks.
.. [2] Chan, Golub, LeVeque (1979), "Updating formulae and a pairwise algorithm for computing
   sample variances": the merge of two (count, mean, sum of squares).
"""

import math

import numpy as np

from nanobook.jit import njit
from nanobook.metrics.drawdown import check_equity
from nanobook.panel.arrays import as_count, as_float
from nanobook.panel.frames import as_columns

__all__ = ["rolling_sharpe", "rolling_volatility", "rolling_max_drawdown"]


def rolling_sharpe(returns, window, periods_per_year=252):
    """Return the annualised Sharpe ratio of each trailing window, without a risk-free rate.

    Parameters
    ----------
    returns : array_like of shape (T,) or (T, S), Series or DataFrame
        Simple returns per period; one column per run.
    window : int
        Periods in a window. Below 2 or above T, everything is NaN.
    periods_per_year : float, default 252
        What annualises: the ratio is ``mean / sd * sqrt(periods_per_year)``, sd over
        ``window - 1``.

    Returns
    -------
    ndarray, Series or DataFrame
        What came in, in shape and labels. NaN before the first whole window and where a
        window holds a value that isn't finite; 0.0 where all values of a window are equal.

    Raises
    ------
    ArgumentTypeError
        If `returns` doesn't hold real numbers, or `window` isn't an integer.
    RangeError
        If `window` is negative.

    Notes
    -----
    This is the original's definition without its running sums, which lost digits on constant
    windows (a Sharpe ratio of 1e9 for six returns of 0.01) and stayed 0 after a NaN.

    Examples
    --------
    >>> rolling_sharpe([0.01, 0.02, -0.01, 0.03], 3).round(4)
    array([    nan,     nan,  6.9282, 10.1678])
    """
    return _rolling_returns(returns, window, periods_per_year, True)


def rolling_volatility(returns, window, periods_per_year=252):
    """Return the annualised standard deviation of each trailing window.

    Parameters
    ----------
    returns : array_like of shape (T,) or (T, S), Series or DataFrame
        Simple returns per period; one column per run.
    window : int
        Periods in a window. Below 2 or above T, everything is NaN.
    periods_per_year : float, default 252
        What annualises: the volatility is ``sd * sqrt(periods_per_year)``, sd over
        ``window - 1``.

    Returns
    -------
    ndarray, Series or DataFrame
        What came in, in shape and labels. NaN before the first whole window and where a
        window holds a value that isn't finite; 0.0 where all values of a window are equal.

    Raises
    ------
    ArgumentTypeError
        If `returns` doesn't hold real numbers, or `window` isn't an integer.
    RangeError
        If `window` is negative.

    Notes
    -----
    This is the original's definition without its running sums; see `rolling_sharpe`.

    Examples
    --------
    >>> rolling_volatility([0.01, 0.02, -0.01], 2, periods_per_year=1).round(4)
    array([   nan, 0.0071, 0.0212])
    """
    return _rolling_returns(returns, window, periods_per_year, False)


def _rolling_returns(returns, window, periods_per_year, sharpe):
    columns, dress = as_columns("returns", returns)
    window = as_count("window", window)
    periods_per_year = as_float("periods_per_year", periods_per_year, finite=False)
    out = np.full_like(columns, np.nan)
    if 2 <= window <= len(columns):
        root = math.sqrt(periods_per_year) if periods_per_year >= 0 else math.nan
        _rolling_moments(columns, window, root, sharpe, out)
    return dress(out)


def rolling_max_drawdown(equity, window):
    """Return the largest drawdown inside each trailing window.

    Parameters
    ----------
    equity : array_like of shape (T,) or (T, S), Series or DataFrame
        Equity in any currency unit, finite and positive; one column per run.
    window : int
        Values in a window; the peak starts afresh at its first value. Below 1 or above T,
        everything is NaN.

    Returns
    -------
    ndarray, Series or DataFrame
        What came in, in shape and labels: 0.25 where the worst fall inside the window took a
        quarter of the peak before it; NaN before the first whole window.

    Raises
    ------
    ArgumentTypeError
        If `equity` doesn't hold real numbers, or `window` isn't an integer.
    RangeError
        If `window` is negative.
    ValidationError
        If `equity` holds a value that isn't finite and positive.

    Notes
    -----
    This is the definition of the original's 0.19.2.

    Examples
    --------
    >>> rolling_max_drawdown([100, 80, 90, 95], 2)
    array([nan, 0.2, 0. , 0. ])
    """
    columns, dress = as_columns("equity", equity)
    window = as_count("window", window)
    check_equity(columns)
    out = np.full_like(columns, np.nan)
    if 1 <= window <= len(columns):
        _rolling_max_drawdown(columns, window, out)
    return dress(out)


@njit
def _rolling_moments(values, window, root, sharpe, out):
    """Fill ``out`` from row ``window - 1`` on with Sharpe ratios, or with volatilities.

    Means are kept as distances from an anchor that every window with that head or tail holds:
    the first value of a head's block, the last one of a tail's. So a large level costs no
    digits, and only a window that holds a NaN can see one.
    """
    periods, columns = values.shape
    mean = np.empty(columns)
    squares = np.empty(columns)
    between_anchors = np.empty(columns)
    tail_mean = np.empty((window, columns))
    tail_squares = np.empty((window, columns))
    for t in range(periods):
        last = t % window  # the head holds places 0..last of its block, the tail the rest
        begin = t - last
        if last == 0:
            for s in range(columns):
                mean[s] = 0.0
                squares[s] = 0.0
            if t > 0:
                _tail_moments(values, t, tail_mean, tail_squares)
                for s in range(columns):
                    between_anchors[s] = values[t - 1, s] - values[t, s]

        share = 1.0 / (last + 1)
        for s in range(columns):
            value = values[t, s] - values[begin, s]
            delta = value - mean[s]
            mean[s] += delta * share
            squares[s] += delta * (value - mean[s])

        if last == window - 1:
            for s in range(columns):
                sd = math.sqrt(squares[s] / (window - 1))
                out[t, s] = _annualised(values[begin, s] + mean[s], sd, root, sharpe)
        elif t >= window:
            tail = last + 1
            share = (window - tail) / window
            weight = tail * share
            for s in range(columns):
                delta = between_anchors[s] + (tail_mean[tail, s] - mean[s])
                merged = squares[s] + tail_squares[tail, s] + delta * delta * weight
                sd = math.sqrt(merged / (window - 1))
                merged_mean = values[begin, s] + (mean[s] + delta * share)
                out[t, s] = _annualised(merged_mean, sd, root, sharpe)


@njit
def _tail_moments(values, end, tail_mean, tail_squares):
    """Fill row ``i`` with the moments of places i.. of the block that ends before row ``end``."""
    window, columns = tail_mean.shape
    anchor = end - 1
    for s in range(columns):
        tail_mean[window - 1, s] = values[anchor, s] - values[anchor, s]  # 0, or NaN
        tail_squares[window - 1, s] = tail_mean[window - 1, s]
    for i in range(window - 2, -1, -1):
        share = 1.0 / (window - i)
        t = end - window + i
        for s in range(columns):
            value = values[t, s] - values[anchor, s]
            delta = value - tail_mean[i + 1, s]
            mean = tail_mean[i + 1, s] + delta * share
            tail_mean[i, s] = mean
            tail_squares[i, s] = tail_squares[i + 1, s] + delta * (value - mean)


@njit
def _annualised(mean, sd, root, sharpe):
    """Return a window's Sharpe ratio or volatility; a NaN ``sd`` stays NaN."""
    if not sharpe:
        return sd * root
    return mean * root / sd if sd > 0.0 else sd


@njit
def _rolling_max_drawdown(equity, window, out):
    """Fill ``out`` from row ``window - 1`` on with the largest drawdown of each window."""
    periods, columns = equity.shape
    peak = np.empty(columns)
    low = np.empty(columns)
    deepest = np.empty(columns)
    tail_peak = np.empty((window, columns))
    tail_deepest = np.empty((window, columns))
    for t in range(periods):
        last = t % window
        if last == 0:
            if t > 0:
                _tail_drawdowns(equity, t, low, tail_peak, tail_deepest)
            for s in range(columns):
                peak[s] = low[s] = equity[t, s]
                deepest[s] = 0.0

        for s in range(columns):
            value = equity[t, s]
            peak[s] = max(peak[s], value)
            low[s] = min(low[s], value)
            deepest[s] = max(deepest[s], (peak[s] - value) / peak[s])

        if last == window - 1:
            for s in range(columns):
                out[t, s] = deepest[s]
        elif t >= window:
            tail = last + 1
            for s in range(columns):
                across = (tail_peak[tail, s] - low[s]) / tail_peak[tail, s]
                out[t, s] = max(deepest[s], tail_deepest[tail, s], across)


@njit
def _tail_drawdowns(equity, end, low, peak, deepest):
    """Fill row ``i`` of ``peak`` and ``deepest`` for places i.. of the block before ``end``."""
    window, columns = peak.shape
    for s in range(columns):
        low[s] = peak[window - 1, s] = equity[end - 1, s]
        deepest[window - 1, s] = 0.0
    for i in range(window - 2, -1, -1):
        t = end - window + i
        for s in range(columns):
            value = equity[t, s]
            low[s] = min(low[s], value)
            peak[i, s] = max(peak[i + 1, s], value)
            deepest[i, s] = max(deepest[i + 1, s], (value - low[s]) / value)
