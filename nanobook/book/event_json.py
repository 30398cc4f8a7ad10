"""Events as JSON, in the original's form: one object, named after what was asked for.

Read and written are whole columns, for events of one kind together; an event that comes alone is
a column of one. Beyond the original's form, keys that only some events have (`owner`, `tag`,
`post_only`), kinds of events and ways to trail are written where they're used.
"""

import json
import math
from collections import Counter
from functools import cache
from typing import NamedTuple

import numpy as np

from nanobook.errors import NanobookError, RangeError, ValidationError
from nanobook.types.codes import (
    BARS,
    CANCEL,
    CANCEL_ALL,
    GTC,
    IOC,
    LIMIT,
    MARKET,
    MODIFY,
    NO_OWNER,
    POLICY,
    POST_ONLY,
    REDUCE,
    STOP_LIMIT,
    STOP_MARKET,
    TRAIL_FIXED,
    TRAIL_PERCENTAGE,
    TRAIL_SMA_ABS_CHANGE,
    TRAIL_TRUE_ATR,
    TRAILING_STOP_LIMIT,
    TRAILING_STOP_MARKET,
)
from nanobook.types.records import EXTENDED_MESSAGE

__all__ = ["FORMS", "BadLine", "json_lines", "json_of", "messages_of_json", "saturated", "show"]

_LOWEST, _HIGHEST = np.iinfo(np.int64).min, np.iinfo(np.int64).max
_HIGHEST_SMALL = np.iinfo(np.int32).max
_PLACE = {name: at for at, name in enumerate(EXTENDED_MESSAGE.names)}

#: So many lines are read at a time: if one is bad, these are read again one by one.
_TOGETHER = 4_096


class Field(NamedTuple):
    """One key of an event's JSON, and the field of a message it stands for."""

    name: str
    column: str
    kind: str  # number, word, switch or trail
    least: int = 0
    most: int = _HIGHEST
    words: dict | None = None  # code to word
    shown: str = "%s"  # how the number stands in an event's repr
    default: int | None = None  # where the key may be missing; null too


class Form(NamedTuple):
    """One kind of event."""

    code: int  # codes.KINDS
    name: str  # in JSON
    word: str
    fields: tuple  # those that the original has, in its order
    extras: tuple  # those that are written where they're used

    @property
    def known(self):
        """All fields by name."""
        return {field.name: field for field in (*self.fields, *self.extras)}


_SIDE_WORDS = {1: "Buy", -1: "Sell"}
_POLICY_WORDS = {0: "Off", 1: "CancelNewest", 2: "CancelOldest", 3: "DecrementAndCancel"}


def _price(name, column="price"):
    return Field(name, column, "number", least=_LOWEST, shown="Price(%s)")


_SIDE = Field("side", "side", "word", words=_SIDE_WORDS)
_TIF = Field("time_in_force", "tif", "word", words={0: "GTC", 1: "IOC", 2: "FOK"})
_QUANTITY = Field("quantity", "quantity", "number")
_ID = Field("order_id", "order_id", "number", shown="OrderId(%s)")
_STOP_PRICE, _LIMIT_PRICE = _price("stop_price", "stop_price"), _price("limit_price")
_TRAIL = Field("trail_method", "trail_type", "trail")
_OWNER = Field("owner", "owner", "number", most=_HIGHEST_SMALL, default=int(NO_OWNER))
_TAG = Field("tag", "tag", "number", least=_LOWEST, default=0)
_POST_ONLY = Field("post_only", "flags", "switch", default=0)
_LABELS = _OWNER, _TAG
_BAR_TRADES = Field("trades", "quantity", "number", least=1)

_ALL = (
    (LIMIT, "SubmitLimit", (_SIDE, _price("price"), _QUANTITY, _TIF), (*_LABELS, _POST_ONLY)),
    (MARKET, "SubmitMarket", (_SIDE, _QUANTITY), _LABELS),
    (CANCEL, "Cancel", (_ID,), ()),
    (MODIFY, "Modify", (_ID, _price("new_price"), _QUANTITY._replace(name="new_quantity")), ()),
    (REDUCE, "Reduce", (_ID, _QUANTITY), ()),
    (CANCEL_ALL, "CancelAll", (_SIDE._replace(default=0), _OWNER), ()),
    (
        POLICY,
        "SetSelfTradePrevention",
        (Field("policy", "quantity", "word", words=_POLICY_WORDS),),
        (),
    ),
    (STOP_MARKET, "SubmitStopMarket", (_SIDE, _STOP_PRICE, _QUANTITY), _LABELS),
    (
        STOP_LIMIT,
        "SubmitStopLimit",
        (_SIDE, _STOP_PRICE, _LIMIT_PRICE, _QUANTITY, _TIF),
        _LABELS,
    ),
    (
        TRAILING_STOP_MARKET,
        "SubmitTrailingStopMarket",
        (_SIDE, _STOP_PRICE, _QUANTITY, _TRAIL),
        _LABELS,
    ),
    (
        TRAILING_STOP_LIMIT,
        "SubmitTrailingStopLimit",
        (_SIDE, _STOP_PRICE, _LIMIT_PRICE, _QUANTITY, _TIF, _TRAIL),
        _LABELS,
    ),
    (BARS, "SetBarTrades", (_BAR_TRADES,), ()),
)


def _word(name):
    """Return a JSON name in snake case."""
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)[1:]


#: By the code of the kind.
FORMS = [Form(int(code), name, _word(name), fields, extras) for code, name, fields, extras in _ALL]
_FORM_OF = {form.name: form for form in FORMS}


class BadLine(ValidationError):
    """A line that is no event; `at` says which."""

    def __init__(self, at, reason):
        super().__init__(reason)
        self.at = at


# ---- writing -------------------------------------------------------------------------------------


#: Trail methods that average, by their names; the first name of a code is written.
_AVERAGES = {
    "SmaAbsChange": TRAIL_SMA_ABS_CHANGE,
    "Atr": TRAIL_SMA_ABS_CHANGE,
    "TrueAtr": TRAIL_TRUE_ATR,
}


class _Shape(NamedTuple):
    """How events that use the same fields are written: a template and what goes into it."""

    template: str
    columns: list  # pairs of a message's field and a function of its values, None for as it is


def saturated(value):
    """Return the integer that a fixed trail is.

    Parameters
    ----------
    value : float
        Finite.

    Returns
    -------
    int
        Truncated toward zero, and held to the range of int64.
    """
    return max(_LOWEST, min(_HIGHEST, int(value)))


def _rust(value):
    """Return a float as the original's repr shows it: 1e-5, not 1e-05."""
    digits, e, exponent = repr(value).partition("e")
    return f"{digits}e{int(exponent)}" if e else digits


def _pieces(field, trail_type, shown):
    """Return a field's part of a template, and its columns."""
    if field.kind == "trail":
        number = _rust if shown else repr
        if trail_type == TRAIL_FIXED:
            return ("Fixed(%s)" if shown else '{"Fixed":%s}'), [("trail_value", saturated)]
        if trail_type == TRAIL_PERCENTAGE:
            template = "Percentage(%s)" if shown else '{"Percentage":%s}'
            return template, [("trail_value", number)]
        name = next(name for name, code in _AVERAGES.items() if code == trail_type)
        template = f'{{"{name}":{{"multiplier":%s,"period":%s}}}}'
        if shown:
            template = f"{name} {{ multiplier: %s, period: %s }}"
        return template, [("trail_value", number), ("atr_period", None)]
    if field.kind == "switch":
        return "true", []
    if field.default is not None:
        empty = "None" if shown else "null"
        form = (field.shown if shown or not field.words else '"%s"').__mod__
        words = field.words or {}
        return "%s", [
            (field.column, lambda v: empty if v == field.default else form(words.get(v, v)))
        ]
    convert = field.words.__getitem__ if field.words else None
    return (field.shown if shown else '"%s"' if field.words else "%s"), [(field.column, convert)]


@cache
def _shape(kind, trail_type, labels, shown):
    """Return the shape of events of a kind that use the extra fields that bits stand for."""
    form = FORMS[kind]
    extras = [field for at, field in enumerate(form.extras) if labels >> at & 1]
    parts, columns = [], []
    for field in (*form.fields, *extras):
        template, used = _pieces(field, trail_type, shown)
        parts.append(f"{field.name}: {template}" if shown else f'"{field.name}":{template}')
        columns += used
    if shown:
        return _Shape(f"{form.name} {{ {', '.join(parts)} }}", columns)
    return _Shape(f'{{"{form.name}":{{{",".join(parts)}}}}}', columns)


def _labels(kind, owner, tag, flags):
    """Return which extra fields events use, as bits; of arrays or numbers."""
    used = (owner != NO_OWNER) | (tag != 0) * 2 | (flags & POST_ONLY) * 4
    return used * (kind != CANCEL_ALL)


def json_lines(messages):
    """Return messages as JSON.

    Parameters
    ----------
    messages : ndarray of EXTENDED_MESSAGE
        As the log of an exchange has them.

    Returns
    -------
    list of str
        An object each, without a line end.
    """
    kinds = messages["kind"].astype(np.int64)
    labels = _labels(kinds, messages["owner"], messages["tag"], messages["flags"])
    keys = kinds << 8 | messages["trail_type"] << 4 | labels
    lines = np.empty(len(messages), object)
    for key in np.flatnonzero(np.bincount(keys)).tolist():
        where = np.flatnonzero(keys == key)
        part = messages[where]
        template, columns = _shape(key >> 8, key >> 4 & 15, key & 15, False)
        lists = [(part[column].tolist(), convert) for column, convert in columns]
        lists = [values if c is None else list(map(c, values)) for values, c in lists]
        lines[where] = [template % row for row in zip(*lists, strict=True)]
    return lines.tolist()


def _written(row, shown):
    """Return one message, a tuple, as text."""
    kind, owner, tag, flags = (row[_PLACE[name]] for name in ("kind", "owner", "tag", "flags"))
    labels = int(_labels(kind, owner, tag, flags))
    template, columns = _shape(kind, row[_PLACE["trail_type"]], labels, shown)
    values = [(row[_PLACE[column]], convert) for column, convert in columns]
    return template % tuple(value if c is None else c(value) for value, c in values)


def json_of(row):
    """Return one message as JSON.

    Parameters
    ----------
    row : tuple
        Of EXTENDED_MESSAGE.

    Returns
    -------
    str
        An object.
    """
    return _written(row, False)


def show(row):
    """Return one message as the repr of the original's event.

    Parameters
    ----------
    row : tuple
        Of EXTENDED_MESSAGE.

    Returns
    -------
    str
        Its kind and its fields.
    """
    return _written(row, True)


# ---- reading -------------------------------------------------------------------------------------


def _no_constant(word):
    raise ValueError(f"{word} is no JSON")


#: Objects become tuples of pairs, so that a key that stands twice is seen.
_decode = json.JSONDecoder(object_pairs_hook=tuple, parse_constant=_no_constant).raw_decode


def messages_of_json(lines):
    """Return the messages that JSON stands for.

    Parameters
    ----------
    lines : list of str
        An object each, without blanks around.

    Returns
    -------
    ndarray of EXTENDED_MESSAGE
        As an exchange would log them.

    Raises
    ------
    ValidationError
        If a line is no event: a BadLine, which says which is the first, from 0 on.
    """
    messages = np.empty(len(lines), EXTENDED_MESSAGE)
    for start in range(0, len(lines), _TOGETHER):
        some = lines[start : start + _TOGETHER]
        try:
            messages[start : start + _TOGETHER] = _read(some)
        except (ValueError, RecursionError):
            for at, line in enumerate(some, start):
                try:
                    _read([line])
                except (ValueError, RecursionError) as error:
                    raise BadLine(at, _reason(error)) from None
            raise
    return messages


def _reason(error):
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg} at column {error.colno}"
    return str(error) if isinstance(error, NanobookError | ValueError) else "it is nested too deep"


def _read(lines):
    """Return the messages that a few lines stand for."""
    readers = {}
    for at, line in enumerate(lines):
        document, end = _decode(line)
        if end != len(line):
            raise ValidationError(f"text must end after the event, got {line[end:]!r:.40}")
        if type(document) is not tuple or len(document) != 1:
            raise ValidationError(f"event must be an object with one key, got {line!r:.40}")
        ((name, body),) = document
        if type(body) is tuple:
            names, values = zip(*body, strict=True) if body else ((), ())
        elif type(body) is list:
            names, values = len(body), body
        else:
            raise ValidationError(f"{name} must hold an object or an array, got {body!r:.40}")
        reader = readers.get((name, names))
        if reader is None:
            reader = readers[name, names] = _Reader(name, names)
        reader.lines.append(at)
        reader.rows.append(values)
    messages = np.empty(len(lines), EXTENDED_MESSAGE)
    for reader in readers.values():
        messages[reader.lines] = reader.messages()
    return messages


class _Reader:
    """Events of one kind whose keys stand in one order, or whose values stand in an array."""

    def __init__(self, name, names):
        self.form = form = _FORM_OF.get(name)
        self.lines, self.rows = [], []
        if form is None:
            raise ValidationError(f"event must be one of {', '.join(_FORM_OF)}; got {name!r:.40}")
        if isinstance(names, int):
            if names != len(form.fields):
                raise ValidationError(
                    f"{name} must have {len(form.fields)} values in an array, got {names}"
                )
            names = [field.name for field in form.fields]
        known = form.known
        self.fields = [(at, known[key]) for at, key in enumerate(names) if key in known]
        times = Counter(field.name for _, field in self.fields)
        for field in known.values():
            if times[field.name] > 1:
                raise ValidationError(f"{field.name} of {name} must stand there once")
            if times[field.name] == 0 and field.default is None:
                raise ValidationError(f"{field.name} of {name} is missing")

    def messages(self):
        """Return the messages that the rows stand for."""
        messages = np.zeros(len(self.rows), EXTENDED_MESSAGE)
        messages["owner"] = NO_OWNER
        messages["kind"] = self.form.code
        columns = list(zip(*self.rows, strict=True))
        for at, field in self.fields:
            if field.kind == "trail":
                trails = [_trail(value) for value in columns[at]]
                for name, values in zip(_TRAIL_COLUMNS, zip(*trails, strict=True), strict=True):
                    messages[name] = values
            else:
                messages[field.column] = _codes(field, columns[at])
        if self.form.code == MARKET:
            messages["tif"] = IOC
            messages["price"] = np.where(messages["side"] > 0, _HIGHEST, _LOWEST)
        if np.any(messages["flags"] & (messages["tif"] != GTC)):
            raise ValidationError("post_only must come with time_in_force GTC")
        return messages


_TRAIL_COLUMNS = "trail_type", "trail_value", "atr_period"


def _codes(field, values):
    """Return what a field's values are in a message."""
    if field.default is not None and None in values:
        some = iter(_codes(field, [value for value in values if value is not None]))
        return [field.default if value is None else next(some) for value in values]
    return _READ[field.kind](field, values)


def _numbers(field, values):
    for value in values:
        if type(value) is not int:
            raise ValidationError(f"{field.name} must be an integer, got {value!r:.40}")
    if values and not (field.least <= min(values) and max(values) <= field.most):
        wrong = next(value for value in values if not field.least <= value <= field.most)
        raise RangeError(
            f"{field.name} must be from {field.least} to {field.most}, got {wrong!r:.40}"
        )
    return values


def _words(field, values):
    codes = {word: code for code, word in field.words.items()}
    try:
        return [codes[value] for value in values]
    except (KeyError, TypeError):
        words = field.words.values()
        wrong = next(value for value in values if value not in words)
        raise ValidationError(
            f"{field.name} must be one of {', '.join(words)}; got {wrong!r:.40}"
        ) from None


def _switches(field, values):
    for value in values:
        if type(value) is not bool:
            raise ValidationError(f"{field.name} must be true or false, got {value!r:.40}")
    return [int(value) for value in values]


_READ = {"number": _numbers, "word": _words, "switch": _switches}

_OFFSET = Field("Fixed", "trail_value", "number", least=_LOWEST)
_PERIOD = Field("period", "atr_period", "number", most=_HIGHEST_SMALL)


def _trail(value):
    """Return type, value and period of a trail method."""
    if type(value) is not tuple or len(value) != 1:
        raise ValidationError(f"trail_method must be an object with one key, got {value!r:.40}")
    ((name, body),) = value
    if name == "Fixed":
        _numbers(_OFFSET, [body])
        if saturated(float(body)) != body:
            raise RangeError(f"Fixed must be exact as a float, got {body}")
        return TRAIL_FIXED, float(body), 0
    if name == "Percentage":
        return TRAIL_PERCENTAGE, _float("Percentage", body), 0
    if name not in _AVERAGES:
        known = ", ".join(("Fixed", "Percentage", *_AVERAGES))
        raise ValidationError(f"trail_method must be one of {known}; got {name!r:.40}")
    if type(body) is list:
        if len(body) != 2:
            raise ValidationError(f"{name} must have 2 values in an array, got {len(body)}")
        body = (("multiplier", body[0]), ("period", body[1]))
    if type(body) is not tuple:
        raise ValidationError(f"{name} must hold an object or an array, got {body!r:.40}")
    known = [pair for pair in body if pair[0] in ("multiplier", "period")]
    found = dict(known)
    if len(known) != 2 or len(found) != 2:
        raise ValidationError(f"{name} must have multiplier and period once each")
    trail_type = _AVERAGES[name]
    _numbers(_PERIOD._replace(least=int(trail_type == TRAIL_TRUE_ATR)), [found["period"]])
    return trail_type, _float("multiplier", found["multiplier"]), found["period"]


def _float(name, value):
    if type(value) not in (int, float):
        raise ValidationError(f"{name} must be a number, got {value!r:.40}")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise ValidationError(f"{name} must be finite, got {number}")
    return number
