"""Tables of messages to columns that are known to fit their fields on the wire."""

import operator

import numpy as np

from nanobook.errors import ArgumentTypeError, RangeError, ValidationError
from nanobook.itch.layout import RECORD, WIRE

__all__ = ["as_columns"]

#: The end of times that six bytes hold, and of those numbers of messages we take.
_TIMES, _MESSAGES = 1 << 48, 1 << 63


def as_columns(letter, table):
    """Return the columns of a table of one type's messages, checked against their fields.

    Parameters
    ----------
    letter : str
        The type.
    table : ndarray or DataFrame
        A struct array with some of the fields of ``RECORD[letter]``, or a frame with some of them
        as columns. A frame's `symbol` serves as `stock`, its index, if it holds times, as
        `timestamp_ns`; ``price_float`` beside `price` is passed over.

    Returns
    -------
    columns : dict of ndarray
        By name: numbers of an integer dtype, letters of as many bytes as their field has.
    count : int
        How many messages there are.

    Raises
    ------
    ArgumentTypeError
        If `table` is neither, or a column holds what can't be converted.
    ValidationError
        If a column is of no field, or a text isn't ASCII or too long.
    RangeError
        If a number doesn't fit its field.
    """
    given = _given(letter, table)
    columns = {}
    for name, values in given.items():
        said = f"messages[{letter!r}][{name!r}]"
        kind = RECORD[letter][name]
        if kind.kind == "S":
            columns[name] = _as_texts(said, values, kind.itemsize)
        else:
            columns[name] = _as_numbers(said, values, _end(letter, name))
    return columns, len(table)


def _end(letter, name):
    """Return the first whole number that a field can't hold."""
    if name == "timestamp_ns":
        return _TIMES
    return _MESSAGES if name == "message" else 1 << 8 * WIRE[letter][name].itemsize


def _given(letter, table):
    """Return a table's columns by the names of fields."""
    fields = RECORD[letter].names
    if isinstance(table, np.ndarray) and table.dtype.names and table.ndim == 1:
        names, given = table.dtype.names, {}
    elif hasattr(table, "columns") and hasattr(table, "index"):
        names, given = list(table.columns), {}
        if len(set(names)) < len(names):
            raise ValidationError(f"messages[{letter!r}] must have each column once, got {names}")
        if hasattr(table.index, "as_unit"):
            given["timestamp_ns"] = table.index
    else:
        raise ArgumentTypeError(
            f"messages[{letter!r}] must be a row of structs or a DataFrame,"
            f" got {type(table).__name__}"
        )
    for name in names:
        if name in fields:
            given[name] = table[name]
        elif name == "symbol":
            if "stock" in fields and "stock" not in names:
                given["stock"] = table[name]
        elif not str(name).endswith("_float") or name[:-6] not in names:
            raise ValidationError(
                f"messages[{letter!r}] must have columns of {', '.join(fields)}, got {name!r}"
            )
    return given


def _as_numbers(said, values, end):
    """Return whole numbers from 0 to below `end`."""
    if hasattr(values, "as_unit"):
        values = _since_midnight(values)
    if hasattr(values, "isna") and values.dtype.kind != "m" and values.isna().any():
        values = values.astype(object)  # whole numbers with gaps would come as floats
    values = np.asarray(values)
    if values.dtype.kind == "m":
        values = values.astype("m8[ns]").astype(np.int64)
    if values.dtype.kind == "b" or values.size == 0:
        values = values.astype(np.int64)
    if values.dtype.kind not in "iu":
        return _from_objects(said, values, end)
    if values.size and (values.min() < 0 or int(values.max()) >= end):
        bad = values < 0
        if not bad.any():
            bad = values >= np.uint64(end)
        row = int(np.argmax(bad))
        raise _out_of_range(said, end, int(values[row]), row)
    return values


def _since_midnight(index):
    """Return the times of an index, of times of day or of timestamps, in nanoseconds."""
    times = index - index.normalize() if hasattr(index, "normalize") else index
    return times.as_unit("ns").asi8


def _from_objects(said, values, end):
    numbers = []
    for row, value in enumerate(values.tolist()):
        try:
            numbers.append(operator.index(value))
        except TypeError:
            raise ArgumentTypeError(
                f"{said} must be integers, got {value!r} at row {row}"
            ) from None
        if not 0 <= numbers[-1] < end:
            raise _out_of_range(said, end, numbers[-1], row)
    return np.array(numbers, np.uint64)


def _out_of_range(said, end, value, row):
    return RangeError(f"{said} must lie between 0 and {end - 1}, got {value} at row {row}")


def _as_texts(said, values, size):
    """Return letters of `size` bytes."""
    if hasattr(values, "cat"):  # each word once, then where they stand
        codes = values.cat.codes.to_numpy()
        used, rows = np.unique(codes, return_index=True)
        words = [None, *values.cat.categories.tolist()]  # None has code -1
        texts = np.zeros(len(words) - 1, f"S{size}")
        texts[used] = _from_words(said, [words[code + 1] for code in used], rows, size)
        return texts[codes]
    values = np.asarray(values)
    if values.dtype.kind != "S":
        return _from_words(said, values.tolist(), range(len(values)), size)
    values = np.ascontiguousarray(values)
    letters = values.view(np.uint8).reshape(len(values), values.itemsize)
    bad = letters > 127
    bad[:, size:] |= letters[:, size:] != 0
    if bad.any():
        row = int(np.argmax(bad.any(axis=1)))
        raise _bad_text(said, size, values[row], row)
    return values.astype(f"S{size}")


def _from_words(said, words, rows, size):
    """Return words, strings or bytes, as letters; `rows` says where they come from."""
    texts = []
    for word, row in zip(words, rows, strict=True):
        if not isinstance(word, str | bytes):
            raise _no_text(said, word, row)
        if not word.isascii() or len(word) > size:
            raise _bad_text(said, size, word, row)
        texts.append(word.encode() if isinstance(word, str) else word)
    return np.array(texts, f"S{size}")


def _no_text(said, value, row):
    return ArgumentTypeError(f"{said} must be text, got {value!r} at row {row}")


def _bad_text(said, size, value, row):
    value = bytes(value) if isinstance(value, bytes) else value
    return ValidationError(
        f"{said} must have at most {size} ASCII letters, got {value!r} at row {row}"
    )
