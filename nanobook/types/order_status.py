"""The status of an order: where it is between submission and its end."""

from enum import StrEnum

from nanobook.errors import ValidationError

__all__ = ["OrderStatus"]


class OrderStatus(StrEnum):
    """Where an order, or a stop order, is in its life.

    An order goes from NEW over PARTIALLY_FILLED to FILLED or CANCELLED, a stop order from PENDING
    to TRIGGERED or CANCELLED. Members equal the strings that orders show (``"partiallyfilled"``);
    the results of a submission spell them as `display_name` does.
    """

    NEW = "new"
    PARTIALLY_FILLED = "partiallyfilled"
    FILLED = "filled"
    CANCELLED = "cancelled"
    PENDING = "pending"
    TRIGGERED = "triggered"

    @classmethod
    def from_code(cls, code):
        """Return the status that a record holds.

        Parameters
        ----------
        code : int
            From 0 to 5.

        Returns
        -------
        OrderStatus
            The status.

        Raises
        ------
        ValidationError
            If `code` is none of them.
        """
        status = _MEMBERS.get(code)
        if status is None:
            raise ValidationError(f"order status code must be from 0 to 5, got {code!r}")
        return status

    @property
    def code(self):
        """How records and kernels hold the status: NEW is 0, then in order up to TRIGGERED, 5."""
        return _CODES[self]

    @property
    def display_name(self):
        """The spelling of results and of the console, such as ``"PartiallyFilled"``."""
        return _DISPLAY_NAMES[self]

    @property
    def is_active(self):
        """Whether an order of this status may still trade, or a stop still trigger.

        The status alone can't tell of a PARTIALLY_FILLED order: it's active while it rests, but an
        IOC order keeps this status after its rest was cancelled.
        """
        return not self.is_terminal

    @property
    def is_terminal(self):
        """Whether the status is final: filled, cancelled or triggered."""
        return self in _TERMINAL


_CODES = {
    OrderStatus.NEW: 0,
    OrderStatus.PARTIALLY_FILLED: 1,
    OrderStatus.FILLED: 2,
    OrderStatus.CANCELLED: 3,
    OrderStatus.PENDING: 4,
    OrderStatus.TRIGGERED: 5,
}
_MEMBERS = {code: status for status, code in _CODES.items()}
_DISPLAY_NAMES = {
    status: status.name.replace("_", " ").title().replace(" ", "") for status in OrderStatus
}
_TERMINAL = frozenset({OrderStatus.FILLED, OrderStatus.CANCELLED, OrderStatus.TRIGGERED})
