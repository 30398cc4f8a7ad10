"""Walk-forward: choose parameters in one window, trade them in the next, and go on."""

import math
from dataclasses import dataclass, replace

import numpy as np

from nanobook.errors import ValidationError
from nanobook.panel.arrays import as_count
from nanobook.portfolio.engine import Segment, run_segments
from nanobook.portfolio.inputs import last_listed, last_tradable
from nanobook.portfolio.result import BacktestResult
from nanobook.portfolio.simulate import Market, currency_rules
from nanobook.progress import progress_bar
from nanobook.statistics.splits import walk_forward_splits
from nanobook.sweep.candidates import FIELDS, figures_of
from nanobook.sweep.engine import Saver, run_all
from nanobook.sweep.gathered import Gathered
from nanobook.sweep.job import Job, most_lanes
from nanobook.sweep.result import SweepResult, check_metric
from nanobook.sweep.run import prepare
from nanobook.sweep.sources import Chunk, targets_of
from nanobook.sweep.weights import FINE, fill_rows, raise_fault
from nanobook.types.records import EARLIER_TARGET

__all__ = ["WalkForwardResult", "walk_forward"]


@dataclass(frozen=True, eq=False, repr=False)
class WalkForwardResult:
    """The outcome of a walk-forward.

    Parameters
    ----------
    result : BacktestResult
        One backtest over all test windows, each traded by the parameters chosen before it.
    windows : DataFrame
        A row a window: the first and last bar of training and testing (dates, if bars have them),
        the parameters chosen, and the figure they were chosen by, in and out of sample.
    by : str
        That figure.
    parameter_names : tuple of str
        The parameters.
    complete : bool, default True
        Whether all windows are done; False after Ctrl-C.
    """

    result: BacktestResult
    windows: object
    by: str
    parameter_names: tuple
    complete: bool = True

    @property
    def parameters(self):
        """The parameters chosen, a row a window, indexed by the first bar they traded."""
        return self.windows.set_index("test_start")[list(self.parameter_names)]

    @property
    def metrics(self):
        """The `Metrics` out of sample."""
        return self.result.metrics

    @property
    def efficiency(self):
        """The mean of `by` out of sample over its mean in sample; NaN unless that's above 0."""
        inside = float(self.windows["in_sample"].mean())
        return float(self.windows["out_of_sample"].mean()) / inside if inside > 0 else math.nan

    def plot(self, path=None):
        """Draw equity out of sample above the parameters chosen.

        Parameters
        ----------
        path : str or PathLike, optional
            Where to save the picture.

        Returns
        -------
        matplotlib.figure.Figure
            The picture.

        Raises
        ------
        MissingDependencyError
            If matplotlib isn't installed.
        """
        from nanobook.report.sweep_plots import plot_walk_forward

        return plot_walk_forward(self, path=path)

    def __repr__(self):
        metrics = self.result.metrics
        sharpe = "none" if metrics is None else f"{metrics.sharpe:.2f}"
        words = [
            f"windows={len(self.windows)}",
            f"sharpe={sharpe}",
            f"mean_{self.by}_in_sample={self.windows['in_sample'].mean():.2f}",
            f"out_of_sample={self.windows['out_of_sample'].mean():.2f}",
        ]
        if not self.complete:
            words.append("complete=False")
        return f"WalkForwardResult({', '.join(words)})"


def walk_forward(
    prices,
    strategy,
    grid,
    train,
    test,
    *,
    anchored=False,
    purge=0,
    embargo=0,
    by="sharpe",
    constraint=None,
    where=None,
    cash=None,
    costs=None,
    stops=None,
    lag=1,
    lot_size=1,
    rebalance=None,
    sizing="post_cost",
    delisting="sell",
    periods_per_year=None,
    risk_free=0.0,
    progress=None,
    threads=None,
):
    """Choose parameters on each training window, trade the best on the test window after it.

    A candidate's training run starts flat at the window's first bar; its strategy may look back
    to bars before it. The trades of the test windows make one account: what is held at the end of
    a window is carried into the next, whose first bar rebalances whatever the rule. What a window
    trades at its first bar is known `lag` bars before, from no later bar.

    Parameters
    ----------
    prices : DataFrame or array_like of shape (T, N)
        Bars by assets, as `backtest` takes them.
    strategy : Strategy, str, callable, ndarray of shape (S, T, N)
        What makes weights, as `sweep` takes it. A Python function is called again for every
        window.
    grid : Grid, dict, list of dict, DataFrame or None
        As `sweep` takes it; None for a stack of weights. Cash can't be an axis.
    train, test : int
        Bars of each training and test window.
    anchored : bool, default False
        Whether all training windows begin at the first bar.
    purge : int, default 0
        Bars left out between training and testing.
    embargo : int, default 0
        Bars left out after each test window. The account trades on through them; the window's own
        figures leave them out.
    by : str, default "sharpe"
        The figure that decides.
    constraint : callable, optional
        Takes the frame of figures, returns which rows are allowed; see `SweepResult.best`. A
        window in which none is allowed or has the figure stays flat.
    where : callable, optional
        See `Grid.product`.
    cash : float, optional
        It must be given. Currency before the first test window, and at each training run's start.
    costs, stops, lag, lot_size, rebalance : optional
        As `sweep` takes them.
    sizing, delisting, periods_per_year, risk_free : optional
        As `sweep` takes them.
    progress : bool, optional
        Whether to show a bar; by default in a terminal or a notebook.
    threads : int, optional
        Candidates that run at a time.

    Returns
    -------
    WalkForwardResult
        The account out of sample, and what was chosen in each window.

    Raises
    ------
    ValidationError
        If an argument isn't right. What a strategy itself raises comes through.
    RangeError
        If no window fits, or a number is out of its range.
    ArgumentTypeError
        If an argument is of another kind.
    KeyboardInterrupt
        If somebody presses Ctrl-C before the first window is done.

    Examples
    --------
    >>> from nanobook.datasets import random_prices
    >>> forward = walk_forward(random_prices(400, 3), "time_series_momentum",
    ...                        {"lookback": [10, 40]}, train=150, test=50, cash=100_000)
    >>> len(forward.windows), len(forward.result.equity)
    (5, 250)
    """
    check_metric("by", by)
    base = {
        "cash": cash,
        "costs": costs,
        "stops": stops,
        "lag": lag,
        "lot_size": lot_size,
        "rebalance": rebalance,
    }
    options = {
        "sizing": sizing,
        "delisting": delisting,
        "periods_per_year": periods_per_year,
        "risk_free": risk_free,
        "where": where,
        "overfitting": False,
        "benchmark": None,
        "blocks": 2,
        "reps": 1,
        "seed": 0,
    }
    ready = prepare(prices, strategy, grid, base, **options)
    source, job = ready.source, ready.job
    if "cash" in source.names:
        raise ValidationError("cash can't be an axis of a walk-forward: the account has one")
    if not source.random_access:
        raise ValidationError("an iterator of weights can't be walked through; give a stack")
    windows = walk_forward_splits(
        len(job.prices), train, test, anchored=anchored, purge=purge, embargo=embargo
    )
    lanes = most_lanes() if threads is None else as_count("threads", threads, least=1)
    bar = progress_bar(
        len(windows) * len(source), progress, unit=" candidates", desc="walk-forward"
    )
    chosen, complete = [], True
    try:
        for number, window in enumerate(windows):
            swept = _train(ready, window, lanes, _Shifted(bar, number * len(source)))
            if not swept.complete:
                complete = False
                break
            chosen.append(_choice(swept, by, constraint))
    finally:
        bar.close()
    if not chosen:
        raise KeyboardInterrupt("interrupted before the first window was done")
    return _stitched(ready, windows[: len(chosen)], chosen, by, complete)


class _Shifted:
    """A bar that counts from where an earlier sweep ended."""

    def __init__(self, bar, start):
        self._bar, self._start = bar, start

    def show(self, position):
        """Show how much is done."""
        self._bar.show(self._start + position)


class _Windowed:
    """A source whose given weights trade in one window only."""

    random_access = True

    def __init__(self, source, first, end):
        self._source, self._bars = source, slice(first, end)
        self.strategy, self.names, self.grid = source.strategy, source.names, source.grid

    def __len__(self):
        return len(self._source)

    def chunk(self, first, last):
        """Return candidates `first` to before `last`."""
        params, options, given = self._source.chunk(first, last)
        if given is not None:
            given = given[0], np.ascontiguousarray(given[1][:, self._bars])
        return Chunk(params, options, given)

    def params_of(self, number):
        """Return one candidate's parameters by name."""
        return self._source.params_of(number)

    def columns(self, first, last):
        """Return the parameters of some candidates as columns by name."""
        return self._source.columns(first, last)


def _train(ready, window, lanes, bar):
    """Sweep over one training window."""
    first, end = window[:2]
    whole = ready.job
    job = Job(
        prices=whole.prices[:end],
        start=first,
        delisting=whole.delisting,
        strategy=whole.strategy,
        decides=whole.decides[:, :end].copy(),
        post_cost=whole.post_cost,
        year=whole.year,
        risk_free=whole.risk_free,
        honesty=_cut(whole.honesty, end - first),
    )
    source = _Windowed(ready.source, first, end)
    gathered = Gathered(len(source), job.bars, 0, 0)
    saver = Saver(None, "", gathered)
    complete = run_all(job, source, gathered, saver=saver, bar=bar, index=ready.index, lanes=lanes)
    more = {"prices": None, "index": None, "columns": None, "complete": complete}
    return SweepResult(job, source, gathered, **more)


def _cut(honesty, bars):
    """Return an Honesty that gathers nothing, over fewer bars."""
    return replace(honesty, benchmark=honesty.benchmark[:bars])


def _choice(swept, by, constraint):
    """Return the parameters that do best and their figure, or None where none is allowed."""
    try:
        place = swept._ranked(by, constraint)[0]
    except ValidationError:
        if constraint is not None:  # a fault of the constraint itself is raised
            keeps = np.asarray(constraint(swept.metrics))
            if keeps.dtype != bool or keeps.shape != (len(swept),):
                raise
        return None
    return swept._params_of(int(place)), float(swept._gathered.metrics[place, FIELDS.index(by)])


def _stitched(ready, windows, chosen, by, complete):
    """Trade each window by what was chosen for it, in one account."""
    job, source = ready.job, ready.source
    first, last = windows[0][2], windows[-1][3]
    starts = [window[2] for window in windows]
    ends = [*starts[1:], last]
    targets, row_at, segments = [], np.full(last - first, -1, dtype=np.int64), []
    rows = 0
    for start, end, choice in zip(starts, ends, chosen, strict=True):
        settings = source.settings(choice[0] if choice else source.params_of(0))
        if choice is None:
            part, part_row_at = np.zeros((1, job.prices.shape[1])), _flat(end - start)
        else:
            part, part_row_at = _weights_between(ready, choice[0], settings, start, end)
        trades = part_row_at >= 0
        row_at[start - first : end - first][trades] = part_row_at[trades] + rows
        targets.append(part)
        rows += len(part)
        segments.append(
            Segment(
                end=end - first,
                rules=currency_rules(settings.stops, settings.lot_size),
                rates=settings.costs.rates(cents=False),
                atr_period=settings.stops.atr_period if settings.stops.atr_multiple else 0,
            )
        )
    traded = np.ascontiguousarray(job.prices[first:last])
    market = Market(
        prices=traded,
        weights=np.concatenate(targets),
        row_at=row_at,
        last_bar=last_tradable(traded, job.delisting),
        earlier=np.zeros(0, EARLIER_TARGET),
    )
    cash = float(source.base["cash"])
    run = run_segments(market, cash, segments, post_cost=job.post_cost)
    result = BacktestResult(
        run,
        start_cash=cash,
        prices=traded,
        index=None if ready.index is None else ready.index[first:last],
        columns=ready.columns,
        last_bar=last_listed(traded),
        conventions={
            "periods_per_year": job.year,
            "risk_free": job.risk_free,
            "carries_mark": True,
        },
    )
    table = _table(ready, windows, chosen, result, by, first)
    return WalkForwardResult(result, table, by, tuple(source.names), complete)


def _flat(bars):
    rows = np.full(bars, -1, dtype=np.int64)
    rows[0] = 0
    return rows


def _weights_between(ready, params, settings, start, end):
    """Return rows of weights and the row that trades at each bar from `start` to before `end`."""
    job, source, lag = ready.job, ready.source, settings.lag
    if source.strategy is None:
        weights = source.weights(params, ready.prices)
        return _given_between(ready, weights, settings, start, end)
    strategy = source.strategy
    rule = source.rules.index(settings.rebalance)
    bars = end - start
    from_bar, to_bar = max(start - lag, 0), max(end - lag, 0)
    decides = job.decides[rule].copy()
    decides[from_bar] = True  # the window begins with its own weights
    rows = np.empty((max(to_bar - from_bar, 0) + 1, job.prices.shape[1]))
    bar_of = np.empty(len(rows), dtype=np.int64)
    own = {name: value for name, value in params.items() if name in strategy.parameters}
    count, code, bar = fill_rows(
        strategy.pointer,
        strategy.every_bar,
        job.prices,
        from_bar,
        to_bar,
        decides,
        strategy.vector(own),
        np.zeros(strategy.state_size(job.prices.shape[1])),
        rows,
        bar_of,
    )
    if code != FINE:
        raise_fault(strategy, job.prices, ready.index, own, code, bar)
    row_at = np.full(bars, -1, dtype=np.int64)
    row_at[bar_of[:count] + lag - start] = np.arange(count)
    return rows[:count].copy() if count else np.zeros((1, rows.shape[1])), row_at


def _given_between(ready, weights, settings, start, end):
    source = ready.source
    targets, row_at = targets_of(weights, settings, source.rules, source.market)
    part = row_at[start:end].copy()
    if part[0] < 0:
        before = row_at[: start + 1]
        known = before[before >= 0]
        part[0] = known[-1] if known.size else -1
    return targets, part


def _table(ready, windows, chosen, result, by, first):
    import pandas as pd

    names = ready.source.names
    label = (lambda bar: bar) if ready.index is None else (lambda bar: ready.index[bar])
    returns = np.asarray(result.returns)
    rows = []
    for window, choice in zip(windows, chosen, strict=True):
        train_start, train_end, test_start, test_end = window
        whole = returns[test_start - first : test_end - first]
        part = whole[~np.isnan(whole)]
        money = result._run.money[:, test_start - first : test_end - first]
        figures = figures_of(money, whole, ready.job.year, ready.job.risk_free)
        params = choice[0] if choice else dict.fromkeys(names)
        rows.append(
            {
                "train_start": label(train_start),
                "train_end": label(train_end - 1),
                "test_start": label(test_start),
                "test_end": label(test_end - 1),
                **params,
                "in_sample": choice[1] if choice else math.nan,
                "out_of_sample": figures[FIELDS.index(by)],
                "return": float(np.prod(1.0 + part) - 1.0) if part.size else math.nan,
            }
        )
    return pd.DataFrame(rows, index=pd.RangeIndex(1, len(rows) + 1, name="window"))
