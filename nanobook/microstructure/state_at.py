"""Which state of the book stood at a time: the last one by then, never a later one."""

import numpy as np

from nanobook.errors import ValidationError
from nanobook.jit import njit
from nanobook.microstructure.groups import by_group, read_groups
from nanobook.microstructure.tables import dressed, read_vectors
from nanobook.microstructure.times import as_nanoseconds, read_ascending_times, read_times
from nanobook.panel.arrays import INT64_MAX, INT64_MIN
from nanobook.panel.frames import is_series

__all__ = ["mid_at", "state_at"]


def state_at(
    times_ns,
    timestamp_ns,
    horizon=0,
    *,
    before=False,
    times_locate=None,
    locate=None,
    end_ns=None,
):
    """Return the row of the state that stood at each of some times, or so long after them.

    Parameters
    ----------
    times_ns : array_like of shape (N,) or Series
        Times, say of trades, in any order.
    timestamp_ns : array_like of shape (M,)
        When each state began, never going back. Times and states may also both be counted in
        messages: the state before a trade's message has a smaller one.
    horizon : int, str or timedelta, default 0
        What is added to the times: nanoseconds, or what `pandas.Timedelta` takes. Negative looks
        back.
    before : bool, default False
        Whether a state that began at the very time is too late. A trade and the state it leaves
        behind have the same timestamp, so the quotes that a trade met are found with True.
    times_locate, locate : array_like of shape (N,) and (M,), optional
        The symbol of each time and of each state, where states of several are mixed.
    end_ns : int, str or timedelta, optional
        Until when the states are known; later times have none. Without it the last state lasts
        for ever.

    Returns
    -------
    ndarray or Series of shape (N,)
        The last row at or before ``time + horizon``, or before it; -1 where there's none.

    Raises
    ------
    ArgumentTypeError
        If times aren't whole nanoseconds, or of a kind that has them.
    RangeError
        If the horizon doesn't fit int64.
    ValidationError
        If the states' times go back, lengths differ, or only one of the locates is given.

    References
    ----------
    .. [1] Lee, Ready (1991), "Inferring trade direction from intraday data", Journal of Finance
       46(2): quotes from before the trade.
    .. [2] Huang, Stoll (1996), "Dealer versus auction markets: a paired comparison of execution
       costs on NASDAQ and the NYSE", Journal of Financial Economics 41(3): horizons after it.

    Examples
    --------
    >>> state_at([5, 10, 12], [10, 10, 20])
    array([-1,  1,  1])
    >>> state_at([5, 10, 12], [10, 10, 20], 8)
    array([1, 1, 2])
    >>> state_at([5, 10, 12], [10, 10, 20], before=True)
    array([-1, -1,  1])
    """
    times = read_times("times_ns", times_ns)
    stamps = read_times("timestamp_ns", timestamp_ns)
    stamps = read_ascending_times("timestamp_ns", stamps, stamps.size)
    horizon = as_nanoseconds("horizon", horizon)
    names = "times_locate", "locate"
    (wanted, group), labels = read_groups(names, (times_locate, locate), (times.size, stamps.size))
    limit = _later(times, horizon)
    if labels is None:
        begin, order = np.array([0, stamps.size], np.int64), None
    else:
        order, begin = by_group(group, len(labels))
        stamps = stamps[order]
    out = np.empty(times.size, np.int64)
    _last_rows(stamps, begin, limit, wanted, bool(before), out)
    if order is not None and order.size:
        out = np.where(out >= 0, order[out], -1)
    if end_ns is not None:
        out[limit > as_nanoseconds("end_ns", end_ns)] = -1
    return dressed(out, times_ns.index if is_series(times_ns) else None, "state")


def mid_at(
    times_ns,
    timestamp_ns,
    mid,
    horizon=0,
    *,
    before=False,
    times_locate=None,
    locate=None,
    end_ns=None,
):
    """Return the mid price at each of some times, or so long after them.

    Parameters
    ----------
    times_ns : array_like of shape (N,) or Series
        Times, say of trades, in any order.
    timestamp_ns : array_like of shape (M,)
        When each state began, never going back; see `state_at`.
    mid : array_like of shape (M,)
        The mid price, or any other figure, of each state.
    horizon : int, str or timedelta, default 0
        What is added to the times: nanoseconds, or what `pandas.Timedelta` takes. Negative looks
        back.
    before : bool, default False
        Whether a state that began at the very time is too late.
    times_locate, locate : array_like of shape (N,) and (M,), optional
        The symbol of each time and of each state, where states of several are mixed.
    end_ns : int, str or timedelta, optional
        Until when the states are known; later times have none. Without it the last state lasts
        for ever.

    Returns
    -------
    ndarray or Series of shape (N,)
        That of the last state at or before ``time + horizon``, or before it; NaN where there's
        no such state, or it has none.

    Raises
    ------
    ArgumentTypeError
        If times aren't whole nanoseconds, or of a kind that has them, or `mid` isn't numbers.
    RangeError
        If the horizon doesn't fit int64.
    ValidationError
        If the states' times go back, lengths differ, or only one of the locates is given.

    References
    ----------
    .. [1] Huang, Stoll (1996), "Dealer versus auction markets: a paired comparison of execution
       costs on NASDAQ and the NYSE", Journal of Financial Economics 41(3).

    Examples
    --------
    The mid price before each of two trades, and five seconds after:

    >>> second = 1_000_000_000
    >>> states, mid = np.array([0, 2, 4, 6]) * second, [100.0, 101.0, 102.0, 103.0]
    >>> trades = np.array([2, 4]) * second
    >>> mid_at(trades, states, mid, before=True)
    array([100., 101.])
    >>> mid_at(trades, states, mid, "3s")
    array([102., 103.])
    """
    (mid,), _ = read_vectors(("mid",), (mid,))
    rows = state_at(
        times_ns,
        timestamp_ns,
        horizon,
        before=before,
        times_locate=times_locate,
        locate=locate,
        end_ns=end_ns,
    )
    states = len(timestamp_ns)
    if mid.size != states:
        raise ValidationError(f"mid must have a value for each of {states} states, got {mid.size}")
    found = np.asarray(rows)
    out = np.append(mid, np.nan)[found]  # row -1 is the NaN
    return dressed(out, rows.index if is_series(rows) else None, "mid_price")


def _later(times, horizon):
    """Return times moved by a horizon; what would leave int64 stays at its end."""
    with np.errstate(over="ignore"):
        moved = times + np.int64(horizon)
    if horizon >= 0:
        return np.where(times > INT64_MAX - horizon, INT64_MAX, moved)
    return np.where(times < INT64_MIN - horizon, INT64_MIN, moved)


@njit
def _last_rows(stamps, begin, limit, wanted, before, out):
    """Find by halving, in each group's stretch of ``stamps``, the last one that isn't too late."""
    for at in range(out.size):
        group = wanted[at]
        first = begin[group]
        low, high = first, begin[group + 1]
        while low < high:
            middle = (low + high) // 2
            if stamps[middle] < limit[at] or (not before and stamps[middle] == limit[at]):
                low = middle + 1
            else:
                high = middle
        out[at] = low - 1 if low > first else -1
