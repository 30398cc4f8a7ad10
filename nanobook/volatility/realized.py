"""Volatility estimated from bars: closes alone, or the range of each bar as well."""

import math

import numpy as np

from nanobook.errors import ArgumentTypeError, ValidationError
from nanobook.metrics.rolling import rolling_volatility
from nanobook.panel.arrays import as_count, as_float
from nanobook.volatility.labels import read_panel, read_panels, shared_panel
from nanobook.volatility.rolling_sums import rolling_sums

__all__ = ["realized_vol", "rolling_realized_vol"]

#: Every name of a method, and the one it stands for.
METHODS = {
    "close_to_close": "close_to_close",
    "close": "close_to_close",
    "cc": "close_to_close",
    "parkinson": "parkinson",
    "garman_klass": "garman_klass",
    "gk": "garman_klass",
    "rogers_satchell": "rogers_satchell",
    "rs": "rogers_satchell",
    "yang_zhang": "yang_zhang",
    "yz": "yang_zhang",
}

#: The prices that a method can't do without.
NEEDS = {
    "close_to_close": {"close"},
    "parkinson": {"high", "low"},
    "garman_klass": {"open", "high", "low", "close"},
    "rogers_satchell": {"open", "high", "low", "close"},
    "yang_zhang": {"open", "high", "low", "close"},
}


def realized_vol(open, high, low, close, method="close_to_close"):
    """Return the volatility per bar of all bars together, not annualised.

    Parameters
    ----------
    open, high, low, close : array_like of shape (T,) or (T, N), Series or DataFrame
        Prices of the bars; one column per asset.
    method : str, default "close_to_close"
        One of these, or the short name behind it. "close_to_close" ("close", "cc"): the
        standard deviation of logarithmic returns, over one less than there are. "parkinson":
        from the range. "garman_klass" ("gk"): from range and body. "rogers_satchell" ("rs"):
        the same without assuming that prices have no drift. "yang_zhang" ("yz"): overnight,
        body and Rogers-Satchell together, for prices that drift and jump at the open.

    Returns
    -------
    float, ndarray or Series
        A number for vectors, one a column otherwise. NaN below two bars (three for
        "yang_zhang"), where a price isn't finite and positive, and, as the original does, for
        vectors that aren't of one length. A variance below 0, which bars that contradict
        themselves can have, counts as 0. Two closes, hence one return, give 0.

    Raises
    ------
    ArgumentTypeError
        If an argument doesn't hold real numbers.
    ValidationError
        If `method` isn't known, or tables differ in shape or labels.

    References
    ----------
    .. [1] Parkinson (1980), "The extreme value method for estimating the variance of the rate of
       return", Journal of Business 53(1).
    .. [2] Garman, Klass (1980), "On the estimation of security price volatilities from historical
       data", Journal of Business 53(1).
    .. [3] Rogers, Satchell (1991), "Estimating variance from high, low and closing prices",
       Annals of Applied Probability 1(4).
    .. [4] Yang, Zhang (2000), "Drift independent volatility estimation based on high, low, open,
       and close prices", Journal of Business 73(3).

    Examples
    --------
    >>> bars = [10, 11, 12, 11], [12, 12, 13, 12], [9, 10, 11, 10], [11, 11.5, 12, 10.5]
    >>> round(realized_vol(*bars, "parkinson"), 6)
    0.126386
    """
    method = _read_method(method)
    prices = {"open": open, "high": high, "low": low, "close": close}
    read = {name: read_panel(name, table) for name, table in prices.items()}
    labels = {name: labels for name, (_, labels) in read.items()}
    if all(one.is_vector for one in labels.values()):
        if len({len(matrix) for matrix, _ in read.values()}) > 1:
            return math.nan
        labels, bars = shared_panel(labels), [matrix for matrix, _ in read.values()]
    else:
        bars, labels = read_panels(**prices)
    periods, columns = bars[0].shape
    values = np.full(columns, np.nan)
    if periods == 2 and method == "close_to_close":
        values[~_unusable(bars).any(axis=0)] = 0.0
    elif periods >= 2:
        values = _rolling_realized(bars, periods, method, 1.0)[-1]
    return labels.per_asset(values, "realized_vol")


def rolling_realized_vol(
    open, high, low, close, window, method="yang_zhang", periods_per_year=None
):
    """Return the volatility of each trailing window of bars.

    Row t uses the bars up to and including row t and none after it.

    Parameters
    ----------
    open, high, low, close : array_like of shape (T,) or (T, N), Series, DataFrame or None
        Prices of the bars; one column per asset. None for prices that `method` doesn't use.
    window : int
        Bars in a window. Above T, or below what the method needs (3 for "close_to_close" and
        "yang_zhang", 1 for the others), everything is NaN.
    method : str, default "yang_zhang"
        See `realized_vol`.
    periods_per_year : float, optional
        What annualises: volatility is multiplied by its root. Per bar if not given.

    Returns
    -------
    ndarray, Series or DataFrame
        What came in, in shape and labels: what `realized_vol` says of the window's bars. NaN
        before the first whole window and where one of its prices isn't finite and positive.

    Raises
    ------
    ArgumentTypeError
        If an argument doesn't hold real numbers, or `window` isn't an integer.
    RangeError
        If `window` or `periods_per_year` is negative.
    ValidationError
        If `method` isn't known, it needs prices that aren't given, or shapes or labels differ.

    Notes
    -----
    Each window is summed up from its own bars, at a cost that doesn't grow with its length: a
    spike or a NaN that has left it leaves no trace.

    Examples
    --------
    >>> bars = [10, 11, 12, 11], [12, 12, 13, 12], [9, 10, 11, 10], [11, 11.5, 12, 10.5]
    >>> rolling_realized_vol(*bars, 3).round(4)
    array([   nan,    nan, 0.1236, 0.1497])
    """
    method = _read_method(method)
    window = as_count("window", window)
    year = 1.0
    if periods_per_year is not None:
        year = as_float("periods_per_year", periods_per_year, least=0.0)
    prices = {"open": open, "high": high, "low": low, "close": close}
    for name in sorted(NEEDS[method]):
        if prices[name] is None:
            raise ValidationError(f"{name} must be given for method {method!r}, got None")
    bars, labels = read_panels(**prices)
    return labels.like(_rolling_realized(bars, window, method, math.sqrt(year)))


def _read_method(method):
    if not isinstance(method, str):
        raise ArgumentTypeError(f"method must be a string, got {method!r}")
    if method not in METHODS:
        raise ValidationError(f"method must be one of {', '.join(METHODS)}, got {method!r}")
    return METHODS[method]


def _unusable(bars):
    """Return where a price of a bar isn't finite and positive."""
    bad = False
    for prices in bars:
        if prices is not None:
            bad = bad | ~((prices > 0.0) & (prices < np.inf))
    return bad


def _rolling_realized(bars, window, method, root):
    bad = _unusable(bars)
    out = np.full(bad.shape, np.nan)
    pairs = method in ("close_to_close", "yang_zhang")  # of bars: one less than there are bars
    if window > len(out) or window < (3 if pairs else 1):
        return out
    with np.errstate(all="ignore"):
        if method == "close_to_close":
            moves = _since_close_before(bars[3], bars[3], bad)
            out[1:] = rolling_volatility(moves, window - 1, 1) * root
            return out
        if method != "yang_zhang":
            variance = _rolling_mean(_range_variance(method, *bars, bad), window)
        else:
            variance = out
            variance[1:] = _yang_zhang(*bars, bad, window - 1)
        np.maximum(variance, 0.0, out=variance)  # a NaN stays
        return np.sqrt(variance, out=variance) * root


def _yang_zhang(open, high, low, close, bad, count):
    """Return the variance of every window of `count` bars and the close before; T - 1 rows."""
    share = 0.34 / (1.34 + (count + 1) / (count - 1))
    overnight = rolling_volatility(_since_close_before(open, close, bad), count, 1)
    body = rolling_volatility(np.log(close[1:] / open[1:]), count, 1)
    ranges = _range_variance("rogers_satchell", open, high, low, close, bad)[1:]
    spread = _rolling_mean(ranges, count)
    return overnight**2 + (share * body**2 + (1.0 - share) * spread)


def _since_close_before(prices, close, bad):
    """Return logarithms of prices over the close before; NaN where either bar is unusable."""
    moves = np.log(prices[1:] / close[:-1])
    moves[bad[1:] | bad[:-1]] = np.nan
    return moves


def _range_variance(method, open, high, low, close, bad):
    """Return what each bar says of the variance per bar; NaN where it's unusable."""
    if method == "parkinson":
        variance = np.log(high / low) ** 2 / (4.0 * math.log(2.0))
    elif method == "garman_klass":
        body = np.log(close / open) ** 2
        variance = 0.5 * np.log(high / low) ** 2 - (2.0 * math.log(2.0) - 1.0) * body
    else:
        body, up, down = np.log(close / open), np.log(high / open), np.log(low / open)
        variance = up * (up - body) + down * (down - body)
    variance[bad] = np.nan
    return variance


def _rolling_mean(values, window):
    out = np.empty_like(values)
    rolling_sums(values, window, out)
    out /= window
    return out
