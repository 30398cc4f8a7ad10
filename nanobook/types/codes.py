"""The small integers kernels speak in, and the words that the public side uses for them."""

import numpy as np

__all__ = ["REBALANCE", "FIXED", "TRAILING", "ATR", "DELISTED", "REASONS", "UNTIL_SIGNAL"]

#: Why a trade was made. ``REASONS[code]`` is the word for it.
#: np.int64, for a kernel called with a plain constant would compile once for each.
REBALANCE, FIXED, TRAILING, ATR, DELISTED = map(np.int64, range(5))
REASONS = ("rebalance", "fixed", "trailing", "atr", "delisted")

#: In place of a number of bars: a stopped column stays flat until its signal changes.
UNTIL_SIGNAL = -1
