"""A position in one symbol: shares, average entry price, and what has been earned on them."""

from dataclasses import dataclass

from nanobook.panel.arrays import as_integer
from nanobook.types.symbol import Symbol

__all__ = ["Position"]


@dataclass
class Position:
    """Shares of one symbol, in cents; costs never enter it.

    Parameters
    ----------
    symbol : str
        At most 8 bytes.
    quantity : int, default 0
        Shares; negative for a short.
    avg_entry_price : int, default 0
        Cents, truncated; 0 when flat.
    total_cost : int, default 0
        What the shares held cost, in cents; negative for a short.
    realized_pnl : int, default 0
        Cents earned by closing shares.
    """

    symbol: str
    quantity: int = 0
    avg_entry_price: int = 0
    total_cost: int = 0
    realized_pnl: int = 0

    def __post_init__(self):
        self.symbol = str(Symbol(self.symbol))

    def apply_fill(self, quantity, price):
        """Take in a trade: open, add, close part or all, or flip to the other side.

        A part that's closed leaves the average entry price as it was; the original let the
        average of a partly covered short grow.

        Parameters
        ----------
        quantity : int
            Shares bought, negative if sold.
        price : int
            Cents per share.

        Raises
        ------
        ArgumentTypeError
            If either isn't an integer.
        """
        quantity, price = as_integer("quantity", quantity), as_integer("price", price)
        held, after = self.quantity, self.quantity + quantity
        if quantity == 0:
            return
        if held * quantity >= 0:
            self.total_cost += quantity * price
        else:
            closed = min(abs(held), abs(quantity))
            side = 1 if held > 0 else -1
            self.realized_pnl += side * (price - self.avg_entry_price) * closed
            if held * after > 0:
                self.total_cost -= side * closed * self.avg_entry_price
            else:
                self.total_cost = after * price
        self.quantity = after
        self.avg_entry_price = abs(self.total_cost) // abs(after) if after else 0
        if self.total_cost * after < 0:  # possible only with negative prices
            self.avg_entry_price = -self.avg_entry_price

    def unrealized_pnl(self, price):
        """Return what closing at `price` would earn.

        Parameters
        ----------
        price : int
            Cents per share.

        Returns
        -------
        int
            Cents.
        """
        return (as_integer("price", price) - self.avg_entry_price) * self.quantity

    def market_value(self, price):
        """Return the shares' value; negative for a short.

        Parameters
        ----------
        price : int
            Cents per share.

        Returns
        -------
        int
            Cents.
        """
        return as_integer("price", price) * self.quantity

    def is_flat(self):
        """Return whether no shares are held.

        Returns
        -------
        bool
            True at quantity 0.
        """
        return self.quantity == 0

    def __repr__(self):
        return (
            f"Position(symbol={self.symbol}, qty={self.quantity}, "
            f"avg_price={self.avg_entry_price}, realized_pnl={self.realized_pnl})"
        )
