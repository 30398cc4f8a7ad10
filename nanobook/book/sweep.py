"""What it would cost to take a quantity from the book."""

from typing import NamedTuple

__all__ = ["SweepCost", "price_sweep"]


class SweepCost(NamedTuple):
    """What a market order would pay or get.

    Parameters
    ----------
    filled_quantity : int
        What the book could give of the quantity asked for.
    notional : int
        Sum of price times quantity.
    average_price : float or None
        Notional by quantity, None if nothing could be had.
    worst_price : int or None
        The last price reached.
    levels : int
        Levels touched.
    slippage : float
        How much worse the average is than the best price, never negative.
    """

    filled_quantity: int
    notional: int
    average_price: float | None
    worst_price: int | None
    levels: int
    slippage: float


def price_sweep(taken):
    """Return the cost of what is taken of levels.

    Parameters
    ----------
    taken : list of (price, quantity, order_count)
        Levels touched, best first, each with the quantity taken of it.

    Returns
    -------
    SweepCost
        Exact sums; the number of orders doesn't matter.
    """
    quantity = sum(level[1] for level in taken)
    notional = sum(level[0] * level[1] for level in taken)
    if not quantity:
        return SweepCost(0, 0, None, None, 0, 0.0)
    best = taken[0][0]
    slippage = abs(notional - best * quantity) / quantity
    return SweepCost(quantity, notional, notional / quantity, taken[-1][0], len(taken), slippage)
