"""The sweep's kernel: each candidate simulated and summed up by one of the lanes.

A lane takes every `lanes`-th candidate of a batch, one after the other, in room of its own, and
writes only that candidate's rows. What is gathered over all candidates goes into rows of the
lane's own, by operations whose order doesn't matter (sums of integers, maxima), so that one
lane gives the same bits as many, and a batch cut in two the same as one.
"""

import math

import numpy as np

from nanobook.jit import njit, prange
from nanobook.portfolio.costs import Rates
from nanobook.portfolio.figures import ACCOUNT_FIELDS, account_figures
from nanobook.portfolio.simulate import Bars, Columns, Log, Market, Rules, simulate
from nanobook.statistics.cscv import add_block_sums
from nanobook.statistics.superior_ability import add_candidate
from nanobook.sweep.weights import FINE, fill_rows
from nanobook.types.records import EARLIER_TARGET, FILL, STOP_EVENT, STOP_TRACKER

__all__ = ["FIELDS", "figures_of", "run_lane", "run_lanes"]
__all__ += ["ATR_MULTIPLE", "ATR_PERIOD", "CASH", "FIXED", "LAG", "LOCK", "LOT", "MINIMUM"]
__all__ += ["OPTIONS", "PER_SHARE", "PROPORTIONAL", "RULE", "SCALE", "TRAILING"]

#: Columns of the options: cash, bars of lag, lot size, which rebalance rule; what trades cost;
#: stops.
CASH, LAG, LOT, RULE, PROPORTIONAL, PER_SHARE, MINIMUM = 0, 1, 2, 3, 4, 5, 6
FIXED, TRAILING, ATR_MULTIPLE, ATR_PERIOD, LOCK, OPTIONS = 7, 8, 9, 10, 11, 12

#: What is worked out of each candidate: an account's figures, and the shape of its returns'
#: distribution (3 is the kurtosis of a normal one).
FIELDS = (*ACCOUNT_FIELDS, "skew", "kurtosis")

_ACCOUNT = len(ACCOUNT_FIELDS)
_SKEW, _KURTOSIS = _ACCOUNT, _ACCOUNT + 1

#: Standardised returns are summed over candidates as integers of this many to one.
SCALE = 2.0**30


@njit
def run_lane(
    lane,
    lanes,
    prices,
    start,
    last_bar,
    function,
    every_bar,
    state_size,
    params,
    decides,
    stack,
    row_at_of,
    options,
    rules,
    rates,
    post_cost,
    year,
    risk_free,
    edges,
    benchmark,
    bootstrap,
    metrics,
    sums,
    ended,
    together,
    maxima,
    observed,
):
    """Run candidates ``lane, lane + lanes, ...`` of the batch.

    Weights come from `function`, or from `stack` where that holds any. The first axis of
    `together`, `maxima` and `observed` is the lane's.
    """
    bars, columns = prices.shape[0] - start, prices.shape[1]
    count = options.shape[0]
    given = stack.shape[0] > 0
    room = np.empty((0 if given else prices.shape[0] + 1, columns))
    bar_of = np.empty(0 if given else prices.shape[0] + 1, np.int64)
    row_at = np.empty(bars, np.int64)
    money, returns, spare = np.empty((5, bars)), np.empty(bars), np.empty(bars)
    series = Bars(money, returns)
    no_positions = np.empty((0, columns))
    no_fills, no_stop_events = np.empty(0, FILL), np.empty(0, STOP_EVENT)
    earlier = np.empty(0, EARLIER_TARGET)
    seen = prices[start:]
    honest = edges.size > 1
    starts, lengths, offsets, block_size = bootstrap
    prefix, means = np.empty(bars + 1), np.empty(maxima.shape[2])
    for c in range(lane, count, lanes):
        option = options[c]
        lag = np.int64(option[LAG])
        if given:
            targets, rows_at = stack[c], row_at_of[c]
        else:
            stop = max(start, prices.shape[0] - lag)
            rows, code, bar = fill_rows(
                function,
                every_bar,
                prices,
                start,
                stop,
                decides[np.int64(option[RULE])],
                params[c],
                np.zeros(state_size),
                room,
                bar_of,
            )
            ended[c, 0] = code
            ended[c, 1] = bar
            if code != FINE:
                metrics[c, :] = math.nan
                sums[c, :, :] = math.nan
                continue
            row_at[:] = -1
            for r in range(rows):
                row_at[bar_of[r] - start + lag] = r
            targets, rows_at = room, row_at
        columns_of = Columns(
            np.zeros((5, columns)),
            np.zeros((2, columns)),
            np.zeros(columns, np.bool_),
            np.zeros(columns, np.int64),
            np.zeros(columns, STOP_TRACKER),
            np.zeros((columns, np.int64(option[ATR_PERIOD]))),
        )
        simulate(
            Market(seen, targets, rows_at, last_bar, earlier),
            columns_of,
            series,
            Log(no_positions, no_fills, no_stop_events, np.zeros(4, np.int64)),
            option[CASH],
            Rules(
                rules.whole,
                option[LOT],
                rules.absent_closes,
                rules.carries_mark,
                rules.stops_last,
                rules.ceiling,
                option[FIXED],
                option[TRAILING],
                option[ATR_MULTIPLE],
                np.int64(option[LOCK]),
            ),
            Rates(rates.whole_bps, option[PROPORTIONAL], option[PER_SHARE], option[MINIMUM]),
            post_cost,
        )
        account_figures(money, returns, year, risk_free, spare, metrics[c, :_ACCOUNT])
        _shape(returns, metrics[c])
        if honest:
            for t in range(bars):
                spare[t] = returns[t] - risk_free
            add_block_sums(spare, edges, sums[c, 0], sums[c, 1], sums[c, 2])
            _add_standardised(returns, together[lane])
            for t in range(bars):
                r = returns[t]
                spare[t] = (0.0 if math.isnan(r) else r) - benchmark[t]
            add_candidate(
                spare,
                prefix,
                means,
                starts,
                lengths,
                offsets,
                block_size,
                True,
                maxima[lane],
                observed[lane],
            )


@njit
def _shape(returns, row):
    """Fill skew and kurtosis of the returns that are defined; NaN where they don't vary."""
    count, total = 0, 0.0
    for t in range(returns.size):
        if not math.isnan(returns[t]):
            total += returns[t]
            count += 1
    mean = total / count if count > 0 else 0.0
    second = third = fourth = 0.0
    for t in range(returns.size):
        x = 0.0 if math.isnan(returns[t]) else returns[t] - mean
        squared = x * x
        second += squared
        third += squared * x
        fourth += squared * squared
    row[_SKEW] = row[_KURTOSIS] = math.nan
    if second > 0.0:
        row[_SKEW] = third / count / math.sqrt(second / count) ** 3
        row[_KURTOSIS] = fourth * count / (second * second)


@njit
def _add_standardised(returns, together):
    """Add the standardised returns, as integers; the last slot counts the candidates that move."""
    total = squares = 0.0
    for t in range(returns.size):
        total += 0.0 if math.isnan(returns[t]) else returns[t]
    mean = total / returns.size
    for t in range(returns.size):
        x = (0.0 if math.isnan(returns[t]) else returns[t]) - mean
        squares += x * x
    if not 0.0 < squares < math.inf:
        return
    scale = SCALE / math.sqrt(squares / returns.size)
    for t in range(returns.size):
        x = (0.0 if math.isnan(returns[t]) else returns[t]) - mean
        together[t] += np.int64(np.rint(x * scale))
    together[returns.size] += 1


def figures_of(money, returns, year, risk_free):
    """Return what the kernel works out of an account's series.

    Parameters
    ----------
    money : ndarray of shape (5, T)
        As `simulate` fills it.
    returns : ndarray of shape (T,)
        Per bar; NaN ones are left out.
    year, risk_free : float
        What annualises, and what ratios compare with.

    Returns
    -------
    ndarray of shape (F,)
        The figures named in ``FIELDS``.
    """
    row, returns = np.empty(len(FIELDS)), np.array(returns)
    account_figures(
        np.array(money, order="C"), returns, year, risk_free, np.empty_like(returns), row[:_ACCOUNT]
    )
    _shape(returns, row)
    return row


@njit(parallel=True)
def run_lanes(
    lanes,
    prices,
    start,
    last_bar,
    function,
    every_bar,
    state_size,
    params,
    decides,
    stack,
    row_at_of,
    options,
    rules,
    rates,
    post_cost,
    year,
    risk_free,
    edges,
    benchmark,
    bootstrap,
    metrics,
    sums,
    ended,
    together,
    maxima,
    observed,
):
    """Run all lanes at once."""
    for lane in prange(lanes):
        run_lane(
            np.int64(lane),
            lanes,
            prices,
            start,
            last_bar,
            function,
            every_bar,
            state_size,
            params,
            decides,
            stack,
            row_at_of,
            options,
            rules,
            rates,
            post_cost,
            year,
            risk_free,
            edges,
            benchmark,
            bootstrap,
            metrics,
            sums,
            ended,
            together,
            maxima,
            observed,
        )
