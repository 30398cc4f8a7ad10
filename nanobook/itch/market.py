"""What kernels know of the market that a feed describes: books by locate, samples, trades.

A feed's book may be locked or crossed, so each side is a book of its own with nothing on the
other side: queues, levels and ladder are those of the order book's room.
"""

import numpy as np

from nanobook.book.machine import record_at
from nanobook.itch.layout import LETTERS
from nanobook.itch.reader import word_at
from nanobook.itch.references import TABLE
from nanobook.jit import njit

__all__ = ["FEED_ORDER", "FEED_TRADE", "MARKET", "ORDER_WORDS", "SAMPLE", "SYMBOL", "TRADE_WORDS"]
__all__ += ["counter_at", "side_address", "symbol_at", "table_of"]

#: How one symbol stands.
SYMBOL = np.dtype(
    [
        ("locate", np.int64),
        ("sides", np.int64, (2,)),  # addresses of the bids' and the asks' headers, 0 before any
        ("message", np.int64),  # its last message
        ("unknown_references", np.int64),
        ("duplicate_references", np.int64),
        ("malformed", np.int64),
        ("locked", np.int64),  # messages after which the best prices were equal
        ("crossed", np.int64),
        ("counts", np.int64, (len(LETTERS) + 1,)),  # messages by code
    ]
)

#: When a row of samples was taken, and whose it is.
SAMPLE = np.dtype([("message", np.int64), ("timestamp_ns", np.int64), ("locate", np.int64)])

#: A resting order in a sample of all orders.
FEED_ORDER = np.dtype(
    [
        ("row", np.int64),  # of the samples
        ("side", np.int64),  # +1 buy, -1 sell
        ("price", np.int64),  # in 1/10000
        ("reference", np.uint64),
        ("quantity", np.int64),
    ]
)

#: A trade that the feed tells of.
FEED_TRADE = np.dtype(
    [
        ("message", np.int64),
        ("timestamp_ns", np.int64),
        ("locate", np.int64),
        ("price", np.int64),  # in 1/10000
        ("quantity", np.int64),
        ("aggressor_side", np.int64),  # +1 buy, -1 sell, 0 not known
        ("reference", np.uint64),  # of the order that rested; 0 for a cross
        ("match", np.uint64),
        ("printable", np.int8),  # 0 if it's left out of the volume
        ("broken", np.int8),  # 1 if it was taken back later
        ("kind", "S1"),  # the message's letter
    ],
    align=True,
)


def _signed(dtype):
    """Return a dtype in signed numbers, of the same shape: what kernels write."""
    kinds = {np.dtype(np.uint64): np.dtype(np.int64), np.dtype("S1"): np.dtype(np.int8)}
    fields = [(name, kinds.get(dtype[name], dtype[name])) for name in dtype.names]
    return np.dtype(fields, align=True)


ORDER_WORDS, TRADE_WORDS = _signed(FEED_ORDER), _signed(FEED_TRADE)

#: The market's header.
MARKET = np.dtype(
    [
        ("references", TABLE),
        ("symbols_at", np.int64),
        ("symbols", np.int64),
        ("symbols_room", np.int64),
        ("numbers_at", np.int64),  # by locate, a symbol's number and one; 0 for none
        ("locate", np.int64),  # whose book must be made
        ("side", np.int64),  # which side's arrays must grow, NIL none
        # Trades, and the match numbers of those taken back.
        ("trades_at", np.int64),
        ("trades", np.int64),
        ("trades_room", np.int64),
        ("broken_at", np.int64),
        ("broken", np.int64),
        ("broken_room", np.int64),
        # Samples: when, and prices and quantities of so many levels; orders if they are wanted.
        ("samples_at", np.int64),
        ("levels_at", np.int64),
        ("samples", np.int64),
        ("samples_room", np.int64),
        ("levels", np.int64),
        ("orders_at", np.int64),
        ("orders", np.int64),
        ("orders_room", np.int64),
        ("with_orders", np.int64),
        ("rows_needed", np.int64),
        ("orders_needed", np.int64),
        # When: after so many messages, with so many to go; or at a time, the next of a grid, or
        # of a list.
        ("every", np.int64),
        ("countdown", np.int64),
        ("grid", np.int64),
        ("next_time", np.int64),
        ("times_at", np.int64),
        ("times", np.int64),
        ("times_used", np.int64),
        # Bits by locate: those with a message since the last sample (grid), or any (list).
        ("marks_at", np.int64),
        ("marked", np.int64),
    ]
)

_SYMBOL_SIZE = SYMBOL.itemsize
_SIDES, _COUNTS = SYMBOL.fields["sides"][1], SYMBOL.fields["counts"][1]
_REFERENCES = MARKET.fields["references"][1]


@njit
def symbol_at(market, number):
    """Return the address of a symbol."""
    return record_at(market, MARKET)["symbols_at"] + number * _SYMBOL_SIZE


@njit
def side_address(symbol, row):
    """Return the address of the header of a symbol's bids (0) or asks (1)."""
    return word_at(symbol + _SIDES, row)["value"]


@njit
def counter_at(symbol, code):
    """Return the word that counts a symbol's messages of a type."""
    return word_at(symbol + _COUNTS, code)


@njit
def table_of(market):
    """Return the address of the table of references."""
    return market + _REFERENCES
