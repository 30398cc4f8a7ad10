"""The ten textbook rules bar by bar, each from its own description: no sums are kept, no state.

Every function takes prices (T, N) with NaN where there's none, and its parameters; it gives the
weights of every bar, as if every bar decided.
"""

import math
from itertools import pairwise

import numpy as np


def equal_parts(prices, t):
    """Give an equal part to each asset that has a price, 0 to the others."""
    priced = ~np.isnan(prices[t])
    return priced / max(priced.sum(), 1)


def stretch(prices, t, bars, i):
    """Return the last `bars` prices up to t, or None where there are fewer, or a gap."""
    if t + 1 < bars:
        return None
    values = prices[t + 1 - bars : t + 1, i]
    return None if np.isnan(values).any() else values


def above_last(values):
    """Return values less the last one: what stands still is then exactly 0."""
    return values - values[-1]


def equal_weight(prices):
    return np.array([equal_parts(prices, t) for t in range(len(prices))])


def time_series_momentum(prices, lookback, skip, short):
    out = np.zeros(prices.shape)
    for t in range(lookback, len(prices)):
        if skip >= lookback:
            break
        parts = equal_parts(prices, t)
        for i in range(prices.shape[1]):
            change = prices[t - skip, i] - prices[t - lookback, i]
            if change > 0:
                out[t, i] = parts[i]
            elif change < 0:
                out[t, i] = -parts[i] * short
    return out


def cross_sectional_momentum(prices, lookback, skip, top, bottom):
    out = np.zeros(prices.shape)
    for t in range(lookback, len(prices)):
        if skip >= lookback:
            break
        growth = prices[t - skip] / prices[t - lookback] + 0 * prices[t]
        known = [i for i in range(growth.size) if not math.isnan(growth[i])]
        winners = sorted(known, key=lambda i: (-growth[i], i))[:top]
        losers = [i for i in known if i not in winners]
        losers = sorted(losers, key=lambda i: (growth[i], i))[:bottom]
        for i in winners:
            out[t, i] = 1 / len(winners)
        for i in losers:
            out[t, i] = -1 / len(losers)
    return out


def moving_average_crossover(prices, fast, slow, short):
    out = np.zeros(prices.shape)
    for t in range(len(prices)):
        parts = equal_parts(prices, t)
        for i in range(prices.shape[1]):
            whole = stretch(prices, t, max(fast, slow), i)
            if whole is None:
                continue
            quick, lazy = (above_last(whole[-bars:]).mean() for bars in (fast, slow))
            if quick > lazy:
                out[t, i] = parts[i]
            elif quick < lazy:
                out[t, i] = -parts[i] * short
    return out


def mean_reversion(prices, lookback, entry, leave, short):
    out = np.zeros(prices.shape)
    held = np.zeros(prices.shape[1])
    for t in range(lookback - 1, len(prices)):
        for i in range(prices.shape[1]):
            values = stretch(prices, t, lookback, i)
            if values is None:
                continue
            values = above_last(values)
            sd = values.std(ddof=1) if lookback > 1 else 0.0
            z = -values.mean() / sd if sd > 0 else 0.0
            if (held[i] > 0 and z > -leave) or (held[i] < 0 and z < leave):
                held[i] = 0
            if z < -entry:
                held[i] = 1
            elif z > entry and short > 0:
                held[i] = -1
        out[t] = held * equal_parts(prices, t)
    return out


def bollinger(prices, period, width):
    out = np.zeros(prices.shape)
    held = np.zeros(prices.shape[1])
    for t in range(period - 1, len(prices)):
        for i in range(prices.shape[1]):
            values = stretch(prices, t, period, i)
            if values is None:
                continue
            values = above_last(values)
            if values.mean() <= 0:  # the price is at the middle band, or above
                held[i] = 0
            elif values.mean() - width * values.std() > 0:
                held[i] = 1
        out[t] = held * equal_parts(prices, t)
    return out


def inverse_volatility(prices, lookback):
    lookback = max(lookback, 2)
    out = np.zeros(prices.shape)
    for t in range(lookback, len(prices)):
        for i in range(prices.shape[1]):
            values = stretch(prices, t, lookback + 1, i)
            if values is not None:
                sd = (values[1:] / values[:-1] - 1).std(ddof=1)
                out[t, i] = 1 / sd if sd > 0 else 0.0
        out[t] /= out[t].sum() or 1.0
    return out


def volatility_target(prices, lookback, target, leverage, periods_per_year):
    lookback = max(lookback, 2)
    means = np.zeros(len(prices))
    for t in range(1, len(prices)):
        returns = prices[t] / prices[t - 1] - 1
        if not np.isnan(returns).all():
            means[t] = np.nanmean(returns)
    out = np.zeros(prices.shape)
    for t in range(lookback, len(prices)):
        sd = means[t + 1 - lookback : t + 1].std(ddof=1) * math.sqrt(periods_per_year)
        scale = min(target / sd, leverage) if sd > 0 else leverage
        out[t] = scale * equal_parts(prices, t)
    return out


def rsi(prices, period, low, high):
    out = np.zeros(prices.shape)
    parts = np.array([equal_parts(prices, t) for t in range(len(prices))])
    for i in range(prices.shape[1]):
        bars = np.flatnonzero(~np.isnan(prices[:, i]))
        gains, losses, held = [], [], 0.0
        for before, t in pairwise(bars):
            change = prices[t, i] - prices[before, i]
            gains.append(max(change, 0.0))
            losses.append(max(-change, 0.0))
            if len(gains) < period:
                continue
            up, down = wilder_mean(gains, period), wilder_mean(losses, period)
            if up + down > 0:
                index = 100 - 100 / (1 + up / down) if down > 0 else 100.0
                if index < low:
                    held = 1.0
                elif index > high:
                    held = 0.0
            out[t, i] = held * parts[t, i]
    return out


def wilder_mean(values, period):
    """Return the mean of the first `period` values, smoothed by the later ones."""
    mean = sum(values[:period]) / period
    for value in values[period:]:
        mean = mean * (period - 1) / period + value / period
    return mean


def breakout(prices, entry, leave):
    out = np.zeros(prices.shape)
    held = np.zeros(prices.shape[1])
    for t in range(len(prices)):
        for i in range(prices.shape[1]):
            price = prices[t, i]
            highs, lows = (prices[max(t - n, 0) : t, i] for n in (entry, leave))
            if math.isnan(price):
                continue
            if t >= entry and not np.isnan(highs).all() and price > np.nanmax(highs):
                held[i] = 1
            elif t >= leave and not np.isnan(lows).all() and price < np.nanmin(lows):
                held[i] = 0
        out[t] = held * equal_parts(prices, t)
    return out
