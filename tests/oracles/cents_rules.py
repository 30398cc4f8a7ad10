"""The portfolio simulator of the schedules: whole shares, integer cents, no cash limit."""

import math

from .metrics import compute_metrics

LARGEST = 2**63 - 1


def backtest_weights(
    weight_schedule,
    price_schedule,
    initial_cash,
    cost_bps,
    periods_per_year=252.0,
    risk_free=0.0,
    stop_cfg=None,
    *,
    per_share=0.0,
    min_fee=0,
    original=False,
):
    """Run the schedules bar by bar and return the result as a dict, with all its fills.

    `original` keeps two ways of the published wheel: bad schedules give an empty result, and
    a stop tracker takes in a change of 0 on the bar that creates it.
    """
    stops = read_stops(stop_cfg)
    check_symbols(weight_schedule)
    check_symbols(price_schedule)
    problem = find_problem(weight_schedule, price_schedule, initial_cash, cost_bps)
    if problem and not original:
        raise ValueError(problem)

    cash = initial_cash
    quantity = {}
    trackers = {}
    previous_prices, previous_equity = {}, initial_cash
    returns, equity_curve, holdings, symbol_returns = [], [initial_cash], [], []
    stop_events, fills = [], []

    def total_equity():
        return cash + sum(n * prices.get(symbol, 0) for symbol, n in quantity.items())

    def fill(symbol, shares):
        nonlocal cash
        price = prices[symbol]
        cost = trade_cost(shares, price, cost_bps, per_share, min_fee)
        quantity[symbol] = quantity.get(symbol, 0) + shares
        cash -= shares * price + cost
        fills.append((t, symbol, shares, price, cost))

    periods = 0 if problem else len(price_schedule)
    for t in range(periods):
        weights = weight_schedule[t]
        prices = dict(price_schedule[t])  # of a symbol listed twice the last price counts

        symbol_returns.append(
            sorted(
                [(s, simple_return(previous_prices.get(s, 0), p)) for s, p in price_schedule[t]],
                key=symbol_of,
            )
        )

        equity = total_equity()
        if equity > 0:
            targets = {symbol for symbol, _ in weights}
            for symbol in sorted(quantity):
                if quantity[symbol] != 0 and symbol not in targets and symbol in prices:
                    fill(symbol, -quantity[symbol])
            for symbol, weight in weights:
                price = prices.get(symbol, 0)
                if price > 0:
                    target = to_int(float(equity) * weight)
                    shares = divide(target - quantity.get(symbol, 0) * price, price)
                    if shares != 0:
                        fill(symbol, shares)

        if stops:
            held = [s for s in sorted(quantity) if quantity[s] != 0 and prices.get(s, 0) > 0]
            trackers = {s: tracker for s, tracker in trackers.items() if s in held}
            for symbol in held:
                price = prices[symbol]
                side = 1 if quantity[symbol] > 0 else -1
                follow(trackers, symbol, side, price, original)
                level, reason = stop_level(trackers[symbol], stops)
                if level is not None and side * (price - level) <= 0:
                    stop_events.append(
                        {
                            "period_index": t,
                            "symbol": symbol,
                            "trigger_price": level,
                            "exit_price": price,
                            "reason": reason,
                        }
                    )
                    fill(symbol, -quantity[symbol])
                    del trackers[symbol]

        equity = total_equity()
        if previous_equity > 0:
            returns.append(float(equity - previous_equity) / float(previous_equity))
        equity_curve.append(equity)
        holdings.append(
            [
                (symbol, float(quantity[symbol] * prices.get(symbol, 0)) / float(equity))
                for symbol in sorted(quantity)
                if quantity[symbol] != 0 and equity != 0
            ]
        )
        previous_prices, previous_equity = prices, equity

    return {
        "returns": returns,
        "equity_curve": equity_curve,
        "final_cash": cash,
        "metrics": compute_metrics(returns, periods_per_year, risk_free),
        "holdings": holdings,
        "symbol_returns": symbol_returns,
        "stop_events": stop_events,
        "fills": fills,
    }


def find_problem(weight_schedule, price_schedule, initial_cash, cost_bps):
    """Return what is wrong with the input, or None."""
    if len(weight_schedule) != len(price_schedule):
        return "the schedules differ in length"
    if initial_cash <= 0:
        return "initial_cash must be positive"
    if not 0 <= cost_bps <= 10000:
        return "cost_bps must be at most 10000"
    if not all(math.isfinite(weight) for bar in weight_schedule for _, weight in bar):
        return "weights must be finite"
    if any(price < 0 for bar in price_schedule for _, price in bar):
        return "prices must not be negative"
    return None


def check_symbols(schedule):
    """Raise ValueError for a symbol of more than 8 bytes."""
    for bar in schedule:
        for symbol, _ in bar:
            if len(symbol.encode()) > 8:
                raise ValueError(f"symbol must have at most 8 bytes, got {symbol!r}")


def read_stops(stop_cfg):
    """Return the configured rules as a dict, empty if there are none; raise on bad values."""
    stops = {}
    for key in ("fixed_stop_pct", "trailing_stop_pct"):
        value = (stop_cfg or {}).get(key, 0.0)
        if not 0 <= value < 1:
            raise ValueError(f"{key} must be in [0, 1), got {value}")
        if value > 0:
            stops[key] = value
    if "atr_multiple" in (stop_cfg or {}):
        value = stop_cfg["atr_multiple"]
        if not 0 < value < math.inf:
            raise ValueError(f"atr_multiple must be finite and above 0, got {value}")
        stops["atr_multiple"] = value
    period = (stop_cfg or {}).get("atr_period", 14)
    if period < 1:
        raise ValueError(f"atr_period must be at least 1, got {period}")
    return {**stops, "atr_period": period} if stops else {}


def trade_cost(shares, price, bps, per_share=0.0, min_fee=0):
    """Return the cost of one fill in cents: rounded down, but at least the fee."""
    notional = abs(shares * price)
    if isinstance(bps, int) and per_share == 0:
        cost = notional * bps // 10000
    else:
        cost = math.floor(notional * bps / 10000 + per_share * abs(shares))
    return min(max(cost, min_fee), LARGEST)


def simple_return(before, after):
    """Return the change of a price, NaN unless both are positive."""
    return float(after - before) / float(before) if before > 0 and after > 0 else math.nan


def follow(trackers, symbol, side, price, original):
    """Bring the symbol's stop tracker up to this bar, starting one where it must."""
    tracker = trackers.get(symbol)
    flipped = tracker is not None and tracker["side"] != side
    fresh = tracker is None or flipped
    if fresh:
        trackers[symbol] = tracker = {
            "side": side,
            "entry": price,
            "reference": price,
            "last": price,
            "changes": [],
        }
    if not fresh or (original and not flipped):
        tracker["changes"].append(abs(price - tracker["last"]))
        tracker["last"] = price
        best = max if side > 0 else min
        tracker["reference"] = best(tracker["reference"], price)


def stop_level(tracker, stops):
    """Return the level that counts and its rule, or (None, None)."""
    side, entry, reference = tracker["side"], tracker["entry"], tracker["reference"]
    recent = tracker["changes"][-stops["atr_period"] :]
    levels = []
    if "fixed_stop_pct" in stops:
        levels.append((entry * (1.0 - side * stops["fixed_stop_pct"]), "fixed"))
    if "trailing_stop_pct" in stops:
        levels.append((reference * (1.0 - side * stops["trailing_stop_pct"]), "trailing"))
    if "atr_multiple" in stops and recent:
        width = stops["atr_multiple"] * (sum(recent) / len(recent))
        levels.append((reference - side * width, "atr"))
    levels = [(max(1, round_half_away(level)), reason) for level, reason in levels]
    if not levels:
        return None, None
    if side > 0:
        return max(reversed(levels), key=level_of)  # of equals the later
    return min(levels, key=level_of)  # of equals the earlier


def round_half_away(x):
    """Round to the nearest integer, halves away from zero."""
    whole = math.trunc(x)
    if abs(x - whole) >= 0.5:
        whole += 1 if x > 0 else -1
    return whole


def divide(a, b):
    """Divide integers, truncating toward zero."""
    quotient = abs(a) // abs(b)
    return quotient if (a < 0) == (b < 0) else -quotient


def to_int(x):
    """Convert a float as the wheel does: truncated, kept within 64 bits, NaN as 0."""
    if math.isnan(x):
        return 0
    if abs(x) >= 2.0**63:
        return LARGEST if x > 0 else -LARGEST - 1
    return math.trunc(x)


def symbol_of(pair):
    """Return the symbol of a (symbol, value) pair; str order is the order of its bytes."""
    return pair[0]


def level_of(pair):
    """Return the level of a (level, reason) pair."""
    return pair[0]
