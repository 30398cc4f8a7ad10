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

#: Prices that are looked at together: a quarter of a megabyte.
CHUNK = 32_768


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
    return labels.like(_rolling_realized(bars, window, method, year))


def _read_method(method):
    if not isinstance(method, str):
        raise ArgumentTypeError(f"method must be a string, got {method!r}")
    if method not in METHODS:
        raise ValidationError(f"method must be one of {', '.join(METHODS)}, got {method!r}")
    return METHODS[method]


def _rolling_realized(bars, window, method, periods_per_year):
    pairs = method in ("close_to_close", "yang_zhang")  # of bars: one less than there are bars
    periods, columns = next(prices.shape for prices in bars if prices is not None)
    if window > periods or window < (3 if pairs else 1):
        return np.full((periods, columns), np.nan)
    terms = _terms(bars, method, periods, columns)
    if method == "close_to_close":
        return rolling_volatility(terms[0], window - 1, periods_per_year)
    variance = np.empty((periods, columns))
    if method == "yang_zhang":
        count = window - 1
        share = 0.34 / (1.34 + (count + 1) / (count - 1))
        rolling_sums(terms[2], count, variance)
        variance *= (1.0 - share) / count
        for moves, part in ((terms[1], share), (terms[0], 1.0)):
            deviation = rolling_volatility(moves, count, 1)
            deviation *= deviation
            deviation *= part
            variance += deviation
    else:
        rolling_sums(terms[0], window, variance)
        variance /= window
    np.maximum(variance, 0.0, out=variance)  # a NaN stays
    variance *= periods_per_year
    return np.sqrt(variance, out=variance)


def _terms(bars, method, periods, columns):
    """Return what each bar adds to a window, NaN where a price of it isn't usable.

    Moves from the close before for "close_to_close", and for "yang_zhang" those and moves inside
    the bar, NaN in the first row; variances otherwise, and third for "yang_zhang". A few rows at
    a time, whose intermediate results stay in the processor's cache.
    """
    terms = [np.empty((periods, columns)) for _ in range(3 if method == "yang_zhang" else 1)]
    step = max(1, CHUNK // max(columns, 1))
    with np.errstate(all="ignore"):
        for begin in range(0, periods, step):
            rows = slice(begin, begin + step)
            inside = [None if prices is None else prices[rows] for prices in bars]
            bad = _unusable(inside)
            if method == "close_to_close":
                _moves_between(bars, bars[3], begin, bad, terms[0][rows])
            elif method == "yang_zhang":
                _moves_between(bars, bars[0], begin, bad, terms[0][rows])
                np.log(inside[3] / inside[0], out=terms[1][rows])
                terms[2][rows] = _range_variance("rogers_satchell", *inside)
            else:
                terms[0][rows] = _range_variance(method, *inside)
                if bad.any():
                    terms[0][rows][bad] = np.nan
    for moves in terms[1:]:
        moves[0] = np.nan
    return terms


def _moves_between(bars, prices, begin, bad, out):
    """Fill ``out`` with logarithms of prices over the close before, NaN beside unusable bars."""
    before = max(begin - 1, 0)
    close = bars[3][before : begin - 1 + len(out)]
    first = 1 if begin == 0 else 0
    np.log(prices[begin + first : begin + len(out)] / close, out=out[first:])
    if first:
        out[0] = np.nan
    out[bad] = np.nan
    bad_before = _unusable([None if p is None else p[before : begin - 1 + len(out)] for p in bars])
    out[first:][bad_before] = np.nan


def _unusable(bars):
    """Return where a price of a bar isn't finite and positive."""
    bad = False
    for prices in bars:
        if prices is not None:
            bad = bad | ~((prices > 0.0) & (prices < np.inf))
    return bad


def _range_variance(method, open, high, low, close):
    """Return what each bar says of the variance per bar."""
    if method == "parkinson":
        return np.log(high / low) ** 2 / (4.0 * math.log(2.0))
    if method == "garman_klass":
        body = np.log(close / open) ** 2
        return 0.5 * np.log(high / low) ** 2 - (2.0 * math.log(2.0) - 1.0) * body
    body, up, down = np.log(close / open), np.log(high / open), np.log(low / open)
    return up * (up - body) + down * (down - body)
