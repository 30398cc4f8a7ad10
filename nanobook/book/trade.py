"""Two orders that met."""

from typing import NamedTuple

from nanobook.types.side import Side

__all__ = ["Trade", "dollars", "trades_of"]

_SIDES = {1: Side.BUY, -1: Side.SELL}


def dollars(cents):
    """Return a price as text: ``$1.00``, ``$-0.05``.

    Parameters
    ----------
    cents : int
        The price.

    Returns
    -------
    str
        With two decimals.
    """
    sign = "-" if cents < 0 else ""
    return f"${sign}{abs(cents) // 100}.{abs(cents) % 100:02d}"


class Trade(NamedTuple):
    """Two orders that met.

    Parameters
    ----------
    trade_id : int
        From 1 on, in the order of execution.
    price : int
        The resting order's price.
    quantity : int
        At least 1.
    aggressor_side : Side
        The side of the order that came.
    aggressor_order_id, passive_order_id : int
        The order that came, and the one that rested.
    timestamp : int
        A logical tick.
    """

    trade_id: int
    price: int
    quantity: int
    aggressor_side: Side
    aggressor_order_id: int
    passive_order_id: int
    timestamp: int

    @property
    def price_float(self):
        """The price in currency units of a hundred."""
        return self.price / 100.0

    @property
    def notional(self):
        """Price times quantity."""
        return self.price * self.quantity

    @staticmethod
    def vwap(trades):
        """Return the average price of trades, weighted by quantity.

        Parameters
        ----------
        trades : iterable of Trade
            Trades.

        Returns
        -------
        int or None
            Truncated toward zero; None without trades. `nanobook.vwap` gives a float.
        """
        trades = list(trades)
        quantity = sum(trade.quantity for trade in trades)
        if quantity == 0:
            return None
        notional = sum(trade.price * trade.quantity for trade in trades)
        return notional // quantity if notional >= 0 else -(-notional // quantity)

    def __repr__(self):
        return (
            f"Trade(id={self.trade_id}, price={dollars(self.price)}, qty={self.quantity}, "
            f"side='{self.aggressor_side}')"
        )


def trades_of(rows):
    """Return the Trade objects of struct rows.

    Parameters
    ----------
    rows : ndarray of TRADE
        Trades.

    Returns
    -------
    list of Trade
        In the order of the rows.
    """
    return [
        Trade(number, price, quantity, _SIDES[side], aggressor, passive, timestamp)
        for number, price, quantity, aggressor, passive, side, timestamp in rows.tolist()
    ]
