"""Stop orders: kept until the last price reaches them, then submitted."""

import numpy as np

from nanobook.book.bars import build_bars, find_average
from nanobook.book.groups import have_group, leave_group, refresh_stops
from nanobook.book.header import head_of, heap_at, heap_size, link_at, row_side, stop_at
from nanobook.book.heaps import (
    BY_PRICE,
    IN_GROUP,
    MOVING,
    ON_BARS,
    REACHED,
    WAITING,
    append,
    first_of,
    push,
    remove,
)
from nanobook.book.ids import STOP, new_row, set_state
from nanobook.book.submit import place
from nanobook.book.trailing import follow_mark, move_trailing_stops
from nanobook.jit import njit
from nanobook.types.codes import (
    IOC,
    PENDING,
    TRAIL_SMA_ABS_CHANGE,
    TRAIL_TRUE_ATR,
    TRIGGERED,
)
from nanobook.types.records import NIL

__all__ = ["ROUNDS", "add_stop", "file_stops", "is_reached", "trigger_stops", "withdraw_stop"]

#: A cascade of stops ends after so many rounds.
ROUNDS = 100

_ZERO = np.int64(0)
_LOWEST, _HIGHEST = np.iinfo(np.int64).min, np.iinfo(np.int64).max


@njit
def add_stop(
    book,
    side,
    tif,
    stop_price,
    limit_price,
    has_limit,
    quantity,
    owner,
    tag,
    trail_type,
    trail_value,
    atr_period,
):
    """Keep a stop order, pending; there must be room. Return its number."""
    head = head_of(book)
    order_id = head["next_id"]
    timestamp = order_id + head["next_trade"] - 1
    row = new_row(book, side, tif, stop_price, quantity, owner, tag)
    stop = head["stops"]
    head["stops"] = stop + 1
    set_state(book, row, stop, STOP)
    order = stop_at(book, stop)
    order["order_id"] = order_id
    order["stop_price"] = stop_price
    order["limit_price"] = limit_price
    order["quantity"] = quantity
    order["watermark"] = 0
    order["trail_value"] = trail_value
    order["child_id"] = 0
    order["timestamp"] = timestamp
    order["owner"] = owner
    order["tag"] = tag
    order["side"] = side
    order["tif"] = tif
    order["status"] = PENDING
    order["has_limit"] = has_limit
    order["has_watermark"] = 0
    order["trail_type"] = trail_type
    order["atr_period"] = atr_period
    order["spare"] = 0
    link = link_at(book, stop)
    link["average"] = find_average(book, atr_period) if trail_type == TRAIL_TRUE_ATR else NIL
    _file(book, stop)
    head["pending"] += 1
    head["total"] += quantity
    return stop


@njit
def _file(book, stop):
    """Put a pending stop order where it will be found."""
    order, link = stop_at(book, stop), link_at(book, stop)
    row = row_side(np.int64(order["side"]))
    link["mark_place"] = NIL
    push(book, BY_PRICE + row, stop)
    if order["trail_type"] == TRAIL_SMA_ABS_CHANGE:
        append(book, MOVING, stop)
    elif order["trail_type"] == TRAIL_TRUE_ATR:
        append(book, ON_BARS, stop)
    if order["has_watermark"] != 0:
        have_group(book, row, stop, order["watermark"])
        follow_mark(book, stop)


@njit
def file_stops(book):
    """Put all stop orders, which must be pending, where they will be found."""
    for stop in range(head_of(book)["stops"]):
        _file(book, np.int64(stop))


@njit
def is_reached(book, stop):
    """Return whether the last price has reached a stop order."""
    head, order = head_of(book), stop_at(book, stop)
    if head["traded"] == 0:
        return False
    if order["side"] > 0:
        return order["stop_price"] <= head["last_price"]
    return order["stop_price"] >= head["last_price"]


@njit
def withdraw_stop(book, stop, status):
    """Take a pending stop order out of the heaps; return its quantity."""
    head, order, link = head_of(book), stop_at(book, stop), link_at(book, stop)
    row = row_side(np.int64(order["side"]))
    refresh_stops(book, stop, stop + 1)
    if link["mark_place"] == IN_GROUP:
        leave_group(book, stop)
    elif link["mark_place"] != NIL:
        remove(book, WAITING + row, np.int64(link["mark_place"]))
    if link["place"] != NIL:
        remove(book, BY_PRICE + row, np.int64(link["place"]))
    order["status"] = status
    head["pending"] -= 1
    head["total"] -= order["quantity"]
    return order["quantity"]


@njit
def trigger_stops(book):
    """Submit the stop orders that the last price has reached, and those that their trades reach."""
    _run_rounds(book)
    build_bars(book)  # of the last round's trades


@njit
def _run_rounds(book):
    """Trigger stop orders, round by round."""
    head = head_of(book)
    for _ in range(ROUNDS):
        move_trailing_stops(book, head["last_price"])
        if head["pending"] == 0 or not _collect(book):
            return
        head["credit"] = 0  # children take room that was counted on for messages
        before = head["trades"]
        for at in range(heap_size(book, REACHED)["value"]):
            _submit_child(book, np.int64(heap_at(book, REACHED, np.int64(at))["level"]))
        if head["trades"] == before:
            return
    head["cascade_limit_hit"] = np.int64(_any_waits(book))


@njit
def _any_waits(book):
    """Return whether a pending stop order is reached, as it stands."""
    for row in (BY_PRICE, BY_PRICE + 1):
        if heap_size(book, row)["value"] > 0 and is_reached(book, first_of(book, row)):
            return True
    return False


@njit
def _collect(book):
    """Take all stop orders that are reached out of the heaps, by submission; return whether any."""
    reached = heap_size(book, REACHED)
    reached["value"] = 0
    for row in (BY_PRICE, BY_PRICE + 1):
        while heap_size(book, row)["value"] > 0:
            stop = first_of(book, row)
            if not is_reached(book, stop):
                break
            withdraw_stop(book, stop, TRIGGERED)
            append(book, REACHED, stop)
    _sort_reached(book, reached["value"])
    return reached["value"] > 0


@njit
def _sort_reached(book, count):
    """Sort the stop orders reached by number, in place (a heap sort)."""
    for start in range((count >> 1) - 1, -1, -1):
        _sift(book, np.int64(start), count)
    for end in range(count - 1, 0, -1):
        last = heap_at(book, REACHED, np.int64(end))["level"]
        heap_at(book, REACHED, np.int64(end))["level"] = heap_at(book, REACHED, _ZERO)["level"]
        heap_at(book, REACHED, _ZERO)["level"] = last
        _sift(book, _ZERO, np.int64(end))


@njit
def _sift(book, place, size):
    """Let the number at a place sink below greater ones."""
    stop = heap_at(book, REACHED, place)["level"]
    while 2 * place + 1 < size:
        below = 2 * place + 1
        if below + 1 < size and (
            heap_at(book, REACHED, below + 1)["level"] > heap_at(book, REACHED, below)["level"]
        ):
            below += 1
        if heap_at(book, REACHED, below)["level"] <= stop:
            break
        heap_at(book, REACHED, place)["level"] = heap_at(book, REACHED, below)["level"]
        place = below
    heap_at(book, REACHED, place)["level"] = stop


@njit
def _submit_child(book, stop):
    """Submit the order that a stop order becomes."""
    order = stop_at(book, stop)
    side, tif = np.int64(order["side"]), np.int64(order["tif"])
    price = order["limit_price"]
    if order["has_limit"] == 0:
        price, tif = _HIGHEST if side > 0 else _LOWEST, IOC
    order["child_id"] = head_of(book)["next_id"]
    place(book, side, price, order["quantity"], tif, _ZERO, order["owner"], order["tag"])
