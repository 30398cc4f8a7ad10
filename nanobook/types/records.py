"""Every struct dtype that kernels write and results hold, on one page.

Aligned throughout: packed records cost twice the time to reach. Where money is in a
record there are two dtypes of one shape, float64 currency units and int64 cents.
"""

import numpy as np

__all__ = [
    "FILL",
    "FILL_CENTS",
    "STOP_EVENT",
    "STOP_EVENT_CENTS",
    "STOP_TRACKER",
    "EARLIER_TARGET",
    "LISTING",
    "MESSAGE",
    "EXTENDED_MESSAGE",
    "ORDER_RESULT",
    "TRADE",
    "BOOK_ORDER",
    "ORDER_STATE",
    "LEVEL",
    "RESTING",
    "ORDER_ROW",
    "ORDER_LABEL",
    "STOP",
    "NIL",
]


def _fill(money):
    return np.dtype(
        [
            ("bar", np.int32),
            ("column", np.int32),
            ("quantity", money),  # shares, negative for a sale
            ("price", money),
            ("cost", money),
            ("reason", np.int32),  # codes.REASONS
        ],
        align=True,
    )


def _stop_event(money):
    return np.dtype(
        [
            ("bar", np.int32),
            ("column", np.int32),
            ("trigger_price", money),
            ("exit_price", money),
            ("reason", np.int32),  # codes.REASONS
        ],
        align=True,
    )


#: One trade of a simulated portfolio.
FILL, FILL_CENTS = _fill(np.float64), _fill(np.int64)

#: One position closed by a stop.
STOP_EVENT, STOP_EVENT_CENTS = _stop_event(np.float64), _stop_event(np.int64)

#: What a stop remembers of the position in one column.
STOP_TRACKER = np.dtype(
    [
        ("side", np.int64),  # +1 long, -1 short, 0 no position
        ("entry", np.float64),
        ("reference", np.float64),  # best price since entry
        ("last", np.float64),
        ("changes", np.int64),  # how many absolute changes were seen
        ("lock_side", np.int64),  # side of the position last stopped
        ("locked_until", np.int64),  # last bar of the lock-out
        ("awaits_signal", np.int64),  # 1 while locked until the signal changes
    ],
    align=True,
)

#: A target that a later one of the same period and column overrules, but which trades first.
EARLIER_TARGET = np.dtype(
    [("bar", np.int64), ("column", np.int64), ("weight", np.float64)], align=True
)

#: One price of a period that lists a symbol more than once, in the order of the list.
LISTING = np.dtype([("bar", np.int64), ("column", np.int64), ("price", np.int64)], align=True)

#: One instruction to an order book. A cancel, modify or reduce names its order by `order_id`.
MESSAGE = np.dtype(
    [
        ("kind", np.int8),  # codes.KINDS
        ("side", np.int8),  # +1 buy, -1 sell, 0 none or both
        ("tif", np.int8),  # codes.TIFS
        ("flags", np.int8),  # codes.POST_ONLY
        ("owner", np.int32),  # codes.NO_OWNER for none
        ("price", np.int64),
        ("quantity", np.int64),
        ("order_id", np.int64),
    ],
    align=True,
)

#: A message with a client's tag, or of a stop order; begins as `MESSAGE` does.
EXTENDED_MESSAGE = np.dtype(
    [
        *((name, MESSAGE[name]) for name in MESSAGE.names),
        ("tag", np.int64),  # 0 for none
        ("stop_price", np.int64),
        ("trail_value", np.float64),
        ("trail_type", np.int32),  # codes.TRAIL_TYPES
        ("atr_period", np.int32),
    ],
    align=True,
)

#: What one message came to.
ORDER_RESULT = np.dtype(
    [
        ("order_id", np.int64),
        ("status", np.int8),  # codes.NEW .. codes.TRIGGERED, codes.REJECTED
        ("error", np.int8),  # codes.ERRORS
        ("cascade_limit_hit", np.int8),  # 1 if stops that it set off were left waiting
        ("trade_count", np.int32),
        ("filled", np.int64),
        ("resting", np.int64),
        ("cancelled", np.int64),
    ],
    align=True,
)

#: Two orders that met.
TRADE = np.dtype(
    [
        ("trade_id", np.int64),
        ("price", np.int64),
        ("quantity", np.int64),
        ("aggressor_order_id", np.int64),
        ("passive_order_id", np.int64),
        ("aggressor_side", np.int64),  # +1 buy, -1 sell
        ("timestamp", np.int64),  # a logical tick
    ],
    align=True,
)

#: One resting order as a view of the whole book shows it.
BOOK_ORDER = np.dtype(
    [
        ("side", np.int64),
        ("price", np.int64),
        ("order_id", np.int64),
        ("quantity", np.int64),  # remaining
        ("timestamp", np.int64),
        ("owner", np.int64),
        ("tag", np.int64),
    ],
    align=True,
)

#: How an order stands, resting or ended.
ORDER_STATE = np.dtype(
    [
        ("order_id", np.int64),
        ("side", np.int64),
        ("price", np.int64),
        ("original", np.int64),
        ("remaining", np.int64),
        ("filled", np.int64),
        ("status", np.int64),  # codes.NEW .. codes.CANCELLED
        ("tif", np.int64),  # codes.TIFS
        ("timestamp", np.int64),
        ("owner", np.int64),
        ("tag", np.int64),
        ("active", np.int64),  # 1 while it rests
    ],
    align=True,
)

#: In place of a handle: none.
NIL = np.int64(-1)

#: A price with orders resting at it, a node of the pool of levels.
LEVEL = np.dtype(
    [
        ("price", np.int64),
        ("quantity", np.int64),
        ("side", np.int32),
        ("count", np.int32),  # orders; 0 marks a free node
        ("head", np.int32),  # first in, the next to trade
        ("tail", np.int32),  # last in; the next free node of a free one
    ],
    align=True,
)

#: An order that rests, a node of the pool of orders and of its level's queue.
RESTING = np.dtype(
    [
        ("order_id", np.int64),
        ("remaining", np.int64),
        ("prev", np.int32),
        ("next", np.int32),  # the next free node of a free one
        ("level", np.int32),
        ("owner", np.int32),
    ],
    align=True,
)

#: What is kept of every order, resting or ended, in the order of ids.
ORDER_ROW = np.dtype(
    [
        ("price", np.int64),
        ("quantity", np.int64),
        ("filled", np.int64),  # while it rests, or is a stop: its node in the pool
        ("stamp", np.int64),  # trades before it << 8 | tif << 4 | sell << 3 | state
    ],
    align=True,
)

#: What owners and clients call an order; kept once any order has such a thing.
ORDER_LABEL = np.dtype([("tag", np.int64), ("owner", np.int64)], align=True)

#: A stop order, pending or ended.
STOP = np.dtype(
    [
        ("order_id", np.int64),
        ("stop_price", np.int64),
        ("limit_price", np.int64),
        ("quantity", np.int64),
        ("watermark", np.int64),  # best price since its submission, of a trailing stop
        ("trail_value", np.float64),
        ("child_id", np.int64),  # of the order it became, 0 for none
        ("timestamp", np.int64),
        ("owner", np.int64),
        ("tag", np.int64),
        ("side", np.int32),
        ("tif", np.int32),
        ("status", np.int32),  # codes.PENDING, TRIGGERED, CANCELLED
        ("has_limit", np.int32),
        ("has_watermark", np.int32),
        ("trail_type", np.int32),  # codes.TRAIL_TYPES, NIL for a plain stop
        ("atr_period", np.int32),
        ("spare", np.int32),
    ],
    align=True,
)
