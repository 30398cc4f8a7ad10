"""Performance figures of one series, written from their definitions."""

import math
import statistics

NORMAL_5_PERCENT = -1.6448536251336814  # a rational approximation of the normal quantile, as is


def compute_metrics(returns, ppy=252.0, rf=0.0):
    """Return the metrics of simple returns as a dict, or None if there are none."""
    n = len(returns)
    if n == 0:
        return None
    mean = add(returns) / n
    variance = add([(r - mean) * (r - mean) for r in returns]) / (n - 1) if n > 1 else 0.0
    sd = root(variance)
    volatility = sd * root(ppy)
    sharpe = (mean - rf) * root(ppy) / sd if volatility > 0 else 0.0

    shortfalls = [smaller(r - rf, 0.0) for r in returns]
    downside = root(add([s * s for s in shortfalls]) / (n - 1)) if n > 1 else 0.0
    sortino = (mean - rf) * root(ppy) / downside if downside > 0 else 0.0

    wealth, peak, max_drawdown = 1.0, 1.0, 0.0
    for r in returns:
        wealth *= 1.0 + r
        if wealth > peak:
            peak = wealth
        drawdown = (peak - wealth) / peak
        if drawdown > max_drawdown:
            max_drawdown = drawdown
    total_return = wealth - 1.0
    cagr = annual_growth(total_return, n, ppy)

    gains = [r for r in returns if r > 0]
    losses = [r for r in returns if r < 0]
    win_rate = len(gains) / n
    if add(losses) != 0:
        profit_factor = add(gains) / abs(add(losses))
    else:
        profit_factor = math.inf if add(gains) > 0 else 0.0
    if not gains:
        payoff_ratio = 0.0
    elif not losses:
        payoff_ratio = math.inf
    else:
        payoff_ratio = (add(gains) / len(gains)) / abs(add(losses) / len(losses))
    kelly = win_rate - (1.0 - win_rate) / payoff_ratio if 0 < payoff_ratio < math.inf else 0.0

    return {
        "total_return": total_return,
        "cagr": cagr,
        "volatility": volatility,
        "sharpe": sharpe,
        "sortino": sortino,
        "max_drawdown": max_drawdown,
        "calmar": cagr / max_drawdown if max_drawdown > 0 else 0.0,
        "num_periods": n,
        "winning_periods": len(gains),
        "losing_periods": len(losses),
        "cvar_95": mean_of_tail(returns, mean + NORMAL_5_PERCENT * sd),
        "win_rate": win_rate,
        "profit_factor": profit_factor,
        "payoff_ratio": payoff_ratio,
        "kelly": kelly,
    }


def annual_growth(total_return, n, ppy):
    """Return the growth per year, -1 after a total loss, 0 where a year isn't defined."""
    years = n / ppy if ppy != 0 else math.copysign(math.inf, ppy)
    if years > 0 and total_return > -1:
        try:
            return (1.0 + total_return) ** (1.0 / years) - 1.0
        except OverflowError:
            return math.inf
    return -1.0 if total_return <= -1 else 0.0


def mean_of_tail(returns, threshold):
    """Return the mean of the returns strictly below the threshold, else the smallest return."""
    tail = [r for r in returns if r < threshold]
    if tail:
        return add(tail) / len(tail)
    return min([r for r in returns if not math.isnan(r)], default=math.nan)


def add(values):
    """Add from left to right; nothing adds up to -0.0."""
    total = -0.0
    for value in values:
        total += value
    return total


def smaller(a, b):
    """Return the smaller number, and the other one where one is NaN."""
    if math.isnan(a):
        return b
    return b if b < a else a


def root(x):
    """Return the square root, NaN below zero."""
    return math.sqrt(x) if x >= 0 else math.nan


def rolling_sharpe(returns, window, ppy=252.0):
    """Return mean / sd * sqrt(ppy) of each trailing window, 0 where sd is 0."""

    def sharpe(values):
        sd = statistics.stdev(values)
        return statistics.fmean(values) * root(ppy) / sd if sd > 0 else 0.0

    return rolling(returns, window, sharpe, smallest_window=2)


def rolling_volatility(returns, window, ppy=252.0):
    """Return sd * sqrt(ppy) of each trailing window."""
    return rolling(
        returns, window, lambda values: statistics.stdev(values) * root(ppy), smallest_window=2
    )


def rolling(values, window, statistic, smallest_window):
    """Apply a statistic to each trailing window; NaN before the first and around a non-finite."""
    out = [math.nan] * len(values)
    if window < smallest_window:
        return out
    for end in range(window, len(values) + 1):
        inside = values[end - window : end]
        if all(math.isfinite(value) for value in inside):
            out[end - 1] = statistic(inside)
    return out


def drawdown(equity):
    """Return the fraction of its running peak that the equity has lost at each point."""
    out = []
    for i, value in enumerate(equity):
        peak = max(equity[: i + 1])
        out.append((peak - value) / peak)
    return out


def rolling_max_drawdown(equity, window):
    """Return the largest drawdown inside each trailing window, its peak starting afresh."""
    return rolling(equity, window, lambda values: max(drawdown(values)), smallest_window=1)


def drawdown_series(equity):
    """Return one dict per stretch below the running peak, the open one last."""
    events = []
    peak_index, start = 0, None
    for i in range(len(equity) + 1):
        ended = i == len(equity)
        if not ended and equity[i] < equity[peak_index]:
            start = i if start is None else start
            continue
        if start is not None:
            peak = equity[peak_index]
            below = range(start, i)
            trough_index = min(below, key=lambda j: (equity[j], j))
            events.append(
                {
                    "drawdown_pct": (peak - equity[trough_index]) / peak,
                    "underwater_periods": len(below),
                    "peak_index": peak_index,
                    "trough_index": trough_index,
                    "recovery_index": None if ended else i,
                }
            )
        peak_index, start = i, None
    return events
