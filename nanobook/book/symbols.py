"""Which symbol each message of a stream is for, and the stream cut by them."""

import numpy as np

from nanobook.errors import ArgumentTypeError, ValidationError
from nanobook.types.symbol import Symbol

__all__ = ["cut", "read_symbols"]


def read_symbols(symbols, count):
    """Number the symbols of a stream in the order in which they come first.

    Parameters
    ----------
    symbols : sequence of str, ndarray, Series or Categorical
        One for each message; an array of bytes is read as UTF-8.
    count : int
        How many messages there are.

    Returns
    -------
    words : list of str
        Each symbol once.
    codes : ndarray of shape (count,)
        The place in it of each message's symbol.

    Raises
    ------
    ArgumentTypeError
        If it's no sequence, or holds what isn't a string; the text names the row.
    ValidationError
        If there are more or fewer symbols than messages, or one is too long; the text names the
        row.
    """
    if isinstance(symbols, str | bytes) or not hasattr(symbols, "__len__"):
        raise ArgumentTypeError(
            f"symbols must be a sequence of a symbol for each message, got {symbols!r}"
        )
    if len(symbols) != count:
        raise ValidationError(
            f"symbols must have one for each message: got {len(symbols)} for {count} messages"
        )
    symbols = getattr(symbols, "array", symbols)  # of a Series, what holds its values
    if hasattr(symbols, "categories") and hasattr(symbols, "codes"):
        words, codes = _of_categories(symbols.categories, np.asarray(symbols.codes, np.int64))
    else:
        words, codes = _of_values(symbols.tolist() if hasattr(symbols, "tolist") else symbols)
    return [_checked(word, code, codes) for code, word in enumerate(words)], codes


def _of_values(values):
    """Return the different values in the order they come first, and the place of each in it."""
    try:
        places = {word: at for at, word in enumerate(dict.fromkeys(values))}
    except TypeError as error:
        raise ArgumentTypeError(f"symbols must be strings: {error}") from None
    return list(places), np.fromiter(map(places.__getitem__, values), np.int64, len(values))


def _of_categories(categories, codes):
    """Return the categories used in the order they come first, and the place of each in it."""
    first = np.full(len(categories) + 1, len(codes))  # the last place is that of missing ones
    first[codes[::-1]] = np.arange(len(codes))[::-1]  # where a code comes twice the last one stays
    used = np.argsort(first)[: np.count_nonzero(first < len(codes))]
    places = np.empty(len(first), np.int64)
    places[used] = np.arange(len(used))
    words = [*categories, None]
    return [words[code] for code in used], places[codes]


def _checked(word, code, codes):
    """Return a symbol as a plain string, or raise what is wrong with it and where it stands."""
    try:
        return str(Symbol(word.decode() if isinstance(word, bytes) else word))
    except ValueError as error:  # ours, and what a decoder finds wrong
        kind = type(error) if isinstance(error, ValidationError) else ValidationError
        at = int(np.argmax(codes == code))
        raise kind(f"messages: symbol of row {at} isn't one: {error}") from None


def cut(codes, kinds):
    """Return where the messages of each symbol stand.

    Parameters
    ----------
    codes : ndarray of shape (M,)
        The number of each message's symbol.
    kinds : int
        How many symbols there are.

    Returns
    -------
    list of ndarray
        For each symbol the rows of its messages, in order.
    """
    small = codes.astype(np.min_scalar_type(max(kinds - 1, 0)))  # up to 16 bits sort by radix
    rows = np.argsort(small, kind="stable")
    return np.split(rows, np.cumsum(np.bincount(codes, minlength=kinds))[:-1]) if kinds else []
