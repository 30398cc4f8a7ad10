"""ItchBook: the books of a market, rebuilt from its feed by reference."""

import numbers

import numpy as np

from nanobook.book.header import ASKS, BIDS
from nanobook.book.views import LEVEL_ROW, write_levels
from nanobook.errors import ArgumentTypeError, UnknownSymbolError, ValidationError
from nanobook.itch.arguments import as_name, as_names, as_ns, as_times
from nanobook.itch.handover import exchange_of
from nanobook.itch.progress import bar_of
from nanobook.itch.read import as_date
from nanobook.itch.reader import Reader
from nanobook.itch.rebuild import rebuild
from nanobook.itch.replay import ItchReplay
from nanobook.itch.source import open_source
from nanobook.itch.state import Market
from nanobook.itch.statistics import statistics_frame
from nanobook.panel.arrays import as_count

__all__ = ["ItchBook", "replay_itch"]

_MOST_LEVELS = 10_000

#: Samples that there's room for at first, at least; bytes of a message, rather too few, and of a
#: level in a sample; and bytes that aren't asked for before they're needed.
_FEW_ROWS, _SHORT_FRAME, _LEVEL_BYTES, _MUCH = 4_096, 26, 32, 1 << 30


class ItchBook:
    """The books of all symbols of a feed, or of some, as its messages have left them.

    A reference says which order a message is about, so nothing is matched: an execution need not
    hit the front of its queue, and a locked or crossed book is what the feed said.

    Parameters
    ----------
    symbols : str or iterable of str, optional
        The symbols to follow; all by default.
    strict : bool, default False
        Whether what's wrong raises: references that nobody added or that are in use, messages that
        are shorter than their layout or hold what they can't, a cut stream, bytes behind a
        session's end. Otherwise it's passed over and counted.

    Raises
    ------
    ArgumentTypeError
        If an argument is of a kind that can't be converted.
    ValidationError
        If one breaks its rule.

    Examples
    --------
    >>> book = ItchBook("AAPL")
    >>> book
    ItchBook(0 symbols, 0 orders)
    """

    def __init__(self, symbols=None, *, strict=False):
        self._wanted = as_names(symbols)
        self._strict = _as_flag("strict", strict)
        self.reset()

    def reset(self):
        """Forget everything: the books are empty, and no symbol's code is known."""
        self._market = Market()
        self._reader = Reader(self._wanted, strict=self._strict)

    def replay(
        self,
        source,
        levels=1,
        every=1,
        *,
        start=None,
        stop=None,
        orders=False,
        framing="auto",
        progress=False,
        date=None,
        out=None,
    ):
        """Let the books go through a stream, from where they stand.

        Parameters
        ----------
        source : str, PathLike, bytes-like, ndarray of uint8 or binary file
            As `read_itch` takes it.
        levels : int, default 1
            How many price levels of each side a sample has, at most 10,000.
        every : int, str, timedelta, array_like or None, default 1
            When samples are taken. A number k: after every k-th message of the symbols followed,
            of the book it is about. A time, say ``"100ms"``: at each multiple of it since
            midnight, of each book that had a message since the last. Several times, in order: at
            each, of every book seen so far. None or 0: never. A sample at a time shows the book
            after its last message up to that time, that one included; the end of reading closes
            the last interval.
        start, stop : int, str or timedelta, optional
            Samples and trades are those with ``start <= time``; reading ends at the first message
            at or after `stop`. Messages before `start` build the books all the same.
        orders : bool, default False
            Whether samples have all resting orders, in the order of their priority.
        framing : {"auto", "itch", "moldudp64", "pcap"}, default "auto"
            As `read_itch` takes it.
        progress : bool, default False
            Whether to show how far reading is, in bytes.
        date : str, date or Timestamp, optional
            The day, so that frames can be indexed by Timestamps.
        out : ItchReplay, optional
            What an earlier replay gave: its arrays are written to again where they fit, so that
            little memory has to be asked for. It's empty then.

        Returns
        -------
        ItchReplay
            Samples, trades, statistics.

        Raises
        ------
        ArgumentTypeError
            If an argument is of a kind that can't be converted.
        ValidationError
            If one breaks its rule.
        FileNotFoundError
            If there's no such file.
        FileFormatError
            If the file is compressed and damaged, or a capture that can't be read.
        ItchError
            If the book is strict, where something is wrong; it names the message and the byte. The
            books stand as before that message then.
        """
        levels = as_count("levels", levels, least=1)
        if levels > _MOST_LEVELS:
            raise ValidationError(f"levels must be at most {_MOST_LEVELS}, got {levels}")
        orders, progress = _as_flag("orders", orders), _as_flag("progress", progress)
        start = 0 if start is None else as_ns("start", start)
        stop = None if stop is None else as_ns("stop", stop)
        every, grid, times = _as_every(every)
        if times is not None:
            late = np.iinfo(np.int64).max if stop is None else stop
            times = times[(times >= start) & (times < late)]
        date = as_date(date)
        if out is not None and not isinstance(out, ItchReplay):
            raise ArgumentTypeError(f"out must be what a replay gave, got {out!r}")
        reader, market = self._reader, self._market
        bytes_ = open_source(source, framing)
        whole = None if out is None else out._give_back()
        reader.begin(start, stop)
        rows = _FEW_ROWS
        if every and bytes_.total is not None:  # no more are touched than are written
            likely = bytes_.total // (_SHORT_FRAME * every)
            rows += min(likely, _MUCH // (_LEVEL_BYTES * levels))
        market.prepare(levels, every, grid, times, orders, whole, rows)
        if grid:
            market.header["next_time"] = -(-start // grid) * grid
        elif times is not None:
            market.mark_seen([int(locate) for locate in market.symbols["locate"]])
        bar = bar_of(bytes_, progress)
        try:
            for _ in reader.run(
                bytes_, lambda: rebuild(reader.address, market.address), market.make_room
            ):
                bar.show(bytes_.position)
            reader.judge(bytes_)
            market.finish()
            outcome = reader.outcome(bytes_)
        finally:
            bar.close()
            bytes_.close()
            taken, whole = market.taken()
        names, symbols = reader.names.copy(), market.symbols.copy()
        symbols["sides"] = 0  # addresses say nothing of the market
        return ItchReplay(taken, whole, names, symbols, self._live(), outcome, date)

    # ---- reading -----------------------------------------------------------------------------

    @property
    def symbols(self):
        """The symbols seen, by locate code: a dict; "" where the feed hasn't said a name."""
        names = self._reader.names
        locates = sorted(int(locate) for locate in self._market.symbols["locate"])
        return {locate: names[locate].decode("ascii", "replace") for locate in locates}

    @property
    def statistics(self):
        """What was counted since the books were made: a frame with a row for each symbol seen.

        Columns are locate, messages by type's letter (``?`` for those of no type known, or too
        short for theirs), what was passed over (``unknown_references``, ``duplicate_references``,
        ``malformed``), after how many messages the book was ``locked`` or ``crossed``, and how
        many ``orders`` rest.
        """
        return statistics_frame(self._reader.names, self._market.symbols, self._live())

    def best_bid_ask(self, symbol):
        """Return the best prices of a symbol and what rests there.

        Parameters
        ----------
        symbol : str
            Its name.

        Returns
        -------
        tuple of (int, int) or None
            Price in 1/10000 and shares of the bid, then of the ask; None for a side without.

        Raises
        ------
        UnknownSymbolError
            If nothing has been seen of it.
        """
        locate = self._locate(symbol)
        sides = [self._side_levels(locate, row, 1) for row in (BIDS, ASKS)]
        return tuple(
            (int(side["price"][0]), int(side["quantity"][0])) if len(side) else None
            for side in sides
        )

    def depth(self, symbol, levels=10):
        """Return the best levels of a symbol.

        Parameters
        ----------
        symbol : str
            Its name.
        levels : int, default 10
            How many at most.

        Returns
        -------
        DataFrame
            A row for each level, the best first: bid_price, bid_quantity, bid_orders, ask_price,
            ask_quantity, ask_orders; prices in 1/10000; missing where a side has fewer.

        Raises
        ------
        UnknownSymbolError
            If nothing has been seen of it.
        RangeError
            If `levels` is below 1.
        """
        import pandas as pd

        levels, locate = as_count("levels", levels, least=1), self._locate(symbol)
        columns = {}
        for row, name in ((BIDS, "bid"), (ASKS, "ask")):
            found = self._side_levels(locate, row, levels)
            for field, word in (("price", "price"), ("quantity", "quantity"), ("count", "orders")):
                columns[f"{name}_{word}"] = pd.Series(found[field].copy(), dtype="Int64")
        frame = pd.DataFrame(columns)
        frame.index = pd.RangeIndex(1, len(frame) + 1, name="level")
        return frame

    def orders(self, symbol):
        """Return the resting orders of a symbol.

        Parameters
        ----------
        symbol : str
            Its name.

        Returns
        -------
        ndarray
            row (0), side (+1 or -1), price in 1/10000, reference, quantity: bids first, the next to
            trade first.

        Raises
        ------
        UnknownSymbolError
            If nothing has been seen of it.
        """
        return self._market.orders(self._locate(symbol))

    def to_exchange(self, symbol, **options):
        """Return an exchange in which the orders of a symbol rest, so that others can meet them.

        Parameters
        ----------
        symbol : str
            Its name.
        **options
            What `Exchange` takes.

        Returns
        -------
        Exchange
            Prices in 1/10000; each order's tag is the feed's reference, as an int64.

        Raises
        ------
        UnknownSymbolError
            If nothing has been seen of it.
        ValidationError
            If the book is locked or crossed: in an exchange, those orders would trade.
        """
        return exchange_of(self.orders(symbol), **options)

    def _locate(self, symbol):
        """Return the code of a symbol that has been seen."""
        name = as_name(symbol)
        found = [code for code, word in self.symbols.items() if word.encode() == name]
        if not found:
            raise UnknownSymbolError(f"symbol must be one that the feed has shown, got {symbol!r}")
        return found[-1]

    def _live(self):
        """Return how many orders of each symbol rest, by number."""
        sides = self._market.sides
        live = [int(s.header["sides"]["live"][at & 1]) if s else 0 for at, s in enumerate(sides)]
        return np.array(live, np.int64).reshape(-1, 2).sum(axis=1)

    def _side_levels(self, locate, row, most):
        """Return the best levels of a side."""
        side = self._market.side(locate, int(row))
        if side is None:
            return np.zeros(0, LEVEL_ROW)
        most = min(most, int(side.header["level_count"]))
        out = np.zeros(most, LEVEL_ROW)
        write_levels(side.address, row, most, out.ctypes.data)
        return out

    def __repr__(self):
        live = self._live()
        return f"ItchBook({len(live)} symbols, {live.sum()} orders)"


def replay_itch(
    source,
    symbols=None,
    levels=1,
    every=1,
    *,
    start=None,
    stop=None,
    orders=False,
    strict=False,
    framing="auto",
    progress=False,
    date=None,
    out=None,
):
    """Rebuild the books of a NASDAQ TotalView-ITCH 5.0 stream, and sample them.

    Orders are added, executed, reduced, deleted and replaced by their reference, exactly as the
    feed says; nothing is matched.

    Parameters
    ----------
    source : str, PathLike, bytes-like, ndarray of uint8 or binary file
        As `read_itch` takes it.
    symbols : str or iterable of str, optional
        The symbols to follow; all by default.
    levels : int, default 1
        How many price levels of each side a sample has, at most 10,000.
    every : int, str, timedelta, array_like or None, default 1
        When samples are taken. A number k: after every k-th message of the symbols followed, of
        the book it is about. A time, say ``"100ms"``: at each multiple of it since midnight, of
        each book that had a message since the last. Several times, in order: at each, of every
        book seen so far. None or 0: never. A sample at a time shows the book after its last
        message up to that time, that one included; the end of reading closes the last interval.
    start, stop : int, str or timedelta, optional
        Samples and trades are those with ``start <= time``; reading ends at the first message at
        or after `stop`. Messages before `start` build the books all the same.
    orders : bool, default False
        Whether samples have all resting orders, in the order of their priority.
    strict : bool, default False
        Whether what's wrong raises, as `ItchBook` says; otherwise it's passed over and counted.
    framing : {"auto", "itch", "moldudp64", "pcap"}, default "auto"
        As `read_itch` takes it.
    progress : bool, default False
        Whether to show how far reading is, in bytes.
    date : str, date or Timestamp, optional
        The day, so that frames can be indexed by Timestamps.
    out : ItchReplay, optional
        What an earlier replay gave: its arrays are written to again where they fit. It's empty
        then.

    Returns
    -------
    ItchReplay
        Samples, trades, statistics.

    Raises
    ------
    ArgumentTypeError
        If an argument is of a kind that can't be converted.
    ValidationError
        If one breaks its rule.
    FileNotFoundError
        If there's no such file.
    FileFormatError
        If the file is compressed and damaged, or a capture that can't be read.
    ItchError
        If `strict`, where something is wrong; it names the message and the byte.

    References
    ----------
    .. [1] NASDAQ, "TotalView-ITCH 5.0", protocol specification.

    Examples
    --------
    >>> replay_itch(b"")
    ItchReplay(0 samples x 1 levels, 0 trades; end of file)
    """
    return ItchBook(symbols, strict=strict).replay(
        source,
        levels,
        every,
        start=start,
        stop=stop,
        orders=orders,
        framing=framing,
        progress=progress,
        date=date,
        out=out,
    )


def _as_flag(name, value):
    if not isinstance(value, bool | np.bool_):
        raise ArgumentTypeError(f"{name} must be True or False, got {value!r}")
    return bool(value)


def _as_every(every):
    """Return when samples are taken: a number of messages, of nanoseconds, or times."""
    if every is None:
        return 0, 0, None
    if isinstance(every, numbers.Integral) and not isinstance(every, bool):
        return as_count("every", every), 0, None
    if np.ndim(every) == 1:
        return 0, 0, as_times("every", every)
    grid = as_ns("every", every)
    if grid == 0:
        raise ValidationError(f"every must be more than no time at all, got {every!r}")
    return 0, grid, None
