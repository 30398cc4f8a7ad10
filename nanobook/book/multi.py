"""Many symbols, a book each: one call at a time, or a stream at once over all of them."""

import numpy as np

from nanobook.book.exchange import Exchange
from nanobook.book.forward import order, query
from nanobook.book.many import process_many
from nanobook.book.multi_files import load_books, save_books
from nanobook.book.multi_result import MultiResult
from nanobook.book.process import Plan
from nanobook.book.symbols import cut, read_symbols
from nanobook.errors import RangeError, UnknownSymbolError, ValidationError
from nanobook.panel.frames import is_frame
from nanobook.types.codes import LIMIT, MARKET, MODIFY, STOP_MARKET, TRAILING_STOP_LIMIT
from nanobook.types.symbol import Symbol

__all__ = ["MultiExchange"]

#: Kinds of messages that give an order its id.
_TAKING = (LIMIT, MARKET, MODIFY, *range(STOP_MARKET, TRAILING_STOP_LIMIT + 1))


class MultiExchange:
    """An exchange for each symbol: ids, trades and clocks are each book's own.

    An order to a symbol that has no book makes one, a query about it raises a KeyError. Symbols
    stand in the order in which their books were made. ``m["ABC"]`` is the live `Exchange`.
    Whole exchanges can be copied, pickled and compared (in any order of symbols).

    Parameters
    ----------
    strict : bool, default False
        Whether orders of quantity 0 and limit prices below 1 are refused.
    record_events : bool, default True
        Whether every message is kept in its book's log.
    self_trade_prevention : str, default "off"
        What happens in each book when an order would trade with one of the same owner: ``"off"``,
        ``"cancel_newest"``, ``"cancel_oldest"`` or ``"decrement_and_cancel"``.
    bar_trades : int, optional
        How many consecutive trades of a book make a bar, as `Exchange` takes it.

    Raises
    ------
    ArgumentTypeError
        If `bar_trades` isn't an integer.
    RangeError
        If it's below 1.
    ValidationError
        If `self_trade_prevention` names no policy.

    Examples
    --------
    >>> exchange = MultiExchange()
    >>> exchange.submit_limit("ABC", "sell", 101_00, 50)
    SubmitResult(order_id=1, status='New', filled=0, resting=50, cancelled=0, trades=0)
    >>> exchange["XYZ"]
    Traceback (most recent call last):
    nanobook.errors.UnknownSymbolError: symbol must be one that has a book, got 'XYZ'
    >>> exchange.get_or_create("XYZ").submit_market("buy", 5)
    SubmitResult(order_id=1, status='Cancelled', filled=0, resting=0, cancelled=5, trades=0)
    >>> exchange.best_prices()
    [('ABC', None, 10100), ('XYZ', None, None)]
    """

    __slots__ = ("__weakref__", "_books", "_options")

    def __init__(
        self, *, strict=False, record_events=True, self_trade_prevention="off", bar_trades=None
    ):
        self._options = {
            "strict": bool(strict),
            "record_events": bool(record_events),
            "self_trade_prevention": self_trade_prevention,
            "bar_trades": bar_trades,
        }
        self._books = {}
        new = self._new()
        self._options["self_trade_prevention"] = new.self_trade_prevention
        self._options["bar_trades"] = new.bar_trades

    def _new(self):
        return Exchange(**self._options)

    def _act_on_new(self, symbol, method, args, kwargs):
        """Call an exchange's method on a new book, which stays unless that raises."""
        if not isinstance(symbol, str):
            Symbol(symbol)  # raises, before other arguments are looked at
        book = self._new()
        try:
            result = method(book, *args, **kwargs)
        except RangeError:
            if len(book.orders()):  # of many events the first were done
                self._books[str(Symbol(symbol))] = book
            raise
        self._books[str(Symbol(symbol))] = book
        return result

    # ---- books -------------------------------------------------------------------------------

    def get_or_create(self, symbol):
        """Return a symbol's live exchange, made if there's none: orders to it are orders here.

        Parameters
        ----------
        symbol : str
            At most eight bytes in UTF-8.

        Returns
        -------
        Exchange
            The book itself, where the original gave a copy.

        Raises
        ------
        ArgumentTypeError
            If `symbol` isn't a string.
        ValidationError
            If it's too long.
        """
        symbol = str(Symbol(symbol))
        if symbol not in self._books:
            self._books[symbol] = self._new()
        return self._books[symbol]

    def symbols(self):
        """Return the symbols that have a book.

        Returns
        -------
        list of str
            In the order in which their books were made.
        """
        return list(self._books)

    def len(self):
        """Return how many books there are, as ``len(exchange)`` does.

        Returns
        -------
        int
            The number of symbols.
        """
        return len(self._books)

    def best_prices(self):
        """Return the best prices of all books.

        Returns
        -------
        list of tuple of (str, int or None, int or None)
            For each symbol the highest bid and the lowest ask, None where a side is empty.
        """
        return [(symbol, *book.best_bid_ask()) for symbol, book in self._books.items()]

    def best_prices_frame(self):
        """Return the best prices of all books as a frame.

        Returns
        -------
        DataFrame
            A row for each symbol, with best_bid and best_ask; missing where a side is empty.
        """
        import pandas as pd

        prices = self.best_prices()
        columns = {
            name: pd.array([row[at] for row in prices], "Int64")
            for at, name in ((1, "best_bid"), (2, "best_ask"))
        }
        return pd.DataFrame(columns, index=pd.Index(self.symbols(), dtype=object, name="symbol"))

    def __len__(self):
        return len(self._books)

    def __iter__(self):
        return iter(self._books)

    def __contains__(self, symbol):
        return isinstance(symbol, str) and symbol in self._books

    def __getitem__(self, symbol):
        book = self._books.get(symbol) if isinstance(symbol, str) else None
        if book is None:
            raise UnknownSymbolError(f"symbol must be one that has a book, got {symbol!r}")
        return book

    # ---- orders, each with the symbol first --------------------------------------------------

    submit_limit = order(Exchange.submit_limit)
    submit_market = order(Exchange.submit_market)
    try_submit_limit = order(Exchange.try_submit_limit)
    try_submit_market = order(Exchange.try_submit_market)
    submit_stop_market = order(Exchange.submit_stop_market)
    submit_stop_limit = order(Exchange.submit_stop_limit)
    submit_trailing_stop_market = order(Exchange.submit_trailing_stop_market)
    submit_trailing_stop_limit = order(Exchange.submit_trailing_stop_limit)
    cancel = order(Exchange.cancel)
    modify = order(Exchange.modify)
    reduce = order(Exchange.reduce)
    cancel_all = order(Exchange.cancel_all)
    apply = order(Exchange.apply)
    apply_all = order(Exchange.apply_all)

    # ---- queries, each with the symbol first -------------------------------------------------

    best_bid_ask = query(Exchange.best_bid_ask)
    best_bid = query(Exchange.best_bid)
    best_ask = query(Exchange.best_ask)
    spread = query(Exchange.spread)
    last_trade_price = query(Exchange.last_trade_price)
    depth = query(Exchange.depth)
    full_book = query(Exchange.full_book)
    get_order = query(Exchange.get_order)
    orders = query(Exchange.orders)
    open_orders = query(Exchange.open_orders)
    queues = query(Exchange.queues)
    queue_position = query(Exchange.queue_position)
    sweep_cost = query(Exchange.sweep_cost)
    get_stop_order = query(Exchange.get_stop_order)
    pending_stop_count = query(Exchange.pending_stop_count)
    stops = query(Exchange.stops)
    stops_frame = query(Exchange.stops_frame)
    average_true_range = query(Exchange.average_true_range)
    trades = query(Exchange.trades)
    trades_array = query(Exchange.trades_array)
    trades_frame = query(Exchange.trades_frame)
    vwap = query(Exchange.vwap)
    events = query(Exchange.events)
    event_log = query(Exchange.event_log)
    events_frame = query(Exchange.events_frame)
    clear_events = query(Exchange.clear_events)
    clear_trades = query(Exchange.clear_trades)
    clear_order_history = query(Exchange.clear_order_history)
    compact = query(Exchange.compact)

    # ---- streams -----------------------------------------------------------------------------

    def process(self, messages, symbols=None, *, every=None, levels=1):
        """Run a stream of messages to many books, in parallel over symbols.

        Each book gets its messages in order and comes out as if they had been sent one by one, on
        any number of threads. Symbols that have no book get one.

        Parameters
        ----------
        messages : DataFrame, or ndarray of MESSAGE or EXTENDED_MESSAGE
            As `Exchange.process` takes them; a frame may have a column ``symbol`` too.
        symbols : sequence of str, ndarray, Series or Categorical, optional
            The symbol of each message, where `messages` has no such column.
        every : int, optional
            Sample a book's best levels after each so many of its messages.
        levels : int, default 1
            How many levels of each side a sample has.

        Returns
        -------
        MultiResult
            Results in the order of messages, trades and samples by symbol, and frames of all.

        Raises
        ------
        ArgumentTypeError
            If an argument is of another kind.
        RangeError
            If a number is out of its range.
        ValidationError
            If there are no symbols or two sets of them, or a message breaks a rule; the text names
            the row. Nothing has been done and no book made.

        Examples
        --------
        >>> import pandas as pd
        >>> messages = pd.DataFrame(
        ...     {"symbol": ["ABC", "XYZ", "ABC"], "kind": ["limit", "limit", "market"],
        ...      "side": ["sell", "buy", "buy"], "price": [100, 7, 0], "quantity": [5, 2, 3]}
        ... )
        >>> result = MultiExchange().process(messages)
        >>> result
        MultiResult(messages=3, symbols=2, trades=1)
        >>> result.to_frame()[["symbol", "status", "filled"]].to_numpy().tolist()
        [['ABC', 'New', 0], ['XYZ', 'New', 0], ['ABC', 'Filled', 3]]
        """
        if is_frame(messages) and "symbol" in messages.columns:
            if symbols is not None:
                raise ValidationError("symbols must be left out: messages has a column 'symbol'")
            symbols, messages = messages["symbol"], messages.drop(columns="symbol")
        if symbols is None:
            raise ValidationError("symbols must be given, or messages have a column 'symbol'")
        plan = Plan(messages, self._options["strict"], True, every, levels)
        words, codes = read_symbols(symbols, len(plan.messages))
        books = {word: self._books.get(word) or self._new() for word in words}
        rows = cut(codes, len(words))
        streams = [_words(plan.messages)[at].view(plan.messages.dtype)[:, 0] for at in rows]
        made = process_many(books.values(), streams, every=every, levels=levels)
        self._books.update(books)
        results, trades, trade_messages, samples = plan.results, {}, {}, {}
        for word, at, stream, outcome in zip(words, rows, streams, made, strict=True):
            _words(results)[at] = _words(outcome.results)
            trades[word] = outcome.trades
            trade_messages[word] = at[_message_of(outcome.trades, stream, outcome.results)]
            if outcome.samples is not None:
                outcome.samples.message = at[outcome.samples.message]
                samples[word] = outcome.samples
        return MultiResult(words, codes, results, trades, trade_messages, samples)

    # ---- files -------------------------------------------------------------------------------

    def save(self, path):
        """Write all books and the options to one file, atomically.

        What is written is each book's event log, so what was cleared of trades and ended orders
        is there again when it's loaded.

        Parameters
        ----------
        path : str or PathLike
            The file, in NumPy's npz format whatever its name.

        Raises
        ------
        ValidationError
            If a book's log isn't whole: events weren't recorded, or were cleared.
        """
        save_books(path, self._options, {s: book._store for s, book in self._books.items()})

    @classmethod
    def load(cls, path):
        """Read what `save` wrote.

        Parameters
        ----------
        path : str or PathLike
            The file.

        Returns
        -------
        MultiExchange
            Equal to the one that was saved, with its options and its order of symbols.

        Raises
        ------
        FileNotFoundError
            If there's no such file.
        FileFormatError
            If it's damaged, holds anything else, or an event that can't be.
        """
        options, stores = load_books(path)
        new = cls(**options)
        new._books = {symbol: Exchange._of(store) for symbol, store in stores.items()}
        return new

    # ---- copies ------------------------------------------------------------------------------

    def __copy__(self):
        new = type(self)(**self._options)
        new._books = {symbol: book.__copy__() for symbol, book in self._books.items()}
        return new

    def __deepcopy__(self, memo):
        return self.__copy__()

    def __getstate__(self):
        return self._options, self._books

    def __setstate__(self, state):
        self._options, self._books = state

    def __eq__(self, other):
        if not isinstance(other, MultiExchange):
            return NotImplemented
        return self._books == other._books

    __hash__ = None

    def __repr__(self):
        return f"MultiExchange(symbols={len(self)})"


def _words(records):
    """Return records as rows of words: NumPy copies those faster than fields."""
    return records.view(np.int64).reshape(len(records), records.itemsize // 8)


def _message_of(trades, messages, results):
    """Return which message of a book's own stream set off each trade.

    The aggressor's id is that of the message, or lies between it and the id that the next message
    takes: then a stop became the aggressor.
    """
    took = np.flatnonzero(np.isin(messages["kind"], _TAKING) & (results["order_id"] > 0))
    found = np.searchsorted(results["order_id"][took], trades["aggressor_order_id"], "right")
    return took[found - 1]
