"""On which bars a portfolio is rebalanced: every k-th one, or the last of a week or month."""

import numpy as np

from nanobook.errors import ArgumentTypeError, ValidationError
from nanobook.panel.arrays import as_count

__all__ = ["decision_bars", "check_rule", "latest_rows"]

_PERIODS = ("W", "M", "Q", "Y")


def check_rule(name, rule):
    """Return a rebalance rule as it's kept: None, an int or a letter.

    Parameters
    ----------
    name : str
        The argument's name, for the message.
    rule : {"W", "M", "Q", "Y"}, int or None
        None and 1 both mean every bar.

    Returns
    -------
    str, int or None
        None for every bar.

    Raises
    ------
    ArgumentTypeError
        If it's of another kind.
    ValidationError
        If it's an unknown word, or a number below 1.
    """
    if rule is None:
        return None
    if isinstance(rule, str):
        if rule not in _PERIODS:
            raise ValidationError(
                f"{name} must be 'W', 'M', 'Q', 'Y', a number of bars or None, got {rule!r}"
            )
        return rule
    try:
        bars = as_count(name, rule, least=1)
    except ArgumentTypeError:
        raise ArgumentTypeError(
            f"{name} must be 'W', 'M', 'Q', 'Y', a number of bars or None, got {rule!r}"
        ) from None
    return None if bars == 1 else bars


def decision_bars(rule, index, bars):
    """Return the bars whose weights are traded.

    Parameters
    ----------
    rule : {"W", "M", "Q", "Y"}, int or None
        A letter: the last bar of each week (ending on Sunday), month, quarter or year. The data's
        last bar is none, for nothing tells that its period ends there. A number k: bars 0, k,
        2k and so on. None: every bar.
    index : Index or None
        Dates of the bars; a letter needs them.
    bars : int
        How many bars there are.

    Returns
    -------
    ndarray of shape (bars,) or None
        bool; None for every bar.

    Raises
    ------
    ArgumentTypeError
        If `rule` is of another kind.
    ValidationError
        If `rule` isn't known, or is a letter where the bars have no dates.
    """
    rule = check_rule("rebalance", rule)
    if rule is None:
        return None
    if not isinstance(rule, str):
        return np.arange(bars) % rule == 0
    if index is None or not hasattr(index, "tz"):
        raise ValidationError(
            f"rebalance={rule!r} needs dates, a DatetimeIndex; give a number of bars instead"
        )
    local = np.asarray(index.tz_localize(None).as_unit("s")).astype("M8[D]")
    if rule == "W":
        period = (local.astype(np.int64) + 3) // 7  # day 0 of 1970 was a Thursday
    else:
        months = local.astype("M8[M]").astype(np.int64)
        period = months // {"M": 1, "Q": 3, "Y": 12}[rule]
    mask = np.zeros(bars, dtype=bool)
    mask[:-1] = period[1:] != period[:-1]
    return mask


def latest_rows(known_at, decides, lag):
    """Find for every bar the row of weights that trades there, under a rebalance rule.

    Parameters
    ----------
    known_at : ndarray of shape (R,)
        The bar at whose close each row is known, ascending.
    decides : ndarray of shape (T,)
        Whether a bar's weights are traded.
    lag : int
        Bars between knowing weights and trading on them.

    Returns
    -------
    ndarray of shape (T,)
        int64: the latest row known at a bar that decides, `lag` bars later; elsewhere -1.
    """
    bars = len(decides)
    row_at = np.full(bars, -1, dtype=np.int64)
    deciding = np.flatnonzero(decides[: max(bars - lag, 0)])
    row_at[deciding + lag] = np.searchsorted(known_at, deciding, side="right") - 1
    return row_at
