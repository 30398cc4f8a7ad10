"""The original's sweeps: functions of a parameter, strategies in Python, equal weights."""

import os
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from nanobook.errors import ArgumentTypeError
from nanobook.metrics.summary import compute_metrics
from nanobook.panel.arrays import as_count, as_float, as_vector
from nanobook.portfolio.costs import CostModel
from nanobook.portfolio.strategy import EqualWeight, run_backtest

__all__ = ["sweep_equal_weight", "sweep_returns", "sweep_strategy", "walkforward"]


def sweep_returns(params, second, third, fn, periods_per_year, risk_free):
    """Do what the original's ``sweep(params, periods_per_year, risk_free, fn)`` does.

    Parameters
    ----------
    params : iterable
        Anything.
    second, third : float, callable or None
        Periods a year and the risk-free return; or, in the short form, the function and nothing.
    fn : callable or None
        From a parameter to returns.
    periods_per_year, risk_free : float or None
        By name.

    Returns
    -------
    list of Metrics or None
        In order.

    Raises
    ------
    ArgumentTypeError
        If an argument is of another kind.
    ValidationError
        If a number isn't finite. What the function raises comes through.
    """
    if fn is None:
        fn = second
        year = 252.0 if periods_per_year is None else periods_per_year
    else:
        year = second if periods_per_year is None else periods_per_year
        risk_free = third if third is not None else risk_free
    if not callable(fn):
        raise ArgumentTypeError(f"fn must be callable, got {fn!r}")
    if isinstance(params, str | bytes) or not isinstance(params, Iterable):
        raise ArgumentTypeError(f"params must be a list, got {type(params).__name__}")
    year = as_float("periods_per_year", year, finite=False)
    risk_free = as_float("risk_free", risk_free, finite=False)

    def one(param):
        return compute_metrics(as_vector("returns", fn(param)), year, risk_free)

    return _in_threads(one, params)


def sweep_strategy(
    params, price_series, initial_cash, cost_model, periods_per_year, risk_free, make_strategy
):
    """Run one Python strategy for each parameter, as `run_backtest` does.

    Parameters
    ----------
    params : iterable
        What `make_strategy` takes, one at a time.
    price_series : list of dict
        Per bar, symbol to price in cents.
    initial_cash : int
        Cents.
    cost_model : CostModel
        What trades cost.
    periods_per_year : float
        For annualised figures.
    risk_free : float
        Return per period.
    make_strategy : callable
        From a parameter to a strategy.

    Returns
    -------
    list of StrategyResult
        In the order of the parameters.

    Raises
    ------
    ArgumentTypeError
        If an argument is of another kind. What a strategy raises comes through.
    """
    if not callable(make_strategy):
        raise ArgumentTypeError(f"make_strategy must be callable, got {make_strategy!r}")
    if isinstance(params, str | bytes) or not isinstance(params, Iterable):
        raise ArgumentTypeError(f"params must be a list, got {type(params).__name__}")

    def one(param):
        rates = periods_per_year, risk_free
        return run_backtest(make_strategy(param), price_series, initial_cash, cost_model, *rates)

    return _in_threads(one, params)


def sweep_equal_weight(n_params, price_series, initial_cash, periods_per_year=12.0, risk_free=0.0):
    """Return the metrics of holding equal weights, as often as asked for.

    Parameters
    ----------
    n_params : int
        How many times: the original swept over nothing, and so does this.
    price_series : list of list of (str, int)
        Per bar, pairs of symbol and price in cents.
    initial_cash : int
        Cents.
    periods_per_year : float, default 12.0
        For annualised figures.
    risk_free : float, default 0.0
        Return per period.

    Returns
    -------
    list of Metrics or None
        `n_params` equal ones; None without returns.

    Raises
    ------
    ArgumentTypeError
        If an argument is of another kind.
    RangeError
        If `n_params` is below 0.
    ValidationError
        If a symbol or a pair isn't right.
    """
    count = as_count("n_params", n_params)
    if isinstance(price_series, str | bytes | Mapping) or not hasattr(price_series, "__len__"):
        raise ArgumentTypeError(
            f"price_series must be a list of lists, got {type(price_series).__name__}"
        )
    bars = []
    for number, bar in enumerate(price_series):
        try:
            bars.append(dict(bar))
        except (TypeError, ValueError) as error:
            raise ArgumentTypeError(
                f"price_series[{number}] must hold (symbol, price) pairs: {error}"
            ) from None
    rates = periods_per_year, risk_free
    result = run_backtest(EqualWeight(), bars, initial_cash, CostModel.zero(), *rates)
    return [result.metrics] * count


def walkforward(
    returns, params=None, n_windows=5, train_pct=0.7, periods_per_year=252.0, risk_free=0.0
):
    """Cut returns into windows and give the metrics of each one's train and test part.

    This is the original's. It chooses nothing: `walk_forward` does.

    Parameters
    ----------
    returns : array_like of shape (T,)
        Simple returns per period.
    params : object, optional
        Put into each window as it is.
    n_windows : int, default 5
        Windows of ``T // n_windows`` returns; the last one takes the rest.
    train_pct : float, default 0.7
        The fraction of each window that is for training.
    periods_per_year : float, default 252.0
        For annualised figures.
    risk_free : float, default 0.0
        Return per period.

    Returns
    -------
    list of dict
        ``train_start``, ``train_end``, ``test_start``, ``test_end`` (positions; ends are left
        out), ``train_metrics``, ``test_metrics`` and, if given, ``params``. Empty if windows
        would have fewer than two returns, `train_pct` isn't in [0, 1) or there are no windows.

    Raises
    ------
    ArgumentTypeError
        If an argument is of another kind.
    RangeError
        If `n_windows` is below 0.
    """
    vector = as_vector("returns", returns)
    n_windows = as_count("n_windows", n_windows)
    train_pct = as_float("train_pct", train_pct, finite=False)
    year = as_float("periods_per_year", periods_per_year, finite=False)
    risk_free = as_float("risk_free", risk_free, finite=False)
    size = vector.size // n_windows if n_windows else 0
    if size < 2 or not 0.0 <= train_pct < 1.0:
        return []
    windows = []
    for number in range(n_windows):
        first = number * size
        end = vector.size if number == n_windows - 1 else first + size
        middle = first + int((end - first) * train_pct)
        if not first < middle < end:
            continue
        window = {
            "train_start": first,
            "train_end": middle,
            "test_start": middle,
            "test_end": end,
            "train_metrics": compute_metrics(np.array(vector[first:middle]), year, risk_free),
            "test_metrics": compute_metrics(np.array(vector[middle:end]), year, risk_free),
        }
        if params is not None:
            window["params"] = params
        windows.append(window)
    return windows


def _in_threads(function, values):
    """Call a function for each value, on as many threads as there are processors, in order."""
    values = list(values)
    workers = min(len(values), os.cpu_count() or 1)
    if workers < 2:
        return [function(value) for value in values]
    pool = ThreadPoolExecutor(workers)
    try:
        return list(pool.map(function, values))
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
