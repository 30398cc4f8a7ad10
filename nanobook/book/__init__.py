"""The limit order book: where orders meet.

An `Exchange` holds one book. Its state is a `Store` of struct arrays that kernels change:
`queue` and `levels` say how orders rest, `matching` where two meet, `submit` what becomes of an
order, `instructions` what can be asked for, `batch` how a stream of messages runs through.
"""

from nanobook.book.analytics import (
    microprice,
    order_imbalance,
    queue_positions,
    sweep_price,
    vwap,
)
from nanobook.book.events import Event
from nanobook.book.exchange import Exchange
from nanobook.book.many import process_many
from nanobook.book.multi import MultiExchange
from nanobook.book.multi_result import MultiResult
from nanobook.book.order import Order, QueuePosition
from nanobook.book.process import BookSamples, ProcessResult
from nanobook.book.results import (
    CancelAllResult,
    CancelResult,
    ModifyResult,
    StopSubmitResult,
    SubmitResult,
)
from nanobook.book.snapshot import BookSnapshot, LevelSnapshot
from nanobook.book.sweep import SweepCost
from nanobook.book.trade import Trade
from nanobook.types.records import (
    BOOK_ORDER,
    EXTENDED_MESSAGE,
    MESSAGE,
    ORDER_RESULT,
    ORDER_STATE,
    STOP,
    TRADE,
)

__all__ = [
    "BOOK_ORDER",
    "EXTENDED_MESSAGE",
    "MESSAGE",
    "ORDER_RESULT",
    "ORDER_STATE",
    "STOP",
    "TRADE",
    "BookSamples",
    "BookSnapshot",
    "CancelAllResult",
    "CancelResult",
    "Event",
    "Exchange",
    "LevelSnapshot",
    "ModifyResult",
    "MultiExchange",
    "MultiResult",
    "Order",
    "ProcessResult",
    "QueuePosition",
    "StopSubmitResult",
    "SubmitResult",
    "SweepCost",
    "Trade",
    "microprice",
    "order_imbalance",
    "process_many",
    "queue_positions",
    "sweep_price",
    "vwap",
]
