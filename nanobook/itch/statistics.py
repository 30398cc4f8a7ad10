"""What was counted of each symbol, as a frame."""

import numpy as np

from nanobook.itch.layout import LETTERS

__all__ = ["statistics_frame"]

#: What is counted beside messages by type.
_COUNTED = ("unknown_references", "duplicate_references", "malformed", "locked", "crossed")


def statistics_frame(names, symbols, live):
    """Return what was counted of each symbol.

    Parameters
    ----------
    names : ndarray of shape (65536,)
        Symbols by locate code.
    symbols : ndarray of SYMBOL
        How they stand.
    live : ndarray of int64
        How many orders of each rest.

    Returns
    -------
    DataFrame
        A row for each, in the order of the codes, indexed by symbol: locate, messages by type's
        letter (``?`` for those of no type known, or too short for theirs), what was passed over,
        after how many messages the book was locked or crossed, orders that rest.
    """
    import pandas as pd

    order = np.argsort(symbols["locate"], kind="stable")
    symbols = symbols[order]
    columns = {"locate": symbols["locate"].copy()}
    for code, letter in enumerate("?" + LETTERS):
        columns[letter] = symbols["counts"][:, code].copy()
    for name in _COUNTED:
        columns[name] = symbols[name].copy()
    columns["orders"] = live[order]
    words = [names[locate].decode("ascii", "replace") for locate in symbols["locate"]]
    return pd.DataFrame(columns, index=pd.Index(words, name="symbol", dtype=object))
