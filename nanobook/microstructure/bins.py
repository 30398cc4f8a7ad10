"""Which bin of equal width a price falls into."""

import math

from nanobook.jit import njit

__all__ = ["bin_of"]


@njit
def bin_of(value, width, magnitude):
    """Return ``value / width`` rounded down, or up where only rounding keeps it from the whole.

    100.03 is in bin 10003 of width 0.01 though the quotient is below. ``magnitude`` is that of
    the prices `value` was made of, a few roundings of which it may be off.
    """
    quotient = value / width
    nearest = math.floor(quotient + 0.5)
    slack = min(2e-15 * max(abs(quotient), magnitude / width), 1e-6)  # whole prices stay exact
    return nearest if abs(quotient - nearest) <= slack else math.floor(quotient)
