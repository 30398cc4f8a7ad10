"""What readers of a stream are asked: symbols, types and times of day."""

import numbers

import numpy as np

from nanobook.errors import ArgumentTypeError, ValidationError
from nanobook.itch.layout import LETTERS, NAMES
from nanobook.panel.arrays import as_integer

__all__ = ["as_letters", "as_name", "as_names", "as_ns", "as_times"]

_LONGEST_NAME = 8


def as_names(symbols):
    """Return the names of symbols as a stream has them.

    Parameters
    ----------
    symbols : str, bytes, iterable of those, or None
        One or several.

    Returns
    -------
    list of bytes or None
        Each once; None for all symbols.

    Raises
    ------
    ArgumentTypeError
        If one isn't a name.
    ValidationError
        If there's none, or one has no letters, more than eight, or such as no symbol has.
    """
    if symbols is None:
        return None
    if isinstance(symbols, str | bytes):
        symbols = [symbols]
    try:
        symbols = list(symbols)
    except TypeError:
        raise ArgumentTypeError(f"symbols must be names, got {symbols!r}") from None
    if not symbols:
        raise ValidationError("symbols must name one at least; None stands for all")
    return list(dict.fromkeys(map(as_name, symbols)))


def as_name(symbol):
    """Return the name of a symbol as a stream has it.

    Parameters
    ----------
    symbol : str or bytes
        Its name.

    Returns
    -------
    bytes
        Without blanks behind it.

    Raises
    ------
    ArgumentTypeError
        If it isn't a string.
    ValidationError
        If it has no letters, more than eight, or such as no symbol has.
    """
    if not isinstance(symbol, str | bytes):
        raise ArgumentTypeError(f"symbols must be strings, got {symbol!r}")
    try:
        name = (symbol.encode("ascii") if isinstance(symbol, str) else symbol).rstrip(b" ")
    except UnicodeEncodeError:
        raise ValidationError(f"symbols must be ASCII, got {symbol!r}") from None
    if not 0 < len(name) <= _LONGEST_NAME or b"\0" in name:
        raise ValidationError(f"symbols must have 1 to {_LONGEST_NAME} letters, got {symbol!r}")
    return bytes(name)


def as_letters(types):
    """Return the letters of message types.

    Parameters
    ----------
    types : str, iterable of str or None
        Letters, in one string or several; None for all.

    Returns
    -------
    str
        Each once, in the order of layout.LETTERS.

    Raises
    ------
    ArgumentTypeError
        If it isn't made of strings.
    ValidationError
        If one is no type of message.
    """
    if types is None:
        return LETTERS
    try:
        given = "".join(types)
    except TypeError:
        raise ArgumentTypeError(f"types must be letters, got {types!r}") from None
    for letter in given:
        if letter not in NAMES:
            raise ValidationError(f"types must be letters of {LETTERS}, got {letter!r}")
    if not given:
        raise ValidationError("types must name one at least; None stands for all")
    return "".join(letter for letter in LETTERS if letter in given)


def as_ns(name, time):
    """Return a time of day in nanoseconds since midnight.

    Parameters
    ----------
    name : str
        The argument's name, for the message.
    time : int, str, timedelta, datetime.time or Timedelta
        Nanoseconds, or what pandas reads as a Timedelta, say ``"09:30:00"``.

    Returns
    -------
    int
        Not negative.

    Raises
    ------
    ArgumentTypeError
        If it's none of those.
    ValidationError
        If it can't be read; its child RangeError if it's negative.
    """
    if isinstance(time, numbers.Integral) and not isinstance(time, bool):
        return as_integer(name, time, least=0)
    import pandas as pd

    if isinstance(time, bool | float) or time is None:
        raise ArgumentTypeError(f"{name} must be nanoseconds or a time of day, got {time!r}")
    try:
        text = str(time) if hasattr(time, "hour") else time
        found = pd.Timedelta(text).as_unit("ns").value
    except TypeError:
        raise ArgumentTypeError(
            f"{name} must be nanoseconds or a time of day, got {time!r}"
        ) from None
    except (ValueError, OverflowError) as error:
        raise ValidationError(f"{name} must be a time of day, got {time!r}: {error}") from None
    return as_integer(name, int(found), least=0)


def as_times(name, times):
    """Return times of day in nanoseconds since midnight.

    Parameters
    ----------
    name : str
        The argument's name, for the message.
    times : array_like
        Of what `as_ns` takes, in order; a TimedeltaIndex too.

    Returns
    -------
    ndarray of int64
        Writable.

    Raises
    ------
    ArgumentTypeError
        If one is no time.
    ValidationError
        If one can't be read, or comes before the one before it.
    """
    values = np.asarray(times)
    if values.dtype.kind == "m":
        values = values.astype("m8[ns]").astype(np.int64)
    elif values.dtype.kind not in "iu":
        values = np.array([as_ns(name, time) for time in np.ravel(times).tolist()], np.int64)
    if values.ndim != 1:
        raise ValidationError(f"{name} must be a row of times, got shape {values.shape}")
    values = values.astype(np.int64)
    if values.size and (values[0] < 0 or (np.diff(values) < 0).any()):
        raise ValidationError(f"{name} must be times of day in order, got {times!r}")
    return values
