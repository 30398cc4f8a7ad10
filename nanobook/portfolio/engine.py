"""The arrays around the kernel: made, grown where records need room, and trimmed."""

from typing import NamedTuple

import numpy as np

from nanobook.portfolio.simulate import (
    FILLS,
    STOP_EVENTS,
    Bars,
    Columns,
    Log,
    simulate,
)
from nanobook.types.records import FILL, FILL_CENTS, STOP_EVENT, STOP_EVENT_CENTS, STOP_TRACKER

__all__ = ["Run", "Segment", "run", "run_segments"]

#: Records that room is made for at first; what isn't written to costs no memory.
_FIRST_RECORDS = 8_000_000


class Run(NamedTuple):
    """What came of a simulation, as arrays."""

    money: np.ndarray  # (5, T): EQUITY, CASH, COSTS, TRADED, GROSS
    returns: np.ndarray  # (T,)
    missing: np.ndarray  # (N,)
    positions: np.ndarray  # (T, N), or (0, N) without records
    fills: np.ndarray
    stop_events: np.ndarray


class Segment(NamedTuple):
    """A stretch of bars that is traded by the same rules."""

    end: int  # the bar it ends before
    rules: object  # Rules
    rates: object  # Rates
    atr_period: int  # changes an ATR stop averages; 0 without one


def run(market, start_cash, rules, rates, *, post_cost, atr_period=0, records=True):
    """Simulate a market from its first bar to its last.

    Parameters
    ----------
    market : Market
        Prices and weights; the prices' dtype decides the unit of money.
    start_cash : int or float
        Cash before the first bar, of the prices' dtype.
    rules : Rules
        How to trade.
    rates : Rates
        What trades cost.
    post_cost : bool
        Whether to size by the post-cost rule, which only float64 money has.
    atr_period : int, default 0
        Changes an ATR stop averages; 0 without one.
    records : bool, default True
        Whether positions, fills and stop events are kept.

    Returns
    -------
    Run
        Series and records.
    """
    whole = Segment(len(market.prices), rules, rates, atr_period)
    return run_segments(market, start_cash, [whole], post_cost=post_cost, records=records)


def run_segments(market, start_cash, segments, *, post_cost, records=True):
    """Simulate a market by rules that change from one stretch of bars to the next.

    Cash, positions and what stops remember are carried over; an ATR stop with another period
    begins to average anew.

    Parameters
    ----------
    market : Market
        Prices and weights.
    start_cash : int or float
        Cash before the first bar.
    segments : list of Segment
        In order, the last one ending with the market.
    post_cost : bool
        Whether to size by the post-cost rule.
    records : bool, default True
        Whether positions, fills and stop events are kept.

    Returns
    -------
    Run
        Series and records.
    """
    bars, columns = market.prices.shape
    cents = segments[0].rules.whole
    dtype = np.int64 if cents else np.float64
    scratch = Columns(
        state=np.zeros((5, columns), dtype),
        sizing=np.zeros((2, columns)),
        locked=np.zeros(columns, np.bool_),
        missing=np.zeros(columns, np.int64),
        trackers=np.zeros(columns, STOP_TRACKER),
        changes=np.zeros((columns, segments[0].atr_period)),
    )
    series = Bars(money=np.empty((5, bars), dtype), returns=np.empty(bars))
    stops = any(one.rules.fixed or one.rules.trailing or one.rules.atr_multiple for one in segments)
    most_a_bar = 2 * columns + market.earlier.size
    rebalances = int(np.count_nonzero(market.row_at >= 0))
    likely = columns * (rebalances + 2) + market.earlier.size
    room = max(most_a_bar, min(_FIRST_RECORDS, likely)) if records else 0
    log = Log(
        positions=np.empty((bars if records else 0, columns), dtype),
        fills=np.empty(room, FILL_CENTS if cents else FILL),
        stop_events=np.empty(
            (room if stops else columns) if records else 0,
            STOP_EVENT_CENTS if cents else STOP_EVENT,
        ),
        cursor=np.zeros(4, np.int64),
    )
    sizing = True if post_cost else None
    for end, rules, rates, atr_period in segments:
        if atr_period != scratch.changes.shape[1]:
            scratch.trackers["changes"] = 0
            scratch = scratch._replace(changes=np.zeros((columns, atr_period)))
        part = market._replace(prices=market.prices[:end])
        while simulate(part, scratch, series, log, start_cash, rules, rates, sizing) < end:
            log = log._replace(
                fills=_doubled(log.fills, log.cursor[FILLS]),
                stop_events=_doubled(log.stop_events, log.cursor[STOP_EVENTS]),
            )
    return Run(
        money=series.money,
        returns=series.returns,
        missing=scratch.missing,
        positions=log.positions,
        fills=_trimmed(log.fills, log.cursor[FILLS]),
        stop_events=_trimmed(log.stop_events, log.cursor[STOP_EVENTS]),
    )


def _doubled(records, used):
    larger = np.empty(2 * records.size, records.dtype)
    larger[:used] = records[:used]
    return larger


def _trimmed(records, used):
    """Cut to what was used; copied where nearly all of the room would be kept for nothing."""
    kept = records[:used]
    return kept if 16 * used > records.size else kept.copy()
