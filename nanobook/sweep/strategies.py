"""Trading rules that are compiled already: the textbook's, each with the parameters it names.

Each is a `Strategy`: hand it, or its name, to `sweep`. An asset without a price at a bar gets
weight 0 there. Momentum looks at two earlier prices and has no signal where one is missing;
averages, deviations and bands have none where any price of their stretch is. Without a signal the
weight is 0, but a rule that holds on until something happens goes on holding. `rsi` and `breakout`
look past missing prices. "Equal parts" are equal parts of the assets that have a price. A
parameter `short` of 1 goes short where 0 stays out.
"""

import math

import numpy as np

from nanobook.jit import njit
from nanobook.sweep.strategy import DONE, Strategy
from nanobook.sweep.windows import WINDOW, slide_prices, slide_returns

__all__ = [
    "bollinger",
    "breakout",
    "cross_sectional_momentum",
    "equal_weight",
    "inverse_volatility",
    "mean_reversion",
    "moving_average_crossover",
    "rsi",
    "time_series_momentum",
    "volatility_target",
]


@njit
def _priced(prices, t):
    """Return how many assets have a price at bar `t`."""
    count = 0
    for i in range(prices.shape[1]):
        count += 1 if prices[t, i] > 0.0 else 0
    return count


@njit
def _share(prices, t):
    """Return the equal part of each asset that has a price."""
    count = _priced(prices, t)
    return 1.0 / count if count > 0 else 0.0


@njit
def _whole(value):
    """Return a parameter that counts bars, at least 1."""
    return max(np.int64(1), np.int64(value))


@njit
def _deviation(total, squares, count):
    """Return the standard deviation over count - 1, from sums."""
    if count < 2.0:
        return 0.0
    return math.sqrt(max(squares - total * total / count, 0.0) / (count - 1.0))


def _equal_weight(t, prices, params, state, out):
    """Equal parts of every asset that has a price."""
    share = _share(prices, t)
    for i in range(out.size):
        out[i] = share if prices[t, i] > 0.0 else 0.0
    return DONE


def _time_series_momentum(t, prices, params, state, out):
    """Equal parts of the assets that rose over `lookback` bars, up to `skip` bars ago [1].

    .. [1] Moskowitz, Ooi, Pedersen (2012), "Time series momentum".
    """
    lookback, skip, short = _whole(params[0]), max(np.int64(0), np.int64(params[1])), params[2]
    first, last = t - lookback, t - skip
    if first < 0 or last <= first:
        return DONE
    share = _share(prices, t)
    for i in range(out.size):
        before, after, now = prices[first, i], prices[last, i], prices[t, i]
        part = share if before > 0.0 and now > 0.0 else 0.0
        falls = -part * short if after < before else 0.0
        out[i] = part if after > before else falls
    return DONE


def _cross_sectional_momentum(t, prices, params, state, out):
    """Equal parts of the `top` assets that rose most over `lookback` bars, up to `skip` ago [1].

    With `bottom` above 0 as many of the worst are sold short, in equal parts. Of equal ones the
    earlier column comes first.

    .. [1] Jegadeesh, Titman (1993), "Returns to buying winners and selling losers".
    """
    lookback, skip = _whole(params[0]), max(np.int64(0), np.int64(params[1]))
    top, bottom = np.int64(params[2]), np.int64(params[3])
    first, last = t - lookback, t - skip
    if first < 0 or last <= first:
        return DONE
    columns = out.size
    growth = state[:columns]
    known = 0
    for i in range(columns):
        before, after, now = prices[first, i], prices[last, i], prices[t, i]
        fine = before > 0.0 and after > 0.0 and now > 0.0
        growth[i] = after / before if fine else math.nan
        known += 1 if fine else 0
    top = min(top, known)
    bottom = min(bottom, known - top)
    _mark_largest(growth, 1.0, top, state[columns:], out, 1.0 / max(top, 1))
    if bottom > 0:
        for i in range(columns):
            growth[i] = growth[i] if out[i] == 0.0 else math.nan  # a winner is no loser
        _mark_largest(growth, -1.0, bottom, state[columns:], out, -1.0 / bottom)
    return DONE


@njit
def _mark_largest(values, sign, count, heap, out, weight):
    """Give `weight` to the `count` largest of ``sign * values``; of equal ones the first.

    `heap` holds the columns of the largest so far, the worst of them at its root.
    """
    if count < 1:
        return
    size = 0
    for i in range(values.size):
        if values[i] != values[i]:
            continue
        if size < count:
            at = size
            size += 1
            while at > 0:
                parent = (at - 1) // 2
                above = np.int64(heap[parent])
                # a worse value, or an equal one of a later column, rises
                if sign * values[i] > sign * values[above]:
                    break
                heap[at] = above
                at = parent
            heap[at] = i
        elif sign * values[i] > sign * values[np.int64(heap[0])]:
            at = 0
            while 2 * at + 1 < size:
                child = 2 * at + 1
                if child + 1 < size and _worse(values, sign, heap[child + 1], heap[child]):
                    child += 1
                if not _worse(values, sign, heap[child], np.float64(i)):
                    break
                heap[at] = heap[child]
                at = child
            heap[at] = i
    for k in range(size):
        out[np.int64(heap[k])] = weight


@njit
def _worse(values, sign, left, right):
    """Return whether the left column ranks below the right one."""
    a, b = sign * values[np.int64(left)], sign * values[np.int64(right)]
    return a < b or (a == b and left > right)


def _moving_average_crossover(t, prices, params, state, out):
    """Equal parts of the assets whose mean of `fast` bars is above that of `slow` bars [1].

    .. [1] Brock, Lakonishok, LeBaron (1992), "Simple technical trading rules".
    """
    fast, slow, short = _whole(params[0]), _whole(params[1]), params[2]
    columns = out.size
    half = WINDOW * columns + 1
    slide_prices(t, prices, fast, state[:half])
    slide_prices(t, prices, slow, state[half:])
    if t + 1 < max(fast, slow):
        return DONE
    share = _share(prices, t)
    for i in range(columns):
        quick = state[2 * columns + i] + state[i] / fast
        lazy = state[half + 2 * columns + i] + state[half + i] / slow
        full = state[3 * columns + i] == fast and state[half + 3 * columns + i] == slow
        part = share if full else 0.0
        falls = -part * short if quick < lazy else 0.0
        out[i] = part if quick > lazy else falls
    return DONE


def _mean_reversion(t, prices, params, state, out):
    """Equal parts of the assets that fell far below their mean, until they are back.

    An asset is bought when its price is more than `entry` standard deviations below its mean of
    `lookback` bars and sold when it's less than `exit` below. With `short`, sold short as far
    above the mean, and covered in the same way.
    """
    lookback, entry, leave, short = _whole(params[0]), params[1], params[2], params[3]
    columns = out.size
    size = WINDOW * columns + 1
    held = state[size:]
    slide_prices(t, prices, lookback, state[:size])
    if t + 1 < lookback:
        return DONE
    share = _share(prices, t)
    for i in range(columns):
        count = state[3 * columns + i]
        sd = _deviation(state[i], state[columns + i], count)
        if count == lookback:
            distance = prices[t, i] - state[2 * columns + i] - state[i] / count
            z = distance / sd if sd > 0.0 else 0.0
            if held[i] > 0.0 and z > -leave:
                held[i] = 0.0
            if held[i] < 0.0 and z < leave:
                held[i] = 0.0
            if z < -entry:
                held[i] = 1.0
            elif z > entry and short > 0.0:
                held[i] = -1.0
        out[i] = held[i] * share if prices[t, i] > 0.0 else 0.0
    return DONE


def _bollinger(t, prices, params, state, out):
    """Equal parts of the assets bought below their lower band, until they reach the middle one.

    The bands are `width` standard deviations (over the number of bars) around the mean of
    `period` bars [1].

    .. [1] Bollinger (2001), "Bollinger on Bollinger Bands".
    """
    period, width = _whole(params[0]), params[1]
    columns = out.size
    size = WINDOW * columns + 1
    held = state[size:]
    slide_prices(t, prices, period, state[:size])
    if t + 1 < period:
        return DONE
    share = _share(prices, t)
    for i in range(columns):
        count = state[3 * columns + i]
        if count == period:
            mean = state[i] / count
            sd = math.sqrt(max(state[columns + i] / count - mean * mean, 0.0))
            distance = prices[t, i] - state[2 * columns + i] - mean
            if distance >= 0.0:
                held[i] = 0.0
            elif distance < -width * sd:
                held[i] = 1.0
        out[i] = held[i] * share if prices[t, i] > 0.0 else 0.0
    return DONE


def _inverse_volatility(t, prices, params, state, out):
    """All assets, each by the inverse of its standard deviation over `lookback` returns."""
    lookback = max(np.int64(2), np.int64(params[0]))
    columns = out.size
    slide_returns(t, prices, lookback, state)
    if t < lookback:
        return DONE
    total = 0.0
    for i in range(columns):
        sd = _deviation(state[i], state[columns + i], state[3 * columns + i])
        full = state[3 * columns + i] == lookback and prices[t, i] > 0.0
        out[i] = 1.0 / sd if full and sd > 0.0 else 0.0
        total += out[i]
    for i in range(columns):
        out[i] = out[i] / total if total > 0.0 else 0.0
    return DONE


def _volatility_target(t, prices, params, state, out):
    """Equal parts of all assets, scaled to a volatility of `target` a year, up to `leverage`.

    The volatility is that of the mean of the assets' returns over `lookback` bars, of which a
    year has `periods_per_year`.
    """
    lookback = max(np.int64(2), np.int64(params[0]))
    target, leverage, year = params[1], params[2], params[3]
    upcoming = np.int64(state[2])
    if upcoming == 0 or upcoming // lookback != (t + 1) // lookback:
        state[0] = state[1] = 0.0
        upcoming = max(np.int64(1), t + 1 - lookback)
        for bar in range(upcoming, t + 1):
            r = _mean_return(prices, bar)
            state[0] += r
            state[1] += r * r
    else:
        for bar in range(upcoming, t + 1):
            r = _mean_return(prices, bar)
            state[0] += r
            state[1] += r * r
            if bar - lookback >= 1:
                r = _mean_return(prices, bar - lookback)
                state[0] -= r
                state[1] -= r * r
    state[2] = t + 1
    if t < lookback:
        return DONE
    sd = _deviation(state[0], state[1], np.float64(lookback)) * math.sqrt(year)
    scale = min(target / sd, leverage) if sd > 0.0 else leverage
    share = _share(prices, t) * scale
    for i in range(out.size):
        out[i] = share if prices[t, i] > 0.0 else 0.0
    return DONE


@njit
def _mean_return(prices, bar):
    """Return the mean of the assets' returns at a bar, over those that have one."""
    total, count = 0.0, 0
    for i in range(prices.shape[1]):
        r = prices[bar, i] / prices[bar - 1, i] - 1.0
        known = abs(r) < math.inf
        total += r if known else 0.0
        count += 1 if known else 0
    return total / count if count > 0 else 0.0


def _rsi(t, prices, params, state, out):
    """Equal parts of the assets bought when their RSI is below `low`, until it's above `high`.

    Wilder's relative strength index: gains and losses are averaged over the first `period`
    changes, then smoothed by 1 / `period` [1].

    .. [1] Wilder (1978), "New Concepts in Technical Trading Systems".
    """
    period, low, high = _whole(params[0]), params[1], params[2]
    columns = out.size
    gain, loss = state[:columns], state[columns : 2 * columns]
    seen, held = state[2 * columns : 3 * columns], state[3 * columns : 4 * columns]
    last = state[4 * columns : 5 * columns]
    share = _share(prices, t)
    for i in range(columns):
        price = prices[t, i]
        if not price > 0.0:
            continue
        if last[i] > 0.0:
            change = price - last[i]
            up, down = max(change, 0.0), max(-change, 0.0)
            seen[i] += 1.0
            if seen[i] <= period:
                gain[i] += up / period
                loss[i] += down / period
            else:
                gain[i] = (gain[i] * (period - 1) + up) / period
                loss[i] = (loss[i] * (period - 1) + down) / period
        last[i] = price
        if seen[i] >= period:
            both = gain[i] + loss[i]
            strength = 100.0 * gain[i] / both if both > 0.0 else 0.0
            if both > 0.0 and strength < low:
                held[i] = 1.0
            elif strength > high:
                held[i] = 0.0
        out[i] = held[i] * share
    return DONE


def _breakout(t, prices, params, state, out):
    """Equal parts of the assets above their highest of `entry` bars, until below their lowest.

    Bought at a price above all of the `entry` bars before it, sold at one below all of the
    `exit` bars before it: Donchian's channel.
    """
    entry, leave = _whole(params[0]), _whole(params[1])
    columns = out.size
    high, high_at = state[:columns], state[columns : 2 * columns]
    low, low_at = state[2 * columns : 3 * columns], state[3 * columns : 4 * columns]
    held = state[4 * columns : 5 * columns]
    share = _share(prices, t)
    for i in range(columns):
        price = prices[t, i]
        if t > 0 and price > 0.0:
            if high_at[i] < t - entry or not high[i] > 0.0:
                _seek_highest(prices, t, i, entry, high, high_at)
            if low_at[i] < t - leave or not low[i] > 0.0:
                _seek_lowest(prices, t, i, leave, low, low_at)
            if t >= entry and high[i] > 0.0 and price > high[i]:
                held[i] = 1.0
            elif t >= leave and low[i] > 0.0 and price < low[i]:
                held[i] = 0.0
        if price > 0.0:
            out[i] = held[i] * share
            if not high[i] > price:
                high[i], high_at[i] = price, t
            if not 0.0 < low[i] < price:
                low[i], low_at[i] = price, t
    return DONE


@njit
def _seek_highest(prices, t, i, window, high, high_at):
    """Find the highest price of the `window` bars before bar `t`; 0 for none."""
    high[i], high_at[i] = 0.0, t
    for bar in range(max(t - window, 0), t):
        if prices[bar, i] > 0.0 and prices[bar, i] >= high[i]:
            high[i], high_at[i] = prices[bar, i], bar


@njit
def _seek_lowest(prices, t, i, window, low, low_at):
    """Find the lowest price of the `window` bars before bar `t`; 0 for none."""
    low[i], low_at[i] = 0.0, t
    for bar in range(max(t - window, 0), t):
        if prices[bar, i] > 0.0 and (low[i] == 0.0 or prices[bar, i] <= low[i]):
            low[i], low_at[i] = prices[bar, i], bar


def _ours(function, parameters, state=0, every_bar=False):
    strategy = Strategy(
        function, parameters, state=state, every_bar=every_bar, name=function.__name__[1:]
    )
    strategy._ours = True
    return strategy


def _window_and(rows):
    return lambda assets: (WINDOW + rows) * assets + 1


equal_weight = _ours(_equal_weight, {})
time_series_momentum = _ours(_time_series_momentum, {"lookback": 252, "skip": 0, "short": 0})
cross_sectional_momentum = _ours(
    _cross_sectional_momentum,
    {"lookback": 252, "skip": 21, "top": 10, "bottom": 0},
    state=lambda assets: 2 * assets,
)
moving_average_crossover = _ours(
    _moving_average_crossover,
    {"fast": 50, "slow": 200, "short": 0},
    state=lambda assets: 2 * (WINDOW * assets + 1),
)
mean_reversion = _ours(
    _mean_reversion,
    {"lookback": 20, "entry": 2.0, "exit": 0.5, "short": 0},
    state=_window_and(1),
    every_bar=True,
)
inverse_volatility = _ours(_inverse_volatility, {"lookback": 63}, state=_window_and(0))
volatility_target = _ours(
    _volatility_target,
    {"lookback": 63, "target": 0.1, "leverage": 1.0, "periods_per_year": 252},
    state=3,
)
rsi = _ours(
    _rsi, {"period": 14, "low": 30, "high": 70}, state=lambda assets: 5 * assets, every_bar=True
)
bollinger = _ours(_bollinger, {"period": 20, "width": 2.0}, state=_window_and(1), every_bar=True)
breakout = _ours(
    _breakout, {"entry": 55, "exit": 20}, state=lambda assets: 5 * assets, every_bar=True
)
