"""The events of a log as objects, each with its kind, its fields and the original's JSON form."""

import struct
from typing import NamedTuple

import numpy as np

from nanobook.book.event_json import FORMS, json_of, messages_of_json, saturated, show
from nanobook.errors import ArgumentTypeError
from nanobook.types.codes import (
    NO_OWNER,
    POLICIES,
    TRAIL_FIXED,
    TRAIL_TYPES,
)
from nanobook.types.records import EXTENDED_MESSAGE
from nanobook.types.side import Side
from nanobook.types.time_in_force import TimeInForce

__all__ = ["Event", "TrailMethod", "events_of", "messages_of_events"]

_PLACE = {name: at for at, name in enumerate(EXTENDED_MESSAGE.names)}
_KIND, _TRAIL_TYPE = _PLACE["kind"], _PLACE["trail_type"]  # the first is the first byte, too

#: An EXTENDED_MESSAGE as a tuple.
_ROW = struct.Struct("=4bi2qQ2qd2i")

#: Where a field's value stands in a message, by kind.
_FIELDS = [{field.name: _PLACE[field.column] for field in form.known.values()} for form in FORMS]

#: What a number becomes, by field; others stay as they are.
_DRESS = {
    "side": {1: Side.BUY, -1: Side.SELL, 0: None}.get,
    "time_in_force": TimeInForce.from_code,
    "owner": lambda owner: None if owner == NO_OWNER else owner,
    "post_only": bool,
    "policy": POLICIES.__getitem__,
}


class TrailMethod(NamedTuple):
    """How far a trailing stop stays behind the price.

    Parameters
    ----------
    trail_type : str
        ``"fixed"``, ``"percentage"``, ``"sma_abs_change"`` or ``"true_atr"``.
    trail_value : int or float
        The distance in ticks, the fraction of the price, or the multiple of the average.
    atr_period : int
        How many changes or bars are averaged; 0 if none are.
    """

    trail_type: str
    trail_value: float
    atr_period: int


class Event:
    """One thing that was asked of an exchange.

    It has a `kind` and the fields of its kind as attributes::

        submit_limit                 side price quantity time_in_force owner tag post_only
        submit_market                side quantity owner tag
        cancel                       order_id
        modify                       order_id new_price new_quantity
        reduce                       order_id quantity
        cancel_all                   side owner
        set_self_trade_prevention    policy
        submit_stop_market           side stop_price quantity owner tag
        submit_stop_limit            side stop_price limit_price quantity time_in_force owner tag
        submit_trailing_stop_market  side stop_price quantity trail_method owner tag
        submit_trailing_stop_limit   side stop_price limit_price quantity time_in_force
                                     trail_method owner tag
        set_bar_trades               trades

    Events compare, hash, copy and pickle; their JSON is the original's.

    Parameters
    ----------
    text : str
        Its JSON.

    Raises
    ------
    ArgumentTypeError
        If `text` isn't a string.
    ValidationError
        If it's no event's JSON.

    Examples
    --------
    >>> event = Event('{"Cancel":{"order_id":7}}')
    >>> event
    Cancel { order_id: OrderId(7) }
    >>> event.kind, event.order_id
    ('cancel', 7)
    """

    __slots__ = ("_bytes",)  # an EXTENDED_MESSAGE

    def __init__(self, text):
        self.__setstate__(text)

    @property
    def _row(self):
        return _ROW.unpack(self._bytes)

    @property
    def kind(self):
        """What was asked for: ``"submit_limit"``, ``"cancel"``, ..."""
        return FORMS[self._bytes[_KIND]].word

    def __getattr__(self, name):
        if name.startswith("_"):
            raise AttributeError(name)
        row = self._row
        place = _FIELDS[row[_KIND]].get(name)
        if place is None:
            raise AttributeError(f"an event of kind {self.kind!r} has no {name!r}", name=name)
        if place == _TRAIL_TYPE:
            value, period = row[_PLACE["trail_value"]], row[_PLACE["atr_period"]]
            if row[place] == TRAIL_FIXED:
                value = saturated(value)
            return TrailMethod(TRAIL_TYPES[row[place]], value, period)
        dress = _DRESS.get(name)
        return row[place] if dress is None else dress(row[place])

    def __dir__(self):
        return [*super().__dir__(), *_FIELDS[self._bytes[_KIND]]]

    def __getstate__(self):
        return json_of(self._row)

    def __setstate__(self, text):
        if not isinstance(text, str):
            raise ArgumentTypeError(f"an event's state must be a string, got {text!r:.40}")
        self._bytes = messages_of_json([text.strip(" \t\r\n")]).tobytes()

    def __eq__(self, other):
        if not isinstance(other, Event):
            return NotImplemented
        return self._bytes == other._bytes or self._row == other._row  # 0.0 equals -0.0

    def __hash__(self):
        return hash(self._row)

    def __repr__(self):
        return show(self._row)


def events_of(messages):
    """Return messages as events.

    Parameters
    ----------
    messages : ndarray of EXTENDED_MESSAGE
        As the log of an exchange has them.

    Returns
    -------
    list of Event
        One each.
    """
    new = object.__new__
    events = [new(Event) for _ in range(len(messages))]
    content, size = messages.tobytes(), EXTENDED_MESSAGE.itemsize
    for event, start in zip(events, range(0, len(content), size), strict=True):
        event._bytes = content[start : start + size]
    return events


def messages_of_events(events):
    """Return events as messages.

    Parameters
    ----------
    events : sequence of Event
        A list or a tuple, say.

    Returns
    -------
    ndarray of EXTENDED_MESSAGE
        One each.

    Raises
    ------
    ArgumentTypeError
        If it holds anything else.
    """
    for at, event in enumerate(events):
        if not isinstance(event, Event):
            raise ArgumentTypeError(f"events must be Events, got {event!r:.40} at {at}")
    content = bytearray().join([event._bytes for event in events])  # an array that can be written
    return np.frombuffer(content, EXTENDED_MESSAGE)
