"""The portfolio simulator of the matrices: it invests the equity that is left after costs.

The account is kept in floats. What a rebalance decides (how many lots, which scale) is worked
out in fractions, so that no rounding of the referee's own has a say in it.
"""

import math
from fractions import Fraction
from itertools import pairwise

NUDGE = 1 + Fraction(1, 10**12)  # a hair below a whole lot counts as the lot
DUST = Fraction(1, 10**12)  # of what is at stake: a fractional trade up to this is none
SLACK = Fraction(1, 10**11)  # of what is at stake: cash may miss its floor by this
ROUNDS = 8  # of putting the equity left after costs back in


def backtest(
    prices,
    weights,
    row_at,
    *,
    cash,
    rate=0.0,
    per_share=0.0,
    min_fee=0.0,
    lot=1.0,
    sizing="post_cost",
    fixed=None,
    trailing=None,
    atr_multiple=None,
    atr_period=14,
    reentry="rebalance",
    delisting="sell",
):
    """Run T bars of N columns; row_at[t] is the row of weights that trades at bar t, or -1."""
    columns = range(len(prices[0]) if prices else 0)
    costs = (rate, per_share, min_fee)
    rules = {"fixed": fixed, "trailing": trailing, "atr": atr_multiple}
    rules = {reason: value for reason, value in rules.items() if value is not None}
    last_listed = [
        max((t for t, bar in enumerate(prices) if not math.isnan(bar[i])), default=-1)
        for i in columns
    ]
    quantity = [0.0] * len(columns)
    mark = [0.0] * len(columns)
    trackers = [None] * len(columns)
    locks = [None] * len(columns)
    fills, stop_events = [], []
    equities, returns, cashes, positions = [], [], [], []
    previous_equity = cash

    def fill(i, shares, price, reason):
        nonlocal cash
        cost = cost_of(shares, price, costs)
        quantity[i] += shares
        cash -= shares * price + cost
        fills.append((t, i, shares, price, cost, reason))

    for t, bar in enumerate(prices):
        tradable = [bar[i] > 0 for i in columns]
        mark = [mark[i] if math.isnan(bar[i]) else bar[i] for i in columns]

        if delisting == "sell":
            for i in columns:
                if t == last_listed[i] + 1 and quantity[i] != 0:
                    fill(i, -quantity[i], mark[i], "delisted")

        for i in columns if rules else ():
            if quantity[i] != 0 and tradable[i]:
                tracker = trackers[i]
                follow(tracker, bar[i])
                level, reason = stop_level(tracker, rules, atr_period)
                if level is not None and tracker["side"] * (bar[i] - level) <= 0:
                    stop_events.append((t, i, level, bar[i], reason))
                    fill(i, -quantity[i], bar[i], reason)
                    trackers[i] = None
                    locks[i] = new_lock(reentry, t, tracker["side"])

        before = list(quantity)
        if row_at[t] >= 0:
            row = weights[row_at[t]]
            locks = [None if ends(locks[i], row[i]) else locks[i] for i in columns]
            wanted = [i for i in columns if not math.isnan(row[i]) and not holds(locks[i], t)]
            resize = to_equity_after_costs if sizing == "post_cost" else to_equity_before_costs
            trades = resize(cash, quantity, mark, row, wanted, tradable, costs, lot)
            for i in columns:
                if trades[i] != 0:
                    fill(i, trades[i], bar[i], "rebalance")

        for i in columns if rules else ():
            if quantity[i] == 0:
                trackers[i] = None
            elif trackers[i] is None or trackers[i]["side"] * quantity[i] < 0:
                trackers[i] = new_tracker(math.copysign(1, quantity[i]), bar[i])
            else:
                average_in(trackers[i], abs(before[i]), abs(quantity[i]), bar[i])

        equity = equity_of(cash, quantity, mark)
        equities.append(equity)
        returns.append(equity / previous_equity - 1 if previous_equity > 0 else math.nan)
        cashes.append(cash)
        positions.append(list(quantity))
        previous_equity = equity

    return {
        "equity": equities,
        "returns": returns,
        "cash": cashes,
        "costs": [math.fsum(f[4] for f in fills if f[0] == t) for t in range(len(prices))],
        "traded": [
            math.fsum(abs(f[2]) * f[3] for f in fills if f[0] == t) for t in range(len(prices))
        ],
        "positions": positions,
        "fills": fills,
        "stop_events": stop_events,
        "missing": [sum(math.isnan(bar[i]) for bar in prices) for i in columns],
    }


def cost_of(shares, price, costs):
    """Return the cost of one trade."""
    rate, per_share, min_fee = costs
    if shares == 0:
        return 0
    return max(abs(shares) * price * rate + abs(shares) * per_share, min_fee)


def equity_of(cash, quantity, mark):
    """Return what the account is worth."""
    return math.fsum([cash, *(n * price for n, price in zip(quantity, mark, strict=True))])


# Stops


def new_tracker(side, price):
    """Return the tracker of a position opened at this price."""
    return {"side": side, "entry": price, "reference": price, "last": price, "changes": []}


def follow(tracker, price):
    """Take in the next tradable price."""
    best = max if tracker["side"] > 0 else min
    tracker["changes"].append(abs(price - tracker["last"]))
    tracker["last"] = price
    tracker["reference"] = best(tracker["reference"], price)


def average_in(tracker, old, new, price):
    """Move the entry to the average price where the position grew from old to new shares."""
    if new > old:
        tracker["entry"] = (tracker["entry"] * old + price * (new - old)) / new


def stop_level(tracker, rules, atr_period):
    """Return the level that counts and its reason, or (None, None)."""
    side = tracker["side"]
    recent = tracker["changes"][-atr_period:]
    levels = []
    if "fixed" in rules:
        levels.append((tracker["entry"] * (1 - side * rules["fixed"]), "fixed"))
    if "trailing" in rules:
        levels.append((tracker["reference"] * (1 - side * rules["trailing"]), "trailing"))
    if "atr" in rules and recent:
        width = rules["atr"] * (left_to_right(recent) / len(recent))
        levels.append((tracker["reference"] - side * width, "atr"))
    if not levels:
        return None, None
    if side > 0:
        return max(reversed(levels), key=level_of)  # of equals the later
    return min(levels, key=level_of)  # of equals the earlier


def level_of(pair):
    """Return the level of a (level, reason) pair."""
    return pair[0]


def left_to_right(values):
    """Add the oldest first."""
    total = 0.0
    for value in values:
        total += value
    return total


def new_lock(reentry, t, side):
    """Return the lock of a column stopped at bar t: its last bar, or the sign to change."""
    if reentry == "signal":
        return ("sign", side)
    return ("until", t if reentry == "rebalance" else t + reentry)


def ends(lock, weight):
    """Tell whether this weight of a rebalance row ends a lock that waits for another sign."""
    if lock is None or lock[0] != "sign" or math.isnan(weight):
        return False
    return (weight > 0) - (weight < 0) != lock[1]


def holds(lock, t):
    """Tell whether a column may not trade at bar t."""
    return lock is not None and (lock[0] == "sign" or t <= lock[1])


# Rebalancing. `wanted` are the columns with a weight and no lock; those tradable are free to move.


def to_equity_before_costs(cash, quantity, mark, row, wanted, tradable, costs, lot):
    """Return each column's trade towards weight times equity, truncated, whatever the cash."""
    trades = [0.0] * len(row)
    equity = equity_of(cash, quantity, mark)
    for i in wanted:
        if equity > 0 and tradable[i]:
            gap = Fraction(equity) * Fraction(row[i]) - Fraction(quantity[i]) * Fraction(mark[i])
            shares = gap / Fraction(mark[i])
            if row[i] == 0:
                trades[i] = -quantity[i]
            elif lot:
                trades[i] = float(whole_lots(shares, Fraction(lot)))
            elif abs(gap) > DUST * abs(Fraction(equity) * Fraction(row[i])):
                trades[i] = float(shares)
    return trades


def to_equity_after_costs(cash, quantity, mark, row, wanted, tradable, costs, lot):
    """Return each column's trade."""
    cash, lot = Fraction(cash), Fraction(lot)
    held = [round(Fraction(n) / lot) * lot if lot else Fraction(n) for n in quantity]
    mark = [Fraction(price) for price in mark]
    costs = [Fraction(cost) for cost in costs]
    total_weight = sum(Fraction(row[i]) for i in wanted)
    equity = cash + sum(n * price for n, price in zip(held, mark, strict=True))
    trades = {}
    if equity > 0:
        leverage = sum(abs(Fraction(row[i])) for i in wanted)
        invested = sum(abs(n) * price for n, price in zip(held, mark, strict=True))
        stake = max(equity * max(leverage, 1), invested)
        free = [Asset(i, held[i], mark[i], Fraction(row[i])) for i in wanted if tradable[i]]

        def planned(x):
            """Return the trades that x implies, buys scaled where cash would lack."""
            wishes = {asset.column: asset.trade(x, stake, lot) for asset in free}
            if not lacks(wishes, cash, total_weight, x, stake, mark, costs):
                return wishes
            floor = min(0, (1 - total_weight) * x) - (SLACK * stake if lot else 0)
            return scale_buys(wishes, cash, floor, stake, mark, costs, lot)

        wishes = [asset.trade(equity, stake, lot) for asset in free]
        if min(wishes, default=0) < 0 or any(planned(equity).values()):
            x, trades = size(equity, free, stake, costs, lot)
            if lacks(trades, cash, total_weight, x, stake, mark, costs):
                trades = size_scaled(equity, planned, mark, costs, lot)
    if lot == 0:
        return [float(trades.get(i, 0)) for i in range(len(row))]
    goal = [float(n + trades.get(i, 0)) for i, n in enumerate(held)]
    return [goal[i] - quantity[i] if trades.get(i) else 0.0 for i in range(len(row))]


def lacks(trades, cash, total_weight, x, stake, mark, costs):
    """Tell whether buys would bring cash below what the weights ask to borrow."""
    floor = min(0, (1 - total_weight) * x) - SLACK * stake
    buys = any(shares > 0 for shares in trades.values())
    return buys and cash - bill(trades, mark, costs, with_shares=True) < floor


def size_scaled(equity, trades, mark, costs, lot):
    """Return the trades with scaled buys, x being what those trades leave over."""
    x = equity
    for _ in range(50):
        made = trades(x)
        after = max(equity - bill(made, mark, costs), Fraction(0))
        if after == x or (lot == 0 and abs(after - x) <= equity / 10**15):
            return made
        x = after if lot else Fraction(float(after))
    return trades(largest(lambda x: equity - bill(trades(x), mark, costs) >= x, equity))


def scale_buys(wishes, cash, floor, stake, mark, costs, lot):
    """Scale all buys by one factor; what is left of the cash may buy more by the same rule."""
    made = {i: min(shares, Fraction(0)) for i, shares in wishes.items()}
    while True:

        def added(s, made=made, wishes=wishes):
            return {i: n + part(wishes[i] - n, s, mark[i]) for i, n in made.items()}

        def part(shares, s, price):
            if lot:
                return math.floor(shares / lot * s) * lot
            return Fraction(0) if s * shares * price <= DUST * stake else s * shares

        def affordable(s, added=added):
            return cash - bill(added(s), mark, costs, with_shares=True) >= floor

        more = added(largest_step(affordable) if lot else largest(affordable, Fraction(1)))
        if lot == 0:
            return more
        before, made = (made, wishes), more
        left = cash - bill(made, mark, costs, with_shares=True) - floor
        for i, shares in made.items():
            price = lot * mark[i]
            price += cost_of(shares + lot, mark[i], costs) - cost_of(shares, mark[i], costs)
            if wishes[i] > shares and price > left:
                wishes = wishes | {i: shares}  # not even alone could the next lot be paid for
        if (made, wishes) == before:
            return made


class Asset:
    """A column that is free to move, in fractions."""

    def __init__(self, column, quantity, price, weight):
        self.column, self.quantity, self.price, self.weight = column, quantity, price, weight

    def trade(self, x, stake, lot):
        """Return the trade that brings the column to its weight of x."""
        shares = whole_lots(self.weight * x / self.price, lot) - self.quantity
        if lot == 0 and abs(shares) * self.price <= DUST * stake:
            return Fraction(0)
        return shares


def whole_lots(shares, lot):
    """Round toward zero to a multiple of the lot; fractional shares stay as they are."""
    return math.trunc(shares / lot * NUDGE) * lot if lot else shares


def bill(trades, mark, costs, with_shares=False):
    """Return what the trades cost, with or without the price of the shares."""
    total = sum(cost_of(shares, mark[i], costs) for i, shares in trades.items())
    if with_shares:
        total += sum(shares * mark[i] for i, shares in trades.items())
    return total


def size(equity, free, stake, costs, lot):
    """Return x, the equity left after costs, and the trades that lead to it."""
    mark = {asset.column: asset.price for asset in free}

    def trades(x):
        return {asset.column: asset.trade(x, stake, lot) for asset in free}

    def left_after(x):
        return equity - bill(trades(x), mark, costs)

    if lot and stays(equity, free, lot, left_after):
        return equity, {}
    if not any(trades(equity).values()):
        return equity, trades(equity)
    if lot == 0 and costs[2] == 0:
        x = root(equity, free, costs)
    elif lot == 0:
        x = largest(lambda x: left_after(x) >= x, equity)
    else:
        x = settle(equity, trades, left_after)
        if x is None:
            x = largest(lambda x: left_after(x) >= x, equity)
    if x == 0 and left_after(x) < 0:
        return equity, {}
    return x, trades(x)


def root(equity, free, costs):
    """Return the largest x up to equity with x + C(x) <= equity; C is made of straight pieces."""
    rate, per_share, _ = costs

    def spent(x):
        return x + sum(
            (rate + per_share / a.price) * abs(a.weight * x - a.quantity * a.price) for a in free
        )

    kinks = {a.quantity * a.price / a.weight for a in free if a.weight != 0}
    points = sorted({Fraction(0), equity} | {x for x in kinks if 0 < x < equity})
    if spent(equity) <= equity:
        return equity
    for a, b in reversed(list(pairwise(points))):
        if spent(a) <= equity:
            return a + (equity - spent(a)) * (b - a) / (spent(b) - spent(a))
    return Fraction(0)


def settle(equity, trades, left_after):
    """Return the x that its own trades leave over, or None if that doesn't come to rest."""
    x = equity
    for _ in range(ROUNDS):
        following = left_after(x)
        if following >= 0 and trades(following) == trades(x):
            return following
        x = max(following, Fraction(0))
    return None


def stays(equity, free, lot, left_after):
    """Tell whether the holdings are a target already and the next lot can't be afforded."""
    if any(a.quantity * a.weight < 0 or (a.weight == 0 and a.quantity != 0) for a in free):
        return False
    weighted = [a for a in free if a.weight != 0]
    if not weighted:
        return True
    low = max(abs(a.quantity) * a.price / abs(a.weight) for a in weighted)
    high = min((abs(a.quantity) + lot) * a.price / abs(a.weight) for a in weighted)
    return low <= equity * NUDGE and low < high and (high > equity or left_after(high) < high)


def largest_step(feasible):
    """Bisect the multiples of 2**-30 below one for the largest feasible."""
    low, high = 0, 2**30
    while high - low > 1:
        middle = (low + high) // 2
        if feasible(Fraction(middle, 2**30)):
            low = middle
        else:
            high = middle
    return Fraction(low, 2**30)


def largest(feasible, high):
    """Bisect [0, high] for the edge of what is feasible, down to adjacent floats."""
    low, high = 0.0, float(high)
    while low < (middle := (low + high) / 2) < high:
        if feasible(Fraction(middle)):
            low = middle
        else:
            high = middle
    return Fraction(low)
