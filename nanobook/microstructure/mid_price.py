"""The price half-way between the best bid and the best ask."""

import numpy as np

from nanobook.jit import njit
from nanobook.microstructure.best import read_best
from nanobook.microstructure.tables import dressed

__all__ = ["fill_mid", "mid_price"]


def mid_price(bid_price, ask_price, bid_quantity=None, ask_quantity=None):
    """Return the mean of the best bid and the best ask.

    Parameters
    ----------
    bid_price, ask_price : array_like of shape (M,) or (M, K), Series or DataFrame
        Prices of both sides, best first.
    bid_quantity, ask_quantity : array_like of shape (M,) or (M, K), optional
        What rests at them. A side is empty where its best quantity isn't positive; without
        quantities, where its best price is 0.

    Returns
    -------
    ndarray or Series of shape (M,)
        ``(bid + ask) / 2``, of locked and crossed books as well; NaN where a side is empty.

    Raises
    ------
    ValidationError
        If the shapes or the indexes differ, or only one quantity is given.
    ArgumentTypeError
        If a value isn't a number.

    References
    ----------
    .. [1] Harris (2003), "Trading and Exchanges", chapter 14: the quotation midpoint.

    Examples
    --------
    >>> mid_price([100, 0, 100], [103, 103, 99])
    array([101.5,   nan,  99.5])
    """
    bid, ask, index = read_best(bid_price, ask_price, bid_quantity, ask_quantity)
    out = np.empty(bid.size)
    fill_mid(bid, ask, out)
    return dressed(out, index, "mid_price")


@njit
def fill_mid(bid, ask, out):
    """Fill ``out`` with the mean of two columns of prices; NaN where either is."""
    for at in range(out.size):
        out[at] = bid[at] + (ask[at] - bid[at]) / 2.0
