"""The words of the trade: a price in cents, a symbol of eight bytes, a side, a time in force, the
status of an order.

The enums equal the strings of the seed's door, and each member has the `code` that struct arrays
and kernels hold in its place. Those have their own pages: `records` and `codes`.
"""

from nanobook.types.order_status import OrderStatus
from nanobook.types.price import Price
from nanobook.types.side import Side
from nanobook.types.submit_status import SubmitStatus
from nanobook.types.symbol import Symbol
from nanobook.types.time_in_force import TimeInForce

__all__ = ["OrderStatus", "Price", "Side", "SubmitStatus", "Symbol", "TimeInForce"]
