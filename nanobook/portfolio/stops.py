"""Stops: when a position is closed whatever its weight says, and what happens after.

Both doors share the levels and the trackers below. They differ in when the check runs
(the seed's after the rebalance, `backtest` before it) and in whether levels are rounded
to whole cents; `Rules` carries that.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from nanobook.errors import ArgumentTypeError, RangeError, ValidationError
from nanobook.jit import njit
from nanobook.panel.arrays import as_count, as_float
from nanobook.types.codes import ATR, FIXED, TRAILING, UNTIL_SIGNAL

__all__ = ["Stops", "as_stops", "start_tracker", "stop_level", "update_tracker"]

_REENTRY = {"rebalance": 0, "signal": UNTIL_SIGNAL}
_CONFIG_KEYS = ("fixed_stop_pct", "trailing_stop_pct", "atr_multiple", "atr_period")


@dataclass(frozen=True)
class Stops:
    """Exit rules for every position; several at once act as the tightest of them.

    A stop is checked at each bar's price and fills at that price, not at its level.
    Distances are fractions: 0.05 is five percent.

    Parameters
    ----------
    fixed_stop_pct : float, default 0
        Loss from the entry price that closes the position, in [0, 1); 0 is off.
    trailing_stop_pct : float, default 0
        Loss from the best price since entry that closes it, in [0, 1); 0 is off.
    atr_multiple : float, optional
        Distance from the best price since entry in average absolute price changes.
    atr_period : int, default 14
        How many of the latest changes since entry that average takes.
    reentry : {"rebalance", "signal"} or int, default "rebalance"
        How long a stopped column stays flat in `backtest`: until the next rebalance after
        the stop; until its target weight changes sign or is zero; or for so many more bars
        and then until a rebalance. `backtest_weights` follows the original: the next
        period's weights enter again.

    Raises
    ------
    RangeError
        If a distance or the period is out of its range.
    ValidationError
        If `reentry` is no known word, or a value isn't finite.
    ArgumentTypeError
        If a value is of another kind.

    References
    ----------
    .. [1] The original's stop rules (`stop_cfg`), with the average true range repaired: it
       has no level before the position has seen a change of price.
    """

    fixed_stop_pct: float = 0.0
    trailing_stop_pct: float = 0.0
    atr_multiple: float | None = None
    atr_period: int = 14
    reentry: str | int = "rebalance"

    def __post_init__(self):
        for name in ("fixed_stop_pct", "trailing_stop_pct"):
            as_float(name, getattr(self, name), least=0, below=1)
        if self.atr_multiple is not None and as_float("atr_multiple", self.atr_multiple) <= 0:
            raise RangeError(f"atr_multiple must be above 0, got {self.atr_multiple}")
        as_count("atr_period", self.atr_period, least=1)
        if isinstance(self.reentry, str):
            if self.reentry not in _REENTRY:
                raise ValidationError(
                    "reentry must be 'rebalance', 'signal' or a number of bars, "
                    f"got {self.reentry!r}"
                )
        else:
            as_count("reentry", self.reentry)

    def __bool__(self):
        return bool(self.fixed_stop_pct or self.trailing_stop_pct or self.atr_multiple)

    @property
    def lock_bars(self):
        """Bars a stopped column is locked beyond its stop bar, or codes.UNTIL_SIGNAL."""
        return _REENTRY[self.reentry] if isinstance(self.reentry, str) else int(self.reentry)


def as_stops(name, value, *, known_only=False):
    """Return `value` as Stops: one as it is, None as none at all, a mapping by its keys.

    Parameters
    ----------
    name : str
        The argument's name, for the message.
    value : Stops, mapping or None
        A mapping has the seed's `stop_cfg` keys, and may have `reentry`.
    known_only : bool, default False
        Whether other keys are refused; in the seed they were ignored.

    Returns
    -------
    Stops
        False in a condition if it stops nothing.

    Raises
    ------
    ArgumentTypeError
        If it's none of the three, or a key holds None.
    ValidationError
        If there's a key that isn't known, and that matters.
    """
    if value is None:
        return Stops()
    if isinstance(value, Stops):
        return value
    if not isinstance(value, Mapping):
        raise ArgumentTypeError(f"{name} must be Stops, a dict or None, got {value!r}")
    known = (*_CONFIG_KEYS, "reentry")
    odd = [key for key in value if key not in known]
    if odd and known_only:
        raise ValidationError(f"{name} must have keys of {', '.join(known)}, got {odd[0]!r}")
    chosen = {key: value[key] for key in known if key in value}
    for key, setting in chosen.items():
        if setting is None:
            raise ArgumentTypeError(f"{name}[{key!r}] must be a number, got None")
    return Stops(**chosen)


@njit
def start_tracker(trackers, column, side, price):
    """Begin to follow a position of one side, entered at `price`."""
    trackers[column]["side"] = side
    trackers[column]["entry"] = price
    trackers[column]["reference"] = price
    trackers[column]["last"] = price
    trackers[column]["changes"] = 0


@njit
def update_tracker(trackers, changes, column, price):
    """Take in one more price: its absolute change, and the best price since entry."""
    tracker = trackers[column]
    period = changes.shape[1]
    if period:
        changes[column, tracker["changes"] % period] = abs(price - tracker["last"])
        tracker["changes"] += 1
    tracker["last"] = price
    if tracker["side"] > 0:
        tracker["reference"] = max(tracker["reference"], price)
    else:
        tracker["reference"] = min(tracker["reference"], price)


@njit
def stop_level(trackers, changes, column, rules):
    """Return the level that closes the position and the rule it comes from (-1: none yet)."""
    tracker = trackers[column]
    side = tracker["side"]
    level, reason = -math.inf * side, -1
    if rules.fixed > 0.0:
        candidate = _rounded(tracker["entry"] * (1.0 - side * rules.fixed), rules)
        level, reason = candidate, FIXED
    if rules.trailing > 0.0:
        candidate = _rounded(tracker["reference"] * (1.0 - side * rules.trailing), rules)
        if _tighter(candidate, level, side):
            level, reason = candidate, TRAILING
    seen = tracker["changes"]
    if rules.atr_multiple > 0.0 and seen > 0:
        period = changes.shape[1]
        count = min(seen, period)
        mean = 0.0
        for i in range(seen - count, seen):  # oldest first
            mean += changes[column, i % period]
        mean /= count
        candidate = _rounded(tracker["reference"] - side * rules.atr_multiple * mean, rules)
        if _tighter(candidate, level, side):
            level, reason = candidate, ATR
    return level, reason


@njit
def _tighter(candidate, level, side):
    """Return whether `candidate` replaces `level`: on a tie a long takes the later rule."""
    return candidate >= level if side > 0 else candidate < level


@njit
def _rounded(level, rules):
    """Round a level to a whole cent of at least one, halves away from zero, in the cents door."""
    if not rules.whole:
        return level
    below = math.floor(level)
    return max(1.0, below + 1.0 if level - below >= 0.5 else below)
