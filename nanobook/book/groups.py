"""Trailing stops that share a watermark: moved together, however many they are.

Of two stops of a side the elder has seen every price that the younger has, so its watermark is as
far or farther: the watermarks are a stack of groups, each of consecutive stops, the youngest on
top. A price that beats watermarks beats those on top, and their groups become one.

A group has two heaps, of fixed distances and of percentages, for those of its stops whose price is
just that distance from the watermark; the root is nearest to the price whatever the watermark is.
Only roots stand among the other stops in the heap of stop prices, and have their own price
written; the others' are worked out when they're wanted. They are skew heaps (Sleator and Tarjan,
1986, "Self-adjusting heaps", SIAM Journal on Computing 15(1)): two become one in logarithmic time,
taken over many times.
"""

import numpy as np

from nanobook.book.distances import offset_at, price_behind
from nanobook.book.header import group_at, heap_size, link_at, row_side, stop_at
from nanobook.book.heaps import BY_PRICE, GROUPS, IN_GROUP, push, remove, settle
from nanobook.jit import njit
from nanobook.types.codes import PENDING, TRAIL_FIXED, TRAIL_PERCENTAGE
from nanobook.types.records import NIL

__all__ = ["beats", "drop_root", "have_group", "join_group", "leave_group", "meld_groups"]
__all__ += ["refresh_stops", "root_of"]

_KINDS = (TRAIL_FIXED, TRAIL_PERCENTAGE)


@njit
def beats(row, price, mark):
    """Return whether a price is better than a watermark, for buys (0) or sells (1)."""
    return price < mark if row == 0 else price > mark


@njit
def root_of(group, kind):
    """Return the nearest stop of a kind in a group, NIL if it has none."""
    return np.int64(group["part"] if kind == TRAIL_PERCENTAGE else group["fixed"])


@njit
def _find_group(book, row, stop):
    """Return the group of a stop that has a watermark."""
    low, high = np.int64(0), heap_size(book, GROUPS + row)["value"]
    while high - low > 1:
        middle = (low + high) >> 1
        if group_at(book, row, middle)["first"] <= stop:
            low = middle
        else:
            high = middle
    return group_at(book, row, low)


@njit
def have_group(book, row, stop, mark):
    """See to it that the group on top has a watermark, which the next stop has."""
    depth = heap_size(book, GROUPS + row)
    count = depth["value"]
    if count == 0 or group_at(book, row, count - 1)["mark"] != mark:
        group = group_at(book, row, count)
        group["first"] = stop
        group["mark"] = mark
        group["fixed"] = NIL
        group["part"] = NIL
        depth["value"] = count + 1


@njit
def meld_groups(book, row, place, price):
    """Make the group at a place and those above it one, with a price as its watermark."""
    depth = heap_size(book, GROUPS + row)
    group = group_at(book, row, place)
    group["mark"] = price
    for kind in _KINDS:
        root = root_of(group, kind)
        for other in range(place + 1, depth["value"]):
            root = _join(book, row, root, root_of(group_at(book, row, np.int64(other)), kind))
        _crown(book, row, group, kind, root)
    depth["value"] = place + 1


@njit
def join_group(book, stop):
    """Put a stop, which is among those by price, where it belongs in the group on top."""
    order, link = stop_at(book, stop), link_at(book, stop)
    row, kind = row_side(np.int64(order["side"])), np.int64(order["trail_type"])
    link["mark_place"] = IN_GROUP
    link["left"] = NIL
    link["right"] = NIL
    group = group_at(book, row, heap_size(book, GROUPS + row)["value"] - 1)
    _crown(book, row, group, kind, _join(book, row, root_of(group, kind), stop))


@njit
def leave_group(book, stop):
    """Take a stop out of its group's heap."""
    order, link = stop_at(book, stop), link_at(book, stop)
    row, kind = row_side(np.int64(order["side"])), np.int64(order["trail_type"])
    group, above = _find_group(book, row, stop), np.int64(link["up"])
    if above == NIL:
        drop_root(book, row, group, kind)
        return
    below = _meld(book, np.int64(link["left"]), np.int64(link["right"]))
    if link_at(book, above)["left"] == stop:
        link_at(book, above)["left"] = below
    else:
        link_at(book, above)["right"] = below
    if below != NIL:
        link_at(book, below)["up"] = above
    link["mark_place"] = NIL


@njit
def drop_root(book, row, group, kind):
    """Take the root out of a group's heap; it stays among the stops by price."""
    link = link_at(book, root_of(group, kind))
    link["mark_place"] = NIL
    below = _meld(book, np.int64(link["left"]), np.int64(link["right"]))
    _crown(book, row, group, kind, below)


@njit
def _crown(book, row, group, kind, root):
    """Let a stop be the root of a group's heap, and stand for it among the stops by price."""
    if kind == TRAIL_PERCENTAGE:
        group["part"] = root
    else:
        group["fixed"] = root
    if root == NIL:
        return
    link = link_at(book, root)
    link["up"] = NIL
    stop_at(book, root)["stop_price"] = _price_at(book, root, group["mark"])
    if link["place"] == NIL:
        push(book, BY_PRICE + row, root)
    else:
        settle(book, BY_PRICE + row, np.int64(link["place"]))


@njit
def _join(book, row, one, other):
    """Make two heaps one, and let just its root stand among the stops by price; return it."""
    if one == NIL:
        return other
    if other == NIL:
        return one
    if _is_nearer(book, other, one):
        one, other = other, one
    remove(book, BY_PRICE + row, np.int64(link_at(book, other)["place"]))
    return _meld(book, one, other)


@njit
def _is_nearer(book, one, other):
    """Return whether a stop keeps less distance than another of its kind."""
    return stop_at(book, one)["trail_value"] < stop_at(book, other)["trail_value"]


@njit
def _meld(book, one, other):
    """Make two skew heaps one, each given by its root or NIL; return the root."""
    if one == NIL:
        return other
    if other == NIL:
        return one
    if _is_nearer(book, other, one):
        one, other = other, one
    root = one
    while True:
        link = link_at(book, one)
        right = np.int64(link["right"])
        link["right"] = link["left"]
        if right == NIL:
            link["left"] = other
            link_at(book, other)["up"] = one
            return root
        if _is_nearer(book, other, right):
            right, other = other, right
        link["left"] = right
        link_at(book, right)["up"] = one
        one = right


@njit
def _price_at(book, stop, mark):
    """Return the stop price of a stop in a group's heap."""
    side = np.int64(stop_at(book, stop)["side"])
    return price_behind(side, mark, offset_at(book, stop, mark))


@njit
def refresh_stops(book, first, end):
    """Write where the trailing stops of a range stand now: watermarks and stop prices."""
    for at in range(first, end):
        stop = np.int64(at)
        order = stop_at(book, stop)
        if order["status"] == PENDING and order["trail_type"] != NIL and order["has_watermark"]:
            group = _find_group(book, row_side(np.int64(order["side"])), stop)
            order["watermark"] = group["mark"]
            if link_at(book, stop)["mark_place"] == IN_GROUP:
                order["stop_price"] = _price_at(book, stop, group["mark"])
