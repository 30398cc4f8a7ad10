"""The messages of NASDAQ TotalView-ITCH 5.0: what stands where, on the wire and in our arrays.

`WIRE` holds each message as it is sent, packed, as a dtype (in the machine's byte order, for
kernels; NumPy reads messages with ``WIRE[letter].newbyteorder(">")``). `RECORD` holds what we
make of it: every number an int64, references and match numbers a uint64, texts without the blanks
behind them. Prices are in 1/10000, those of the circuit breaker's levels in 1/10**8.
"""

import numpy as np

__all__ = ["CODE_OF", "HEAD_SIZE", "LETTERS", "NAMES", "NO_CODE", "RECORD", "WIRE"]

#: What each message begins with. The time, nanoseconds since midnight, has 48 bits.
_HEAD = {"type": "S1", "locate": "u2", "tracking": "u2", "time_high": "u2", "time_low": "u4"}

_ADD = {"reference": "u8", "side": "S1", "shares": "u4", "stock": "S8", "price": "u4"}

_EXECUTED = {"reference": "u8", "shares": "u4", "match": "u8"}

_BODIES = {
    "S": {"event": "S1"},
    "R": {
        "stock": "S8",
        "market_category": "S1",
        "financial_status": "S1",
        "round_lot_size": "u4",
        "round_lots_only": "S1",
        "issue_classification": "S1",
        "issue_subtype": "S2",
        "authenticity": "S1",
        "short_sale_threshold": "S1",
        "ipo_flag": "S1",
        "luld_tier": "S1",
        "etp_flag": "S1",
        "etp_leverage": "u4",
        "inverse": "S1",
    },
    "H": {"stock": "S8", "trading_state": "S1", "reserved": "S1", "reason": "S4"},
    "Y": {"stock": "S8", "action": "S1"},
    "L": {"mpid": "S4", "stock": "S8", "primary": "S1", "mode": "S1", "state": "S1"},
    "V": {"level_1": "u8", "level_2": "u8", "level_3": "u8"},
    "W": {"breached_level": "S1"},
    "K": {"stock": "S8", "release_seconds": "u4", "qualifier": "S1", "price": "u4"},
    "J": {
        "stock": "S8",
        "reference_price": "u4",
        "upper_price": "u4",
        "lower_price": "u4",
        "extension": "u4",
    },
    "h": {"stock": "S8", "market": "S1", "action": "S1"},
    "A": _ADD,
    "F": {**_ADD, "attribution": "S4"},
    "E": _EXECUTED,
    "C": {**_EXECUTED, "printable": "S1", "price": "u4"},
    "X": {"reference": "u8", "shares": "u4"},
    "D": {"reference": "u8"},
    "U": {"reference": "u8", "new_reference": "u8", "shares": "u4", "price": "u4"},
    "P": {**_ADD, "match": "u8"},
    "Q": {"shares": "u8", "stock": "S8", "price": "u4", "match": "u8", "cross_type": "S1"},
    "B": {"match": "u8"},
    "I": {
        "paired_shares": "u8",
        "imbalance_shares": "u8",
        "direction": "S1",
        "stock": "S8",
        "far_price": "u4",
        "near_price": "u4",
        "reference_price": "u4",
        "cross_type": "S1",
        "price_variation": "S1",
    },
    "N": {"stock": "S8", "interest": "S1"},
    "O": {
        "stock": "S8",
        "eligibility": "S1",
        "min_price": "u4",
        "max_price": "u4",
        "near_price": "u4",
        "near_time": "u8",
        "lower_price": "u4",
        "upper_price": "u4",
    },
}

#: What each type of message is called.
NAMES = {
    "S": "system event",
    "R": "stock directory",
    "H": "trading action",
    "Y": "short sale restriction",
    "L": "market participant position",
    "V": "circuit breaker levels",
    "W": "circuit breaker status",
    "K": "IPO quoting period",
    "J": "auction collar",
    "h": "operational halt",
    "A": "add",
    "F": "add with attribution",
    "E": "execution",
    "C": "execution at a price",
    "X": "partial cancel",
    "D": "delete",
    "U": "replace",
    "P": "trade",
    "Q": "cross",
    "B": "broken trade",
    "I": "order imbalance",
    "N": "retail interest",
    "O": "direct listing",
}

#: The letters of all types, in the order of their codes, which begin with 1.
LETTERS = "".join(_BODIES)

#: The code of what is no type of this version.
NO_CODE = np.int64(0)

#: Codes by letter.
CODE_OF = {letter: np.int64(code) for code, letter in enumerate(LETTERS, 1)}

_NUMBERED = ("reference", "new_reference", "match")


def _record(wire):
    """Return the dtype of what is made of a message: eight bytes to each field."""
    fields = [("message", "i8"), ("timestamp_ns", "i8")]
    for name in wire.names:
        if name not in ("type", "time_high", "time_low"):
            kind = wire[name].str.lstrip("<>=|")
            number = "u8" if name in _NUMBERED else "i8"
            fields.append((name, kind if kind.startswith("S") else number))
    names, formats = zip(*fields, strict=True)
    offsets = [8 * place for place in range(len(names))]
    return np.dtype(
        {"names": names, "formats": formats, "offsets": offsets, "itemsize": 8 * len(names)}
    )


#: Messages by letter, as they're sent.
WIRE = {letter: np.dtype([*_HEAD.items(), *body.items()]) for letter, body in _BODIES.items()}

#: How long the head is.
HEAD_SIZE = np.dtype(list(_HEAD.items())).itemsize

#: Messages by letter, as arrays have them.
RECORD = {letter: _record(wire) for letter, wire in WIRE.items()}
