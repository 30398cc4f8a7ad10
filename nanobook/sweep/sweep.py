"""`sweep`: every candidate of a grid simulated and summed up."""

__all__ = ["sweep"]


def sweep(
    prices,
    strategy,
    grid=None,
    fn=None,
    *,
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
    where=None,
    keep=None,
    by="sharpe",
    overfitting=True,
    benchmark=None,
    blocks=16,
    reps=1000,
    seed=0,
    progress=None,
    checkpoint=None,
    memory_limit=None,
    threads=None,
    client=None,
):
    """Backtest every candidate of a grid, and say what the best of them is worth.

    Each candidate is one `backtest`, with the same figures to the last bit; weights known at one
    bar trade `lag` bars later. All run inside one kernel, a candidate a thread at a time, and only
    their figures are kept, so memory doesn't grow with paths.

    Parameters
    ----------
    prices : DataFrame or array_like of shape (T, N)
        Bars by assets, as `backtest` takes them.
    strategy : Strategy, str, callable, WeightCube, ndarray of shape (S, T, N) or iterable
        What makes weights: a `Strategy` or the name of one in `nanobook.sweep.strategies`; an
        ``@njit`` function ``(t, prices, params, state, out)``, which takes the grid's own
        parameters in order (see `Strategy`); a Python function from a dict of parameters to
        weights as `backtest` takes them; or, without a grid, the weights themselves: those of
        `weight_cube`, with its parameters, or a stack, or one after the other.
    grid : Grid, dict, list of dict or DataFrame, optional
        A dict of values means all combinations of them. An axis named as an option of the
        simulator varies that option: cash, costs, stops, lag, lot_size, rebalance; and parts of
        costs and stops: commission_bps, slippage_bps, min_trade_fee, per_share, fixed_stop_pct,
        trailing_stop_pct, atr_multiple, atr_period, reentry. All others are the strategy's.
    fn : callable, optional
        Of the original's form, see Notes.
    cash : float, optional
        Currency before the first bar; needed unless it's an axis of the grid.
    costs : CostModel or float, optional
        What trades cost; a number is a commission in basis points.
    stops : Stops or dict, optional
        Exits.
    lag : int, default 1
        Bars between a row of weights and its trades.
    lot_size : float, default 1
        Targets are rounded toward zero to multiples of it; 0 trades any fraction.
    rebalance : {"W", "M", "Q", "Y"} or int, optional
        Which bars' weights are traded, as `backtest` takes it.
    sizing : {"post_cost", "pre_cost"}, default "post_cost"
        As `backtest` takes it.
    delisting : {"sell", "hold"}, default "sell"
        As `backtest` takes it.
    periods_per_year : float, optional
        For annualised figures; by default read off a DatetimeIndex, else 252.
    risk_free : float, default 0.0
        Return per period that Sharpe and Sortino ratios compare with.
    where : callable, optional
        Takes a dict of parameters, returns whether a combination is run:
        ``lambda p: p["fast"] < p["slow"]``. See `Grid.product`.
    keep : int, str or list of dict, optional
        Candidates whose whole results are kept: the best so many (``20`` or ``"best 20"``), or
        those listed. Any other can be had later by ``result(params)``.
    by : str, default "sharpe"
        The figure that decides which are best to `keep`.
    overfitting : bool, default True
        Whether the kernel gathers what overfitting is told from.
    benchmark : float or array_like of shape (T,), optional
        Returns per bar that candidates must beat in the tests of superior ability; `risk_free` by
        default. A Series is brought onto the prices' dates.
    blocks : int, default 16
        Blocks of time for the probability of overfitting, even, 2 to 20; fewer where there are
        fewer than two bars to a block.
    reps : int, default 1000
        Replications of the bootstrap.
    seed : int, default 0
        What the bootstrap is drawn from.
    progress : bool, optional
        Whether to show a bar; by default in a terminal or a notebook. Before the bar, the planned
        memory.
    checkpoint : str or PathLike, optional
        A file that is written every few seconds. A sweep that finds its own there goes on where
        that one was; it's kept when all is done.
    memory_limit : float, optional
        Bytes that the sweep may plan for; by default four fifths of what's free.
    threads : int, optional
        Candidates that run at a time; by default as many as Numba uses threads. Figures don't
        depend on it.
    client : dask.distributed.Client, optional
        Runs candidates on a cluster's workers, with the same figures (extra `cluster`).

    Returns
    -------
    SweepResult
        Figures of all candidates, and any one of them whole. After Ctrl-C, of those done so far.

    Raises
    ------
    ValidationError
        If prices, weights, grid or options aren't right, a strategy asks for an infinite weight,
        the planned memory doesn't fit, or the checkpoint is another sweep's. What a strategy
        itself raises comes through.
    RangeError
        If a number is out of its range.
    ArgumentTypeError
        If an argument is of another kind.
    FileFormatError
        If the checkpoint is damaged or no checkpoint.
    MissingDependencyError
        If `client` is given and dask.distributed isn't installed.

    Notes
    -----
    The original's ``sweep(params, periods_per_year, risk_free, fn)``, and ``sweep(params, fn)``,
    work too: `fn` takes a parameter and returns returns, and a list of `Metrics` (None where
    there are no returns) comes back, in order.

    References
    ----------
    .. [1] Bailey, Lopez de Prado (2014), "The deflated Sharpe ratio"; Bailey, Borwein, Lopez de
       Prado, Zhu (2015), "The probability of backtest overfitting"; Hansen (2005), "A test for
       superior predictive ability".

    Examples
    --------
    >>> from nanobook.datasets import random_prices
    >>> result = sweep(random_prices(500, 4), "moving_average_crossover",
    ...                {"fast": [5, 10], "slow": [20, 50]}, cash=100_000, costs=5)
    >>> len(result), result.metrics.index.names
    (4, FrozenList(['fast', 'slow']))
    """
    if fn is not None or (grid is None and _is_plain_function(strategy)):
        from nanobook.sweep.seed import sweep_returns

        return sweep_returns(prices, strategy, grid, fn, periods_per_year, risk_free)
    from nanobook.sweep.run import run_sweep

    base = {
        "cash": cash,
        "costs": costs,
        "stops": stops,
        "lag": lag,
        "lot_size": lot_size,
        "rebalance": rebalance,
    }
    return run_sweep(
        prices,
        strategy,
        grid,
        base,
        sizing=sizing,
        delisting=delisting,
        periods_per_year=periods_per_year,
        risk_free=risk_free,
        where=where,
        keep=keep,
        by=by,
        overfitting=overfitting,
        benchmark=benchmark,
        blocks=blocks,
        reps=reps,
        seed=seed,
        progress=progress,
        checkpoint=checkpoint,
        memory_limit=memory_limit,
        threads=threads,
        client=client,
    )


def _is_plain_function(strategy):
    """Return whether `strategy` is a function of a parameter: no Strategy, nor to become one."""
    if not callable(strategy) or hasattr(strategy, "state_size"):
        return False
    compiled = getattr(strategy, "py_func", None)
    return compiled is None or compiled.__code__.co_argcount != 5
