"""What the methods of an exchange hand back: plain objects that compare, pickle and print."""

from typing import NamedTuple

from nanobook.book.trade import trades_of
from nanobook.types.codes import ERRORS, TRIGGERED
from nanobook.types.order_status import OrderStatus
from nanobook.types.submit_status import SubmitStatus

__all__ = [
    "CancelAllResult",
    "CancelResult",
    "ModifyResult",
    "StopSubmitResult",
    "SubmitResult",
]

_SUBMIT_STATUSES = [SubmitStatus(OrderStatus.from_code(code).display_name) for code in range(4)]


class _Placed:
    """What a kernel says of an order that was placed, dressed when it's asked for.

    The numbers are order id, status, filled, resting and cancelled quantity, where the order's
    trades begin on the tape and how many they are.
    """

    __slots__ = ("_numbers", "_tape")

    @classmethod
    def _of(cls, numbers, tape):
        result = cls()
        result._numbers, result._tape = numbers, tape
        return result

    @property
    def filled_quantity(self):
        """What was traded at once."""
        return self._numbers[2]

    @property
    def resting_quantity(self):
        """What rests in the book."""
        return self._numbers[3]

    @property
    def cancelled_quantity(self):
        """What was cancelled."""
        return self._numbers[4]

    @property
    def cascade_limit_hit(self):
        """Whether stop orders that it set off were left waiting after the last round allowed."""
        return self._numbers[1] >= 8

    @property
    def trades(self):
        """The order's own trades, oldest first: a new list of Trade."""
        first, count = self._numbers[5:7]
        return trades_of(self._tape[first : first + count]) if count else []

    def _key(self):
        return (*self._numbers[:5], *self._numbers[6:], *self.trades)

    def __eq__(self, other):
        if type(other) is not type(self):
            return NotImplemented
        return self._key() == other._key()

    def __hash__(self):
        return hash(self._key())

    def __getstate__(self):
        numbers = self._numbers
        first, count = numbers[5:7]
        tape = self._tape[first : first + count].copy() if count else None
        return (*numbers[:5], 0, *numbers[6:]), tape

    def __setstate__(self, state):
        self._numbers, self._tape = state


class SubmitResult(_Placed):
    """What became of a submission at once. Filled, resting and cancelled add up to its quantity."""

    __slots__ = ()

    @property
    def order_id(self):
        """The id that the order got."""
        return self._numbers[0]

    @property
    def status(self):
        """A SubmitStatus: New, PartiallyFilled, Filled or Cancelled."""
        return _SUBMIT_STATUSES[self._numbers[1] & 7]

    def __repr__(self):
        return (
            f"SubmitResult(order_id={self.order_id}, status='{self.status}', "
            f"filled={self.filled_quantity}, resting={self.resting_quantity}, "
            f"cancelled={self.cancelled_quantity}, trades={self._numbers[6]})"
        )


class ModifyResult(_Placed):
    """Whether an order was replaced, and what became of its replacement at once.

    The cancelled quantity is what remained of the old order.
    """

    __slots__ = ()  # behind the numbers stands the old order's id

    @property
    def success(self):
        """Whether it was."""
        return self._numbers[0] > 0

    @property
    def old_order_id(self):
        """The id that was to be replaced."""
        return self._numbers[7]

    @property
    def new_order_id(self):
        """The id of the replacement, None if there's none."""
        return self._numbers[0] or None

    @property
    def status(self):
        """The replacement's SubmitStatus, None if there's none."""
        return _SUBMIT_STATUSES[self._numbers[1] & 7] if self.success else None

    @property
    def error(self):
        """None, or why not: InvalidQuantity, OrderNotFound, OrderNotActive."""
        return None if self.success else ERRORS[self._numbers[1]]

    def __repr__(self):
        if self.success:
            return (
                f"ModifyResult(success=True, old={self.old_order_id}, "
                f"new=Some({self.new_order_id}), trades={self._numbers[6]})"
            )
        return f"ModifyResult(success=False, error='{self.error}')"


class StopSubmitResult:
    """Whether a stop order waits or was triggered at once."""

    __slots__ = ("_numbers",)  # its id, and its status with the flag of the cascade

    @classmethod
    def _of(cls, numbers):
        result = cls()
        result._numbers = numbers[:2]
        return result

    @property
    def order_id(self):
        """The id that the stop order got; the order it becomes gets another."""
        return self._numbers[0]

    @property
    def status(self):
        """A SubmitStatus: Pending or Triggered."""
        return SubmitStatus.TRIGGERED if self._numbers[1] & 7 == TRIGGERED else SubmitStatus.PENDING

    @property
    def cascade_limit_hit(self):
        """Whether stop orders that it set off were left waiting after the last round allowed."""
        return self._numbers[1] >= 8

    def __eq__(self, other):
        if not isinstance(other, StopSubmitResult):
            return NotImplemented
        return self._numbers == other._numbers

    def __hash__(self):
        return hash(self._numbers)

    def __getstate__(self):
        return (self._numbers,)

    def __setstate__(self, state):
        (self._numbers,) = state

    def __repr__(self):
        return f"StopSubmitResult(order_id={self.order_id}, status='{self.status}')"


class CancelResult:
    """Whether an order was cancelled or reduced, and by how much."""

    __slots__ = ("_number",)  # the quantity, or -1 less an error's code

    @classmethod
    def _of(cls, number):
        result = cls()
        result._number = number
        return result

    @property
    def success(self):
        """Whether it was."""
        return self._number >= 0

    @property
    def cancelled_quantity(self):
        """What was taken out of the book."""
        return max(0, self._number)

    @property
    def error(self):
        """None, or why not: OrderNotFound, OrderNotActive, InvalidQuantity."""
        return None if self._number >= 0 else ERRORS[-1 - self._number]

    def __eq__(self, other):
        if not isinstance(other, CancelResult):
            return NotImplemented
        return self._number == other._number

    def __hash__(self):
        return hash(self._number)

    def __getstate__(self):
        return (self._number,)

    def __setstate__(self, state):
        (self._number,) = state

    def __repr__(self):
        if self.success:
            return f"CancelResult(success=True, cancelled_quantity={self.cancelled_quantity})"
        return f"CancelResult(success=False, error='{self.error}')"


class CancelAllResult(NamedTuple):
    """What was cancelled together.

    Parameters
    ----------
    cancelled_orders : int
        How many orders.
    cancelled_quantity : int
        What remained of them.
    """

    cancelled_orders: int
    cancelled_quantity: int
