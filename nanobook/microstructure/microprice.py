"""The mid price, drawn to the side where less rests."""

import numpy as np

from nanobook.jit import njit
from nanobook.microstructure.order_imbalance import sum_of_best
from nanobook.microstructure.tables import dressed, read_tables

__all__ = ["microprice"]


def microprice(bid_price, bid_quantity, ask_price, ask_quantity, levels=1):
    """Return the mid price weighted by the imbalance of the best levels.

    Parameters
    ----------
    bid_price, bid_quantity, ask_price, ask_quantity : array_like of shape (M,) or (M, K)
        Levels of both sides, best first; Series and DataFrames too.
    levels : int, default 1
        How many levels count for the imbalance.

    Returns
    -------
    ndarray or Series of shape (M,)
        ``bid + I * (ask - bid)``, where I is the bids' share of what rests on the levels counted;
        NaN where a side is empty.

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
    .. [1] Stoikov (2018), "The micro-price: a high-frequency estimator of future prices",
       Quantitative Finance 18(12), section 2: the weighted mid price.

    Examples
    --------
    >>> microprice([100], [30], [102], [10])
    array([101.5])
    """
    names = "bid_price", "bid_quantity", "ask_price", "ask_quantity"
    values = bid_price, bid_quantity, ask_price, ask_quantity
    tables, index = read_tables(names, values, levels)
    out = np.empty(len(tables[0]))
    _microprice(*tables, out)
    return dressed(out, index, "microprice")


@njit
def _microprice(bid_price, bid_quantity, ask_price, ask_quantity, out):
    for at in range(out.size):
        out[at] = np.nan
        if bid_quantity.shape[1] > 0 and bid_quantity[at, 0] > 0 and ask_quantity[at, 0] > 0:
            bid = sum_of_best(bid_quantity, at)
            ask = sum_of_best(ask_quantity, at)
            spread = ask_price[at, 0] - bid_price[at, 0]
            out[at] = bid_price[at, 0] + spread * (bid / (bid + ask))
