"""How far apart the best bid and the best ask are."""

import numpy as np

from nanobook.jit import njit
from nanobook.microstructure.best import read_best
from nanobook.microstructure.tables import dressed
from nanobook.microstructure.units import in_unit, read_unit

__all__ = ["quoted_spread"]


def quoted_spread(bid_price, ask_price, bid_quantity=None, ask_quantity=None, *, unit="price"):
    """Return the best ask less the best bid.

    Parameters
    ----------
    bid_price, ask_price : array_like of shape (M,) or (M, K), Series or DataFrame
        Prices of both sides, best first.
    bid_quantity, ask_quantity : array_like of shape (M,) or (M, K), optional
        What rests at them. A side is empty where its best quantity isn't positive; without
        quantities, where its best price is 0.
    unit : {"price", "fraction", "bps"}, default "price"
        The prices' own, fractions of the mid price, or hundredths of a percent of it.

    Returns
    -------
    ndarray or Series of shape (M,)
        0 of a locked book, negative of a crossed one; NaN where a side is empty, and, as a part
        of the mid price, where that isn't positive.

    Raises
    ------
    ValidationError
        If the shapes or the indexes differ, only one quantity is given, or the unit isn't known.
    ArgumentTypeError
        If a value isn't a number.

    References
    ----------
    .. [1] Huang, Stoll (1996), "Dealer versus auction markets: a paired comparison of execution
       costs on NASDAQ and the NYSE", Journal of Financial Economics 41(3).

    Examples
    --------
    >>> quoted_spread([99, 100, 0], [101, 100, 101])
    array([ 2.,  0., nan])
    >>> quoted_spread([99], [101], unit="bps")
    array([200.])
    """
    factor = read_unit(unit)
    bid, ask, index = read_best(bid_price, ask_price, bid_quantity, ask_quantity)
    out = np.empty(bid.size)
    _quoted_spread(bid, ask, factor, out)
    return dressed(out, index, "quoted_spread")


@njit
def _quoted_spread(bid, ask, factor, out):
    for at in range(out.size):
        spread = ask[at] - bid[at]
        out[at] = in_unit(spread, bid[at] + spread / 2.0, factor)
