"""A price: a whole number of cents that shows itself in currency units."""

import operator
from numbers import Real

from nanobook.errors import ArgumentTypeError, RangeError

__all__ = ["Price"]


class Price(int):
    """An integer number of cents that prints as ``$100.50``.

    It is an ``int``, so it compares, hashes, indexes and goes into arrays as one. Arithmetic gives
    a plain ``int``: the product of two prices is no price. Zero and negative prices are legal.

    Parameters
    ----------
    cents : int
        The price in cents, from -2**63 to 2**63 - 1; anything with ``__index__``.

    Attributes
    ----------
    ZERO, MIN, MAX : Price
        Nothing, and the ends of the range; a market order carries MAX to buy and MIN to sell.

    Raises
    ------
    ArgumentTypeError
        If `cents` isn't an integer; a float isn't, not even 1.0.
    RangeError
        If `cents` doesn't fit in 64 bits.

    Examples
    --------
    >>> print(Price(10050), Price(-5))
    $100.50 $-0.05
    """

    __slots__ = ()

    def __new__(cls, cents):
        try:
            cents = operator.index(cents)
        except TypeError:
            raise ArgumentTypeError(
                f"cents must be an integer, got {cents!r}; Price.from_float takes currency units"
            ) from None
        if not -(2**63) <= cents < 2**63:
            raise RangeError(f"cents must be from -2**63 to 2**63 - 1, got {cents}")
        return super().__new__(cls, cents)

    @classmethod
    def from_float(cls, value):
        """Return the price nearest to a value in currency units.

        Rounds ``value * 100`` to the nearest cent, and half a cent away from zero. The product is
        a float: 1.005 lies below its own decimals and gives $1.00, as in the original.

        Parameters
        ----------
        value : float
            The value in currency units, say dollars.

        Returns
        -------
        Price
            The price, such that ``Price.from_float(price.to_float()) == price`` for any
            price of up to 2**44 currency units.

        Raises
        ------
        ArgumentTypeError
            If `value` isn't a real number.
        RangeError
            If `value` isn't finite, or more than a price can hold.
        """
        if not isinstance(value, Real):
            raise ArgumentTypeError(f"value must be a real number, got {value!r}")
        if not abs(value) < 1e17:  # also true of NaN
            raise RangeError(f"value must be finite and within Price.MIN and MAX, got {value!r}")
        cents = float(value) * 100
        whole = int(cents)
        if abs(cents - whole) >= 0.5:
            whole += 1 if cents > 0 else -1
        return cls(whole)

    def to_float(self):
        """Return the price in currency units.

        Returns
        -------
        float
            The float nearest to a hundredth of the cents.
        """
        return self / 100

    def __str__(self):
        units, cents = divmod(abs(self), 100)
        return f"${'-' if self < 0 else ''}{units}.{cents:02d}"

    def __repr__(self):
        return f"Price({int(self)})"


Price.ZERO = Price(0)
Price.MIN = Price(-(2**63))
Price.MAX = Price(2**63 - 1)
