"""What optimizers would have earned, side by side, trading on what each knew at the time."""

from collections.abc import Mapping

import numpy as np

from nanobook.errors import ArgumentTypeError, ValidationError
from nanobook.optimize.certificate import solved, status_word
from nanobook.panel.arrays import as_count, as_matrix
from nanobook.panel.frames import is_frame, shown_labels
from nanobook.panel.frequency import infer_periods_per_year
from nanobook.portfolio import backtest

__all__ = ["compare_optimizers"]

#: What's compared where nothing is asked for.
METHODS = ("equal", "inverse_volatility", "min_variance", "max_sharpe", "max_diversification")
METHODS += ("risk_parity", "hrp", "cvar")

#: Currency before the first bar; shares are fractional, so it changes nothing.
CASH = 1e6

#: The status words of rows that hold weights.
_SOLVED = {status_word(code) for code in range(8) if solved(code)}


def compare_optimizers(
    returns,
    methods=None,
    *,
    window=252,
    rebalance="M",
    costs=None,
    lag=1,
    risk_free=0.0,
    periods_per_year=None,
    progress=None,
    **options,
):
    """Return a table of what each optimizer would have earned, rebalanced on its way forward.

    At each date, weights come from the returns up to it, and trade `lag` bars later. All methods
    are measured from the first bar on which all of them trade.

    Parameters
    ----------
    returns : DataFrame or array_like of shape (T, N)
        Returns per period, above -1; NaN is an asset that isn't in, or a day without a return.
    methods : sequence of str, or mapping, optional
        Methods of `rolling_weights`; or labels with a method each, or with a dict of a method and
        options of its own, such as ``{"shrunk": {"method": "min_variance", "covariance":
        "ledoit_wolf"}}``. By default all that need no more than returns.
    window : int or None, default 252
        Rows that each date looks back; None for all.
    rebalance : {"W", "M", "Q", "Y"} or int, default "M"
        Which rows decide; see `rolling_weights`.
    costs : CostModel or float, optional
        What trades cost; a number is a commission in basis points; None is free.
    lag : int, default 1
        Bars between a row of weights and its trades.
    risk_free : float, default 0.0
        Per period; for the Sharpe ratios in the table and those that are maximised.
    periods_per_year : float, optional
        For annualised figures; by default read off a DatetimeIndex, else 252.
    progress : bool, optional
        Whether to show a bar; by default in a terminal or a notebook.
    **options
        Further options of `rolling_weights`; each goes to the methods that have it.

    Returns
    -------
    DataFrame
        A row a method. `cagr`, `volatility`, `sharpe`, `max_drawdown` and `turnover` are those of
        `backtest` (`turnover` is what's bought plus what's sold in a year, over equity).
        `effective_assets` is the mean over dates of ``1 / sum(w**2)``, `largest_weight` the
        largest at any date, `failed_solves` how many dates have no weights of their own: at
        those the weights before were kept.

    Raises
    ------
    ArgumentTypeError
        If an argument is of another kind.
    ValidationError
        If a method isn't known or named twice, no method has an option, a return is -1 or less,
        or there are too few rows for a date and a trade.

    Examples
    --------
    >>> returns = np.random.default_rng(1).normal(0.0, 0.01, (300, 3))
    >>> table = compare_optimizers(returns, ["equal", "hrp"], window=100, rebalance=50)
    >>> table["failed_solves"].tolist()
    [0, 0]
    """
    from pandas import DataFrame, Index

    lag = as_count("lag", lag)
    chosen = _read_methods(methods, {"risk_free": risk_free, **options})
    prices = _prices(returns)
    index = returns.index if is_frame(returns) else None
    if periods_per_year is None:
        periods_per_year = infer_periods_per_year(index)
    rolled = [
        _roll(returns, window=window, rebalance=rebalance, progress=progress, **settings)
        for settings in chosen.values()
    ]
    tables = [_on_bars(index, result, len(prices), lag) for result in rolled]
    firsts = [row for table in tables for row in _weighted(table)[:1]]
    if not firsts or max(firsts) >= len(prices) - 1:
        raise ValidationError(
            f"returns must have rows after the first weights, to trade on, got {len(prices) - 1}"
        )
    start, rows = max(firsts), []
    for result, table in zip(rolled, tables, strict=True):
        if not _weighted(table).size:
            rows.append(_figures(None, table, result))
            continue
        weights = table[start:].copy()
        weights[0] = table[_weighted(table[: start + 1])[-1]]
        traded = backtest(
            prices[start:],
            weights,
            cash=CASH,
            costs=costs,
            lag=0,
            lot_size=0,
            periods_per_year=periods_per_year,
            risk_free=risk_free,
            records=False,
        )
        rows.append(_figures(traded.metrics, table, result))
    return DataFrame(rows, index=Index(list(chosen), name="method"))


def _read_methods(methods, shared):
    """Return the settings of each label: a method, its own options, and the shared ones it has."""
    from nanobook.optimize.candidates import METHODS as KNOWN

    if methods is None:
        methods = METHODS
    if isinstance(methods, str):
        methods = [methods]
    if not isinstance(methods, Mapping):
        methods = list(methods)
        twice = [name for at, name in enumerate(methods) if name in methods[:at]]
        if twice:
            raise ValidationError(f"methods must differ, got {twice[0]!r} twice")
        methods = {name: name for name in methods}
    if not methods:
        raise ValidationError("methods must name at least one")
    found, used = {}, {"risk_free"}
    for label, own in methods.items():
        own = {"method": own} if isinstance(own, str) else own
        if not isinstance(own, Mapping) or not isinstance(own.get("method"), str):
            raise ArgumentTypeError(
                f"methods must be names, or dicts with a 'method', got {own!r} for {label!r}"
            )
        if own["method"] not in KNOWN:
            listed = ", ".join(repr(name) for name in KNOWN)
            raise ValidationError(f"methods must be among {listed}, got {own['method']!r}")
        known = {*KNOWN[own["method"]], "min_periods"}
        used |= known
        found[label] = {name: value for name, value in shared.items() if name in known} | dict(own)
    unknown = [name for name in shared if name not in used]
    if unknown:
        raise ValidationError(f"{unknown[0]} isn't an option of any method that's compared")
    return found


def _roll(returns, **settings):
    from nanobook.optimize.rolling import rolling_weights

    return rolling_weights(returns, **settings)


def _prices(returns):
    """Return prices that begin at 1.0 and move by the returns, a row more; NaN where one is."""
    matrix = as_matrix("returns", returns)
    gone = np.isnan(matrix)
    if (matrix <= -1.0).any():
        row, column = np.argwhere(matrix <= -1.0)[0]
        names = returns.columns if is_frame(returns) else range(matrix.shape[1])
        raise ValidationError(
            f"returns must be above -1, got {matrix[row, column]} in row {row} of "
            f"{shown_labels([names[column]])}"
        )
    prices = np.ones((len(matrix) + 1, matrix.shape[1]))
    np.cumprod(1.0 + np.where(gone, 0.0, matrix), axis=0, out=prices[1:])
    prices[1:][gone] = np.nan
    return prices


def _on_bars(index, rolled, bars, lag):
    """Return the weights on the bars where they trade, NaN on all others."""
    given = rolled.weights
    if index is None:
        held = np.flatnonzero(~np.isnan(given).all(axis=1))
        values = given[held]
    else:
        held, values = index.get_indexer(given.index), given.to_numpy()
    table = np.full((bars, values.shape[1]), np.nan)
    trades = held + 1 + lag  # the prices have a row before the first return
    table[trades[trades < bars]] = values[trades < bars]
    return table


def _weighted(table):
    """Return the rows that hold weights."""
    return np.flatnonzero(~np.isnan(table).all(axis=1))


def _figures(metrics, table, rolled):
    """Return a row of the table; NaN where a method never came to weights."""
    weights = np.nan_to_num(table[_weighted(table)])
    earned = ("cagr", "volatility", "sharpe", "max_drawdown", "turnover")
    figures = {name: getattr(metrics, name, np.nan) for name in earned}
    some = len(weights) > 0
    figures["effective_assets"] = (1.0 / (weights**2).sum(axis=1)).mean() if some else np.nan
    figures["largest_weight"] = weights.max() if some else np.nan
    words = rolled.certificates["status"]
    return figures | {"failed_solves": sum(word not in _SOLVED for word in words)}
