"""What a feed was seen to be, for a terminal: its books, its messages, its symbols."""

import numpy as np

from nanobook.cli.files import clock

__all__ = ["outcome", "reading", "samples_table", "summary_tables"]

#: Lines of samples that are shown, and the levels of one.
_LINES, _LEVELS = 20, 10

#: Symbols that are shown.
_SYMBOLS = 20

_PRICE_UNIT, _CENT = 10_000, 100

_ENDS = {
    "end of file": "to the end of the file",
    "session end": "to the end of the session",
    "stop": "to the time asked for",
    "cut": "cut off in the middle of a message",
}

#: Columns of statistics that a table has, and what it calls them; a column may be a sum.
_COLUMNS = {
    "messages": None,
    "added": ("A", "F"),
    "executed": ("E", "C"),
    "resting": ("orders",),
    "locked": ("locked",),
    "crossed": ("crossed",),
}


def reading(result):
    """Return in words what was read.

    Parameters
    ----------
    result : ItchReplay
        What came of it.

    Returns
    -------
    str
        Messages, times, and how reading ended.
    """
    count = sum(result.counts.values())
    times = f", {' to '.join(_clocks(result.times))}" if result.times else ""
    return f"{_plural(count, 'message')}{times}, {_ENDS[result.status]}"


def outcome(result, symbols=()):
    """Return in words what came of a replay, and what a reader of it should know.

    Parameters
    ----------
    result : ItchReplay
        It.
    symbols : iterable of str, optional
        Those that were asked for.

    Returns
    -------
    str
        One line or more.
    """
    seen = result.statistics.index
    lines = [
        f"{_plural(len(result), 'sample')} of {_plural(len(seen), 'symbol')},"
        f" {_plural(len(result.trades), 'trade')}"
    ]
    absent = [name for name in symbols if name.rstrip() not in seen]
    if absent:
        lines.append(f"no message of {', '.join(absent)}")
    odd = [f"{count:,} {name}" for name, count in _odd(result) if count]
    if odd:
        lines.append(f"messages that were passed over, or odd: {', '.join(odd)}")
    return "\n".join(lines)


def samples_table(result):
    """Return a table of the first samples.

    Parameters
    ----------
    result : ItchReplay
        Whose.

    Returns
    -------
    rich.table.Table
        A line for each level of each sample.
    """
    levels = min(result.bid_price.shape[1], _LEVELS)
    rows = slice(max(1, min(_LINES // levels, len(result))))
    table = _table(("time", "symbol"), ("shares", "bid", "ask", "shares"))
    sides = {
        side: (getattr(result, f"{side}_price")[rows], getattr(result, f"{side}_quantity")[rows])
        for side in ("bid", "ask")
    }
    whole_cents = all((prices % _CENT == 0).all() for prices, _ in sides.values())
    symbols, locates = result.symbols, result.locate[rows].tolist()
    for row, time in enumerate(_clocks(result.timestamp_ns[rows])):
        names = (time, symbols.get(locates[row], ""))
        for level in range(levels):
            bid, ask = (
                _level(prices[row, level], shares[row, level], 2 if whole_cents else 4)
                for prices, shares in sides.values()
            )
            table.add_row(*(names if level == 0 else ("", "")), bid[1], bid[0], *ask)
        if levels > 1:
            table.add_section()
    return table


def _level(price, shares, decimals):
    if shares == 0:
        return "", ""
    return f"{price / _PRICE_UNIT:,.{decimals}f}", f"{shares:,}"


def summary_tables(result):
    """Return what was counted.

    Parameters
    ----------
    result : ItchReplay
        Whose.

    Returns
    -------
    list of rich.table.Table
        Messages by type; symbols with the most messages; packets, if it was some that they came
        in; what was odd.
    """
    odd = _table(("passed over, or odd",), ("messages",))
    for name, count in _odd(result):
        odd.add_row(name, f"{count:,}")
    tables = [_types_table(result.counts), _symbols_table(result.statistics)]
    if result.packets:
        tables.append(_packets_table(result.packets))
    return [*tables, odd]


def _types_table(counts):
    """Return messages by type: those of the protocol in its order, then others."""
    from nanobook.itch.layout import LETTERS, NAMES

    table = _table(("type", ""), ("messages",))
    known = [letter for letter in LETTERS if letter in counts]
    for letter in (*known, *(letter for letter in counts if letter not in NAMES)):
        shown = letter if letter.isascii() and letter.isprintable() else f"0x{ord(letter):02x}"
        table.add_row(shown, NAMES.get(letter, "not a type of ITCH 5.0"), f"{counts[letter]:,}")
    return table


def _symbols_table(statistics):
    """Return the symbols with the most messages, and all others in one line."""
    from nanobook.itch.layout import LETTERS

    columns = {**_COLUMNS, "messages": tuple("?" + LETTERS)}
    figures = {name: statistics[list(of)].sum(axis=1).to_numpy() for name, of in columns.items()}
    order = np.argsort(-figures["messages"], kind="stable")
    table = _table(("symbol",), columns)
    for row in order[:_SYMBOLS]:
        table.add_row(
            statistics.index[row] or "no name", *(f"{of[row]:,}" for of in figures.values())
        )
    others = order[_SYMBOLS:]
    if len(others):
        sums = (f"{of[others].sum():,}" for of in figures.values())
        table.add_row(f"{_plural(len(others), 'other')}", *sums)
    return table


def _packets_table(packets):
    """Return what packets there were, and what their numbers say of messages."""
    table = _table(("packets",), ("",))
    for name, key in (
        ("of MoldUDP64", "packets"),
        ("malformed", "malformed"),
        ("of anything else, passed over", "others"),
        ("messages repeated, and dropped", "repeated"),
    ):
        table.add_row(name, f"{packets[key]:,}")
    return table


def _odd(result):
    """Return names and counts of what was passed over, and of what a book shouldn't be."""
    from nanobook.itch.layout import NAMES

    of = result.statistics
    unknown = sum(count for letter, count in result.counts.items() if letter not in NAMES)
    missing = [("missing between packets", result.packets["missing"])] if result.packets else []
    return (
        *missing,
        ("of an unknown type", unknown),
        ("shorter than its layout", result.malformed),
        ("malformed, of these symbols", of["malformed"].sum()),
        ("about an unknown reference", of["unknown_references"].sum()),
        ("adding a reference in use", of["duplicate_references"].sum()),
        ("leaving its book locked", of["locked"].sum()),
        ("leaving its book crossed", of["crossed"].sum()),
    )


def _table(names, numbers):
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold")
    for name in names:
        table.add_column(name, no_wrap=True)
    for name in numbers:
        table.add_column(name, justify="right", no_wrap=True)
    return table


def _clocks(times):
    """Return times of day as texts of one length, without the zeros that all of them end with."""
    texts = [clock(int(time)) for time in times]
    while texts and all(text.endswith("000") for text in texts):
        texts = [text[:-3].rstrip(".") for text in texts]
        if "." not in texts[0]:
            break
    return texts


def _plural(count, word):
    return f"{count:,} {word}{'' if count == 1 else 's'}"
