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
