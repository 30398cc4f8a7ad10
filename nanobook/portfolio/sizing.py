"""How many shares a row of weights asks for: the original's rule and the exact one.

*Pre-cost*, the original's: a target is the weight times the equity before costs, so weights
that sum to one overdraw the account by the costs.

*Post-cost*: a target is the weight times x, the equity that is left when all trades are paid
for: ``x + costs(trades(x)) = equity before``. Targets are rounded toward zero to whole
lots, so costs are a step function of x; where no x solves the equation exactly, the
affordable side of a step is taken. If cash would fall below what the weights ask to borrow,
all buys are scaled by one factor. Nothing depends on the order of columns, and a second
rebalance at the same prices finds every target met.

All functions here work on ``state``, one row a quantity (`QUANTITY` to `SCRATCH`) and
one column an asset, and on ``sizing``, float64 rows of the same length.
"""

import math

import numpy as np

from nanobook.jit import njit
from nanobook.portfolio.costs import cost_of
from nanobook.portfolio.lanes import gross, total, worth

__all__ = ["CHARGE", "HELD", "MARK", "QUANTITY", "RATIO", "SCRATCH", "TRADE"]
__all__ += ["shares_toward", "size_post_cost", "size_pre_cost"]

#: Rows of ``state``, in the money dtype: shares held, price they're valued at, shares to trade
#: at this step, what that costs, and room for one more quantity.
QUANTITY, MARK, TRADE, CHARGE, SCRATCH = 0, 1, 2, 3, 4

#: Rows of ``sizing``: shares wanted per unit of equity (NaN: keep), and shares held while sizing.
RATIO, HELD = 0, 1

#: A target this close below a whole lot counts as that lot; it absorbs float noise.
SNAP = 1.0 + 1e-12

#: Fractional trades worth less than this part of what is at stake (the largest of equity,
#: positions and targets) aren't made; it absorbs float noise.
DEAD_BAND = 1e-12

#: How far cash may pass its floor, as a part of what is at stake, before buys are scaled.
CASH_TOLERANCE = 1e-11

#: Buys of whole lots are scaled by a multiple of this, so that equal claims stay equal in floats.
FACTOR_STEP = 2.0**-30

_SETTLE_ROUNDS = 9
_NEWTON_ROUNDS = 50
_LEFTOVER_ROUNDS = 64  # beyond one for each column


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
    if scratch[column] == 0:
        return -state[QUANTITY, column]
    missing = scratch[column] - state[QUANTITY, column] * price
    if rules.whole:  # integers: exact, where // alone would floor
        scratch[column] = abs(missing) // price
    elif rules.lot > 0:
        scratch[column] = np.floor(abs(missing) / (price * rules.lot) * SNAP) * rules.lot
    else:
        scratch[column] = abs(missing) / price if abs(missing) > DEAD_BAND * abs(value) else 0
    return scratch[column] if missing > 0 else -scratch[column]


@njit
def size_post_cost(state, sizing, locked, prices, weights, cash, lot, rates):
    """Fill the TRADE and CHARGE rows by the post-cost rule."""
    mark, held = state[MARK], sizing[HELD]
    for i in range(held.size):
        held[i] = state[QUANTITY, i]
    equity = cash + worth(held, mark)
    wanted, leverage, may_lack = _aim(sizing, locked, prices, weights, lot)
    stake = max(equity * max(leverage, 1.0), gross(held, mark))
    if may_lack and _only_hopes(state, sizing, cash, wanted, equity, stake, lot, rates):
        _stand_still(state, equity)
        return
    if lot > 0.0:
        left = _solve_lots(state, sizing, equity, lot, rates)
    else:
        left = _solve_fractional(state, sizing, equity, stake, rates)
    if may_lack and _lacks(state, cash, wanted, left, stake):
        _solve_scaled(state, sizing, cash, wanted, equity, stake, lot, rates)


@njit
def _aim(sizing, locked, prices, weights, lot):
    """Fill RATIO; return the sums of weights asked for, net and gross, and whether cash may lack.

    It always suffices where nothing is kept and no short is rounded down or not to be had.
    """
    wanted, leverage, may_lack = 0.0, 0.0, False
    for i in range(weights.size):
        weight, price = weights[i], prices[i]
        asked = not (math.isnan(weight) or locked[i])
        free = asked and price > 0.0
        wanted += weight if asked else 0.0
        leverage += abs(weight) if asked else 0.0
        may_lack |= asked and weight < 0.0 and (lot > 0.0 or not free)
        may_lack |= not free and sizing[HELD, i] != 0.0
        sizing[RATIO, i] = weight / price if free else math.nan
    return wanted, leverage, may_lack


@njit
def _only_hopes(state, sizing, cash, wanted, equity, stake, lot, rates):
    """Return whether there is nothing to sell and no cash for anything to buy.

    Asked first, for else something could be sold to pay the fee of selling it.
    """
    _imply(state, sizing, equity, stake, lot, rates)
    for i in range(state.shape[1]):
        if state[TRADE, i] < 0.0:
            return False
    if _lacks(state, cash, wanted, equity, stake):
        _imply_scaled(state, sizing, cash, wanted, equity, stake, lot, rates)
    buys = False
    for i in range(state.shape[1]):
        buys |= state[TRADE, i] != 0.0
    return not buys


@njit
def _lacks(state, cash, wanted, left, stake):
    """Return whether planned buys bring cash below what the weights ask to borrow."""
    spent = worth(state[TRADE], state[MARK]) + total(state[CHARGE])
    if cash - spent >= min(0.0, (1.0 - wanted) * left) - CASH_TOLERANCE * stake:
        return False
    buys = False
    for i in range(state.shape[1]):
        buys |= state[TRADE, i] > 0.0
    return buys


@njit
def _solve_lots(state, sizing, equity, lot, rates):
    """Trade whole lots: find x by putting ``equity - costs`` back in until it repeats."""
    if _already_there(state, sizing, equity, lot, rates):
        return _stand_still(state, equity)
    left = equity
    for _ in range(_SETTLE_ROUNDS):
        after = equity - _imply_lots(state, sizing, left, lot, rates)
        if after == left:
            return left
        left = max(after, 0.0)
    return _bisect(state, sizing, equity, equity, lot, rates)


@njit
def _stand_still(state, equity):
    """Plan no trade at all; return the equity, which no cost reduces."""
    for i in range(state.shape[1]):
        state[TRADE, i] = 0.0
        state[CHARGE, i] = 0.0
    return equity


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
def _already_there(state, sizing, equity, lot, rates):
    """Return whether holdings are some equity's targets and the next lot can't be paid for.

    Asked first, for else a minimum fee could be earned by the very trade it's charged for.
    """
    low, high = 0.0, math.inf
    for i in range(sizing.shape[1]):
        ratio, held = sizing[RATIO, i], sizing[HELD, i]
        if held * ratio < 0.0 or (ratio == 0.0 and held != 0.0):
            return False
        if abs(ratio) > 0.0:  # neither kept nor wanted flat
            low = max(low, (abs(held) - 0.5 * lot * (SNAP - 1.0)) / abs(ratio))
            high = min(high, (abs(held) + lot) / abs(ratio))
            if low > equity * SNAP or low >= high:
                return False
    return high > equity or equity - _imply_lots(state, sizing, high, lot, rates) < high


@njit
def _solve_fractional(state, sizing, equity, stake, rates):
    """Trade any fraction: Newton's method, which on a convex piecewise line ends exactly."""
    left, excess = equity, equity
    for _ in range(_NEWTON_ROUNDS):
        costs = _imply_fractions(state, sizing, left, stake, rates)
        slope = 1.0 + total(state[SCRATCH])
        excess = left + costs - equity
        if abs(excess) <= 1e-15 * equity or slope <= 0.0:
            break
        after = max(left - excess / slope, 0.0)
        if after == left:
            break
        left = after
    if abs(excess) <= 1e-13 * equity:
        return left
    return _bisect(state, sizing, equity, stake, 0.0, rates)


@njit
def _imply_fractions(state, sizing, left, stake, rates):
    """As `_imply_lots`, without lots; the costs' derivative by `left` goes to SCRATCH."""
    mark, trade, charge, slope = state[MARK], state[TRADE], state[CHARGE], state[SCRATCH]
    ratio, held = sizing[RATIO], sizing[HELD]
    for i in range(mark.size):
        shares = ratio[i] * left - held[i]
        notional = abs(shares) * mark[i]
        makes = notional > DEAD_BAND * stake  # false for NaN: the position is kept
        cost = cost_of(notional, abs(shares), rates)
        rate = (mark[i] * rates.proportional + rates.per_share) * ratio[i]
        trade[i] = shares if makes else 0.0
        charge[i] = cost if makes else 0.0
        slope[i] = (rate if shares > 0.0 else -rate) if makes and cost > rates.minimum else 0.0
    return total(charge)


@njit
def _imply(state, sizing, left, stake, lot, rates):
    if lot > 0.0:
        return _imply_lots(state, sizing, left, lot, rates)
    return _imply_fractions(state, sizing, left, stake, rates)


@njit
def _bisect(state, sizing, equity, stake, lot, rates):
    """Find, to the last bit, an x that pays for its trades while the next one up doesn't.

    If not even x = 0 does, fees would eat more than there is, and nothing trades.
    """
    low, high, middle = 0.0, equity, 0.5 * equity
    while True:
        costs = _imply(state, sizing, middle, stake, lot, rates)
        feasible = equity - costs >= middle
        if middle == low:
            return low if feasible else _stand_still(state, equity)
        if feasible:
            low = middle
        else:
            high = middle
        middle = _between(low, high, 1e-16 * equity)


@njit
def _between(low, high, least):
    """Return the middle of an interval, or its low end once that's as good as found."""
    middle = 0.5 * (low + high)
    return middle if high - low > least and low < middle < high else low


@njit
def _solve_scaled(state, sizing, cash, wanted, equity, stake, lot, rates):
    """Find x where buys have to be scaled: it's what the trades really made leave over."""
    left = equity
    for _ in range(_NEWTON_ROUNDS):
        after = equity - _imply_scaled(state, sizing, cash, wanted, left, stake, lot, rates)
        if abs(after - left) <= (1e-15 * equity if lot == 0.0 else 0.0):
            return
        left = max(after, 0.0)
    low, high, middle = 0.0, equity, 0.5 * equity
    while True:
        costs = _imply_scaled(state, sizing, cash, wanted, middle, stake, lot, rates)
        if middle == low:
            return
        if equity - costs >= middle:
            low = middle
        else:
            high = middle
        middle = _between(low, high, 1e-16 * equity)


@njit
def _imply_scaled(state, sizing, cash, wanted, left, stake, lot, rates):
    """As `_imply`, with all buys scaled by one factor where cash doesn't suffice."""
    costs = _imply(state, sizing, left, stake, lot, rates)
    if not _lacks(state, cash, wanted, left, stake):
        return costs
    trade, charge, mark, desire = state[TRADE], state[CHARGE], state[MARK], state[SCRATCH]
    floor, dust = min(0.0, (1.0 - wanted) * left), DEAD_BAND * stake
    if lot > 0.0:
        floor -= CASH_TOLERANCE * stake
    for i in range(trade.size):
        desire[i] = trade[i]
        trade[i] = min(trade[i], 0.0)
    for _ in range(_LEFTOVER_ROUNDS + trade.size):  # what a lot leaves may buy another's lot
        factor = _largest_factor(trade, desire, mark, cash, floor, dust, lot, rates)
        bought = False
        for i in range(trade.size):
            more = _scaled(desire[i] - trade[i], factor, mark[i], dust, lot)
            bought |= more > 0.0
            trade[i] += more
            charge[i] = _cost_of_trade(trade[i], mark[i], rates)
        if lot == 0.0:
            break
        gave_up = _give_up_unaffordable(trade, charge, desire, mark, cash - floor, lot, rates)
        if not (bought or gave_up):
            break
    return total(charge)


@njit
def _give_up_unaffordable(trade, charge, desire, mark, budget, lot, rates):
    """End the desire of each column whose next lot what's left can't pay for, even alone.

    Left in, it would hold the common factor down for all others. Returns whether one gave up.
    """
    gave_up = False
    left = budget - worth(trade, mark) - total(charge)
    for i in range(trade.size):
        if desire[i] > trade[i]:
            more = trade[i] + lot
            price = lot * mark[i] + _cost_of_trade(more, mark[i], rates) - charge[i]
            if price > left:
                desire[i] = trade[i]
                gave_up = True
    return gave_up


@njit
def _largest_factor(trade, desire, mark, cash, floor, dust, lot, rates):
    """Return the largest part of what's still desired that leaves cash at its floor or above."""
    low, high, middle = 0.0, 1.0, 0.5
    least = FACTOR_STEP if lot > 0.0 else 1e-16
    while middle != low:
        left = cash
        for i in range(mark.size):
            shares = trade[i] + _scaled(desire[i] - trade[i], middle, mark[i], dust, lot)
            left -= shares * mark[i] + _cost_of_trade(shares, mark[i], rates)
        if left >= floor:
            low = middle
        else:
            high = middle
        middle = _between(low, high, least)
    return low


@njit
def _scaled(shares, factor, mark, dust, lot):
    if lot > 0.0:
        return np.floor(np.rint(shares / lot) * factor) * lot
    return shares * factor if shares * factor * mark > dust else 0.0


@njit
def _cost_of_trade(shares, price, rates):
    if shares == 0.0:
        return 0.0
    return cost_of(abs(shares) * price, abs(shares), rates)
