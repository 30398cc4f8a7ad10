"""The status of a submission, as its result spells it."""

from enum import StrEnum

__all__ = ["SubmitStatus"]


class SubmitStatus(StrEnum):
    """What became of an order at once; equal to the strings of the original's results.

    The same order asked for later has an `OrderStatus`, whose spelling differs.
    """

    NEW = "New"
    PARTIALLY_FILLED = "PartiallyFilled"
    FILLED = "Filled"
    CANCELLED = "Cancelled"
    PENDING = "Pending"
    TRIGGERED = "Triggered"
