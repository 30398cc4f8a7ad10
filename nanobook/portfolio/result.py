"""`BacktestResult`: what a backtest gives back, as frames, as arrays or as the seed's lists."""

import dataclasses
from collections.abc import Mapping
from functools import cached_property

import numpy as np

from nanobook.errors import ValidationError
from nanobook.metrics.drawdown import running_drawdown
from nanobook.metrics.summary import Metrics
from nanobook.panel.labels import labels_equal
from nanobook.portfolio.figures import ACCOUNT_FIELDS, account_figures
from nanobook.portfolio.result_file import read_result, write_result
from nanobook.portfolio.seed_lists import pair_lists, return_lists, stop_dicts
from nanobook.portfolio.simulate import CASH, COSTS, EQUITY, GROSS, TRADED
from nanobook.types.codes import REASONS
from nanobook.types.records import LISTING

__all__ = ["BacktestResult"]

_KEYS = (
    "returns",
    "equity_curve",
    "final_cash",
    "metrics",
    "holdings",
    "symbol_returns",
    "stop_events",
)


#: Those that need records.
_RECORDED_KEYS = ("holdings", "symbol_returns", "stop_events")


class BacktestResult(Mapping):
    """The outcome of a backtest.

    Attributes speak the language of the input: Series and DataFrames with the prices' index
    and columns for frames and schedules, arrays for arrays. As a mapping it has the seed's
    keys, and there values are the seed's lists: ``result["equity_curve"]``.

    Money is in the unit of the prices: currency from `backtest`, cents from
    `backtest_weights`. Rows are bars; a value stands at the bar after whose trades it holds.

    Attributes
    ----------
    start_cash : int or float
        Cash before the first bar.
    symbols : list
        The columns.
    periods_per_year, risk_free : float
        What `metrics` is computed with.
    """

    def __init__(
        self, run, *, start_cash, prices, index, columns, last_bar, conventions, listings=None
    ):
        """Wrap a simulation; `backtest` and `backtest_weights` do that.

        Parameters
        ----------
        run : Run
            What the kernel gave.
        start_cash : int or float
            Cash before the first bar.
        prices : ndarray of shape (T, N) or None
            As the kernel saw them; None without records.
        index : Index or None
            The prices' dates; None where the input had none.
        columns : Index, list or None
            The symbols; None where the input was an array.
        last_bar : ndarray of shape (N,)
            The last bar at which each column has a price.
        conventions : dict
            `periods_per_year`, `risk_free` and `carries_mark`.
        listings : ndarray of LISTING, optional
            The prices of the periods that list a symbol more than once.
        """
        for array in (*run, prices):
            if array is not None:
                array.flags.writeable = False
        self._run = run
        self._prices = prices
        self._index = index
        self._columns = columns
        self._last_bar = last_bar
        self._listings = np.zeros(0, LISTING) if listings is None else listings
        self._carries_mark = conventions["carries_mark"]
        self.start_cash = start_cash
        self.periods_per_year = conventions["periods_per_year"]
        self.risk_free = conventions["risk_free"]

    # ---- per bar -------------------------------------------------------------------------

    @property
    def equity(self):
        """Cash plus the value of all positions, per bar."""
        return self._series("equity", self._run.money[EQUITY])

    @property
    def cash(self):
        """Cash, per bar; negative where it's borrowed."""
        return self._series("cash", self._run.money[CASH])

    @property
    def costs(self):
        """Commission, slippage and fees paid, per bar."""
        return self._series("costs", self._run.money[COSTS])

    @property
    def traded(self):
        """Value of all trades, buys plus sells, per bar."""
        return self._series("traded", self._run.money[TRADED])

    @property
    def returns(self):
        """Equity's relative change from the bar before, the first from the starting cash.

        NaN where the equity before wasn't positive.
        """
        return self._series("returns", self._run.returns)

    @property
    def exposure(self):
        """Longs plus shorts as a fraction of equity, per bar; NaN if equity isn't positive."""
        return self._series("exposure", self._exposure())

    @property
    def drawdown(self):
        """Fraction of its running peak that equity has lost, the first peak being the cash."""
        return self._series("drawdown", self._drawdown())

    def _exposure(self):
        equity = self._run.money[EQUITY].astype(np.float64)
        positive = equity > 0
        gross = self._run.money[GROSS].astype(np.float64)
        return np.divide(gross, equity, out=np.full(equity.size, np.nan), where=positive)

    def _drawdown(self):
        curve = np.concatenate(([self.start_cash], self._run.money[EQUITY])).astype(np.float64)
        out = np.empty_like(curve)
        running_drawdown(curve, out)
        return out[1:]

    # ---- per bar and column --------------------------------------------------------------

    @property
    def positions(self):
        """Shares held, per bar and column; negative for shorts."""
        self._need_records("positions")
        return self._table(self._run.positions)

    @property
    def holdings(self):
        """Each position's value as a fraction of equity, per bar and column."""
        return self._table(self._weights())

    def _marks(self):
        """The price each column is valued at, per bar."""
        prices = self._prices
        listed = prices >= 0
        if not self._carries_mark:
            return np.where(listed, prices, 0)
        rows = np.where(listed, np.arange(len(prices))[:, None], 0)
        marks = np.take_along_axis(prices, np.maximum.accumulate(rows, axis=0), axis=0)
        return np.where(marks >= 0, marks, 0)

    def _weights(self):
        self._need_records("holdings")
        value = (self._run.positions * self._marks()).astype(np.float64)
        equity = self._run.money[EQUITY].astype(np.float64)[:, None]
        out = np.full(value.shape, np.nan)
        return np.divide(value, equity, out=out, where=equity != 0)

    # ---- records -------------------------------------------------------------------------

    @property
    def trades(self):
        """One row a trade: bar (date), symbol, quantity, price, cost and reason.

        A sale has a negative quantity. Reasons: rebalance, fixed, trailing, atr, delisted.
        An array door gives the struct array itself, with numbers for symbols and reasons.
        """
        self._need_records("trades")
        return self._records(self._run.fills)

    @property
    def stop_events(self):
        """One row a position closed by a stop: trigger (the level), exit price and reason."""
        self._need_records("stop_events")
        return self._records(self._run.stop_events)

    @property
    def missing(self):
        """Bars without a price, per column."""
        if self._columns is None:
            return self._run.missing
        import pandas as pd

        return pd.Series(self._run.missing, index=self._column_index(), name="missing")

    @property
    def delistings(self):
        """The columns whose prices end before the last bar: a dict of symbol to last bar (date).

        What was held then `backtest` sold at that bar's price on the next one, unless
        ``delisting="hold"``; those trades have the reason "delisted". `backtest_weights` keeps
        it at a value of 0, as the original did. Columns without any price aren't listed.
        """
        index, symbols, last = self._index, self.symbols, self._last_bar
        ended = np.flatnonzero((last >= 0) & (last < len(self._run.returns) - 1))
        return {symbols[i]: int(last[i]) if index is None else index[last[i]] for i in ended}

    @property
    def symbols(self):
        """The columns' labels, or their numbers where the input was an array."""
        count = len(self._run.missing)
        return list(range(count)) if self._columns is None else list(self._columns)

    # ---- figures -------------------------------------------------------------------------

    @cached_property
    def metrics(self):
        """The `Metrics` of the returns that are defined, or None if none is.

        `turnover` is the value traded a year, buys plus sells, over mean equity; `exposure` the
        mean of longs plus shorts over equity; `total_costs` is in the prices' money unit. Of an
        account that was ruined and came back, returns leave out the way back.
        """
        run, row = self._run, np.empty(len(ACCOUNT_FIELDS))
        money, returns = run.money.astype(np.float64), np.array(run.returns)
        rates = self.periods_per_year, self.risk_free
        account_figures(money, returns, *rates, np.empty_like(returns), row)
        metrics = Metrics.from_row(row)
        if not metrics.num_periods:
            return None
        if run.money.dtype.kind == "f":
            return metrics
        return dataclasses.replace(metrics, total_costs=run.money[COSTS].sum().item())  # exact

    def _defined_returns(self):
        returns = self._run.returns
        defined = ~np.isnan(returns)
        return np.array(returns) if defined.all() else returns[defined]

    def to_frame(self):
        """Return the series, one column each, as one DataFrame.

        Returns
        -------
        DataFrame
            equity, returns, cash, costs, traded, exposure and drawdown by bar.
        """
        import pandas as pd

        names = ("equity", "returns", "cash", "costs", "traded", "exposure", "drawdown")
        columns = {name: np.asarray(getattr(self, name)) for name in names}
        return pd.DataFrame(columns, index=self._index)

    # ---- the seed's mapping ----------------------------------------------------------------

    def __getitem__(self, key):
        if key not in self._keys():
            recorded = key not in _KEYS
            raise KeyError(key if recorded else f"{key}: run again with records=True")
        return getattr(self, f"_seed_{key}")()

    def __iter__(self):
        return iter(self._keys())

    def __len__(self):
        return len(self._keys())

    def _keys(self):
        recorded = self._prices is not None
        return _KEYS if recorded else tuple(key for key in _KEYS if key not in _RECORDED_KEYS)

    def _seed_returns(self):
        return self._defined_returns().tolist()

    def _seed_equity_curve(self):
        return [self.start_cash, *self._run.money[EQUITY].tolist()]

    def _seed_final_cash(self):
        cash = self._run.money[CASH]
        return cash[-1].item() if cash.size else self.start_cash

    def _seed_metrics(self):
        return self.metrics

    def _seed_holdings(self):
        solvent = (self._run.money[EQUITY] != 0)[:, None]
        weights = self._weights()
        return pair_lists(self.symbols, weights, (self._run.positions != 0) & solvent)

    def _seed_symbol_returns(self):
        self._need_records("symbol_returns")
        return return_lists(self.symbols, self._prices, self._listings)

    def _seed_stop_events(self):
        self._need_records("stop_events")
        return stop_dicts(self.symbols, self._run.stop_events)

    # ---- dressing --------------------------------------------------------------------------

    @property
    def _labelled(self):
        return self._columns is not None

    def _column_index(self):
        if not self._labelled:
            return None
        import pandas as pd

        return pd.Index(self._columns)

    def _series(self, name, values):
        if not self._labelled:
            return values
        import pandas as pd

        return pd.Series(values, index=self._index, name=name)

    def _table(self, matrix):
        if not self._labelled:
            return matrix
        import pandas as pd

        return pd.DataFrame(matrix, index=self._index, columns=self._columns)

    def _records(self, records):
        if not self._labelled:
            return records
        import pandas as pd

        bars, columns = records["bar"], records["column"]
        symbols = self._column_index()
        symbols = symbols.to_flat_index() if symbols.nlevels > 1 else symbols
        when = bars if self._index is None else self._index[bars]
        fields = {
            "bar" if self._index is None else "date": when,
            "symbol": pd.Categorical.from_codes(columns, categories=symbols),
        }
        for field in records.dtype.names[2:-1]:
            fields[field] = records[field]
        fields["reason"] = pd.Categorical.from_codes(records["reason"], categories=list(REASONS))
        return pd.DataFrame(fields)

    def _need_records(self, what):
        if self._prices is None:
            raise ValidationError(f"{what} weren't recorded; run again with records=True")

    # ---- looks -----------------------------------------------------------------------------

    def __repr__(self):
        return f"BacktestResult({', '.join(f'{k}={v}' for k, v in self._headline())})"

    def _repr_html_(self):
        head = "".join(f"<th>{name.replace('_', ' ')}</th>" for name, _ in self._headline())
        body = "".join(f"<td>{value}</td>" for _, value in self._headline())
        return f"<table><thead><tr>{head}</tr></thead><tbody><tr>{body}</tr></tbody></table>"

    def _headline(self):
        money, metrics = self._run.money, self.metrics
        bars, unit = len(self._run.returns), 1 if money.dtype.kind == "f" else 100
        rows = [("bars", bars), ("assets", len(self._run.missing))]
        if bars:
            rows.append(("final_equity", f"{money[EQUITY, -1] / unit:,.2f}"))
        if metrics is not None:
            rows += [
                ("total_return", f"{metrics.total_return:.2%}"),
                ("cagr", f"{metrics.cagr:.2%}"),
                ("volatility", f"{metrics.volatility:.2%}"),
                ("sharpe", f"{metrics.sharpe:.2f}"),
                ("max_drawdown", f"{metrics.max_drawdown:.2%}"),
                ("costs", f"{metrics.total_costs / unit:,.2f}"),
            ]
        if self._prices is not None:
            rows.append(("trades", len(self._run.fills)))
        missing = int(self._run.missing.sum())
        if missing:
            rows.append(("missing_prices", missing))
        return rows

    def plot(self, path=None, *, title=None):
        """Draw equity above drawdown.

        Parameters
        ----------
        path : str or PathLike, optional
            Where to save the picture (PNG, SVG or PDF by suffix).
        title : str, optional
            Above the picture.

        Returns
        -------
        matplotlib.figure.Figure
            The picture.

        Raises
        ------
        MissingDependencyError
            If matplotlib isn't installed.
        """
        from nanobook.report.plots import plot_equity

        return plot_equity(self.to_frame(), start=self.start_cash, path=path, title=title)

    def tear_sheet(self, path=None, *, rolling_window=63):
        """Put together the figures one looks at first, as tables and as an HTML page.

        Parameters
        ----------
        path : str or PathLike, optional
            Where to save the page.
        rolling_window : int, default 63
            Bars in the window of the rolling Sharpe ratio.

        Returns
        -------
        TearSheet
            Tables, the seed's keys, and an HTML form.
        """
        from nanobook.report.tear_sheet import tear_sheet

        sheet = tear_sheet(self, rolling_window=rolling_window)
        if path is not None:
            sheet.save(path)
        return sheet

    # ---- keeping ---------------------------------------------------------------------------

    def __eq__(self, other):
        if not isinstance(other, BacktestResult):
            return NotImplemented
        return (
            self.start_cash == other.start_cash
            and self.periods_per_year == other.periods_per_year
            and self.risk_free == other.risk_free
            and labels_equal(self._index, other._index)
            and self._labelled == other._labelled
            and self.symbols == other.symbols
            and all(map(_same, self._arrays(), other._arrays()))
        )

    def _arrays(self):
        return (*self._run, self._prices, self._last_bar, self._listings)

    __hash__ = None

    def save(self, path):
        """Write the result to one file, whole or not at all, without pickling.

        Parameters
        ----------
        path : str or PathLike
            The file; ``.npz`` is the natural suffix.

        Raises
        ------
        ValidationError
            If labels are neither dates, numbers nor strings.
        """
        write_result(
            path,
            self._run,
            start_cash=self.start_cash,
            prices=self._prices,
            index=self._index,
            columns=self._column_index(),
            last_bar=self._last_bar,
            conventions={
                "periods_per_year": self.periods_per_year,
                "risk_free": self.risk_free,
                "carries_mark": self._carries_mark,
            },
            listings=self._listings,
        )

    @classmethod
    def load(cls, path):
        """Read what `save` wrote.

        Parameters
        ----------
        path : str or PathLike
            The file.

        Returns
        -------
        BacktestResult
            Equal to the one saved.

        Raises
        ------
        FileNotFoundError
            If there's no such file.
        FileFormatError
            If it isn't such a file or is damaged.
        """
        return cls(**read_result(path))


def _same(left, right):
    if left is None or right is None:
        return left is right
    if left.dtype != right.dtype or left.shape != right.shape:
        return False
    if left.dtype.kind == "f":
        return bool(np.array_equal(left, right, equal_nan=True))
    return bool(np.array_equal(left, right))
