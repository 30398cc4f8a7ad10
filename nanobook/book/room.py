"""Whether a message fits, whatever happens to it: asked before anything changes."""

from nanobook.book.distances import SUMS_ROOM
from nanobook.book.header import ASKS, BIDS, head_of, row_side, side_of
from nanobook.book.stops import ROUNDS
from nanobook.jit import njit

__all__ = ["ladder_waits", "short_of_cascade", "short_of_room", "short_of_sums", "trade_waits"]


@njit
def short_of_room(book):
    """Return whether a message more might find no room; there must be some for its trades."""
    head = head_of(book)
    if head["credit"] > 0:
        head["credit"] -= 1
        return False
    return _count_credit(book)


@njit
def _count_credit(book):
    """Count how many messages there's room for, whatever they ask; return whether for none."""
    head = head_of(book)
    live = side_of(book, BIDS)["live"] + side_of(book, ASKS)["live"]
    credit = min(
        head["orders_room"] - live,
        head["levels_room"] - head["level_count"],
        head["rows_room"] - (head["elders"] + head["next_id"] - head["base_id"]),
    )
    if head["records"] != 0:
        credit = min(credit, (head["events_room"] - head["events"]) >> 1)
    head["credit"] = credit - 1 if credit > 0 else 0
    return credit <= 0


@njit
def _short_of_trades(book, side, quantity):
    """Return whether an order that crosses might make more trades than there's room for."""
    head = head_of(book)
    needed = min(side_of(book, row_side(-side))["live"], quantity)
    if head["trades"] + needed <= head["trades_room"]:
        return False
    head["needed"] = needed
    return True


@njit
def short_of_cascade(book):
    """Return whether there might be too little room for what the pending stop orders become."""
    head = head_of(book)
    live = side_of(book, BIDS)["live"] + side_of(book, ASKS)["live"]
    orders = head["pending"] + 1
    # Every trade uses up an order: one that rests, comes to rest, or comes to trade.
    needed = live + 2 * orders
    if head["trades"] + needed > head["trades_room"]:
        head["needed"] = needed
        return True
    rows = head["elders"] + head["next_id"] - head["base_id"]
    return (
        live + orders > head["orders_room"]
        or head["level_count"] + orders > head["levels_room"]
        or rows + orders > head["rows_room"]
    )


@njit
def short_of_sums(book):
    """Return whether the ring of price changes should grow first."""
    head = head_of(book)
    room = head["sums_room"]
    return room < SUMS_ROOM and head["passes"] + ROUNDS >= room


@njit
def trade_waits(book, side, quantity):
    """Return whether an order that crosses must wait for room."""
    if short_of_sums(book):
        return True
    if head_of(book)["pending"] != 0:
        return short_of_cascade(book)
    return _short_of_trades(book, side, quantity)


@njit
def ladder_waits(book):
    """Return whether it's worth while to place the ladder anew first."""
    head = head_of(book)
    return head["far_work"] >= head["patience"]
