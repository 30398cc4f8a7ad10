"""How much more rests on one side of the book than on the other."""

import numpy as np

from nanobook.jit import njit
from nanobook.microstructure.tables import dressed, read_tables

__all__ = ["order_imbalance", "sum_of_best"]


def order_imbalance(bid_quantity, ask_quantity, levels=1):
    """Return the excess of bids over asks as a fraction of both.

    Parameters
    ----------
    bid_quantity, ask_quantity : array_like of shape (M,) or (M, K), Series or DataFrame
        What rests on the levels of both sides, best first.
    levels : int, default 1
        How many levels count.

    Returns
    -------
    ndarray or Series of shape (M,)
        From -1, nothing but asks, to 1; NaN where nothing rests.

    Raises
    ------
    ValidationError
        If the shapes or the indexes differ, or `levels` is more than there are.
    ArgumentTypeError
        If a value isn't a number.
    RangeError
        If `levels` is below 1.

    References
    ----------
    .. [1] Cartea, Jaimungal, Penalva (2015), "Algorithmic and High-Frequency Trading",
       section 12.2: order imbalance.

    Examples
    --------
    >>> order_imbalance([30, 0], [10, 0])
    array([0.5, nan])
    """
    names = "bid_quantity", "ask_quantity"
    tables, index = read_tables(names, (bid_quantity, ask_quantity), levels)
    out = np.empty(len(tables[0]))
    _order_imbalance(*tables, out)
    return dressed(out, index, "order_imbalance")


@njit
def sum_of_best(table, at):
    """Return the sum of a row's values, leaving out what isn't positive."""
    total = 0.0
    for level in range(table.shape[1]):
        if table[at, level] > 0:
            total += table[at, level]
    return total


@njit
def _order_imbalance(bid_quantity, ask_quantity, out):
    for at in range(out.size):
        bid = sum_of_best(bid_quantity, at)
        ask = sum_of_best(ask_quantity, at)
        out[at] = (bid - ask) / (bid + ask) if bid + ask > 0 else np.nan
