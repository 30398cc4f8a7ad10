"""The small integers kernels speak in, and the words that the public side uses for them."""

__all__ = ["REBALANCE", "FIXED", "TRAILING", "ATR", "DELISTED", "REASONS", "UNTIL_SIGNAL"]

#: Why a trade was made. ``REASONS[code]`` is the word for it.
REBALANCE, FIXED, TRAILING, ATR, DELISTED = 0, 1, 2, 3, 4
REASONS = ("rebalance", "fixed", "trailing", "atr", "delisted")

#: In place of a number of bars: a stopped column stays flat until its signal changes.
UNTIL_SIGNAL = -1
