"""Figures of whole columns of a book's states, orders and trades.

Prices and quantities are as samples have them: of shape (M, levels), the best level first,
quantity 0 where there's no level. What can't be said is NaN. Figures that need no book are in
`nanobook.microstructure`.
"""

import numpy as np

from nanobook.errors import ValidationError
from nanobook.jit import njit
from nanobook.microstructure import microprice, order_imbalance
from nanobook.microstructure.tables import read_tables
from nanobook.panel.arrays import as_count
from nanobook.types.records import BOOK_ORDER

__all__ = ["microprice", "order_imbalance", "queue_positions", "sweep_price", "vwap"]


def sweep_price(price, quantity, wanted):
    """Return the average price of taking a quantity from one side of the book.

    Parameters
    ----------
    price, quantity : array_like of shape (M,) or (M, K)
        The levels of the side that is taken from, best first.
    wanted : int
        How much is taken, at least 1.

    Returns
    -------
    ndarray of shape (M,)
        The average price; NaN where the levels hold less than `wanted`.

    Raises
    ------
    ValidationError
        If the shapes differ.
    ArgumentTypeError
        If a value isn't a number.
    RangeError
        If `wanted` is below 1.

    Examples
    --------
    >>> sweep_price([[100, 101]], [[10, 30]], 20)
    array([100.5])
    """
    wanted = as_count("wanted", wanted, least=1)
    tables, _ = read_tables(("price", "quantity"), (price, quantity))
    out = np.empty(len(tables[0]))
    _sweep_price(*tables, float(wanted), out)
    return out


def vwap(price, quantity):
    """Return an average price weighted by quantity.

    Parameters
    ----------
    price, quantity : array_like of shape (M,)
        Of trades, say the fields of a TRADE array.

    Returns
    -------
    float
        The average; NaN if nothing was traded.

    Raises
    ------
    ValidationError
        If the shapes differ, or aren't of one axis.
    ArgumentTypeError
        If a value isn't a number.

    Examples
    --------
    >>> vwap([100, 103], [20, 10])
    101.0
    """
    (price, quantity), _ = read_tables(("price", "quantity"), (price, quantity))
    if price.shape[1] != 1:
        raise ValidationError(f"price must have one axis, got {price.shape[1]} columns")
    return float(_vwap(price[:, 0], quantity[:, 0]))


def queue_positions(queues):
    """Return what stands before each order at its price.

    Parameters
    ----------
    queues : ndarray of BOOK_ORDER
        As `Exchange.queues` gives them: of each side the next to trade first.

    Returns
    -------
    orders, quantity : ndarray of shape (M,)
        Orders and quantity ahead of each.

    Raises
    ------
    ValidationError
        If it's another kind of array.

    Examples
    --------
    >>> exchange = Exchange()
    >>> for quantity in (5, 7, 9):
    ...     _ = exchange.submit_limit("buy", 100, quantity)
    >>> queue_positions(exchange.queues())
    (array([0, 1, 2]), array([ 0,  5, 12]))
    """
    if getattr(queues, "dtype", None) != BOOK_ORDER or queues.ndim != 1:
        raise ValidationError("queues must be an array of BOOK_ORDER, as Exchange.queues gives")
    orders, quantity = np.empty(len(queues), np.int64), np.empty(len(queues), np.int64)
    columns = (np.ascontiguousarray(queues[name]) for name in ("side", "price", "quantity"))
    _queue_positions(*columns, orders, quantity)
    return orders, quantity


@njit
def _sweep_price(price, quantity, wanted, out):
    for at in range(out.size):
        left, above = wanted, 0.0
        for level in range(price.shape[1]):
            if left > 0 and quantity[at, level] > 0:
                taken = min(left, quantity[at, level])
                above += taken * (price[at, level] - price[at, 0])
                left -= taken
        out[at] = price[at, 0] + above / wanted if left <= 0 else np.nan


@njit
def _vwap(price, quantity):
    notional, total = 0.0, 0.0
    for at in range(price.size):
        notional += quantity[at] * (price[at] - price[0])
        total += quantity[at]
    return price[0] + notional / total if total > 0 else np.nan


@njit
def _queue_positions(side, price, quantity, orders_ahead, quantity_ahead):
    for at in range(side.size):
        if at > 0 and side[at] == side[at - 1] and price[at] == price[at - 1]:
            orders_ahead[at] = orders_ahead[at - 1] + 1
            quantity_ahead[at] = quantity_ahead[at - 1] + quantity[at - 1]
        else:
            orders_ahead[at] = 0
            quantity_ahead[at] = 0
