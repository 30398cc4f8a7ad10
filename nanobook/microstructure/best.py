"""The best price of each side, where there is one."""

import numpy as np

from nanobook.errors import ValidationError
from nanobook.jit import njit
from nanobook.microstructure.tables import read_tables

__all__ = ["read_best"]


def read_best(bid_price, ask_price, bid_quantity=None, ask_quantity=None):
    """Return the best prices of states, NaN where a side is empty, and the index they share.

    Parameters
    ----------
    bid_price, ask_price : array_like of shape (M,) or (M, K)
        Prices of both sides, best first.
    bid_quantity, ask_quantity : array_like of shape (M,) or (M, K), optional
        What rests at them. A side is empty where its best quantity isn't positive; without
        quantities, where its best price is 0.

    Returns
    -------
    bid, ask : ndarray of shape (M,)
        Float64.
    index : Index or None
        That of the Series and frames among the arguments.

    Raises
    ------
    ValidationError
        If the shapes or the indexes differ, or only one quantity is given.
    ArgumentTypeError
        If a value isn't a number.
    """
    if (bid_quantity is None) != (ask_quantity is None):
        missing = "bid_quantity" if bid_quantity is None else "ask_quantity"
        raise ValidationError(f"{missing} must be given too, if the other side's quantity is")
    if bid_quantity is None:
        tables, index = read_tables(("bid_price", "ask_price"), (bid_price, ask_price), 1)
        tables = [tables[0], tables[0], tables[1], tables[1]]
        of_any_sign = True
    else:
        names = "bid_price", "bid_quantity", "ask_price", "ask_quantity"
        values = bid_price, bid_quantity, ask_price, ask_quantity
        tables, index = read_tables(names, values, 1)
        of_any_sign = False
    bid, ask = np.empty(len(tables[0])), np.empty(len(tables[0]))
    _best(tables[0], tables[1], of_any_sign, bid)
    _best(tables[2], tables[3], of_any_sign, ask)
    return bid, ask, index


@njit
def _best(price, presence, of_any_sign, out):
    """Copy the best price where what shows its presence is positive, or at least not 0."""
    for at in range(out.size):
        out[at] = np.nan
        if price.shape[1] > 0:
            shown = presence[at, 0]
            if shown > 0 or (of_any_sign and shown < 0):
                out[at] = price[at, 0]
