"""How an order stands, waits, and where in its queue."""

from typing import NamedTuple

import numpy as np

from nanobook.types.codes import CANCELLED, PENDING, TIFS, TRAIL_AVERAGES, TRAIL_TYPES, TRIGGERED
from nanobook.types.order_status import OrderStatus
from nanobook.types.side import Side
from nanobook.types.time_in_force import TimeInForce

__all__ = ["Order", "QueuePosition", "stop_words", "stops_frame"]

_SIDES = {1: Side.BUY, -1: Side.SELL}
_TIFS = [TimeInForce(word) for word in TIFS]
_STATUSES = [OrderStatus.from_code(code) for code in range(4)]


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
        "atr_period": value["atr_period"] if value["trail_type"] in TRAIL_AVERAGES else None,
        "watermark": value["watermark"] if value["has_watermark"] else None,
        "child_id": value["child_id"] or None,
        "owner": None if value["owner"] < 0 else value["owner"],
        "tag": value["tag"],
    }


#: By code, as an OrderStatus spells them.
_STATUS_WORDS = [OrderStatus.from_code(code).value for code in range(6)]


def stops_frame(stops):
    """Return stop orders as a frame.

    Parameters
    ----------
    stops : ndarray of STOP
        Stop orders.

    Returns
    -------
    DataFrame
        A row for each, indexed by order_id, with what `stop_words` says; missing for None.
    """
    import pandas as pd

    def some(name, there):
        return pd.arrays.IntegerArray(stops[name].astype(np.int64), ~there)

    trails = stops["trail_type"] >= 0
    columns = {
        "side": pd.Categorical.from_codes((stops["side"] > 0).astype(np.int8), ("sell", "buy")),
        "stop_price": stops["stop_price"],
        "limit_price": some("limit_price", stops["has_limit"] != 0),
        "quantity": stops["quantity"],
        "status": pd.Categorical.from_codes(stops["status"], _STATUS_WORDS),
        "timestamp": stops["timestamp"],
        "time_in_force": pd.Categorical.from_codes(stops["tif"], TIFS),
        "trail_type": pd.Categorical.from_codes(stops["trail_type"], TRAIL_TYPES),
        "trail_value": np.where(trails, stops["trail_value"], np.nan),
        "atr_period": some("atr_period", np.isin(stops["trail_type"], TRAIL_AVERAGES)),
        "watermark": some("watermark", stops["has_watermark"] != 0),
        "child_id": some("child_id", stops["child_id"] != 0),
        "owner": some("owner", stops["owner"] >= 0),
        "tag": stops["tag"],
    }
    return pd.DataFrame(columns, index=pd.Index(stops["order_id"], name="order_id"))
