"""What callers hand to an exchange, as the numbers that kernels take; or an error that names it."""

import numpy as np

from nanobook.errors import ArgumentTypeError, RangeError, ValidationError
from nanobook.panel.arrays import as_count, as_float, as_integer
from nanobook.types.codes import NO_OWNER, POLICIES, TRAIL_AVERAGES, TRAIL_TRUE_ATR, TRAIL_WORDS
from nanobook.types.side import Side
from nanobook.types.time_in_force import TimeInForce

# Private to the room, and so without the sections of public docstrings.

_MOST_INT32 = np.iinfo(np.int32).max


def as_limit_order(side, price, quantity, tif):
    """Return codes and numbers; all are converted before any word is understood."""
    check_text("side", side)
    price, quantity = as_price(price), as_quantity(quantity)
    check_text("tif", tif)
    return Side.parse(side).code, price, quantity, TimeInForce.parse(tif).code


def check_text(name, value):
    """Raise if a word isn't even a string."""
    if not isinstance(value, str):
        raise ArgumentTypeError(f"{name} must be a string, got {value!r}")


def as_price(value, name="price"):
    """Return a price: any int64."""
    return as_integer(name, value)


def as_quantity(value, name="quantity"):
    """Return a quantity: an int64 that isn't negative."""
    return as_count(name, value)


def as_owner(value):
    """Return an owner, or what stands for none."""
    return int(NO_OWNER) if value is None else as_integer("owner", value, least=0, most=_MOST_INT32)


def as_policy(word):
    """Return the code of a policy on self-trades."""
    if not isinstance(word, str) or word.lower() not in POLICIES:
        raise ValidationError(
            f"self_trade_prevention must be one of {', '.join(POLICIES)}, got {word!r}"
        )
    return POLICIES.index(word.lower())


def as_bar_trades(value):
    """Return how many trades make a bar."""
    return as_count("bar_trades", value, least=1)


def as_trail_value(value):
    """Return a trailing stop's distance, fraction or multiple: finite."""
    return as_float("trail_value", value)


def as_period(value):
    """Return over how many changes or bars a trailing stop averages, None if that isn't said."""
    return None if value is None else as_integer("atr_period", value, least=0, most=_MOST_INT32)


def as_trail(trail_type, trail_value, atr_period):
    """Return the fields of a message that describe a trail, its numbers converted before."""
    code = TRAIL_WORDS.get(trail_type.lower())
    if code is None:
        raise ValidationError(
            f"trail_type must be one of {', '.join(TRAIL_WORDS)}, got {trail_type!r}"
        )
    if code in TRAIL_AVERAGES and atr_period is None:
        raise ValidationError(f"atr_period must be given with trail_type {trail_type!r}")
    if code == TRAIL_TRUE_ATR and atr_period < 1:
        raise RangeError(
            f"atr_period must be at least 1 with trail_type 'true_atr', got {atr_period}"
        )
    period = atr_period if code in TRAIL_AVERAGES else 0
    return {"trail_type": code, "trail_value": trail_value, "atr_period": period}


def check_strictly(quantity, price=1, name="price"):
    """Raise if a quantity or a price isn't positive."""
    if quantity == 0:
        raise ValidationError("quantity must be at least 1, got 0")
    if price <= 0:
        raise ValidationError(f"{name} must be at least 1, got {price}")


def too_much(name, quantity, store):
    """Return the error of a quantity with which more would rest than can be counted."""
    total = int(store.header["total"])
    return RangeError(
        f"{name} must leave the total that rests below 2**63, got {quantity} beside {total}"
    )
