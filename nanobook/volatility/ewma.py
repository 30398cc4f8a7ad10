"""Volatility from squared returns that count less the older they are."""

import math

import numpy as np

from nanobook.errors import RangeError, ValidationError
from nanobook.jit import njit
from nanobook.panel.arrays import as_count, as_float, as_vector
from nanobook.panel.frames import is_series
from nanobook.volatility.labels import read_panel

__all__ = ["ewma_volatility", "riskmetrics2006_volatility"]

#: RiskMetrics' decay for daily returns.
DAILY_DECAY = 0.94


def ewma_volatility(
    returns, *, decay=None, halflife=None, start=None, min_periods=10, periods_per_year=None
):
    """Return the exponentially weighted volatility of each asset, known at the end of each period.

    The value in row t uses the returns of rows up to and including t and none after it. So it's
    the forecast for row t + 1, and, the model being flat, for every row after that.

    Parameters
    ----------
    returns : array_like of shape (T,) or (T, N), Series or DataFrame
        Returns per period, taken to have mean zero; one column per asset.
    decay : float, optional
        What a squared return's weight is multiplied by each period: above 0, below 1. 0.94 if
        neither `decay` nor `halflife` is given: RiskMetrics 1996 for daily returns.
    halflife : float, optional
        Instead of `decay`: the periods after which a weight has halved.
    start : float, array_like of shape (N,) or Series, optional
        Variance per period before the first return. Without it, weights of the returns there
        are add up to one, so that nothing has to be assumed.
    min_periods : int, default 10
        The value is NaN until so many returns have been seen: ten tell a deviation to within a
        fifth or so.
    periods_per_year : float, optional
        What annualises: volatility is multiplied by its root. Per period if not given.

    Returns
    -------
    ndarray, Series or DataFrame
        What came in, in shape and labels: standard deviations. A return that's missing or isn't
        finite leaves the state as it was, and the row shows the value of the one before.

    Raises
    ------
    ArgumentTypeError
        If an argument doesn't hold real numbers.
    ValidationError
        If both `decay` and `halflife` are given, or `start` isn't one variance, or one a column;
        its child RangeError if a number lies outside its range.

    Notes
    -----
    A forecast for the sum of h periods' returns has h times the variance.

    References
    ----------
    .. [1] J.P. Morgan, Reuters (1996), "RiskMetrics: technical document", 4th edition, section
       5.2.

    Examples
    --------
    >>> ewma_volatility([0.01, -0.02, 0.01], min_periods=1).round(5)
    array([0.01   , 0.01596, 0.01414])
    """
    decays = np.array([_read_decay(decay, halflife)])
    return _weigh(returns, decays, np.ones(1), start, min_periods, periods_per_year)


def riskmetrics2006_volatility(
    returns,
    *,
    tau0=1560.0,
    tau1=4.0,
    kmax=14,
    rho=2.0**0.5,
    start=None,
    min_periods=10,
    periods_per_year=None,
):
    """Return RiskMetrics 2006 volatility: a weighted sum of EWMAs from short to long memory.

    The value in row t uses the returns of rows up to and including t and none after it. So it's
    the forecast for row t + 1, and, the model being flat, for every row after that.

    Parameters
    ----------
    returns : array_like of shape (T,) or (T, N), Series or DataFrame
        Returns per period, taken to have mean zero; one column per asset.
    tau0 : float, default 1560.0
        Periods at which the logarithmic memory is used up.
    tau1 : float, default 4.0
        Periods of the shortest component: its decay is ``exp(-1 / tau1)``.
    kmax : int, default 14
        How many components.
    rho : float, optional
        How many times longer each component is than the one before, the root of 2 if not given.
    start : float, array_like of shape (N,) or Series, optional
        Variance per period of every component before the first return; see `ewma_volatility`.
    min_periods : int, default 10
        The value is NaN until so many returns have been seen.
    periods_per_year : float, optional
        What annualises: volatility is multiplied by its root. Per period if not given.

    Returns
    -------
    ndarray, Series or DataFrame
        What came in, in shape and labels: standard deviations. A return that's missing or isn't
        finite leaves the state as it was, and the row shows the value of the one before.

    Raises
    ------
    ArgumentTypeError
        If an argument doesn't hold real numbers.
    ValidationError
        If `start` isn't one variance, or one a column, or the longest component is longer than
        `tau0`; its child RangeError if a number lies outside its range.

    References
    ----------
    .. [1] Zumbach (2007), "The RiskMetrics 2006 methodology", RiskMetrics Group, section 3.

    Examples
    --------
    >>> riskmetrics2006_volatility([0.01, -0.02, 0.01], min_periods=1).round(5)
    array([0.01   , 0.01601, 0.01413])
    """
    tau0, tau1 = as_float("tau0", tau0), as_float("tau1", tau1)
    kmax, rho = as_count("kmax", kmax, least=1), as_float("rho", rho)
    if not 0.0 < tau1 < tau0:
        raise RangeError(f"tau1 must lie between 0 and tau0, {tau0}, got {tau1}")
    if tau0 <= 1.0:
        raise RangeError(f"tau0 must be above 1, got {tau0}")
    if rho <= 1.0:
        raise RangeError(f"rho must be above 1, got {rho}")
    if math.log(tau1) + (kmax - 1) * math.log(rho) > math.log(tau0):
        raise ValidationError(
            f"kmax must keep the longest component, tau1 * rho ** (kmax - 1), within tau0, "
            f"{tau0}, got {kmax}"
        )
    taus = tau1 * rho ** np.arange(kmax)
    weights = 1.0 - np.log(taus) / math.log(tau0)
    weights /= weights.sum()
    return _weigh(returns, np.exp(-1.0 / taus), weights, start, min_periods, periods_per_year)


def _read_decay(decay, halflife):
    if halflife is None:
        decay = as_float("decay", DAILY_DECAY if decay is None else decay)
        if not 0.0 < decay < 1.0:
            raise RangeError(f"decay must lie between 0 and 1, got {decay}")
        return decay
    if decay is not None:
        raise ValidationError(f"decay must not be given beside halflife, got {decay!r}")
    halflife = as_float("halflife", halflife)
    if halflife <= 0.0:
        raise RangeError(f"halflife must be above 0, got {halflife}")
    return 0.5 ** (1.0 / halflife)


def _weigh(returns, decays, weights, start, min_periods, periods_per_year):
    matrix, labels = read_panel("returns", returns)
    min_periods = as_count("min_periods", min_periods)
    year = 1.0
    if periods_per_year is not None:
        year = as_float("periods_per_year", periods_per_year, least=0.0)
    columns = matrix.shape[1]
    states = np.zeros((decays.size, columns))
    masses = np.zeros((decays.size, columns))
    if start is not None:
        states[:] = _read_start(start, columns, labels)
        masses[:] = 1.0
    out = np.empty_like(matrix)
    _ewma(matrix, decays, weights, states, masses, min_periods, math.sqrt(year), out)
    return labels.like(out)


def _read_start(start, columns, labels):
    if is_series(start) and labels.columns is not None:
        start = start.reindex(labels.columns)
    if np.ndim(start) == 0:
        values = np.full(columns, as_float("start", start))
    else:
        values = as_vector("start", start)
    if values.size != columns:
        raise ValidationError(f"start must have a value for each of {columns} columns")
    bad = values[~((values >= 0.0) & (values < np.inf))]
    if bad.size:
        raise ValidationError(f"start must be finite and at least 0 for every column, got {bad[0]}")
    return values


@njit
def _ewma(returns, decays, weights, states, masses, min_periods, root, out):
    """Fill ``out`` with volatilities, row by row; ``states`` and ``masses`` move along.

    A mass is what a component's weights add up to so far: 1 from the first row on if the
    component began with a variance, less if it began with nothing.
    """
    periods, columns = returns.shape
    seen = np.zeros(columns, dtype=np.int64)
    squares = np.empty(columns)
    last = np.full(columns, np.nan)
    for t in range(periods):
        for s in range(columns):
            squares[s] = returns[t, s] * returns[t, s]
            seen[s] += squares[s] < math.inf
            last[s] = 0.0
        for k in range(decays.size):
            decay = decays[k]
            fresh = 1.0 - decay
            for s in range(columns):
                known = squares[s] < math.inf
                states[k, s] = decay * states[k, s] + fresh * squares[s] if known else states[k, s]
                masses[k, s] = decay * masses[k, s] + fresh if known else masses[k, s]
                last[s] += weights[k] * (states[k, s] / masses[k, s])
        for s in range(columns):
            enough = seen[s] >= min_periods
            out[t, s] = math.sqrt(last[s]) * root if enough else math.nan
