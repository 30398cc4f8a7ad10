"""Many books as one file: options, symbols, and the event log of each."""

import numpy as np

from nanobook.book.exchange import Exchange
from nanobook.book.replay import messages_of_rows, run_log
from nanobook.book.store import Store
from nanobook.errors import FileFormatError, ValidationError
from nanobook.persistence.npz import read_npz, write_npz
from nanobook.types.records import MESSAGE
from nanobook.types.symbol import Symbol

__all__ = ["load_books", "save_books"]

_KIND = "multi_exchange"

#: The options of an exchange, and the types that each may have in a file.
_OPTIONS = {
    "strict": (bool,),
    "record_events": (bool,),
    "self_trade_prevention": (str,),
    "bar_trades": (int, type(None)),
}


def save_books(path, options, stores):
    """Write the logs of many books to a file, atomically.

    Parameters
    ----------
    path : str or PathLike
        The file, in NumPy's npz format whatever its name.
    options : dict
        What new books are made with.
    stores : dict of str to Store
        The books by symbol.

    Raises
    ------
    ValidationError
        If the log of one isn't whole, and so couldn't rebuild its book.
    """
    for symbol, store in stores.items():
        if not store.header["log_whole"]:
            raise ValidationError(
                "an exchange that is saved must have recorded all its events: that of "
                f"{symbol!r} was made with record_events=False, or its events were cleared"
            )
    logs = [store.events for store in stores.values()]
    arrays = {
        "events": np.concatenate([np.empty(0, MESSAGE), *logs]),
        "counts": np.array([len(log) for log in logs], np.int64),
    }
    write_npz(path, _KIND, {"options": options, "symbols": list(stores)}, arrays)


def load_books(path):
    """Read many books from a file, by doing again what their logs say.

    Parameters
    ----------
    path : str or PathLike
        The file.

    Returns
    -------
    options : dict
        What new books are made with.
    stores : dict of str to Store
        The books by symbol.

    Raises
    ------
    FileNotFoundError
        If there's no such file.
    FileFormatError
        If it's damaged, holds anything else, or an event that can't be.
    """
    header, arrays = read_npz(path, _KIND)
    try:
        options = _checked_options(header.get("options"))
        symbols = _checked_symbols(header.get("symbols"))
        stores = {}
        for symbol, rows in zip(symbols, _logs(arrays, len(symbols)), strict=True):
            stores[symbol] = _rebuilt(symbol, rows, options)
    except ValidationError as error:
        raise FileFormatError(f"{path} is damaged: {error}") from None
    return options, stores


def _checked_options(options):
    if isinstance(options, dict):
        options = {"bar_trades": None, **options}  # files of the first versions don't have it
    if (
        not isinstance(options, dict)
        or options.keys() != _OPTIONS.keys()
        or any(type(options[name]) not in types for name, types in _OPTIONS.items())
    ):
        raise ValidationError(f"options must be {', '.join(_OPTIONS)}, got {options!r}")
    Exchange(**options)  # raises where a policy isn't known
    return options


def _checked_symbols(symbols):
    if not isinstance(symbols, list):
        raise ValidationError(f"symbols must be a list, got {symbols!r}")
    symbols = [str(Symbol(symbol)) for symbol in symbols]
    if len(set(symbols)) != len(symbols):
        raise ValidationError("symbols must be different ones, but one stands twice")
    return symbols


def _logs(arrays, count):
    """Return the rows of each symbol's log."""
    rows, counts = arrays.get("events"), arrays.get("counts")
    if rows is None or rows.dtype != MESSAGE or rows.ndim != 1:
        raise ValidationError("events must be an array of MESSAGE")
    if counts is None or counts.dtype != np.int64 or counts.shape != (count,):
        raise ValidationError(f"counts must be {count} integers, one for each symbol")
    if (counts < 0).any() or sum(counts.tolist()) != len(rows):
        raise ValidationError(f"counts must add up to the {len(rows)} events")
    return np.split(rows, np.cumsum(counts)[:-1]) if count else []


def _rebuilt(symbol, rows, options):
    """Return the book that a log makes."""
    store = Store(options["record_events"], options["strict"])
    messages = messages_of_rows(np.ascontiguousarray(rows))
    try:
        done = run_log(store, messages)
    except ValidationError as error:
        raise ValidationError(f"of {symbol!r}, {error}") from None
    if done < len(messages):
        raise ValidationError(f"of {symbol!r}, event {done} has a quantity that can't rest")
    return store
