"""What stands behind `sweep`: arguments read, memory planned, candidates run, paths kept."""

import numpy as np

from nanobook.errors import ArgumentTypeError, RangeError, ValidationError
from nanobook.panel.arrays import as_count, as_float, as_vector
from nanobook.panel.frames import is_frame, is_series
from nanobook.panel.frequency import infer_periods_per_year
from nanobook.portfolio.inputs import read_prices
from nanobook.progress import progress_bar
from nanobook.statistics.bootstrap import stationary_bootstrap
from nanobook.statistics.cscv import block_edges
from nanobook.sweep.candidates import FIELDS
from nanobook.sweep.engine import Saver, most_given, run_all
from nanobook.sweep.gathered import Gathered, fingerprint, row_bytes
from nanobook.sweep.grid import as_grid
from nanobook.sweep.job import Honesty, Job, most_lanes
from nanobook.sweep.memory import check_plan, plan_of
from nanobook.sweep.result import SMALLER_IS_BETTER, SweepResult, check_metric
from nanobook.sweep.settings import OPTION_NAMES, rule_table, settings_of
from nanobook.sweep.sources import Market, source_of
from nanobook.sweep.strategy import as_strategy

__all__ = ["Prepared", "honesty_of", "prepare", "run_sweep"]


_HONESTY_OPTIONS = ("overfitting", "benchmark", "blocks", "reps", "seed")


class Prepared:
    """A sweep that is ready to run."""

    def __init__(self, job, source, base, prices, index, columns):
        """Keep its parts."""
        self.job, self.source, self.base = job, source, base
        self.prices, self.index, self.columns = prices, index, columns


def run_sweep(prices, strategy, grid, base, **options):
    """Do what `sweep` says.

    Parameters
    ----------
    prices, strategy, grid : object
        As there.
    base : dict
        Values of `Settings`.
    **options
        The other arguments.

    Returns
    -------
    SweepResult
        What came of it.

    Raises
    ------
    ValidationError
        If an argument isn't right.
    """
    check_metric("by", options["by"])
    seed = as_count("seed", options["seed"])
    ready = prepare(prices, strategy, grid, base, **options)
    job, source = ready.job, ready.source
    wanted = _read_keep(options["keep"], source)
    known = source.random_access
    candidates = len(source) if known else None
    lanes = most_lanes()
    if options["threads"] is not None:
        lanes = as_count("threads", options["threads"], least=1)
    plan = plan_of(
        candidates=candidates,
        bars=job.bars,
        assets=job.prices.shape[1],
        row_bytes=row_bytes(job.honesty.blocks) + 8 * len(source.names),
        lanes=lanes,
        given=0 if source.strategy is not None else max(lanes, most_given(job)),
        reps=job.honesty.reps,
        kept=wanted if isinstance(wanted, int) else len(wanted),
    )
    limit = options["memory_limit"]
    check_plan(plan, None if limit is None else as_float("memory_limit", limit, least=0))
    gathered = Gathered(candidates, job.bars, job.honesty.blocks, job.honesty.reps)
    if options["checkpoint"] is not None and not known:
        raise ValidationError("a checkpoint needs a grid or a stack, an iterator can't be resumed")
    mark = "" if options["checkpoint"] is None else fingerprint(job, source, base)
    saver = Saver(options["checkpoint"], mark, gathered)
    best = _BestSoFar(wanted, options["by"], source) if not known else None
    bar = progress_bar(candidates, options["progress"], unit=" candidates", desc="sweep")
    bar.say(f"sweep: {plan}")
    try:
        if options["client"] is not None:
            from nanobook.sweep.cluster import run_on_cluster

            complete = run_on_cluster(
                options["client"], job, source, gathered, saver=saver, bar=bar, index=ready.index
            )
        else:
            complete = run_all(
                job, source, gathered, saver=saver, bar=bar, index=ready.index, lanes=lanes,
                on_batch=best,
            )  # fmt: skip
    finally:
        bar.close()
    if not known:
        _trim(gathered)
    result = SweepResult(
        job,
        source,
        gathered,
        prices=ready.prices,
        index=ready.index,
        columns=ready.columns,
        complete=complete,
        plan=plan,
        seed=seed,
    )
    result.kept = _kept(result, wanted, options["by"], best)
    return result


def prepare(prices, strategy, grid, base, *, start=0, **options):
    """Read the arguments of a sweep.

    Parameters
    ----------
    prices, strategy, grid : object
        As `sweep` takes them.
    base : dict
        Values of `Settings`.
    start : int, default 0
        The first bar that is traded; the strategy sees those before as history.
    **options
        The other arguments of `sweep`.

    Returns
    -------
    Prepared
        A job, and where its candidates come from.

    Raises
    ------
    ValidationError
        If something isn't right.
    ArgumentTypeError
        If it's of another kind.
    """
    matrix, index, columns = read_prices(prices)
    for name, choices in (("sizing", ("post_cost", "pre_cost")), ("delisting", ("sell", "hold"))):
        if options[name] not in choices:
            words = " or ".join(repr(choice) for choice in choices)
            raise ValidationError(f"{name} must be {words}, got {options[name]!r}")
    compiled, grid = _read_strategy(strategy, grid, options.get("where"), base)
    if grid is None or "cash" not in grid.names:
        settings_of(base, {})
    rules, decides = rule_table(base, grid, index, len(matrix))
    market = Market(matrix.shape, index, columns, decides)
    source = source_of(strategy, compiled, grid, base, rules, market)
    year = options["periods_per_year"]
    year = infer_periods_per_year(index) if year is None else year
    risk_free = as_float("risk_free", options["risk_free"])
    job = Job(
        prices=matrix,
        start=start,
        delisting=options["delisting"],
        strategy=compiled,
        decides=decides,
        post_cost=options["sizing"] == "post_cost",
        year=as_float("periods_per_year", year, finite=False),
        risk_free=risk_free,
        honesty=honesty_of(
            len(matrix) - start,
            index,
            risk_free=risk_free,
            **{name: options[name] for name in _HONESTY_OPTIONS},
        ),
    )
    return Prepared(job, source, base, prices if is_frame(prices) else matrix, index, columns)


def honesty_of(bars, index, *, risk_free, overfitting, benchmark, blocks, reps, seed):
    """Return what tells overfitting, or nothing of it.

    Parameters
    ----------
    bars : int
        Bars traded.
    index : Index or None
        Dates of the bars.
    risk_free : float
        The benchmark, by default.
    overfitting, benchmark, blocks, reps, seed : object
        As `sweep` takes them.

    Returns
    -------
    Honesty
        Arrays; empty ones where overfitting isn't asked for, or there are fewer than three bars.

    Raises
    ------
    ValidationError
        If the benchmark doesn't fit, or isn't finite.
    RangeError
        If blocks or replications are out of range.
    ArgumentTypeError
        If something is of another kind.
    """
    blocks = as_count("blocks", blocks, least=2)
    if blocks > 20 or blocks % 2:
        raise RangeError(f"blocks must be even and at most 20, got {blocks}")
    reps, seed = as_count("reps", reps, least=1), as_count("seed", seed)
    against = _read_benchmark(benchmark, bars, risk_free, index)
    blocks = min(blocks, bars // 4 * 2)
    if not overfitting or bars < 4:
        nothing = np.zeros(0, dtype=np.int64)
        return Honesty(nothing, against, nothing.copy(), nothing.copy(), nothing.copy(), 1.0)
    drawn = stationary_bootstrap(bars, None, reps, seed)
    return Honesty(
        edges=block_edges(bars, blocks),
        benchmark=against,
        starts=drawn.starts,
        lengths=drawn.lengths,
        offsets=drawn.offsets,
        block_size=float(drawn.block_size),
    )


def _read_benchmark(benchmark, bars, risk_free, index):
    if benchmark is None:
        return np.full(bars, risk_free)
    if is_series(benchmark) and index is not None:
        benchmark = benchmark.reindex(index)
    elif not np.ndim(benchmark):
        return np.full(bars, as_float("benchmark", benchmark))
    vector = as_vector("benchmark", benchmark).copy()
    if vector.size != bars:
        raise ValidationError(f"benchmark must have a return for each of {bars} bars, got "
                              f"{vector.size}")  # fmt: skip
    if np.isnan(vector[0]):
        vector[0] = 0.0  # no return leads to the first price
    if not np.isfinite(vector).all():
        where = int(np.argmin(np.isfinite(vector)))
        raise ValidationError(f"benchmark must be finite, got {vector[where]} at bar {where}")
    return vector


def _read_strategy(strategy, grid, where, base):
    """Return a compiled strategy, or None, and the grid, or None."""
    if grid is None:
        if where is not None:
            raise ValidationError("where needs a grid")
        compiled = as_strategy(strategy, ())
        if compiled is None:
            return None, None
        return compiled, as_grid([compiled.defaults or {"lag": base["lag"]}])
    grid = as_grid(grid, where)
    own = [name for name in grid.names if name not in OPTION_NAMES]
    return as_strategy(strategy, own), grid


def _read_keep(keep, source):
    """Return how many of the best are kept, or which ones."""
    if keep is None:
        return 0
    if isinstance(keep, str):
        words = keep.split()
        if len(words) == 2 and words[0] == "best" and words[1].isdecimal():
            return as_count("keep", int(words[1]), least=1)
        raise ValidationError(f"keep must be like 'best 20', a number or a list, got {keep!r}")
    if isinstance(keep, list | tuple):
        for one in keep:
            if not isinstance(one, dict) or set(one) != set(source.names):
                raise ValidationError(
                    f"keep must list dicts of {', '.join(source.names)}, got {one!r}"
                )
        return list(keep)
    try:
        return as_count("keep", keep, least=1)
    except ArgumentTypeError:
        raise ArgumentTypeError(
            f"keep must be a number, a word like 'best 20' or a list of dicts, got {keep!r}"
        ) from None


class _BestSoFar:
    """Holds the weights of the best candidates of an iterator, which can't be read again."""

    def __init__(self, wanted, by, source):
        self._source, self._place = source, FIELDS.index(by)
        self._sign = 1.0 if by in SMALLER_IS_BETTER else -1.0
        self._numbers = None if isinstance(wanted, int) else {one["candidate"] for one in wanted}
        self._most = max(wanted, 1) if isinstance(wanted, int) else 0
        self.weights, self._scores = {}, {}

    def __call__(self, first, batch):
        for at, value in enumerate(batch.metrics[:, self._place].tolist()):
            number = first + at
            if self._numbers is not None:
                if number in self._numbers:
                    self.weights[number] = _copied(self._source.latest[number])
            elif value == value:
                self._scores[number] = self._sign * value
                self.weights[number] = self._source.latest[number]
        if self._numbers is None:
            best = sorted(self._scores, key=lambda one: (self._scores[one], one))[: self._most]
            self._scores = {number: self._scores[number] for number in best}
            self.weights = {number: _copied(self.weights[number]) for number in best}


def _copied(weights):
    """Return weights that their maker may not write over."""
    return weights.copy() if isinstance(weights, np.ndarray) else weights


def _trim(gathered):
    count = int(gathered.done.sum())
    for name in ("metrics", "sums", "ended", "done"):
        setattr(gathered, name, getattr(gathered, name)[:count].copy())


def _kept(result, wanted, by, best):
    """Run the candidates to keep, with all records."""
    if best is not None:
        order = list(best.weights)
        if not isinstance(wanted, int):
            order = [one["candidate"] for one in wanted if one["candidate"] in best.weights]
        return [
            (result._params_of(number), result._run(result._params_of(number), weights))
            for number, weights in ((number, best.weights[number]) for number in order)
        ]
    if isinstance(wanted, int):
        if not wanted or not len(result):
            return []
        done = np.flatnonzero(result._gathered.done)
        values = result._gathered.metrics[done, FIELDS.index(by)]
        if np.isnan(values).all():
            return []
        numbers = done[result._ranked(by)[:wanted]]
        chosen = [result._params_of(int(number)) for number in numbers]
    else:
        chosen = [dict(one) for one in wanted]
    return [(params, result._run(params)) for params in chosen]
