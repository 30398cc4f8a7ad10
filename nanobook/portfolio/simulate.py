"""One bar after another: prices and weights to cash, positions, equity and records.

One source serves both doors. The arrays' dtype decides: int64 cents and whole shares for
the seed's door, float64 currency for `backtest`. What else differs is in `Rules`.
"""

import math
from typing import NamedTuple

import numpy as np

from nanobook.jit import njit
from nanobook.portfolio.costs import charge_one
from nanobook.portfolio.lanes import gross, total, worth
from nanobook.portfolio.sizing import (
    CHARGE,
    MARK,
    QUANTITY,
    TRADE,
    shares_toward,
    size_post_cost,
    size_pre_cost,
)
from nanobook.portfolio.stops import start_tracker, stop_level, update_tracker
from nanobook.types.codes import DELISTED, REBALANCE, UNTIL_SIGNAL

__all__ = ["Bars", "Columns", "Log", "Market", "Rules", "currency_rules", "simulate"]
__all__ += ["CASH", "COSTS", "EQUITY", "GROSS", "TRADED"]

#: Rows of ``Bars.money``: after the bar's trades its equity, cash, costs paid, value of all
#: trades (buys plus sells) and value of all positions (longs plus shorts).
EQUITY, CASH, COSTS, TRADED, GROSS = 0, 1, 2, 3, 4

#: Slots of ``Log.cursor``: where the run stands.
NEXT_BAR, FILLS, STOP_EVENTS, EARLIER = 0, 1, 2, 3


class Rules(NamedTuple):
    """The scalars that say how a door trades."""

    whole: bool  # money is int64 cents, shares are whole, stop levels round to cents
    lot: float  # lot size; 0 for fractions
    absent_closes: bool  # a NaN weight closes the position, else keeps it
    carries_mark: bool  # an unlisted position keeps its last known price, else counts 0
    stops_last: bool  # stops are checked after the rebalance, else before
    ceiling: float  # bound of a target's value, inside the money dtype
    fixed: float
    trailing: float
    atr_multiple: float
    lock_bars: int


def currency_rules(stops, lot_size):
    """Return the rules of `backtest`: money in currency, stops checked before the rebalance.

    Parameters
    ----------
    stops : Stops
        Exits.
    lot_size : float
        0 for fractions.

    Returns
    -------
    Rules
        Scalars of the types that the kernel's specialisation needs.
    """
    return Rules(
        whole=False,
        lot=lot_size,
        absent_closes=False,
        carries_mark=True,
        stops_last=False,
        ceiling=np.inf,
        fixed=float(stops.fixed_stop_pct),
        trailing=float(stops.trailing_stop_pct),
        atr_multiple=float(stops.atr_multiple or 0.0),
        lock_bars=stops.lock_bars,
    )


class Market(NamedTuple):
    """What happens and what is wanted: read only."""

    prices: np.ndarray  # (T, N) money; NaN or -1 where a column isn't listed
    weights: np.ndarray  # (R, N) float64; NaN where a column isn't named
    row_at: np.ndarray  # (T,) the row of weights that trades at a bar, -1 for none
    last_bar: np.ndarray  # (N,) a position held beyond this bar is sold as delisted
    earlier: np.ndarray  # EARLIER_TARGET, by bar


class Columns(NamedTuple):
    """What the run remembers of each column."""

    state: np.ndarray  # (5, N) money: QUANTITY, MARK, TRADE, CHARGE, SCRATCH
    sizing: np.ndarray  # (2, N) float64: RATIO, HELD
    locked: np.ndarray  # (N,) bool: kept flat by a stop at this bar
    missing: np.ndarray  # (N,) int64: bars without a price
    trackers: np.ndarray  # (N,) STOP_TRACKER
    changes: np.ndarray  # (N, atr_period) float64, or (N, 0) without an ATR stop


class Bars(NamedTuple):
    """The result's series."""

    money: np.ndarray  # (5, T): EQUITY, CASH, COSTS, TRADED, GROSS
    returns: np.ndarray  # (T,) float64, NaN where the equity before wasn't positive


class Log(NamedTuple):
    """The optional records; of length 0 where they aren't wanted."""

    positions: np.ndarray  # (T, N)
    fills: np.ndarray  # FILL
    stop_events: np.ndarray  # STOP_EVENT
    cursor: np.ndarray  # (4,) NEXT_BAR, FILLS, STOP_EVENTS, EARLIER


@njit
def simulate(market, columns, bars, log, start_cash, rules, rates, post_cost):
    """Run from ``log.cursor[NEXT_BAR]`` to the end, or to where the records lack room.

    Returns the bar reached: T when all is done. The caller may give more room for records
    and call again; nothing of that bar has changed yet.

    `post_cost` is True or None. None leaves post-cost sizing out of the compiled code,
    which in integers would have no meaning.
    """
    prices, weights, row_at, last_bar, earlier = market
    state, sizing, locked, missing, trackers, changes = columns
    money, returns = bars
    positions, fills, stop_events, cursor = log
    quantity, mark, trade, charge = state[QUANTITY], state[MARK], state[TRADE], state[CHARGE]
    stops = rules.fixed > 0.0 or rules.trailing > 0.0 or rules.atr_multiple > 0.0
    records = positions.shape[0] > 0
    bar = cursor[NEXT_BAR]
    cash = start_cash if bar == 0 else money[CASH, bar - 1]
    before = start_cash if bar == 0 else money[EQUITY, bar - 1]
    next_end = _next_end(last_bar, bar - 1)
    while bar < prices.shape[0]:
        if records and not _has_room(fills, stop_events, earlier, cursor, mark.size):
            break
        money[COSTS, bar] = 0
        money[TRADED, bar] = 0
        _value(mark, missing, prices[bar], rules.carries_mark)
        if bar > next_end:
            cash -= _sell_delisted(state, money, fills, cursor, last_bar, bar, rates)
            next_end = _next_end(last_bar, bar)
        if stops and not rules.stops_last:
            cash -= _check_stops(
                state, trackers, changes, prices, money, fills, stop_events, cursor, rules, rates
            )
        equity = cash + worth(quantity, mark)
        row = row_at[bar]
        if row >= 0 and stops:
            _lock(locked, trackers, bar, weights[row])
        if row >= 0 and equity > 0:
            if post_cost is not None:
                size_post_cost(
                    state, sizing, locked, prices[bar], weights[row], cash, rules.lot, rates
                )
            else:
                cash -= _trade_earlier(
                    state, earlier, prices[bar], money, fills, cursor, equity, rules, rates
                )
                size_pre_cost(state, locked, prices[bar], weights[row], equity, rules)
                for i in range(trade.size):
                    _charge(state, i, rates)
            if stops and not rules.stops_last:
                _follow(trackers, state)
            costs = total(charge)
            cash -= worth(trade, mark) + costs
            money[COSTS, bar] += costs
            money[TRADED, bar] += gross(trade, mark)
            for i in range(trade.size):
                quantity[i] += trade[i]
            if records:
                _record_all(fills, cursor, bar, trade, mark, charge)
        if stops and rules.stops_last:
            cash -= _check_stops(
                state, trackers, changes, prices, money, fills, stop_events, cursor, rules, rates
            )
        equity = cash + worth(quantity, mark)
        money[EQUITY, bar] = equity
        money[CASH, bar] = cash
        money[GROSS, bar] = gross(quantity, mark)
        returns[bar] = (equity - before) / before if before > 0 else math.nan
        if records:
            for i in range(quantity.size):
                positions[bar, i] = quantity[i]
        before = equity
        bar += 1
        cursor[NEXT_BAR] = bar
    return bar


@njit
def _has_room(fills, stop_events, earlier, cursor, columns):
    """Return whether this bar's records fit, whatever it does."""
    most = 2 * columns
    for k in range(cursor[EARLIER], earlier.size):
        if earlier[k]["bar"] > cursor[NEXT_BAR]:
            break
        most += 1
    return fills.size - cursor[FILLS] >= most and stop_events.size - cursor[STOP_EVENTS] >= columns


@njit
def _value(mark, missing, prices, carries):
    """Value each column at its price; an unlisted one is counted as missing."""
    for i in range(mark.size):
        price = prices[i]
        listed = price >= 0  # neither NaN nor -1
        kept = mark[i] if carries else mark.dtype.type(0)
        mark[i] = price if listed else kept
        missing[i] += 0 if listed else 1


@njit
def _charge(state, i, rates):
    """Put the cost of column i's trade beside it; no trade costs nothing."""
    shares = abs(state[TRADE, i])
    if shares > 0:
        charge_one(state[CHARGE], i, shares * state[MARK, i], shares, rates)
    else:
        state[CHARGE, i] = 0


@njit
def _record_all(fills, cursor, bar, trade, mark, charge):
    """Append a fill for each column that trades."""
    k = cursor[FILLS]
    for i in range(trade.size):
        if trade[i] != 0:
            _record(fills, k, bar, i, trade[i], mark[i], charge[i], REBALANCE)
            k += 1
    cursor[FILLS] = k


@njit
def _record(fills, k, bar, column, shares, price, cost, reason):
    fills[k]["bar"] = bar
    fills[k]["column"] = column
    fills[k]["quantity"] = shares
    fills[k]["price"] = price
    fills[k]["cost"] = cost
    fills[k]["reason"] = reason


@njit
def _trade_one(state, money, fills, cursor, column, shares, reason, rates):
    """Trade one column at its mark and record it; return what that takes out of cash."""
    bar, price = cursor[NEXT_BAR], state[MARK, column]
    state[TRADE, column] = shares
    _charge(state, column, rates)
    cost, notional = state[CHARGE, column], shares * price
    state[QUANTITY, column] += shares
    money[COSTS, bar] += cost
    money[TRADED, bar] += abs(notional)
    if fills.size:
        _record(fills, cursor[FILLS], bar, column, shares, price, cost, reason)
        cursor[FILLS] += 1
    return notional + cost


@njit
def _next_end(last_bar, bar):
    """Return the first last bar from `bar` on: nothing is delisted before it has passed."""
    earliest = np.int64(2**62)
    for i in range(last_bar.size):
        if bar <= last_bar[i] < earliest:
            earliest = last_bar[i]
    return earliest


@njit
def _sell_delisted(state, money, fills, cursor, last_bar, bar, rates):
    """Sell what has no price any more, for good, at its last one; return the cash spent."""
    spent = state.dtype.type(0)
    for i in range(last_bar.size):
        if bar > last_bar[i] and state[QUANTITY, i] != 0:
            shares = -state[QUANTITY, i]
            spent += _trade_one(state, money, fills, cursor, i, shares, DELISTED, rates)
    return spent


@njit
def _trade_earlier(state, earlier, prices, money, fills, cursor, equity, rules, rates):
    """Trade the targets that a later one of the same period and column overrules."""
    spent = state.dtype.type(0)
    while cursor[EARLIER] < earlier.size:
        wish = earlier[cursor[EARLIER]]
        if wish["bar"] > cursor[NEXT_BAR]:
            break
        cursor[EARLIER] += 1
        i = wish["column"]
        if wish["bar"] == cursor[NEXT_BAR] and prices[i] > 0:
            shares = shares_toward(state, i, wish["weight"] * equity, prices[i], rules)
            if shares != 0:
                spent += _trade_one(state, money, fills, cursor, i, shares, REBALANCE, rates)
    return spent


@njit
def _follow(trackers, state):
    """Before the trades are settled: begin, average or drop the trackers of all columns."""
    for i in range(trackers.size):
        held, shares, price = state[QUANTITY, i], state[TRADE, i], state[MARK, i]
        side = _sign(held + shares)
        if side == 0:
            trackers[i]["side"] = 0
        elif trackers[i]["side"] != side:
            start_tracker(trackers, i, side, price)
        elif held * shares > 0:  # adds to the position: its average price
            paid = trackers[i]["entry"] * held + price * shares
            trackers[i]["entry"] = paid / (held + shares)


@njit
def _sign(value):
    if value > 0:
        return 1
    return -1 if value < 0 else 0


@njit
def _check_stops(state, trackers, changes, prices, money, fills, stop_events, cursor, rules, rates):
    """Close the positions whose stop is breached at this bar's price; return the cash spent."""
    bar = cursor[NEXT_BAR]
    spent = state.dtype.type(0)
    for i in range(trackers.size):
        held, price = state[QUANTITY, i], prices[bar, i]
        side = _sign(held)
        if side == 0 or not price > 0:
            if rules.stops_last:  # the seed's door forgets what it can't see
                trackers[i]["side"] = 0
            continue
        if trackers[i]["side"] != side:
            start_tracker(trackers, i, side, price)
        else:
            update_tracker(trackers, changes, i, price)
        level, reason = stop_level(trackers, changes, i, rules)
        if reason < 0 or (price - level) * side > 0:
            continue
        spent += _trade_one(state, money, fills, cursor, i, -held, reason, rates)
        trackers[i]["side"] = 0
        trackers[i]["lock_side"] = side
        trackers[i]["locked_until"] = bar + max(rules.lock_bars, 0)
        trackers[i]["awaits_signal"] = 1 if rules.lock_bars == UNTIL_SIGNAL else 0
        if stop_events.size:
            event = stop_events[cursor[STOP_EVENTS]]
            event["bar"] = bar
            event["column"] = i
            event["trigger_price"] = level
            event["exit_price"] = price
            event["reason"] = reason
            cursor[STOP_EVENTS] += 1
    return spent


@njit
def _lock(locked, trackers, bar, weights):
    """Find the columns that a stop keeps flat at this bar; a changed signal ends its wait."""
    for i in range(weights.size):
        tracker = trackers[i]
        known = not math.isnan(weights[i])
        if tracker["awaits_signal"] and known and _sign(weights[i]) != tracker["lock_side"]:
            tracker["awaits_signal"] = 0
            tracker["locked_until"] = -1
        waits = tracker["awaits_signal"] != 0 or bar <= tracker["locked_until"]
        locked[i] = waits and tracker["lock_side"] != 0
