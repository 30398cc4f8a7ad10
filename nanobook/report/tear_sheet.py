"""`TearSheet`: the tables one looks at first after a backtest."""

import math
from collections.abc import Mapping
from functools import cached_property

import numpy as np

from nanobook.errors import ArgumentTypeError, ValidationError
from nanobook.metrics import compute_metrics, drawdown_series, rolling_sharpe, running_drawdown
from nanobook.panel.arrays import as_count, as_float, as_vector
from nanobook.persistence.atomic import atomic_write

__all__ = ["TearSheet", "tear_sheet"]

_NEEDED = ("returns", "equity_curve", "holdings", "symbol_returns")
_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

#: The original's month and year, in periods and in months.
_PERIODS_A_CHUNK, _CHUNKS_A_ROW = 21, 12


def tear_sheet(result, rolling_window=63, periods_per_year=None):
    """Put together the figures one looks at first.

    Parameters
    ----------
    result : BacktestResult or mapping
        Or a dict with the seed's keys `returns`, `equity_curve` (one value longer, the starting
        cash first), `holdings` (per period pairs of symbol and weight) and `symbol_returns`.
    rolling_window : int, default 63
        Periods in the window of the rolling Sharpe ratio.
    periods_per_year : float, optional
        Periods per year, for annualised figures; by default the result's own, else 252.

    Returns
    -------
    TearSheet
        As a mapping it has the seed's keys; its attributes are frames.

    Raises
    ------
    ValidationError
        If a key is missing, or equity isn't finite or doesn't start above 0.
    ArgumentTypeError
        If `result` is neither, or a value isn't of its kind.

    Examples
    --------
    >>> sheet = tear_sheet({"returns": [0.1, -0.5], "equity_curve": [100, 110, 55],
    ...                     "holdings": [[("A", 1.0)], []], "symbol_returns": [[], []]})
    >>> sheet["trade_analytics"]["closed_trade_count"]
    1
    """
    if not isinstance(result, Mapping):
        raise ArgumentTypeError(
            f"result must be a BacktestResult or a dict, got {type(result).__name__}"
        )
    for key in _NEEDED:
        if key not in result:
            raise ValidationError(
                f"result must have the key {key!r}, got {list(result)}; "
                "a backtest gives it with records=True"
            )
    window = as_count("rolling_window", rolling_window)
    if periods_per_year is None:
        periods_per_year = getattr(result, "periods_per_year", 252.0)
    periods_per_year = as_float("periods_per_year", periods_per_year, finite=False)
    return TearSheet(result, window, periods_per_year)


class TearSheet(Mapping):
    """Tables of a backtest: by month, by drawdown, and the metrics.

    As a mapping it has the seed's keys: `monthly_returns` (rows of 12 compounded 21-period
    returns), `rolling_sharpe` (a list), `trade_analytics` (how many positions were opened, and
    how many of them are open or closed) and `drawdown_events` (a list of dicts; positions are
    those of the equity curve, which starts with the cash).

    Parameters
    ----------
    result : BacktestResult or mapping
        As `tear_sheet` takes it; that's the door that checks.
    rolling_window : int
        Periods in the window of the rolling Sharpe ratio.
    periods_per_year : float
        Periods per year.
    """

    def __init__(self, result, rolling_window, periods_per_year):
        self._returns = as_vector("returns", result["returns"])
        self._curve = _curve(result["equity_curve"])
        self._in_cents = np.asarray(result["equity_curve"]).dtype.kind in "iu"
        self._series = result.to_frame() if hasattr(result, "to_frame") else None
        self._own_metrics = getattr(result, "metrics", None)
        self._risk_free = getattr(result, "risk_free", 0.0)
        self.rolling_window = rolling_window
        self.periods_per_year = periods_per_year
        self._same_year = periods_per_year == getattr(result, "periods_per_year", None)
        sharpe = rolling_sharpe(self._returns, rolling_window, periods_per_year)
        self._seed = {
            "monthly_returns": _chunks(self._returns),
            "rolling_sharpe": sharpe.tolist(),
            "trade_analytics": _count_trades(_held(result)),
            "drawdown_events": _drawdown_events(self._curve),
        }

    # ---- tables ----------------------------------------------------------------------------

    @cached_property
    def figures(self):
        """The `Metrics` of the result, or None if no return is defined."""
        if self._own_metrics is not None and self._same_year:
            return self._own_metrics
        return compute_metrics(self._returns, self.periods_per_year, self._risk_free)

    @cached_property
    def metrics(self):
        """The metrics as a frame with one column, `value`, and a row per known field."""
        import pandas as pd

        if self.figures is None:
            return pd.DataFrame({"value": []}, dtype=np.float64)
        return self.figures.to_series().to_frame("value")

    @cached_property
    def series(self):
        """Equity and drawdown by bar as a frame, and whatever else the result knows by bar."""
        if self._series is not None:
            return self._series
        import pandas as pd

        fall = np.empty_like(self._curve)
        if fall.size:
            running_drawdown(self._curve, fall)
        equity = self._curve[1:].astype(np.int64 if self._in_cents else np.float64)
        return pd.DataFrame({"equity": equity, "drawdown": fall[1:]})

    @property
    def start(self):
        """Equity before the first bar; NaN if the curve is empty."""
        return float(self._curve[0]) if self._curve.size else math.nan

    @property
    def dated(self):
        """Whether bars have dates."""
        return hasattr(self.series.index, "tz")

    @cached_property
    def monthly(self):
        """Returns by calendar month, a row per year with its total in the column `Year`.

        Months without bars are NaN. Without dates, rows are the seed's: twelve compounded
        returns of 21 periods each.
        """
        import pandas as pd

        if not self.dated:
            rows = self._seed["monthly_returns"]
            columns = list(range(1, _CHUNKS_A_ROW + 1))
            index = pd.RangeIndex(1, len(rows) + 1)
            table = [row + [math.nan] * (_CHUNKS_A_ROW - len(row)) for row in rows]
            return pd.DataFrame(table, index=index, columns=columns, dtype=np.float64)
        dates = self.series.index
        equity = np.asarray(self.series["equity"], dtype=np.float64)
        table = pd.DataFrame(
            math.nan, index=pd.Index(dates.year.unique(), name="year"), columns=[*_MONTHS, "Year"]
        )
        months = _growth(equity, dates.year * 12 + dates.month - 1, self.start)
        for month, growth in months.items():
            table.loc[month // 12, _MONTHS[month % 12]] = growth
        table["Year"] = pd.Series(_growth(equity, dates.year, self.start), dtype=np.float64)
        return table

    @cached_property
    def drawdowns(self):
        """The five deepest drawdowns as a frame, deepest first.

        `depth` is a fraction of the peak; `peak`, `trough` and `recovery` are dates, or
        positions in the equity curve where bars have none; `length` counts the bars below the
        peak. A missing recovery means it's still below; a missing peak date, that the peak is
        the cash at the start.
        """
        import pandas as pd

        deepest = sorted(self._seed["drawdown_events"], key=lambda event: -event["drawdown_pct"])
        keys = {
            "depth": "drawdown_pct",
            "peak": "peak_index",
            "trough": "trough_index",
            "recovery": "recovery_index",
            "length": "underwater_periods",
        }
        rows = [[event[key] for key in keys.values()] for event in deepest[:5]]
        table = pd.DataFrame(rows, columns=list(keys), index=range(1, len(rows) + 1))
        places = ["peak", "trough", "recovery"]
        if not self.dated:
            return table.astype(dict.fromkeys(places, "Int64"))
        for place in places:
            table[place] = _dates(table[place], self.series.index)
        return table

    @cached_property
    def rolling(self):
        """The rolling Sharpe ratio as a Series, by bar where every bar has a return."""
        import pandas as pd

        values = self._seed["rolling_sharpe"]
        fits = len(values) == len(self.series)
        index = self.series.index if fits else None
        return pd.Series(values, index=index, name="rolling_sharpe", dtype=np.float64)

    # ---- the seed's mapping ------------------------------------------------------------------

    def __getitem__(self, key):
        return self._seed[key]

    def __iter__(self):
        return iter(self._seed)

    def __len__(self):
        return len(self._seed)

    def __repr__(self):
        trades, falls = self._seed["trade_analytics"], self._seed["drawdown_events"]
        return (
            f"TearSheet({len(self._returns)} periods, {trades['trade_count']} positions opened, "
            f"{len(falls)} drawdowns, figures={self.figures!r})"
        )

    # ---- the page ----------------------------------------------------------------------------

    def _repr_html_(self):
        from nanobook.report.page import fragment

        return fragment(self)

    def to_html(self, title="Tear sheet"):
        """Return a whole HTML page that needs no other file.

        Parameters
        ----------
        title : str, default "Tear sheet"
            The page's headline.

        Returns
        -------
        str
            The page; with pictures, if matplotlib is installed.
        """
        from nanobook.report.page import page

        return page(self, title)

    def save(self, path, title="Tear sheet"):
        """Write the page to a file, whole or not at all.

        Parameters
        ----------
        path : str or PathLike
            Where; ``.html`` is the natural suffix.
        title : str, default "Tear sheet"
            The page's headline.
        """
        text = self.to_html(title)
        with atomic_write(path) as file:
            file.write(text.encode())


def _curve(values):
    """Return an equity curve as floats: finite, the first above zero."""
    curve = as_vector("equity_curve", values)
    finite = np.isfinite(curve)
    if not finite.all():
        where = int(np.argmin(finite))
        raise ValidationError(f"equity_curve must be finite, got {curve[where]} in row {where}")
    if curve.size and curve[0] <= 0:
        raise ValidationError(f"equity_curve must start above 0, got {curve[0]}")
    return curve


def _chunks(returns):
    """Compound returns over 21 periods each, twelve to a row."""
    growth = []
    for first in range(0, returns.size, _PERIODS_A_CHUNK):
        equity = 1.0
        for value in returns[first : first + _PERIODS_A_CHUNK].tolist():
            equity *= 1.0 + value
        growth.append(equity - 1.0)
    return [growth[i : i + _CHUNKS_A_ROW] for i in range(0, len(growth), _CHUNKS_A_ROW)]


def _drawdown_events(curve):
    """Return what `drawdown_series` says, of curves that fall to zero or below as well.

    Where stretches begin and end depends on the order of the values alone, so their ranks,
    which are positive, tell it; the depth is then the curve's own.
    """
    if not curve.size:
        return []
    ranks = np.unique(curve, return_inverse=True)[1] + 1.0
    events = drawdown_series(ranks)
    for event in events:
        peak, trough = curve[event["peak_index"]], curve[event["trough_index"]]
        event["drawdown_pct"] = float((peak - trough) / peak)
    return events


def _dates(positions, index):
    """Turn positions in the equity curve into dates: NaT for none, and for the start."""
    from pandas import NaT, Series

    dates = [NaT if at is None or at != at or at == 0 else index[int(at) - 1] for at in positions]
    return Series(dates, index=positions.index, dtype=index.dtype)


def _growth(equity, labels, start):
    """Return by label the equity at its last bar over that at the last bar before, less one."""
    labels = np.asarray(labels)
    last = np.flatnonzero(np.append(labels[1:] != labels[:-1], True)) if labels.size else []
    before = np.concatenate(([start], equity[last][:-1])) if labels.size else []
    return {
        int(labels[at]): float(equity[at] / base - 1.0) if base > 0 else math.nan
        for at, base in zip(last, before, strict=True)
    }


def _held(result):
    """Return whether each column is held at each bar: a matrix of booleans."""
    if hasattr(result, "holdings"):
        weights = np.asarray(result.holdings, dtype=np.float64)
        return (weights != 0) & ~np.isnan(weights)
    column_of, cells = {}, []
    bars = 0
    try:
        for bars, row in enumerate(result["holdings"], start=1):
            for symbol, weight in row:
                column = column_of.setdefault(symbol, len(column_of))
                if float(weight) != 0 and not math.isnan(weight):
                    cells.append((bars - 1, column))
    except (TypeError, ValueError) as error:
        raise ArgumentTypeError(
            f"result['holdings'] must hold a list of (symbol, weight) per period: {error}"
        ) from None
    held = np.zeros((bars, len(column_of)), dtype=bool)
    if cells:
        held[tuple(np.transpose(cells))] = True
    return held


def _count_trades(held):
    """Count positions: opened where a column is held after not being so, open at the end."""
    first = held[:1].sum()
    opened = int(first + (held[1:] & ~held[:-1]).sum())
    still = int(held[-1:].sum())
    return {
        "trade_count": opened,
        "open_trade_count": still,
        "closed_trade_count": opened - still,
    }
