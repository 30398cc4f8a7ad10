"""What the methods of an exchange hand back: plain objects that compare, pickle and print."""

from typing import NamedTuple

from nanobook.types.codes import CANCELLED, ERRORS, PENDING, TIFS, TRAIL_TYPES, TRIGGERED
from nanobook.types.order_status import OrderStatus
from nanobook.types.side import Side
from nanobook.types.submit_status import SubmitStatus
from nanobook.types.time_in_force import TimeInForce

__all__ = [
    "CancelAllResult",
    "CancelResult",
    "ModifyResult",
    "Order",
    "QueuePosition",
    "StopSubmitResult",
    "SubmitResult",
    "SweepCost",
    "Trade",
    "stop_words",
    "trades_of",
]

_SIDES = {1: Side.BUY, -1: Side.SELL}
_TIFS = [TimeInForce(word) for word in TIFS]
_STATUSES = [OrderStatus.from_code(code) for code in range(4)]
_SUBMIT_STATUSES = [SubmitStatus(status.display_name) for status in _STATUSES]


def dollars(cents):
    """Return a price as text: ``$1.00``, ``$-0.05``."""
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


class Order:
    """How an order stands; what becomes of it later doesn't change this."""

    __slots__ = ("_row",)  # the fields of ORDER_STATE

    @classmethod
    def _of(cls, row):
        order = cls()
        order._row = row
        return order

    @property
    def id(self):
        """Its order id."""
        return self._row[0]

    @property
    def side(self):
        """Buy or sell, a Side."""
        return _SIDES[self._row[1]]

    @property
    def price(self):
        """Its limit; a market order's is the end of the range of int64."""
        return self._row[2]

    @property
    def original_quantity(self):
        """What it was for. An order that was reduced counts as if it had been for less."""
        return self._row[3]

    @property
    def remaining_quantity(self):
        """What was neither traded nor cancelled; of an IOC order, what nobody took."""
        return self._row[4]

    @property
    def filled_quantity(self):
        """What was traded."""
        return self._row[5]

    @property
    def status(self):
        """An OrderStatus; an IOC order that traded in part stays PARTIALLY_FILLED for good."""
        return _STATUSES[self._row[6]]

    @property
    def time_in_force(self):
        """A TimeInForce."""
        return _TIFS[self._row[7]]

    @property
    def timestamp(self):
        """The logical tick of its submission."""
        return self._row[8]

    @property
    def owner(self):
        """Whose it is, for the prevention of self-trades; None if nobody's."""
        owner = self._row[9]
        return None if owner < 0 else owner

    @property
    def tag(self):
        """What its client calls it, 0 for nothing."""
        return self._row[10]

    @property
    def is_active(self):
        """Whether it rests in the book."""
        return self._row[11] == 1

    def __eq__(self, other):
        if not isinstance(other, Order):
            return NotImplemented
        return self._row == other._row

    def __hash__(self):
        return hash(self._row)

    def __getstate__(self):
        return (self._row,)

    def __setstate__(self, state):
        (self._row,) = state

    def __repr__(self):
        return (
            f"Order(id={self.id}, side={self.side}, price={self.price}, "
            f"qty={self.filled_quantity}/{self.original_quantity}, status={self.status})"
        )


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


class QueuePosition(NamedTuple):
    """Where a resting order stands.

    Parameters
    ----------
    orders_ahead, quantity_ahead : int
        What trades before it at its price.
    level_orders, level_quantity : int
        What rests at its price altogether, itself included.
    better_quantity : int
        What rests at better prices of its side.
    """

    orders_ahead: int
    quantity_ahead: int
    level_orders: int
    level_quantity: int
    better_quantity: int


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


_STOP_STATUSES = {
    int(PENDING): OrderStatus.PENDING,
    int(TRIGGERED): OrderStatus.TRIGGERED,
    int(CANCELLED): OrderStatus.CANCELLED,
}


def stop_words(row):
    """Return what a row of STOP says, in words.

    Parameters
    ----------
    row : record of STOP
        One stop order.

    Returns
    -------
    dict
        As `Exchange.get_stop_order` describes it.
    """
    value = {name: row[name].item() for name in row.dtype.names}
    trails = value["trail_type"] >= 0
    return {
        "id": value["order_id"],
        "side": _SIDES[value["side"]],
        "stop_price": value["stop_price"],
        "limit_price": value["limit_price"] if value["has_limit"] else None,
        "quantity": value["quantity"],
        "status": _STOP_STATUSES[value["status"]],
        "timestamp": value["timestamp"],
        "time_in_force": _TIFS[value["tif"]],
        "trail_type": TRAIL_TYPES[value["trail_type"]] if trails else None,
        "trail_value": value["trail_value"] if trails else None,
        "atr_period": value["atr_period"] if value["trail_type"] == 2 else None,
        "watermark": value["watermark"] if value["has_watermark"] else None,
        "child_id": value["child_id"] or None,
        "owner": None if value["owner"] < 0 else value["owner"],
        "tag": value["tag"],
    }
