"""Messages of an exchange's log as one would type them into the console."""

from decimal import Decimal

from nanobook.cli.lob_words import money
from nanobook.types.codes import KINDS, NO_OWNER, POLICIES, POST_ONLY, SIDES, TIFS, TRAIL_TYPES

__all__ = ["as_typed", "trail_text"]


def as_typed(message):
    """Return a message as a line of the console, with what can't be typed in brackets.

    Parameters
    ----------
    message : numpy.void of EXTENDED_MESSAGE
        A row of the log.

    Returns
    -------
    str
        Such as "buy 100.50 10 gtc".
    """
    kind = KINDS[message["kind"]]
    side, tif = SIDES.get(message["side"], ""), TIFS[message["tif"]]
    order_id, quantity = message["order_id"], message["quantity"]
    price, stop = (money(int(message[name]), "") for name in ("price", "stop_price"))
    extras = []
    if message["flags"] & POST_ONLY:
        extras.append("post only")
    if message["owner"] != NO_OWNER and kind != "policy":
        extras.append(f"owner {message['owner']}")
    if message["tag"]:
        extras.append(f"tag {message['tag']}")
    if kind == "limit":
        text = f"{side} {price} {quantity} {tif}"
    elif kind == "market":
        text = f"market {side} {quantity}"
    elif kind == "cancel":
        text = f"cancel {order_id}"
    elif kind == "modify":
        text = f"modify {order_id} {price} {quantity}"
    elif kind == "reduce":
        text = f"reduce {order_id} {quantity}"
    elif kind == "cancel_all":
        text = f"[cancel all {side}".rstrip() + "]"
    elif kind == "policy":
        text = f"[self-trade prevention: {POLICIES[quantity]}]"
    elif kind == "bars":
        text = f"[bars of {quantity} trades]"
    elif kind == "stop_market":
        text = f"stop {side} {stop} {quantity}"
    elif kind == "stop_limit":
        text = f"stoplimit {side} {stop} {price} {quantity} {tif}"
    else:
        how = trail_text(
            TRAIL_TYPES[message["trail_type"]], message["trail_value"], message["atr_period"]
        )
        limit = f" limit {price} {tif}" if kind == "trailing_stop_limit" else ""
        text = f"trail {side} {stop} {quantity} {how}{limit}"
    return f"{text}  [{', '.join(extras)}]" if extras else text


def trail_text(trail_type, value, period):
    """Return how a trailing stop follows the price, as it's typed.

    Parameters
    ----------
    trail_type : str
        fixed, percentage, sma_abs_change or true_atr.
    value : float
        Cents, a fraction, or a multiple.
    period : int or None
        How many changes or bars are averaged, for the last two.

    Returns
    -------
    str
        Such as "fixed 2.50", "pct 5" or "atr 3 14".
    """
    exact = Decimal(repr(float(value)))
    if trail_type == "fixed":
        return f"fixed {money(int(value), '')}" if exact.is_finite() else f"fixed {value}"
    if trail_type == "percentage":
        return f"pct {_short(exact * 100)}"
    word = "wilder" if trail_type == "true_atr" else "atr"
    return f"{word} {_short(exact)} {period}"


def _short(number):
    return f"{number.normalize():f}" if number.is_finite() else str(number)
