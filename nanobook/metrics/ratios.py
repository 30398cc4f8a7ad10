"""From a column of returns to the figures that describe it, in one kernel."""

import math

import numpy as np

from nanobook.jit import njit, prange

__all__ = ["SUMMARY_FIELDS", "summarize", "summarize_columns", "summarize_columns_parallel"]

#: What `summarize` writes, in order: the first fields of `Metrics`, by their names.
SUMMARY_FIELDS = (
    "total_return",
    "cagr",
    "volatility",
    "sharpe",
    "sortino",
    "max_drawdown",
    "calmar",
    "num_periods",
    "winning_periods",
    "losing_periods",
    "cvar_95",
    "win_rate",
    "profit_factor",
    "payoff_ratio",
    "kelly",
    "best_period",
    "worst_period",
    "time_under_water",
)

(
    TOTAL_RETURN,
    CAGR,
    VOLATILITY,
    SHARPE,
    SORTINO,
    MAX_DRAWDOWN,
    CALMAR,
    NUM_PERIODS,
    WINNING_PERIODS,
    LOSING_PERIODS,
    CVAR_95,
    WIN_RATE,
    PROFIT_FACTOR,
    PAYOFF_RATIO,
    KELLY,
    BEST_PERIOD,
    WORST_PERIOD,
    TIME_UNDER_WATER,
) = range(len(SUMMARY_FIELDS))

#: The original's approximation of the normal distribution's 5 % quantile.
NORMAL_5_PERCENT = -1.6448536251336814

#: Columns of a C-ordered matrix that share a cache line of eight float64.
STRIP = 8


@njit
def summarize(returns, periods_per_year, risk_free, out):
    """Fill ``out`` with the figures named in ``SUMMARY_FIELDS``; no returns leave NaN and 0.

    Sums run left to right and nothing is regrouped, so the bits are the original's.
    """
    n = returns.size
    if n == 0:
        out[:] = math.nan
        out[NUM_PERIODS] = out[WINNING_PERIODS] = out[LOSING_PERIODS] = 0
        return

    total = gained = lost = -0.0  # the empty sum, as the original has it
    equity = peak = 1.0
    deepest = 0.0
    winners = losers = under_water = 0
    best = worst = math.nan
    for t in range(n):
        r = returns[t]
        total += r
        equity *= 1.0 + r
        if equity > peak:
            peak = equity
        if equity < peak:
            under_water += 1
        fall = (peak - equity) / peak
        if fall > deepest:
            deepest = fall
        if r > 0.0:
            winners += 1
            gained += r
        if r < 0.0:
            losers += 1
            lost += r
        if r > best or best != best:
            best = r
        if r < worst or worst != worst:
            worst = r

    mean = total / n
    squares = downside = 0.0
    for t in range(n):
        distance = returns[t] - mean
        squares += distance * distance
        excess = returns[t] - risk_free
        if excess < 0.0:
            downside += excess * excess
    deviation = downside_deviation = 0.0
    if n > 1:
        deviation = math.sqrt(squares / (n - 1))
        downside_deviation = math.sqrt(downside / (n - 1))

    threshold = mean + NORMAL_5_PERCENT * deviation
    tail = 0.0
    in_tail = 0
    for t in range(n):
        if returns[t] < threshold:
            tail += returns[t]
            in_tail += 1

    root = math.nan
    if periods_per_year >= 0.0:
        root = math.sqrt(periods_per_year)
    volatility = deviation * root
    total_return = equity - 1.0
    cagr = _annual_growth(total_return, n, periods_per_year)
    payoff = _payoff_ratio(gained, winners, lost, losers)
    win_rate = winners / n

    out[TOTAL_RETURN] = total_return
    out[CAGR] = cagr
    out[VOLATILITY] = volatility
    out[SHARPE] = (mean - risk_free) * root / deviation if volatility > 0.0 else 0.0
    out[SORTINO] = (
        (mean - risk_free) * root / downside_deviation if downside_deviation > 0.0 else 0.0
    )
    out[MAX_DRAWDOWN] = deepest
    out[CALMAR] = cagr / deepest if deepest > 0.0 else 0.0
    out[NUM_PERIODS] = n
    out[WINNING_PERIODS] = winners
    out[LOSING_PERIODS] = losers
    out[CVAR_95] = tail / in_tail if in_tail > 0 else worst
    out[WIN_RATE] = win_rate
    out[PROFIT_FACTOR] = _profit_factor(gained, lost)
    out[PAYOFF_RATIO] = payoff
    out[KELLY] = win_rate - (1.0 - win_rate) / payoff if 0.0 < payoff < math.inf else 0.0
    out[BEST_PERIOD] = best
    out[WORST_PERIOD] = worst
    out[TIME_UNDER_WATER] = under_water / n


@njit
def _annual_growth(total_return, n, periods_per_year):
    """Return the yearly rate that compounds to ``total_return`` over ``n`` periods."""
    years = math.inf
    if periods_per_year != 0.0:
        years = n / periods_per_year
    if total_return <= -1.0:
        return -1.0
    if years > 0.0 and total_return > -1.0:
        return (1.0 + total_return) ** (1.0 / years) - 1.0
    return 0.0


@njit
def _profit_factor(gained, lost):
    """Return what the winners made over what the losers lost."""
    if lost != 0.0:
        return gained / abs(lost)
    return math.inf if gained > 0.0 else 0.0


@njit
def _payoff_ratio(gained, winners, lost, losers):
    """Return the mean winner over the mean loser."""
    if winners == 0:
        return 0.0
    if losers == 0:
        return math.inf
    return (gained / winners) / abs(lost / losers)


@njit
def _summarize_strip(returns, strip, periods_per_year, risk_free, out):
    """Summarize the columns of one strip, copied to rows so that each is read in a line."""
    n = returns.shape[0]
    first = strip * STRIP
    width = min(STRIP, returns.shape[1] - first)
    columns = np.empty((width, n))
    for t in range(n):
        for j in range(width):
            columns[j, t] = returns[t, first + j]
    for j in range(width):
        summarize(columns[j], periods_per_year, risk_free, out[first + j])


@njit
def summarize_columns(returns, periods_per_year, risk_free, out):
    """Fill row ``s`` of ``out`` with the figures of column ``s`` of ``returns``."""
    for strip in range((returns.shape[1] + STRIP - 1) // STRIP):
        _summarize_strip(returns, strip, periods_per_year, risk_free, out)


@njit(parallel=True)
def summarize_columns_parallel(returns, periods_per_year, risk_free, out):
    """Do what `summarize_columns` does, with the same bits, on all threads."""
    for s in prange((returns.shape[1] + STRIP - 1) // STRIP):
        strip = np.int64(s)  # prange counts in uint64
        _summarize_strip(returns, strip, periods_per_year, risk_free, out)
