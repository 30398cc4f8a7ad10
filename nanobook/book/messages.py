"""Order messages from outside, frames and arrays, as MESSAGE arrays."""

import operator

import numpy as np

from nanobook.errors import ArgumentTypeError, RangeError, ValidationError
from nanobook.panel.frames import is_frame
from nanobook.types import codes
from nanobook.types.codes import (
    KINDS,
    NO_OWNER,
    POST_ONLY,
    TIFS,
    TRAIL_AVERAGES,
    TRAIL_TYPES,
    TRAIL_WORDS,
    TRAILING_STOP_LIMIT,
    TRAILING_STOP_MARKET,
)
from nanobook.types.records import EXTENDED_MESSAGE, MESSAGE

__all__ = ["as_messages", "messages_frame"]

_POLICY = codes.POLICY
_WIDE_SIZE = EXTENDED_MESSAGE.itemsize


def as_messages(messages):
    """Return messages as an array that kernels can take.

    Parameters
    ----------
    messages : DataFrame, or ndarray of a struct dtype
        Columns or fields as those of EXTENDED_MESSAGE, and for a frame also `post_only`; those
        that no message needs may be missing. A frame may hold words in place of codes, and
        missing values where a kind doesn't use a column.

    Returns
    -------
    ndarray of MESSAGE or EXTENDED_MESSAGE
        In C order; the caller's own array where it's one already.

    Raises
    ------
    ValidationError
        If there's no `kind`, a field is unknown, a word is, or a value that's needed is missing.
    ArgumentTypeError
        If it's neither a frame nor a struct array, or a column holds what isn't a number.
    RangeError
        If a value is out of its column's range.
    """
    if is_frame(messages):
        return _of_frame(messages)
    if not isinstance(messages, np.ndarray) or messages.dtype.names is None:
        raise ArgumentTypeError(
            "messages must be a DataFrame or a struct array, as nanobook.MESSAGE, "
            f"got {type(messages).__name__}"
        )
    if messages.ndim != 1:
        raise ValidationError(f"messages must have one axis, got shape {messages.shape}")
    if messages.dtype in (MESSAGE, EXTENDED_MESSAGE):
        return np.ascontiguousarray(messages)
    return _of_columns({name: messages[name] for name in messages.dtype.names})


def _blank(count, wide):
    messages = np.zeros(count, EXTENDED_MESSAGE if wide else MESSAGE)
    messages["owner"] = NO_OWNER
    return messages


#: Fields of the wide message only.
_WIDE = tuple(name for name in EXTENDED_MESSAGE.names if name not in MESSAGE.names)


def _known(names):
    if "kind" not in names:
        raise ValidationError(f"messages must have a column 'kind', got {list(names)}")
    unknown = [name for name in names if name not in (*EXTENDED_MESSAGE.names, "post_only")]
    if unknown:
        raise ValidationError(
            f"messages must have columns of {', '.join(EXTENDED_MESSAGE.names)}, post_only; "
            f"got {', '.join(map(str, unknown))}"
        )


def _of_columns(columns):
    """Return messages of columns of numbers, each of which must fit its field exactly."""
    _known(columns)
    count = len(next(iter(columns.values())))
    messages = _blank(count, any(name in columns for name in _WIDE))
    for name, values in columns.items():
        if name == "post_only":
            messages["flags"] |= _whole(name, values, np.dtype(np.int8), most=1, least=0)
            continue
        target = EXTENDED_MESSAGE[name]
        if target.kind == "i":
            values = _whole(name, values, target)
        elif values.dtype.kind not in "iuf":
            raise ArgumentTypeError(f"messages: {name} must be numbers, got {values.dtype}")
        messages[name] = values
    return messages


def _whole(name, values, dtype, least=None, most=None):
    """Return values that are whole numbers in a dtype's range, or raise naming the row."""
    if values.dtype.kind not in "biuf":
        raise ArgumentTypeError(f"messages: {name} must be integers, got {values.dtype}")
    if values.dtype.kind == "f":
        wrong = ~(np.isfinite(values) & (values == np.floor(values)))
        _raise_first(ArgumentTypeError, name, values, wrong, "must be a whole number")
    low = np.iinfo(dtype).min if least is None else least
    high = np.iinfo(dtype).max if most is None else most
    # In floats the highest int64 rounds up to 2**63, which doesn't fit any more.
    above = values >= float(high) if values.dtype.kind == "f" and high > 2**53 else values > high
    _raise_first(RangeError, name, values, (values < low) | above, f"must be from {low} to {high}")
    return values.astype(dtype)


def _raise_first(error, name, values, wrong, rule):
    if wrong.any():
        at = int(np.argmax(wrong))
        raise error(f"messages: {name} of row {at} {rule}, got {values[at]}")


_TRAIL = ("trail_type", "trail_value")

#: Which columns a kind needs, in a frame.
_NEEDS = {
    "limit": ("side", "price", "quantity"),
    "market": ("side", "quantity"),
    "cancel": ("order_id",),
    "modify": ("order_id", "price", "quantity"),
    "reduce": ("order_id", "quantity"),
    "cancel_all": (),
    "policy": ("quantity",),
    "stop_market": ("side", "stop_price", "quantity"),
    "stop_limit": ("side", "stop_price", "price", "quantity"),
    "trailing_stop_market": ("side", "stop_price", "quantity", "trail_type", "trail_value"),
    "trailing_stop_limit": ("side", "stop_price", "price", "quantity", *_TRAIL),
    "bars": ("quantity",),
}

#: Columns that may hold words, and the code of each.
_WORDS = {
    "kind": {word: code for code, word in enumerate(KINDS)},
    "side": {"buy": 1, "b": 1, "sell": -1, "s": -1, "both": 0, "": 0},
    "tif": {word: code for code, word in enumerate(TIFS)},
    "trail_type": TRAIL_WORDS,
}

#: What stands in a message where a frame has nothing.
_DEFAULTS = {"owner": -1}


def _of_frame(frame):
    _known(list(frame.columns))
    if not frame.columns.is_unique:
        raise ValidationError(f"messages must have distinct columns, got {list(frame.columns)}")
    columns, missing = {}, {}
    for name in frame.columns:
        columns[name], missing[name] = _column(name, frame[name])
    _raise_first(
        ValidationError, "kind", frame["kind"].to_numpy(object), missing["kind"], "must be given"
    )
    messages = _of_columns(columns)
    kinds = messages["kind"]
    for code, kind in enumerate(_NEEDS):
        for name in _NEEDS[kind]:
            _refuse_gap(name, kinds == code, missing, kind)
    trails = (kinds >= TRAILING_STOP_MARKET) & (kinds <= TRAILING_STOP_LIMIT)
    if trails.any():
        for code in TRAIL_AVERAGES:
            averages = trails & (messages["trail_type"] == code)
            _refuse_gap("atr_period", averages, missing, TRAIL_TYPES[code])
    return messages


def _refuse_gap(name, rows, missing, what):
    """Raise if a column has nothing in one of the rows that need it."""
    lacking = missing.get(name, np.ones(len(rows), bool)) & rows
    if lacking.any():
        at = int(np.argmax(lacking))
        raise ValidationError(f"messages: {name} of row {at} is missing: {what} needs it")


def _column(name, series):
    """Return a frame's column as numbers, and where it has none."""
    missing = series.isna().to_numpy(bool)
    default = _DEFAULTS.get(name, 0)
    if series.dtype.kind in "iuf":
        own = getattr(series.dtype, "numpy_dtype", series.dtype)
        return (series.fillna(default) if missing.any() else series).to_numpy(own), missing
    words = _WORDS.get(name, {})
    dtype = EXTENDED_MESSAGE["flags" if name == "post_only" else name]
    at, values = _distinct(series.to_numpy(object), missing)
    gone = np.array([value is None for value in values], bool)
    if name in ("side", "tif", "trail_type"):
        gone |= np.array([isinstance(value, str) and value == "" for value in values], bool)
    first = np.full(len(values), len(at))
    np.minimum.at(first, at, np.arange(len(at)))
    found = np.full(len(values), default, dtype)
    for place in np.argsort(first, kind="stable"):  # so that the first bad row is the one named
        if not gone[place]:
            found[place] = _number(name, first[place], values[place], words, dtype)
    return found[at], gone[at]


def _distinct(values, missing):
    """Return which of the distinct values stands where, and those, None for what is missing."""
    numbers, distinct, at = {}, [], np.empty(len(values), np.int64)
    for place, value in enumerate(values):
        value = None if missing[place] else value
        try:
            key = type(value), value
            number = numbers.setdefault(key, len(distinct))
        except TypeError:  # a list, say, which nothing can be made of anyway
            number = len(distinct)
        if number == len(distinct):
            distinct.append(value)
        at[place] = number
    return at, distinct


def _number(name, at, value, words, dtype):
    """Return one value of a frame's column as the number that a message has for it."""
    where = f"messages: {name} of row {at}"
    if words and isinstance(value, str):
        code = words.get(value.lower())
        if code is None:
            known = ", ".join(filter(None, words))
            raise ValidationError(f"{where} must be one of {known}, got {value!r}")
        return code
    if dtype.kind == "f":
        try:
            return float(value)
        except (TypeError, ValueError):
            raise ArgumentTypeError(f"{where} must be a number, got {value!r}") from None
    if isinstance(value, np.bool_) or (
        isinstance(value, float | np.floating) and value == np.floor(value)
    ):
        value = int(value)
    try:
        value = operator.index(value)
    except TypeError:
        raise ArgumentTypeError(f"{where} must be a whole number, got {value!r}") from None
    low, high = (0, 1) if name == "post_only" else (np.iinfo(dtype).min, np.iinfo(dtype).max)
    if not low <= value <= high:
        raise RangeError(f"{where} must be from {low} to {high}, got {value}")
    return value


def messages_frame(messages):
    """Return messages as a frame with words in place of codes.

    Parameters
    ----------
    messages : ndarray of MESSAGE or EXTENDED_MESSAGE
        Messages, say an exchange's event log.

    Returns
    -------
    DataFrame
        A row for each; `as_messages` takes it back.
    """
    import pandas as pd

    columns = {name: messages[name] for name in messages.dtype.names if name != "flags"}
    columns["kind"] = pd.Categorical.from_codes(messages["kind"], KINDS)
    sides = np.array(["sell", "", "buy"], object)
    columns["side"] = sides[messages["side"].astype(np.int64) + 1]
    columns["tif"] = pd.Categorical.from_codes(messages["tif"], TIFS)
    columns["post_only"] = (messages["flags"] & POST_ONLY) != 0
    if "trail_type" in columns:
        columns["trail_type"] = pd.Categorical.from_codes(messages["trail_type"], TRAIL_TYPES)
    return pd.DataFrame(columns).rename_axis("message")
