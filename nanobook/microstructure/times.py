"""Times and spans of time as whole nanoseconds, and how long each state holds."""

from datetime import timedelta

import numpy as np

from nanobook.errors import ArgumentTypeError, ValidationError
from nanobook.panel.arrays import INT64_MAX, INT64_MIN, as_integer, kernel_ready

__all__ = ["as_nanoseconds", "durations", "read_ascending_times", "read_times"]


def as_nanoseconds(name, value, *, least=INT64_MIN):
    """Return a span or a time of day as whole nanoseconds, or raise.

    Parameters
    ----------
    name : str
        The argument's name, for messages.
    value : int, str or timedelta
        Nanoseconds, or anything `pandas.Timedelta` takes: ``"5s"``, ``"16:00:00"``.
    least : int, optional
        The smallest value allowed, by default the smallest int64.

    Returns
    -------
    int
        Nanoseconds.

    Raises
    ------
    ArgumentTypeError
        If it's neither.
    RangeError
        If it's below `least` or doesn't fit int64.
    """
    if isinstance(value, str | timedelta | np.timedelta64):
        import pandas as pd

        try:
            span = pd.Timedelta(value)
            value = span.as_unit("ns").value if span is not pd.NaT else None
        except (ValueError, OverflowError) as error:
            raise ArgumentTypeError(
                f"{name} must be nanoseconds or what pandas.Timedelta takes: {error}"
            ) from None
    return as_integer(name, value, least=least)


def read_times(name, values):
    """Return times as whole nanoseconds, or raise.

    Parameters
    ----------
    name : str
        The argument's name, for messages.
    values : array_like of shape (M,)
        Integers, or times or spans of NumPy's or pandas' kinds.

    Returns
    -------
    ndarray of shape (M,)
        C-ordered int64.

    Raises
    ------
    ArgumentTypeError
        If they are of another kind; floats aren't taken, for they would lose nanoseconds.
    ValidationError
        If there is more than one axis, or a time is missing.
    """
    with_zone = getattr(getattr(values, "dtype", None), "tz", None) is not None
    try:
        times = np.asarray(values, "M8[ns]" if with_zone else None)
    except (TypeError, ValueError) as error:
        raise ArgumentTypeError(f"{name} must be whole nanoseconds: {error}") from None
    if times.ndim != 1:
        raise ValidationError(f"{name} must have one axis, got shape {times.shape}")
    if times.size == 0:
        return np.empty(0, np.int64)
    if times.dtype.kind in "mM":
        if np.isnat(times).any():
            row = int(np.argmax(np.isnat(times)))
            raise ValidationError(f"{name} must have a time in every row, but row {row} has none")
        times = times.astype(f"{times.dtype.kind}8[ns]").view(np.int64)
    if times.dtype.kind not in "iu":
        raise ArgumentTypeError(f"{name} must be whole nanoseconds, got dtype {times.dtype}")
    if times.dtype.kind == "u" and times.max() > INT64_MAX:
        raise ValidationError(f"{name} must fit int64, got {times.max()}")
    return kernel_ready(times, np.int64)


def read_ascending_times(name, values, rows):
    """Return the times of so many rows, which never go back, or raise.

    Parameters
    ----------
    name : str
        The argument's name, for messages.
    values : array_like of shape (M,)
        As `read_times` takes them.
    rows : int
        How many there must be.

    Returns
    -------
    ndarray of shape (M,)
        C-ordered int64.

    Raises
    ------
    ArgumentTypeError
        If they are of another kind.
    ValidationError
        If there are more or fewer, or one is earlier than the one before it.
    """
    times = read_times(name, values)
    if times.size != rows:
        raise ValidationError(f"{name} must have a time for each of {rows} rows, got {times.size}")
    back = times[1:] < times[:-1]
    if back.any():
        row = int(np.argmax(back)) + 1
        raise ValidationError(
            f"{name} must never go back, but row {row} has {times[row]} after {times[row - 1]}"
        )
    return times


def durations(timestamp_ns, end_ns, rows):
    """Return the weight of each state: how long it held.

    Parameters
    ----------
    timestamp_ns : array_like of shape (M,) or None
        When each state began; None gives every state the weight 1.
    end_ns : int, str or timedelta or None
        When the last one ended; None for its own beginning, so it weighs nothing.
    rows : int
        How many states there are.

    Returns
    -------
    ndarray of shape (M,)
        Nanoseconds, as float64.

    Raises
    ------
    ArgumentTypeError
        If the times aren't times.
    ValidationError
        If they go back, or aren't as many as `rows`; if there's an end without times.
    """
    if timestamp_ns is None:
        if end_ns is not None:
            raise ValidationError("timestamp_ns must be given with end_ns")
        return np.ones(rows)
    times = read_ascending_times("timestamp_ns", timestamp_ns, rows)
    if end_ns is None:
        end_ns = times[-1] if rows else 0
    else:
        end_ns = as_nanoseconds("end_ns", end_ns)
        if rows and end_ns < times[-1]:
            raise ValidationError(
                f"end_ns must not lie before the last state, {times[-1]}, got {end_ns}"
            )
    return np.diff(times, append=np.int64(end_ns)).astype(np.float64)
