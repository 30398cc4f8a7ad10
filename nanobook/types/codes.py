"""The small integers kernels speak in, and the words that the public side uses for them."""

import numpy as np

__all__ = ["REBALANCE", "FIXED", "TRAILING", "ATR", "DELISTED", "REASONS", "UNTIL_SIGNAL"]
__all__ += ["LIMIT", "MARKET", "CANCEL", "MODIFY", "REDUCE", "CANCEL_ALL", "POLICY"]
__all__ += ["STOP_MARKET", "STOP_LIMIT", "TRAILING_STOP_MARKET", "TRAILING_STOP_LIMIT"]
__all__ += ["BARS", "KINDS"]
__all__ += ["BUY", "SELL", "SIDES", "GTC", "IOC", "FOK", "TIFS", "POST_ONLY", "WIDE", "NO_OWNER"]
__all__ += ["NEW", "PARTIALLY_FILLED", "FILLED", "CANCELLED", "PENDING", "TRIGGERED", "REJECTED"]
__all__ += ["NO_ERROR", "ORDER_NOT_FOUND", "ORDER_NOT_ACTIVE", "INVALID_QUANTITY"]
__all__ += ["QUANTITY_OVERFLOW", "ERRORS", "OFF", "CANCEL_NEWEST", "CANCEL_OLDEST"]
__all__ += ["DECREMENT_AND_CANCEL", "POLICIES"]
__all__ += ["TRAIL_FIXED", "TRAIL_PERCENTAGE", "TRAIL_SMA_ABS_CHANGE", "TRAIL_TRUE_ATR"]
__all__ += ["TRAIL_AVERAGES", "TRAIL_TYPES", "TRAIL_WORDS"]

#: Why a trade was made. ``REASONS[code]`` is the word for it.
#: np.int64, for a kernel called with a plain constant would compile once for each.
REBALANCE, FIXED, TRAILING, ATR, DELISTED = map(np.int64, range(5))
REASONS = ("rebalance", "fixed", "trailing", "atr", "delisted")

#: In place of a number of bars: a stopped column stays flat until its signal changes.
UNTIL_SIGNAL = -1

#: What an order message asks for. ``KINDS[code]`` is the word for it.
LIMIT, MARKET, CANCEL, MODIFY, REDUCE, CANCEL_ALL, POLICY = map(np.int64, range(7))
STOP_MARKET, STOP_LIMIT, TRAILING_STOP_MARKET, TRAILING_STOP_LIMIT = map(np.int64, range(7, 11))
BARS = np.int64(11)
KINDS = (
    *("limit", "market", "cancel", "modify", "reduce", "cancel_all", "policy"),
    *("stop_market", "stop_limit", "trailing_stop_market", "trailing_stop_limit"),
    "bars",
)

#: Sides of orders and of aggressors; no side (0) means both where that makes sense.
BUY, SELL = np.int64(1), np.int64(-1)
SIDES = {BUY: "buy", SELL: "sell"}

#: How long an order may wait. ``TIFS[code]`` is the word for it.
GTC, IOC, FOK = map(np.int64, range(3))
TIFS = ("gtc", "ioc", "fok")

#: Bits of a message's flags. A wide message takes two rows of an event log.
POST_ONLY, WIDE = np.int64(1), np.int64(2)

#: In place of an owner.
NO_OWNER = np.int64(-1)

#: Statuses, as `OrderStatus.code` has them, and of a message that the book refused.
NEW, PARTIALLY_FILLED, FILLED, CANCELLED, PENDING, TRIGGERED = map(np.int64, range(6))
REJECTED = np.int64(-1)

#: Why a message was refused. ``ERRORS[code]`` is the word for it.
NO_ERROR, ORDER_NOT_FOUND, ORDER_NOT_ACTIVE, INVALID_QUANTITY, QUANTITY_OVERFLOW = map(
    np.int64, range(5)
)
ERRORS = ("", "OrderNotFound", "OrderNotActive", "InvalidQuantity", "QuantityOverflow")

#: What happens when an order would trade with one of the same owner.
OFF, CANCEL_NEWEST, CANCEL_OLDEST, DECREMENT_AND_CANCEL = map(np.int64, range(4))
POLICIES = ("off", "cancel_newest", "cancel_oldest", "decrement_and_cancel")

#: How a trailing stop's distance is measured.
TRAIL_FIXED, TRAIL_PERCENTAGE, TRAIL_SMA_ABS_CHANGE, TRAIL_TRUE_ATR = map(np.int64, range(4))
TRAIL_TYPES = ("fixed", "percentage", "sma_abs_change", "true_atr")

#: Those that need a period.
TRAIL_AVERAGES = (TRAIL_SMA_ABS_CHANGE, TRAIL_TRUE_ATR)

#: The words for that which callers may use.
TRAIL_WORDS = {
    "fixed": TRAIL_FIXED,
    "percentage": TRAIL_PERCENTAGE,
    "pct": TRAIL_PERCENTAGE,
    "sma_abs_change": TRAIL_SMA_ABS_CHANGE,
    "atr": TRAIL_SMA_ABS_CHANGE,
    "true_atr": TRAIL_TRUE_ATR,
}
