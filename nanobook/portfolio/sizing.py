"""How many shares a row of weights asks for: the original's rule and the exact one.

*Pre-cost*, the original's: a target is the weight times the equity before costs, so weights
that sum to one overdraw the account by the costs.

*Post-cost*: a target is the weight times the equity that is left when all trades are paid
for. That equity is the root x of ``x + costs(trades(x)) = equity before``. Targets are
rounded toward zero to whole lots, so costs are a step function of x; where the root falls
on a step, the affordable side is taken. Nothing depends on the order of columns, and
a second rebalance at the same prices finds every target met.

All functions here work on ``state``, one row a quantity (`QUANTITY` to `SCRATCH`) and
one column an asset, and on ``sizing``, float64 rows of the same length.
"""

import math

import numpy as np

from nanobook.jit import njit
from nanobook.portfolio.costs import cost_of
from nanobook.portfolio.lanes import total, worth

__all__ = ["CHARGE", "HELD", "MARK", "QUANTITY", "RATIO", "SCRATCH", "TRADE"]
__all__ += ["shares_toward", "size_post_cost", "size_pre_cost"]

#: Rows of ``state``, in the money dtype: shares held, price they're valued at, shares to trade
#: at this step, what that costs, and room for one more quantity.
QUANTITY, MARK, TRADE, CHARGE, SCRATCH = 0, 1, 2, 3, 4

#: Rows of ``sizing``: shares wanted per unit of equity (NaN: keep), and shares held while sizing.
RATIO, HELD = 0, 1

#: A target this close below a whole lot counts as that lot; it absorbs float noise.
SNAP = 1.0 + 1e-12

#: Fractional trades worth less than this part of equity aren't made; it absorbs float noise.
DEAD_BAND = 1e-12

#: How far cash may pass its floor, as a part of equity, before buys are scaled.
CASH_TOLERANCE = 1e-9

_SETTLE_ROUNDS = 8
_NEWTON_ROUNDS = 50
_SCALE_ROUNDS = 8


@njit
def size_pre_cost(state, locked, prices, weights, equity, rules):
    """Fill the TRADE row by the original's rule; columns that don't trade get 0."""
    for i in range(weights.size):
        state[TRADE, i] = 0
        price, weight = prices[i], weights[i]
        if locked[i]:
            continue
        if math.isnan(weight):
            if rules.absent_closes and price >= 0:
                state[TRADE, i] = -state[QUANTITY, i]
        elif price > 0:
            state[TRADE, i] = shares_toward(state, i, weight * equity, price, rules)


@njit
def shares_toward(state, column, value, price, rules):
    """Return the trade, truncated to lots, from the shares held toward a `value`."""
    scratch = state[SCRATCH]
    scratch[column] = min(max(value, -rules.ceiling), rules.ceiling)  # cents: truncates
    missing = scratch[column] - state[QUANTITY, column] * price
    if rules.whole:  # integers: exact, where // alone would floor
        scratch[column] = abs(missing) // price
    elif rules.lot == 0:
        scratch[column] = abs(missing) / price
    else:
        scratch[column] = np.floor(abs(missing) / (price * rules.lot) * SNAP) * rules.lot
    return scratch[column] if missing > 0 else -scratch[column]


@njit
def size_post_cost(state, sizing, locked, prices, weights, cash, lot, rates):
    """Fill the TRADE and CHARGE rows by the post-cost rule.

    Buys that can't be paid for are all scaled by one factor. Then the rule is applied anew
    to what that leaves, until it leaves nothing to do.
    """
    quantity, mark, trade, held = state[QUANTITY], state[MARK], state[TRADE], sizing[HELD]
    wanted = _aim(sizing, locked, prices, weights)
    for i in range(held.size):
        held[i] = quantity[i]
    left = cash
    scaled = False
    for _ in range(_SCALE_ROUNDS):
        equity = left + worth(held, mark)
        scales = _one_round(state, sizing, wanted, left, equity, lot, rates)
        if not (scales or scaled):
            return
        scaled = True
        traded = False
        spent = 0.0
        for i in range(trade.size):  # each column's trades so far, costed once as one trade
            traded |= trade[i] != 0.0
            held[i] += trade[i]
            trade[i] = held[i] - quantity[i]
            state[CHARGE, i] = _cost_of_trade(trade[i], mark[i], rates)
            spent += trade[i] * mark[i] + state[CHARGE, i]
        left = cash - spent
        if not traded:
            return


@njit
def _aim(sizing, locked, prices, weights):
    """Fill RATIO; return the sum of the weights asked for, tradable or not."""
    wanted = 0.0
    for i in range(weights.size):
        weight, price = weights[i], prices[i]
        asked = not (math.isnan(weight) or locked[i])
        wanted += weight if asked else 0.0
        sizing[RATIO, i] = weight / price if asked and price > 0.0 else math.nan
    return wanted


@njit
def _one_round(state, sizing, wanted, cash, equity, lot, rates):
    """Size all trades from HELD once; return whether buys had to be scaled."""
    if lot == 0.0:
        left = _solve_fractional(state, sizing, equity, rates)
    else:
        left = _solve_lots(state, sizing, equity, lot, rates)
    floor = min(0.0, (1.0 - wanted) * left)
    spent = worth(state[TRADE], state[MARK]) + total(state[CHARGE])
    if cash - spent >= floor - CASH_TOLERANCE * equity:
        return False
    _scale_buys(state, cash, floor, lot, rates)
    return True


@njit
def _solve_lots(state, sizing, equity, lot, rates):
    """Trade whole lots: find x by putting ``equity - costs`` back in until it repeats."""
    left = equity
    for _ in range(_SETTLE_ROUNDS):
        after = equity - _imply_lots(state, sizing, left, lot, rates)
        if after == left:
            return left
        left = after
    if _already_there(state, sizing, equity, lot, rates):
        for i in range(sizing.shape[1]):
            state[TRADE, i] = 0.0
            state[CHARGE, i] = 0.0
        return equity
    return _bisect(state, sizing, equity, lot, rates)


@njit
def _imply_lots(state, sizing, left, lot, rates):
    """Fill TRADE and CHARGE with what `left` as the equity after costs implies; return costs."""
    mark, trade, charge = state[MARK], state[TRADE], state[CHARGE]
    ratio, held = sizing[RATIO], sizing[HELD]
    lots_per_share, least = left * (SNAP / lot), 0.5 * lot
    for i in range(mark.size):
        aim = np.floor(abs(ratio[i]) * lots_per_share) * lot
        shares = (aim if ratio[i] > 0.0 else -aim) - held[i]
        makes = abs(shares) >= least  # false for NaN: the position is kept
        cost = cost_of(abs(shares) * mark[i], abs(shares), rates)
        trade[i] = shares if makes else 0.0
        charge[i] = cost if makes else 0.0
    return total(charge)


@njit
def _solve_fractional(state, sizing, equity, rates):
    """Trade any fraction: Newton's method, which on a convex piecewise line ends exactly."""
    left, excess = equity, equity
    for _ in range(_NEWTON_ROUNDS):
        costs = _imply_fractions(state, sizing, left, equity, rates)
        slope = 1.0 + total(state[SCRATCH])
        excess = left + costs - equity
        if abs(excess) <= 1e-15 * equity or slope <= 0.0:
            break
        after = left - excess / slope
        if after == left:
            break
        left = after
    if abs(excess) <= 1e-13 * equity:
        return left
    return _bisect(state, sizing, equity, 0.0, rates)


@njit
def _imply_fractions(state, sizing, left, equity, rates):
    """As `_imply_lots`, without lots; the costs' derivative by `left` goes to SCRATCH."""
    mark, trade, charge, slope = state[MARK], state[TRADE], state[CHARGE], state[SCRATCH]
    ratio, held = sizing[RATIO], sizing[HELD]
    for i in range(mark.size):
        shares = ratio[i] * left - held[i]
        notional = abs(shares) * mark[i]
        makes = notional > DEAD_BAND * equity  # false for NaN: the position is kept
        cost = cost_of(notional, abs(shares), rates)
        rate = (mark[i] * rates.proportional + rates.per_share) * ratio[i]
        trade[i] = shares if makes else 0.0
        charge[i] = cost if makes else 0.0
        slope[i] = (rate if shares > 0.0 else -rate) if makes and cost > rates.minimum else 0.0
    return total(charge)


@njit
def _bisect(state, sizing, equity, lot, rates):
    """Find, to the last bit, an x that pays for its trades while the next one up doesn't."""
    low, high = 0.0, equity
    middle = 0.5 * equity
    while True:
        if lot == 0.0:
            costs = _imply_fractions(state, sizing, middle, equity, rates)
        else:
            costs = _imply_lots(state, sizing, middle, lot, rates)
        if middle == low:
            return low
        if equity - costs >= middle:
            low = middle
        else:
            high = middle
        middle = 0.5 * (low + high)
        if high - low <= 1e-16 * equity or not low < middle < high:
            middle = low


@njit
def _already_there(state, sizing, equity, lot, rates):
    """Return whether holdings are some equity's targets and the next lot can't be paid for."""
    low, high = 0.0, math.inf
    for i in range(sizing.shape[1]):
        ratio, held = sizing[RATIO, i], sizing[HELD, i]
        if math.isnan(ratio):
            continue
        if held * ratio < 0.0 or (ratio == 0.0 and held != 0.0):
            return False
        if ratio != 0.0:
            low = max(low, abs(held / ratio))
            high = min(high, (abs(held) + lot) / abs(ratio))
    if not (low <= equity * SNAP and low < high):
        return False
    return equity - _imply_lots(state, sizing, high, lot, rates) < high


@njit
def _scale_buys(state, cash, floor, lot, rates):
    """Scale all buys by the largest common factor that keeps cash at its floor."""
    mark, trade, charge = state[MARK], state[TRADE], state[CHARGE]
    low, high = 0.0, 1.0
    while high - low > 1e-16:
        middle = 0.5 * (low + high)
        if not low < middle < high:
            break
        left = cash
        for i in range(mark.size):
            shares = _scaled(trade[i], middle, lot)
            left -= shares * mark[i] + _cost_of_trade(shares, mark[i], rates)
        if left >= floor:
            low = middle
        else:
            high = middle
    for i in range(mark.size):
        trade[i] = _scaled(trade[i], low, lot)
        charge[i] = _cost_of_trade(trade[i], mark[i], rates)


@njit
def _scaled(shares, factor, lot):
    if shares <= 0.0:
        return shares
    if lot == 0.0:
        return shares * factor
    return np.floor(shares * factor / lot * SNAP) * lot


@njit
def _cost_of_trade(shares, price, rates):
    if shares == 0.0:
        return 0.0
    return cost_of(abs(shares) * price, abs(shares), rates)
