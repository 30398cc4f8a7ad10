"""What the order book console shows: lines, tables and the book, in colour on a terminal."""

import sys

from nanobook.cli.lob_words import money, plural

__all__ = ["Screen"]

_EIGHTHS = " ▏▎▍▌▋▊▉"
_WIDEST_BAR = 60


class Screen:
    """Writes to a terminal with rich, and to anything else as plain text of 80 columns."""

    def __init__(self, file=None):
        self.file = sys.stdout if file is None else file
        self._console = None
        if self.file.isatty():
            from rich.console import Console

            self._console = Console(file=self.file, highlight=False)
        self._drawn = _can_write(self.file, "█▏─·")

    @property
    def width(self):
        """Columns from edge to edge."""
        return self._console.width if self._console else 80

    def line(self, *parts):
        """Write a line.

        Parameters
        ----------
        *parts : str or tuple of (str, str)
            Texts side by side, each alone or with a style of rich.
        """
        if self._console:
            from rich.text import Text

            text = Text.assemble(*(part for part in parts if part))
            self._console.print(text, soft_wrap=True)
        else:
            texts = (part if isinstance(part, str) else part[0] for part in parts)
            print("".join(texts).rstrip(), file=self.file)

    def table(self, heads, rows, left=()):
        """Write rows under heads, in columns as wide as need be.

        Parameters
        ----------
        heads : sequence of str
            The names of the columns.
        rows : list of sequence of str
            The cells.
        left : collection of str, default ()
            Columns that begin at the left; the others end at the right.
        """
        widths = [max(map(len, column)) for column in zip(heads, *rows, strict=True)]

        def cells(row):
            pairs = zip(heads, row, widths, strict=True)
            padded = (c.ljust(w) if head in left else c.rjust(w) for head, c, w in pairs)
            return "  " + "  ".join(padded).rstrip()

        self.line((cells(heads), "bold"))
        for row in rows:
            self.line(cells(row))

    def book(self, snapshot, levels, last=None):
        """Draw a book: asks above, bids below, the best in the middle.

        Parameters
        ----------
        snapshot : BookSnapshot
            All of its levels.
        levels : int or None
            How many of each side to show; None for all.
        last : int, optional
            The last trade's price.
        """
        bids, asks = snapshot.bids, snapshot.asks
        levels = max(len(bids), len(asks)) if levels is None else levels
        if not bids and not asks:
            self.line("  the book is empty", *([f"; last trade {money(last)}"] if last else []))
            return
        shown = [*reversed(asks[:levels]), *bids[:levels]]
        heads = ("price", "quantity", "orders")
        rows = [(money(each.price), str(each.quantity), str(each.order_count)) for each in shown]
        widths = [max(map(len, column)) for column in zip(heads, *rows, strict=True)]
        left = 5 + sum(widths) + 2 * len(widths)
        room = min(_WIDEST_BAR, self.width - left - 3)
        most = max((each.quantity for each in shown), default=0)

        def text(side, row):
            cells = (cell.rjust(width) for cell, width in zip(row, widths, strict=True))
            return f"  {side:<3}  " + "  ".join(cells)

        self.line((text("", heads), "bold"))
        self._more(asks[levels:])
        for at, (level, row) in enumerate(zip(shown, rows, strict=True)):
            if at == len(asks[:levels]):
                self._middle(bids, asks, last, left)
            side, style = ("ask", "red") if at < len(asks[:levels]) else ("bid", "green")
            self.line(
                (text(side, row), style), "  ", (self._bar(level.quantity, most, room), style)
            )
        if len(shown) == len(asks[:levels]):
            self._middle(bids, asks, last, left)
        self._more(bids[levels:])

    def _more(self, hidden):
        if hidden:
            total = sum(level.quantity for level in hidden)
            self.line((f"       and {plural(len(hidden), 'more level')} with {total:,}", "dim"))

    def _middle(self, bids, asks, last, width):
        """Write the line between asks and bids."""
        if bids and asks:
            bid, ask = bids[0].price, asks[0].price
            said = [f"spread {money(ask - bid)}", f"mid {_half(bid + ask)}"]
        else:
            said = ["no bids" if asks else "no asks"]
        if last is not None:
            said.append(f"last trade {money(last)}")
        rule, dot = "─·" if self._drawn else "-,"
        text = f" {dot} ".join(said) if self._drawn else ", ".join(said)
        fill = max(4, width - len(text) - 4)
        self.line(
            ("  " + rule * (fill // 2), "dim"), f" {text} ", (rule * (fill - fill // 2), "dim")
        )

    def _bar(self, quantity, most, room):
        if room < 4:
            return ""
        if not self._drawn:
            return "#" * max(1, quantity * room // most)
        eighths = max(1, quantity * room * 8 // most)
        return "█" * (eighths // 8) + _EIGHTHS[eighths % 8].strip()


def _half(total):
    """Return half of a sum of two prices as text, to a tenth of a cent if need be."""
    units, rest = divmod(abs(total), 200)
    text = f"${'-' if total < 0 else ''}{units}.{rest * 5:03d}"
    return text if total % 2 else text[:-1]


def _can_write(file, text):
    try:
        text.encode(getattr(file, "encoding", None) or "utf-8")
    except (UnicodeError, LookupError):
        return False
    return True
