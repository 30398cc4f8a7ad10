"""Combinatorial purged cross-validation: many out-of-sample histories instead of one."""

from dataclasses import dataclass, replace

import numpy as np

from nanobook.errors import ValidationError
from nanobook.metrics.summary import compute_metrics
from nanobook.panel.arrays import as_count
from nanobook.progress import progress_bar
from nanobook.statistics.splits import combinatorial_purged_splits
from nanobook.sweep.engine import Saver, run_all
from nanobook.sweep.gathered import Gathered
from nanobook.sweep.job import most_lanes
from nanobook.sweep.result import SweepResult
from nanobook.sweep.run import prepare

__all__ = ["CrossValidationResult", "combinatorial_cross_validation"]


@dataclass(frozen=True, eq=False, repr=False)
class CrossValidationResult:
    """The outcome of a combinatorial purged cross-validation.

    Parameters
    ----------
    returns : DataFrame
        The returns of each path out of sample, a column each.
    metrics : DataFrame
        Their figures, a row a path.
    splits : DataFrame
        A row a split: the groups tested, the parameters chosen on the others, and the chosen
        one's score in and out of sample.
    by : str
        The score: "sharpe" or "mean".
    sweep : SweepResult
        The sweep behind it.
    """

    returns: object
    metrics: object
    splits: object
    by: str
    sweep: SweepResult

    @property
    def equity(self):
        """The growth of one unit of equity along each path, a column each."""
        return (1.0 + self.returns).cumprod()

    @property
    def probability_of_loss(self):
        """The share of paths with a Sharpe ratio below 0."""
        return float((self.metrics["sharpe"] < 0).mean())

    def __repr__(self):
        sharpes = self.metrics["sharpe"]
        return (
            f"CrossValidationResult(splits={len(self.splits)}, paths={len(sharpes)}, "
            f"sharpe={sharpes.mean():.2f} from {sharpes.min():.2f} to {sharpes.max():.2f})"
        )


def combinatorial_cross_validation(
    prices,
    strategy,
    grid,
    *,
    n_groups=6,
    n_test_groups=2,
    purge=0,
    embargo=0,
    by="sharpe",
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
    """Choose parameters on all but some groups of bars, and see how they do on those.

    Every candidate is run once over all bars. For each choice of test groups the best candidate
    on the other groups, less the bars purged and embargoed, is taken, and its returns on the test
    groups are out of sample. They are put together to paths that cross all bars, each made of
    many choices.

    Parameters
    ----------
    prices : DataFrame or array_like of shape (T, N)
        Bars by assets, as `backtest` takes them.
    strategy : Strategy, str, callable or ndarray of shape (S, T, N)
        What makes weights, as `sweep` takes it.
    grid : Grid, dict, list of dict, DataFrame or None
        As `sweep` takes it; None for a stack of weights.
    n_groups : int, default 6
        Groups of bars in order of time.
    n_test_groups : int, default 2
        Groups tested at a time.
    purge : int, default 0
        Bars left out of training before each test group.
    embargo : int, default 0
        Bars left out of training after each test group. As positions are carried over a group's
        edge, at least as many as a strategy holds them for.
    by : {"sharpe", "mean"}, default "sharpe"
        The score: the Sharpe ratio, or the mean return over the risk-free one.
    where : callable, optional
        See `Grid.product`.
    cash, costs, stops, lag, lot_size, rebalance : optional
        As `sweep` takes them.
    sizing, delisting, periods_per_year, risk_free : optional
        As `sweep` takes them.
    progress : bool, optional
        Whether to show a bar; by default in a terminal or a notebook.
    threads : int, optional
        Candidates that run at a time.

    Returns
    -------
    CrossValidationResult
        Paths out of sample, and what was chosen in each split.

    Raises
    ------
    ValidationError
        If an argument isn't right. What a strategy itself raises comes through.
    RangeError
        If a number is out of its range.
    ArgumentTypeError
        If an argument is of another kind.
    KeyboardInterrupt
        If somebody presses Ctrl-C: there's no result before all candidates are done.

    Notes
    -----
    With G groups and K tested there are C(G, K) splits and K / G C(G, K) paths. A path's returns
    at a group's first bar come from positions the candidate held before.

    References
    ----------
    .. [1] Lopez de Prado (2018), "Advances in Financial Machine Learning", sections 7.4 and 12.4.

    Examples
    --------
    >>> from nanobook.datasets import random_prices
    >>> validated = combinatorial_cross_validation(
    ...     random_prices(300, 3), "time_series_momentum", {"lookback": [10, 40]}, cash=100_000)
    >>> len(validated.splits), validated.returns.shape
    (15, (300, 5))
    """
    if by not in ("sharpe", "mean"):
        raise ValidationError(f"by must be 'sharpe' or 'mean', got {by!r}")
    base = {
        "cash": cash,
        "costs": costs,
        "stops": stops,
        "lag": lag,
        "lot_size": lot_size,
        "rebalance": rebalance,
    }
    ready = prepare(
        prices,
        strategy,
        grid,
        base,
        sizing=sizing,
        delisting=delisting,
        periods_per_year=periods_per_year,
        risk_free=risk_free,
        where=where,
        overfitting=False,
        benchmark=None,
        blocks=2,
        reps=1,
        seed=0,
    )
    if not ready.source.random_access:
        raise ValidationError("an iterator of weights can't be validated; give a stack")
    bars = ready.job.bars
    splits = combinatorial_purged_splits(
        bars, n_groups, n_test_groups, purge=purge, embargo=embargo
    )
    empty = [split for split in range(len(splits)) if not len(splits.train_indices(split))]
    if empty:
        raise ValidationError(
            f"purge and embargo must leave bars to learn from, got {purge} and {embargo} of {bars}"
        )
    edges = _all_edges(splits, bars)
    job = replace(ready.job, honesty=replace(ready.job.honesty, edges=edges))
    gathered = Gathered(len(ready.source), bars, len(edges) - 1, 0)
    lanes = most_lanes() if threads is None else as_count("threads", threads, least=1)
    bar = progress_bar(len(ready.source), progress, unit=" candidates", desc="cross-validation")
    try:
        complete = run_all(
            job,
            ready.source,
            gathered,
            saver=Saver(None, "", gathered),
            bar=bar,
            index=ready.index,
            lanes=lanes,
        )
    finally:
        bar.close()
    if not complete:
        raise KeyboardInterrupt("interrupted before all candidates were done")
    swept = SweepResult(
        ready.job,
        ready.source,
        gathered,
        prices=ready.prices,
        index=ready.index,
        columns=ready.columns,
    )
    return _choose(swept, splits, edges, by)


def _all_edges(splits, bars):
    """Return every bar at which something begins or ends."""
    found = {0, bars, *splits.edges.tolist()}
    for intervals in splits.train:
        for interval in intervals:
            found.update(interval)
    return np.array(sorted(found), dtype=np.int64)


def _choose(swept, splits, edges, by):
    import pandas as pd

    gathered, job, index = swept._gathered, swept._job, swept._index
    rows, chosen = [], []
    for split in range(len(splits)):
        inside = _scores(gathered.sums, edges, splits.train[split], by)
        if np.isnan(inside).all():
            raise ValidationError("no candidate has returns in every split to be chosen by")
        best = int(np.nanargmax(inside))
        outside = _scores(gathered.sums[best : best + 1], edges, splits.test(split), by)
        chosen.append(best)
        scale = job.year**0.5 if by == "sharpe" else 1.0
        rows.append(
            {
                "test_groups": tuple(splits.test_groups[split].tolist()),
                **swept._params_of(best),
                "in_sample": float(inside[best]) * scale,
                "out_of_sample": float(outside[0]) * scale,
            }
        )
    returns_of = {best: np.asarray(swept.result(best).returns) for best in sorted(set(chosen))}
    paths = np.empty((job.bars, len(splits.paths)))
    for path, taken in enumerate(splits.paths):
        for group, split in enumerate(taken):
            part = slice(splits.edges[group], splits.edges[group + 1])
            paths[part, path] = returns_of[chosen[split]][part]
    columns = pd.RangeIndex(1, len(splits.paths) + 1, name="path")
    figures = [
        compute_metrics(np.array(column[~np.isnan(column)]), job.year, job.risk_free)
        for column in paths.T
    ]
    known = [one.to_series() if one is not None else pd.Series(dtype=float) for one in figures]
    return CrossValidationResult(
        returns=pd.DataFrame(paths, index=index, columns=columns),
        metrics=pd.DataFrame(known, index=columns),
        splits=pd.DataFrame(rows, index=pd.RangeIndex(1, len(rows) + 1, name="split")),
        by=by,
        sweep=swept,
    )


def _scores(sums, edges, intervals, by):
    """Return each candidate's score over some stretches of bars, from sums over blocks."""
    blocks = np.zeros(len(edges) - 1, dtype=bool)
    for begin, end in intervals:
        blocks |= (edges[:-1] >= begin) & (edges[1:] <= end)
    count, total, squares = sums[:, :, blocks].sum(axis=2).T
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = total / count
        if by == "mean":
            return mean
        apart = squares - count * mean * mean
        flat = apart <= 1e-12 * squares
        sharpe = mean / np.sqrt(apart / (count - 1))
    return np.where(flat | (count < 2), np.where(count < 2, np.nan, 0.0), sharpe)
