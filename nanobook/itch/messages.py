"""Decoded messages: an array for each type, frames on request."""

from collections.abc import Mapping

import numpy as np

from nanobook.errors import ValidationError
from nanobook.itch.arguments import as_letters

__all__ = ["ItchMessages", "add_times", "categories"]

#: What a price's whole number is to be divided by.
_PRICE_UNIT, _LEVEL_UNIT = 1e4, 1e8


class ItchMessages(Mapping):
    """Messages of a stream by type: a mapping from a type's letter to a struct array.

    Every record has ``message`` (the message's number in the stream, from 0), ``timestamp_ns``
    (since midnight), ``locate``, ``tracking`` and its type's own fields. Prices are integers in
    1/10000 (`level_1` to `level_3` of type V in 1/10**8).

    Parameters
    ----------
    arrays : dict of ndarray
        By letter.
    names : ndarray of shape (65536,)
        Symbols by locate code, as far as they are known.
    outcome : Outcome
        How reading went; its fields are attributes here: counts, malformed, packets, times, status.
    date : Timestamp, optional
        The day, if it's known.
    """

    def __init__(self, arrays, names, outcome, date=None):
        self._arrays, self._names, self._date = arrays, names, date
        self.counts, self.malformed, self.packets, self.times, self.status = outcome

    @property
    def symbols(self):
        """Symbols by locate code, as far as messages have said them: a dict."""
        known = np.flatnonzero(self._names)
        return {int(code): _text(self._names[code]) for code in known}

    def __getitem__(self, letter):
        return self._arrays[letter]

    def __iter__(self):
        return iter(self._arrays)

    def __len__(self):
        return len(self._arrays)

    def __eq__(self, other):
        if not isinstance(other, ItchMessages):
            return NotImplemented
        return list(self) == list(other) and all(
            np.array_equal(self[letter], other[letter]) for letter in self
        )

    __hash__ = None

    def to_frame(self, type=None):
        """Return messages as a frame.

        Parameters
        ----------
        type : str, optional
            The letter, or letters, of what is wanted; all by default.

        Returns
        -------
        DataFrame
            A row for each message in the order of the stream, indexed by time: Timedelta since
            midnight, or Timestamp if the date was given. ``symbol`` is a category; a column that
            not all types have is empty for the others. Beside each price stands the same as a
            float in currency units, ``price_float`` and so on.

        Raises
        ------
        ArgumentTypeError
            If `type` isn't made of strings.
        ValidationError
            If it's no type, or one that wasn't read.
        """
        import pandas as pd

        letters = list(self) if type is None else as_letters(type)
        for letter in letters:
            if letter not in self:
                raise ValidationError(f"type must be one that was read, got {letter!r}")
        frames = [self._frame(letter) for letter in letters]
        if not frames:
            return pd.DataFrame()
        if len(frames) == 1:
            return add_times(frames[0], self._date)
        common = set.intersection(*(set(frame) for frame in frames))
        kinds = pd.CategoricalDtype(list(letters))
        for letter, frame in zip(letters, frames, strict=True):
            frame.insert(1, "type", pd.Categorical([letter] * len(frame), dtype=kinds))
            for name in set(frame) - common:
                whole = {"i": "Int64", "u": "UInt64"}.get(frame[name].dtype.kind)
                if whole:  # a float would lose the end of a reference
                    frame[name] = frame[name].astype(whole)
        filled = [frame for frame in frames if len(frame)] or frames[:1]
        whole = pd.concat(filled, ignore_index=True)
        order = np.argsort(whole["message"].to_numpy(), kind="stable")
        return add_times(whole.iloc[order].reset_index(drop=True), self._date)

    def _frame(self, letter):
        """Return messages of one type, with their symbol, their texts as such."""
        import pandas as pd

        rows = self._arrays[letter]
        columns = {"message": rows["message"], "timestamp_ns": rows["timestamp_ns"]}
        columns["symbol"] = categories(self._names, rows["locate"])
        for name in rows.dtype.names[2:]:
            values = rows[name]
            if name == "stock":
                continue
            if values.dtype.kind == "S":
                columns[name] = _texts(values)
                continue
            columns[name] = values
            if name.endswith("price"):
                columns[f"{name}_float"] = values / _PRICE_UNIT
            elif name.startswith("level_"):
                columns[f"{name}_float"] = values / _LEVEL_UNIT
        return pd.DataFrame(columns)

    def __repr__(self):
        parts = ", ".join(f"{letter} {len(rows)}" for letter, rows in self.items() if len(rows))
        return f"ItchMessages({parts or 'empty'}; {self.status})"


def _text(letters):
    return bytes(letters).decode("ascii", "replace")


def _texts(values):
    """Return letters as a category of strings."""
    import pandas as pd

    words, codes = np.unique(values, return_inverse=True)
    return pd.Categorical.from_codes(codes, [_text(word) for word in words])


def categories(names, locates):
    """Return the symbols of locate codes.

    Parameters
    ----------
    names : ndarray of shape (65536,)
        Symbols by locate code.
    locates : ndarray of shape (M,)
        Codes.

    Returns
    -------
    Categorical
        Of all symbols known, in alphabetical order; missing where a code's isn't.
    """
    import pandas as pd

    words, numbers = np.unique(names, return_inverse=True)
    numbers = numbers.reshape(-1) - (1 if words[0] == b"" else 0)  # no name, no category
    words = [_text(word) for word in words if word]
    return pd.Categorical.from_codes(numbers[locates], words)


def add_times(frame, date=None):
    """Return a frame indexed by its column of times.

    Parameters
    ----------
    frame : DataFrame
        With a column ``timestamp_ns``.
    date : Timestamp, optional
        The day's midnight.

    Returns
    -------
    DataFrame
        Without the column; the index is called ``timestamp``.
    """
    import pandas as pd

    times = pd.to_timedelta(frame.pop("timestamp_ns").to_numpy(), unit="ns")
    frame.index = pd.Index(times if date is None else date + times, name="timestamp")
    return frame
