"""The side of an order: buy or sell."""

from enum import StrEnum

from nanobook.errors import ArgumentTypeError, ValidationError

__all__ = ["Side"]


class Side(StrEnum):
    """Buy or sell; equal to the strings ``"buy"`` and ``"sell"``."""

    BUY = "buy"
    SELL = "sell"

    @classmethod
    def parse(cls, text):
        """Return the side that a text names.

        Parameters
        ----------
        text : str
            ``buy``, ``b``, ``sell`` or ``s`` in any case, without blanks around; or a Side.

        Returns
        -------
        Side
            The side.

        Raises
        ------
        ArgumentTypeError
            If `text` isn't a string.
        ValidationError
            If `text` names no side.
        """
        if not isinstance(text, str):
            raise ArgumentTypeError(f"side must be a string, got {text!r}")
        side = _SPELLINGS.get(text.lower())
        if side is None:
            raise ValidationError(f"side must be 'buy', 'b', 'sell' or 's', got {text!r}")
        return side

    @classmethod
    def from_code(cls, code):
        """Return the side that a record holds.

        Parameters
        ----------
        code : int
            +1 or -1.

        Returns
        -------
        Side
            The side.

        Raises
        ------
        ValidationError
            If `code` is neither.
        """
        side = _SIDES.get(code)
        if side is None:
            raise ValidationError(f"side code must be 1 (buy) or -1 (sell), got {code!r}")
        return side

    @property
    def sign(self):
        """+1 to buy, -1 to sell: the direction in which a fill moves the position."""
        return 1 if self is Side.BUY else -1

    @property
    def code(self):
        """How records and kernels hold the side: its sign."""
        return self.sign

    @property
    def opposite(self):
        """The side that this one trades against."""
        return Side.SELL if self is Side.BUY else Side.BUY


_SPELLINGS = {"buy": Side.BUY, "b": Side.BUY, "sell": Side.SELL, "s": Side.SELL}
_SIDES = {side.code: side for side in Side}
