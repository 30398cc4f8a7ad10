"""What a spread is measured in: prices, or parts of the mid price."""

import numpy as np

from nanobook.errors import ValidationError
from nanobook.jit import njit

__all__ = ["in_unit", "read_unit"]

#: What a spread is multiplied by once it's divided by the mid price; 0 for not divided.
_FACTORS = {"price": 0.0, "fraction": 1.0, "bps": 1e4}


def read_unit(unit):
    """Return a unit's factor, as `in_unit` takes it, or raise.

    Parameters
    ----------
    unit : {"price", "fraction", "bps"}
        The prices' own, fractions of the mid price, or hundredths of a percent of it.

    Returns
    -------
    float
        0.0 for prices.

    Raises
    ------
    ValidationError
        If it's none of them.
    """
    if not isinstance(unit, str) or unit not in _FACTORS:
        raise ValidationError(f"unit must be one of {', '.join(_FACTORS)}, got {unit!r}")
    return _FACTORS[unit]


@njit
def in_unit(spread, mid, factor):
    """Return a spread as a part of the mid price, NaN of one that isn't positive; or as it is."""
    if factor == 0.0:
        return spread
    return spread / mid * factor if mid > 0.0 else np.nan
