"""The seed's lists of ``(symbol, value)`` pairs, one list a period, to matrices.

Reading a pair costs several times its simulation, so whole rows go through comprehensions
and ``struct``, which check on the way that pairs are pairs and values numbers.
"""

import struct
from array import array
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from nanobook.errors import ArgumentTypeError, RangeError, ValidationError
from nanobook.types.records import EARLIER_TARGET, LISTING
from nanobook.types.symbol import Symbol

__all__ = ["Schedule", "read_schedule", "merge_symbols"]


@dataclass(frozen=True)
class Schedule:
    """A schedule read but not yet spread over columns: flat values, rows of symbols."""

    rows: list  # T tuples of symbols
    values: list  # T arrays, as long as their rows

    @cached_property
    def distinct(self):
        """The distinct rows of symbols, as a set; equal neighbours are one object already."""
        return set({id(row): row for row in self.rows}.values())

    @cached_property
    def symbols(self):
        """The distinct symbols, as a set."""
        return set().union(*self.distinct)

    @cached_property
    def has_duplicates(self):
        """Whether a symbol stands twice in one period."""
        return any(len(set(row)) < len(row) for row in self.distinct)

    @cached_property
    def flat(self):
        """All values, period after period, as one array."""
        typecode = self.values[0].typecode if self.values else "d"
        return np.frombuffer(b"".join(self.values), typecode)

    def spread(self, column_of, missing, dtype):
        """Return the (T, N) matrix; of a symbol's several values in a period the last stays.

        Parameters
        ----------
        column_of : dict
            Symbol to column.
        missing : number
            What stands where a symbol isn't listed.
        dtype : dtype
            Of the matrix.

        Returns
        -------
        ndarray of shape (T, N)
            The values by column.
        """
        matrix = np.full((len(self.rows), len(column_of)), missing, dtype=dtype)
        if len(self.distinct) == 1 and not self.has_duplicates:
            columns = [column_of[symbol] for symbol in self.rows[0]]
            matrix[:, columns] = self.flat.reshape(len(self.rows), -1)
            return matrix
        last, columns = None, None
        for target, row, values in zip(matrix, self.rows, self.values, strict=True):
            if row != last:
                last, columns = row, np.array([column_of[symbol] for symbol in row], dtype=np.intp)
            target[columns] = values
        return matrix

    def overruled(self, column_of):
        """Return the values that a later one of the same period and symbol overrules.

        Parameters
        ----------
        column_of : dict
            Symbol to column.

        Returns
        -------
        ndarray of EARLIER_TARGET
            In the order of the schedule.
        """
        found = []
        if self.has_duplicates:
            for bar, (row, values) in enumerate(zip(self.rows, self.values, strict=True)):
                last = {symbol: at for at, symbol in enumerate(row)}
                found += [
                    (bar, column_of[symbol], values[at])
                    for at, symbol in enumerate(row)
                    if last[symbol] != at
                ]
        return np.array(found, dtype=EARLIER_TARGET)

    def repeated(self, column_of):
        """Return all pairs of those periods that list a symbol more than once.

        Parameters
        ----------
        column_of : dict
            Symbol to column.

        Returns
        -------
        ndarray of LISTING
            In the order of the schedule.
        """
        found = []
        if self.has_duplicates:
            for bar, (row, values) in enumerate(zip(self.rows, self.values, strict=True)):
                if len(set(row)) < len(row):
                    columns = [column_of[symbol] for symbol in row]
                    found += zip([bar] * len(row), columns, values, strict=True)
        return np.array(found, dtype=LISTING)


def read_schedule(name, schedule, typecode):
    """Read a sequence of periods, each a sequence of ``(symbol, value)`` tuples.

    Parameters
    ----------
    name : str
        The argument's name, for messages.
    schedule : sequence of sequences of (str, number)
        One inner sequence a period.
    typecode : {"d", "q"}
        Whether values are floats (ints count as floats) or int64 (floats are refused).

    Returns
    -------
    Schedule
        The rows of symbols and of values.

    Raises
    ------
    ArgumentTypeError
        If a period isn't a sequence of tuples, or a value isn't a number of its kind.
    RangeError
        If an integer is outside int64.
    ValidationError
        If a tuple isn't a pair, or a symbol is longer than 8 bytes.
    """
    rows, columns = [], []
    known = set()
    for period, pairs in enumerate(_as_sequence(name, schedule)):
        if type(pairs) is not list:
            pairs = _as_sequence(f"{name}[{period}]", pairs)
        if len(pairs) == 0:
            rows.append(())
            columns.append(array(typecode))
            continue
        try:
            if set(map(type, pairs)) != {tuple} and not _all_tuples(pairs):
                raise TypeError
            # two passes: zip(*pairs) would make an object per pair for the garbage collector
            symbols = tuple([symbol for symbol, _ in pairs])
            columns.append(_pack(typecode, [value for _, value in pairs]))
        except (TypeError, ValueError, OverflowError, struct.error):
            raise _fault(f"{name}[{period}]", pairs, typecode) from None
        if rows and _same(symbols, rows[-1]):
            symbols = rows[-1]
        elif not _all_strings(symbols) or symbols not in known:
            for symbol in symbols:
                _check_symbol(f"{name}[{period}]", symbol)
            known.add(symbols)
        rows.append(symbols)
    return Schedule(rows, columns)


def _pack(typecode, values):
    """Return ``array(typecode, values)`` in a third of its time."""
    packed = array(typecode)
    packed.frombytes(struct.pack(f"{len(values)}{typecode}", *values))
    return packed


def merge_symbols(*schedules):
    """Return the symbols of all schedules in byte order.

    Parameters
    ----------
    *schedules : Schedule
        Those to merge.

    Returns
    -------
    list of str
        Distinct symbols, sorted.
    """
    return sorted(set().union(*(schedule.symbols for schedule in schedules)))


def _as_sequence(name, value):
    """Return `value` if it has a length and an order, else say what it is instead."""
    unordered = isinstance(value, str | bytes | Mapping | set | frozenset)
    if unordered or not (hasattr(value, "__len__") and hasattr(value, "__getitem__")):
        raise ArgumentTypeError(f"{name} must be a list, got {type(value).__name__}")
    return value


def _all_strings(symbols):
    return all(isinstance(symbol, str) for symbol in symbols)


def _all_tuples(pairs):
    return all(isinstance(pair, tuple) for pair in pairs)


def _same(symbols, before):
    try:
        return symbols == before
    except (TypeError, ValueError):  # no strings: arrays, or pandas' NA
        return False


def _check_symbol(where, symbol):
    if not isinstance(symbol, str):
        raise ArgumentTypeError(
            f"{where} must name symbols by strings, got {type(symbol).__name__} {symbol!r}"
        )
    if Symbol.try_new(symbol) is None:
        raise ValidationError(
            f"{where} must name symbols of at most 8 bytes in UTF-8, got {symbol!r}"
        )


def _fault(where, pairs, typecode):
    """Find the first pair of a period that can't be read, and say what's wrong with it."""
    kind = "an integer" if typecode == "q" else "a number"
    for at, pair in enumerate(pairs):
        spot = f"{where}[{at}]"
        if not isinstance(pair, tuple):
            return ArgumentTypeError(
                f"{spot} must be a tuple (symbol, value), got {type(pair).__name__} {pair!r}"
            )
        if len(pair) != 2:
            return ValidationError(f"{spot} must be a pair (symbol, value), got {len(pair)} items")
        try:
            array(typecode, pair[1:])
        except (TypeError, ValueError):
            return ArgumentTypeError(f"{spot} must have {kind} as its value, got {pair[1]!r}")
        except OverflowError:
            room = "inside int64" if typecode == "q" else "that fits in a float"
            return RangeError(f"{spot} must have a value {room}, got {pair[1]}")
    return ArgumentTypeError(f"{where} must be a list of (symbol, value) tuples")
