"""Many symbols, a book each: forwards, live views, streams by symbol, copies and files."""

import copy
import inspect
import json
import os
import pickle
import zipfile

import numba
import numpy as np
import pandas as pd
import pytest
from book.streams import POLICIES, drive, message, narrow, random_messages, rows_of
from hypothesis import given, settings
from hypothesis import strategies as st

from nanobook.book import EXTENDED_MESSAGE, MESSAGE, TRADE, Exchange
from nanobook.book.multi import MultiExchange
from nanobook.errors import ArgumentTypeError, FileFormatError, RangeError, ValidationError
from nanobook.persistence.npz import read_npz, write_npz

NAMES = ("ABC", "", "éééé", "Z")

#: What an exchange has that many exchanges have in a form of their own, or not at all.
ITS_OWN = {"process", "save", "load", "replay", "self_trade_prevention", "bar_trades"}
FORWARDED = sorted(
    name for name in vars(Exchange) if not name.startswith("_") and name not in ITS_OWN
)

#: Whole words for what a new symbol may first be told.
ORDERS = {
    "submit_limit": ("buy", 100, 5),
    "submit_market": ("sell", 5),
    "try_submit_limit": ("buy", 100, 5),
    "try_submit_market": ("sell", 5),
    "submit_stop_market": ("buy", 120, 5),
    "submit_stop_limit": ("buy", 120, 125, 5),
    "submit_trailing_stop_market": ("sell", 80, 5, "fixed", 7),
    "submit_trailing_stop_limit": ("sell", 80, 75, 5, "percentage", 0.1),
    "cancel": (7,),
    "modify": (7, 100, 5),
    "reduce": (7, 1),
    "cancel_all": (),
}
QUERIES = {
    "get_order": (1,),
    "get_stop_order": (1,),
    "queue_position": (1,),
    "sweep_cost": ("buy", 3),
    "depth": (3,),
    "average_true_range": (2,),
}

#: Stops of all kinds among the orders.
STOPS = (50, 8, 20, 8, 5, 0.5, 1, 6, 4, 4, 4)


def whole_stream(seed, count, names=NAMES, *, kinds=STOPS, **options):
    """Return messages of all kinds, and a symbol for each."""
    rng = np.random.default_rng(seed)
    messages = random_messages(rng, count, kinds=kinds, **options)
    stops = messages["kind"] >= 7
    messages["stop_price"] = np.where(stops, messages["price"] + rng.integers(-4, 5, count), 0)
    messages["trail_type"] = np.where(messages["kind"] >= 9, rng.integers(0, 3, count), 0)
    messages["trail_value"] = np.where(messages["kind"] >= 9, rng.choice([0.02, 1, 3], count), 0)
    messages["atr_period"] = np.where(messages["kind"] >= 9, rng.integers(1, 5, count), 0)
    symbols = [names[at] for at in rng.integers(0, len(names), count)]
    return messages, symbols


def one_by_one(messages, symbols, **options):
    """Return an exchange that got messages one by one, their results, and trades as a frame."""
    exchange, results, trades = MultiExchange(**options), [], []
    for at, symbol in enumerate(symbols):
        made = exchange.get_or_create(symbol).process(messages[at : at + 1])
        results.append(made.results)
        trades += [(at, symbol, *row) for row in made.trades.tolist()]
    return exchange, np.concatenate(results), trades


def rows_of_trades(frame):
    """Return a frame of trades as `one_by_one` has them."""
    frame = frame.assign(
        symbol=frame["symbol"].astype(object),
        aggressor_side=frame["aggressor_side"].map({"buy": 1, "sell": -1}),
    )
    return [tuple(row) for row in frame[["message", "symbol", *TRADE.names]].to_numpy().tolist()]


def filled():
    """Return an exchange of three symbols with orders, trades and stops."""
    exchange = MultiExchange()
    exchange.submit_limit("B", "sell", 105, 9, owner=1, tag=7)
    exchange.submit_market("B", "buy", 4)
    exchange.submit_limit("A", "buy", 95, 2)
    exchange.submit_stop_market("A", "buy", 120, 1)
    exchange.get_or_create("C")
    return exchange


# ---- the original's door ---------------------------------------------------------------------


@pytest.mark.core
def test_orders_go_to_their_symbols_book():
    exchange = MultiExchange()
    assert exchange.submit_limit("A", "sell", 101, 50).order_id == 1
    assert exchange.submit_limit("B", "sell", 102, 50).order_id == 1
    assert exchange.submit_market("A", "buy", 20).filled_quantity == 20
    assert exchange.modify("A", 1, 103, 10).new_order_id == 3
    assert exchange.cancel("B", 1).cancelled_quantity == 50
    assert exchange.best_prices() == [("A", None, 103), ("B", None, None)]


@pytest.mark.core
def test_signatures_are_the_originals_with_more_behind():
    def first(name, count):
        parameters = list(inspect.signature(getattr(MultiExchange(), name)).parameters.values())
        return [(p.name, p.default) for p in parameters[:count]]

    none = inspect.Parameter.empty
    assert first("submit_limit", 5) == [
        *((name, none) for name in ("symbol", "side", "price", "quantity")),
        ("tif", "gtc"),
    ]
    assert first("submit_market", 3) == [(n, none) for n in ("symbol", "side", "quantity")]
    assert first("cancel", 9) == [("symbol", none), ("order_id", none)]
    assert [n for n, _ in first("modify", 9)] == ["symbol", "order_id", "new_price", "new_quantity"]
    assert first("get_or_create", 9) == [("symbol", none)]
    for name in ("symbols", "best_prices", "len"):
        assert first(name, 9) == []


@pytest.mark.core
def test_arguments_may_be_named():
    exchange = MultiExchange()
    exchange.submit_limit(symbol="A", side="buy", price=1, quantity=2, tif="gtc")
    assert exchange.cancel(order_id=1, symbol="A").cancelled_quantity == 2


@pytest.mark.core
@pytest.mark.parametrize("name", ORDERS)
def test_an_order_to_a_new_symbol_makes_its_book(name):
    exchange, alone = MultiExchange(), Exchange()
    got = getattr(exchange, name)("A", *ORDERS[name])
    assert repr(got) == repr(getattr(alone, name)(*ORDERS[name]))
    assert exchange.symbols() == ["A"]
    assert exchange["A"] == alone


@pytest.mark.core
def test_events_go_to_their_symbols_book():
    events = filled().events("B")
    exchange = MultiExchange()
    assert exchange.apply("A", events[0]) == []
    assert [trade.quantity for trade in exchange.apply("A", events[1])] == [4]
    exchange.apply_all("B", events)
    assert exchange["A"] == exchange["B"] == filled()["B"]
    assert exchange.events("A") == events
    with pytest.raises(ArgumentTypeError):
        exchange.apply("C", "event")
    assert exchange.symbols() == ["A", "B"]


def test_of_many_events_those_before_one_that_cannot_rest_are_done():
    events = np.concatenate([message(0, "buy", 1, 2**63 - 1), message(0, "buy", 1, 1)])
    exchange = MultiExchange()
    with pytest.raises(RangeError, match="quantity of event 1"):
        exchange.apply_all("A", events)
    assert exchange.best_prices() == [("A", 1, None)]


@pytest.mark.core
@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (("ABCDEFGHI", "buy", 1, 1), ValueError),
        (("ééééé", "buy", 1, 1), ValueError),
        (("\ud800", "buy", 1, 1), ValueError),
        ((5, "buy", 1, 1), TypeError),
        ((None, "buy", 1, 1), TypeError),
        (([], "buy", 1, 1), TypeError),
        ((b"A", "buy", 1, 1), TypeError),
        (("A", "up", 1, 1), ValueError),
        (("A", "buy", 1.5, 1), TypeError),
        (("A", "buy", 1, -1), OverflowError),
        (("A", "buy", 1, 1, "day"), ValueError),
        (("A", "buy", 2**63, 1), OverflowError),
        (("A", "buy"), TypeError),
        # where more is wrong, kinds come before values, as in the original
        (("ABCDEFGHI", "buy", 1.5, 1), TypeError),
        ((5, "buy", 1, -1), TypeError),
    ],
)
def test_a_wrong_argument_makes_no_book(arguments, error):
    exchange = MultiExchange()
    with pytest.raises(error):
        exchange.submit_limit(*arguments)
    assert exchange.symbols() == []


@pytest.mark.core
def test_a_symbol_has_eight_bytes_at_most():
    exchange = MultiExchange()
    for symbol in ("ABCDEFGH", "éééé", "", "日本"):
        exchange.submit_limit(symbol, "buy", 1, 1)
        assert type(exchange.symbols()[-1]) is str
    assert exchange.symbols() == ["ABCDEFGH", "éééé", "", "日本"]
    with pytest.raises(ValidationError, match=r"symbol must be at most 8 bytes.*'ABCDEFGHI'"):
        exchange.get_or_create("ABCDEFGHI")
    with pytest.raises(ArgumentTypeError, match="symbol must be a string, got 5"):
        exchange.get_or_create(5)


@pytest.mark.core
def test_the_constructor_takes_options_by_name_only():
    with pytest.raises(TypeError):
        MultiExchange(True)
    with pytest.raises(ValidationError, match="self_trade_prevention must be one of"):
        MultiExchange(self_trade_prevention="newest")


@pytest.mark.core
def test_it_shows_how_many_symbols_it_has():
    exchange = filled()
    assert repr(exchange) == "MultiExchange(symbols=3)"
    assert repr(MultiExchange()) == "MultiExchange(symbols=0)"
    assert exchange.len() == len(exchange) == 3


# ---- live books, in the order in which they were made ----------------------------------------


@pytest.mark.core
def test_books_are_live():
    exchange = MultiExchange()
    book = exchange.get_or_create("A")
    book.submit_limit("buy", 99, 5)
    assert exchange.best_bid("A") == 99
    exchange.submit_limit("A", "sell", 101, 5)
    assert book.best_ask() == 101
    assert exchange["A"] is exchange.get_or_create("A") is book


@pytest.mark.core
def test_symbols_stand_in_the_order_in_which_they_came():
    exchange = MultiExchange()
    names = ["Z", "A", "M", "B"]
    exchange.submit_limit("Z", "buy", 1, 1)
    exchange.cancel("A", 1)
    exchange.get_or_create("M")
    exchange.process(message(0, "buy", 3, 1), ["B"])
    exchange.submit_limit("A", "sell", 2, 1)
    assert exchange.symbols() == list(exchange) == names
    prices = [("Z", 1, None), ("A", None, 2), ("M", None, None), ("B", 3, None)]
    assert exchange.best_prices() == prices
    frame = exchange.best_prices_frame()
    assert list(frame.index) == names
    assert frame.index.name == "symbol"
    assert list(frame.columns) == ["best_bid", "best_ask"]
    back = frame.astype(object).where(frame.notna(), None)
    assert [tuple(row) for row in back.itertuples()] == prices


@pytest.mark.core
def test_lists_given_out_are_the_callers_own():
    exchange = filled()
    exchange.symbols().clear()
    exchange.best_prices().clear()
    assert len(exchange) == 3


@pytest.mark.core
def test_a_symbol_is_in_it_if_it_has_a_book():
    exchange = filled()
    assert "A" in exchange
    assert "X" not in exchange
    assert 5 not in exchange
    assert [] not in exchange


def test_a_frame_of_no_books_is_empty():
    frame = MultiExchange().best_prices_frame()
    assert frame.shape == (0, 2)
    assert frame.dtypes.astype(str).tolist() == ["Int64", "Int64"]


def test_a_frame_keeps_prices_at_the_ends_of_their_range():
    exchange = MultiExchange()
    exchange.submit_limit("A", "buy", 2**63 - 2, 1)
    exchange.submit_limit("B", "sell", -(2**63), 1)
    frame = exchange.best_prices_frame()
    assert frame.loc["A", "best_bid"] == 2**63 - 2
    assert frame.loc["B", "best_ask"] == -(2**63)


# ---- an exchange's methods, each with the symbol first ----------------------------------------


@pytest.mark.core
@pytest.mark.parametrize("name", FORWARDED)
def test_every_method_of_an_exchange_is_there_with_the_symbol_first(name):
    own, *others = inspect.signature(getattr(Exchange, name)).parameters.values()
    parameters = list(inspect.signature(getattr(MultiExchange, name)).parameters.values())
    assert [p.name for p in parameters] == [own.name, "symbol", *(p.name for p in others)]
    assert [p.default for p in parameters[2:]] == [p.default for p in others]
    method = getattr(MultiExchange, name)
    assert method.__name__ == name
    assert method.__qualname__ == f"MultiExchange.{name}"
    assert "symbol : str" in method.__doc__


@pytest.mark.core
@pytest.mark.parametrize("name", sorted({*FORWARDED} - {*ORDERS} - {"apply", "apply_all"}))
def test_a_query_of_an_unknown_symbol_raises_and_makes_no_book(name):
    exchange = filled()
    for symbol in ("X", "ABCDEFGHI", 5, []):
        with pytest.raises(KeyError) as caught:
            getattr(exchange, name)(symbol, *QUERIES.get(name, ()))
        assert isinstance(caught.value, ValidationError)
        assert str(caught.value) == f"symbol must be one that has a book, got {symbol!r}"
    assert exchange.symbols() == ["B", "A", "C"]
    with pytest.raises(KeyError):
        exchange["X"]


@pytest.mark.parametrize("name", sorted({*FORWARDED} - {*ORDERS} - {"apply", "apply_all"}))
@pytest.mark.parametrize("symbol", ["A", "B", "C"])
def test_a_query_says_what_the_book_says(name, symbol):
    exchange = filled()
    one, other = copy.copy(exchange), copy.copy(exchange)
    got = getattr(one, name)(symbol, *QUERIES.get(name, ()))
    wanted = getattr(other[symbol], name)(*QUERIES.get(name, ()))
    if isinstance(got, pd.DataFrame):
        pd.testing.assert_frame_equal(got, wanted)
    elif isinstance(got, np.ndarray):
        assert np.array_equal(got, wanted)
    else:
        assert got == wanted
    assert one == other


@pytest.mark.core
def test_options_go_to_every_new_book():
    exchange = MultiExchange(
        strict=True, record_events=False, self_trade_prevention="CANCEL_oldest"
    )
    with pytest.raises(ValidationError, match="quantity must be at least 1"):
        exchange.submit_limit("A", "buy", 1, 0)
    assert exchange.symbols() == []
    exchange.submit_limit("A", "sell", 1, 5, owner=3)
    exchange.submit_limit("A", "buy", 1, 5, owner=3)
    assert exchange.trades("A") == []
    assert exchange.best_prices() == [("A", 1, None)]
    for book in (exchange["A"], exchange.get_or_create("B")):
        assert book.self_trade_prevention == "cancel_oldest"
        assert len(book._store.events) == 0
    exchange.process(message(0, "buy", 1, 5), ["C"])
    assert exchange["C"].self_trade_prevention == "cancel_oldest"
    with pytest.raises(ValidationError, match="row 0 must be at least 1"):
        exchange.process(message(0, "buy", 1, 0), ["D"])


@pytest.mark.core
def test_methods_called_on_it_are_methods_called_on_books():
    messages, symbols = whole_stream(1, 300, kinds=(50, 8, 22, 10, 7, 0.5))
    exchange, books = MultiExchange(), {}
    for row, symbol in zip(messages, symbols, strict=True):
        view = _View(exchange, symbol)
        assert drive(view, row) == drive(books.setdefault(symbol, Exchange()), row)
    assert exchange.symbols() == list(books)
    assert all(exchange[symbol] == book for symbol, book in books.items())


class _View:
    """One symbol of many, with the methods of an exchange."""

    def __init__(self, exchange, symbol):
        self.exchange, self.symbol = exchange, symbol

    def __getattr__(self, name):
        return lambda *args, **kwargs: getattr(self.exchange, name)(self.symbol, *args, **kwargs)


# ---- streams ---------------------------------------------------------------------------------


@pytest.mark.core
def test_a_stream_is_its_messages_one_by_one():
    messages, symbols = whole_stream(2, 150)
    exchange = MultiExchange()
    made = exchange.process(messages, symbols)
    single, results, trades = one_by_one(messages, symbols)
    assert np.array_equal(made.results, results)
    assert rows_of_trades(made.trades_frame()) == trades
    assert exchange == single
    assert exchange.symbols() == single.symbols() == made.symbols


@settings(max_examples=25)
@given(
    st.integers(0, 2**32),
    st.lists(st.integers(0, 300), max_size=4),
    st.integers(1, 7),
    st.sampled_from(POLICIES),
)
def test_any_stream_in_any_pieces_is_its_messages_one_by_one(seed, cuts, count, policy):
    names = [f"S{at}" for at in range(count)]
    messages, symbols = whole_stream(seed, 300, names, ticks=12)
    single, results, trades = one_by_one(messages, symbols, self_trade_prevention=policy)
    exchange = MultiExchange(self_trade_prevention=policy)
    pieces = np.split(np.arange(300), sorted(cuts))
    made = [exchange.process(messages[at], [symbols[a] for a in at]) for at in pieces]
    assert np.array_equal(np.concatenate([part.results for part in made]), results)
    shown = [
        (row[0] + int(at[0]), *row[1:])
        for part, at in zip(made, pieces, strict=True)
        for row in rows_of_trades(part.trades_frame())
    ]
    assert shown == trades
    assert exchange == single
    assert exchange.symbols() == single.symbols()


def test_the_number_of_threads_makes_no_difference():
    messages, symbols = whole_stream(3, 4_000, [f"S{at}" for at in range(17)])
    before = numba.get_num_threads()
    outcomes = []
    try:
        for threads in {1, 2, numba.config.NUMBA_NUM_THREADS}:
            numba.set_num_threads(min(threads, numba.config.NUMBA_NUM_THREADS))
            exchange = MultiExchange()
            outcomes.append((exchange.process(messages, symbols, every=50, levels=2), exchange))
    finally:
        numba.set_num_threads(before)
    assert all(outcome == outcomes[0] for outcome in outcomes)


@pytest.mark.core
@pytest.mark.parametrize(
    "form",
    [
        list,
        tuple,
        np.array,
        lambda words: np.array(words, object),
        lambda words: np.array([word.encode() for word in words]),
        pd.Series,
        lambda words: pd.Series(words, dtype="category", index=range(len(words), 0, -1)),
        lambda words: pd.Categorical(words, categories=["unused", *sorted(NAMES)]),
        pd.Index,
        pd.CategoricalIndex,
    ],
    ids=["list", "tuple", "U", "object", "S", "Series", "category", "Categorical", "Index", "CI"],
)
def test_symbols_come_in_many_forms(form):
    messages, symbols = whole_stream(4, 60)
    exchange, expected = MultiExchange(), MultiExchange()
    assert exchange.process(messages, form(symbols)) == expected.process(messages, symbols)
    assert exchange == expected
    assert exchange.symbols() == expected.symbols()
    assert all(type(symbol) is str for symbol in exchange)


@pytest.mark.core
def test_a_frame_has_its_symbols_in_a_column():
    frame = pd.DataFrame(
        {
            "kind": ["limit", "limit", "market", "cancel"],
            "symbol": ["B", "A", "B", "A"],
            "side": ["sell", "buy", "buy", None],
            "price": [101, 99, None, None],
            "quantity": [10, 5, 4, None],
            "order_id": [None, None, None, 1],
        },
        index=[9, 8, 7, 7],
    )
    exchange = MultiExchange()
    made = exchange.process(frame)
    assert exchange.symbols() == ["B", "A"]
    shown = made.to_frame()
    assert list(shown.columns)[:4] == ["symbol", "order_id", "status", "error"]
    assert shown["symbol"].tolist() == ["B", "A", "B", "A"]
    assert shown["status"].tolist() == ["New", "New", "Filled", "Cancelled"]
    assert shown.index.name == "message"
    assert made.trades["B"].tolist() == exchange["B"].trades_array().tolist()
    assert len(made.trades["A"]) == 0
    assert made.trade_messages["B"].tolist() == [2]
    assert repr(made) == "MultiResult(messages=4, symbols=2, trades=1)"
    assert len(made) == 4
    trades = made.trades_frame()
    assert trades[["message", "symbol", "trade_id", "price"]].to_numpy().tolist() == [
        [2, "B", 1, 101]
    ]
    assert trades["aggressor_side"].tolist() == ["buy"]
    categorical = MultiExchange().process(frame.astype({"symbol": "category"}))
    assert categorical == made


@pytest.mark.core
def test_trades_stand_with_the_message_that_set_them_off():
    exchange = MultiExchange()
    for symbol in ("A", "B"):
        exchange.submit_limit(symbol, "sell", 100, 1)
        exchange.submit_limit(symbol, "sell", 105, 5)
        exchange.submit_stop_market(symbol, "buy", 100, 2)  # nothing traded yet: it waits
    rows = [
        (message(0, "sell", 110, 1), "A"),
        (message(1, "buy", 0, 1), "B"),  # sets off B's stop, which trades at 105
        (message(2, order_id=99), "B"),
        (message(1, "buy", 0, 1), "A"),
        (message(2, order_id=99), "A"),
    ]
    made = exchange.process(np.concatenate([row for row, _ in rows]), [word for _, word in rows])
    trades = made.trades_frame()
    assert trades["message"].tolist() == [1, 1, 3, 3]
    assert trades["symbol"].tolist() == ["B", "B", "A", "A"]
    assert trades["price"].tolist() == [100, 105, 100, 105]
    assert made.results["trade_count"].tolist() == [0, 1, 0, 1, 0]


def test_samples_are_those_of_each_book_counted_in_the_whole_stream():
    messages, symbols = whole_stream(6, 400)
    made = MultiExchange().process(messages, symbols, every=7, levels=3)
    assert MultiExchange().process(messages, symbols).samples == {}
    for symbol in NAMES:
        at = np.flatnonzero(np.array(symbols) == symbol)
        alone = Exchange().process(messages[at], every=7, levels=3).samples
        assert made.samples[symbol].message.tolist() == at[6::7].tolist()
        assert np.array_equal(made.samples[symbol].ask_price, alone.ask_price)
        assert made.samples[symbol].to_frame().equals(alone.to_frame().set_index(at[6::7]))


@pytest.mark.core
def test_an_empty_stream_does_nothing():
    exchange = filled()
    before = copy.copy(exchange)
    for empty in (np.empty(0, MESSAGE), np.empty(0, EXTENDED_MESSAGE)):
        made = exchange.process(empty, [])
        assert len(made) == len(made.to_frame()) == len(made.trades_frame()) == 0
        assert made.symbols == []
    assert exchange == before
    with pytest.raises(ValidationError, match="levels"):
        exchange.process(np.empty(0, MESSAGE), [], levels=0)


def test_narrow_and_wide_messages_do_the_same():
    messages, symbols = whole_stream(7, 200, kinds=(55, 10, 25, 10))
    messages["tag"] = 0
    one, other = MultiExchange(), MultiExchange()
    assert one.process(narrow(messages), symbols) == other.process(messages, symbols)
    assert one == other


def test_a_stream_isnt_changed():
    messages, symbols = whole_stream(8, 100)
    before = messages.copy()
    MultiExchange().process(messages, symbols)
    assert np.array_equal(messages, before)
    every_other = np.repeat(messages, 2)[::2]  # not in C order
    assert MultiExchange().process(every_other, symbols) == MultiExchange().process(
        messages, symbols
    )


def test_what_cannot_rest_is_a_result():
    big = 2**63 - 1
    rows = np.concatenate([message(0, "buy", 1, big), message(0, "buy", 1, 1)] * 2)
    made = MultiExchange().process(rows, ["A", "A", "B", "B"])
    assert made.results["error"].tolist() == [0, 4, 0, 4]
    assert rows_of(made.results)[1] == (0, -1, 4, 0, 0, 0, 0)


def refusal(messages, symbols, error=ValidationError, **options):
    """Return the text of a refusal, which must leave all books as they were and make none."""
    exchange = filled()
    before = copy.copy(exchange)
    with pytest.raises(error) as caught:
        exchange.process(messages, symbols, **options)
    assert exchange == before
    assert exchange.symbols() == ["B", "A", "C"]
    return str(caught.value)


@pytest.mark.core
@pytest.mark.parametrize("bad", [0, 41, 99])
def test_a_bad_row_refuses_the_whole_stream(bad):
    messages, symbols = whole_stream(9, 100)
    for field, value, rule, error in (
        ("kind", 77, "kind of row {} must be one of", ValidationError),
        ("quantity", -1, "quantity of row {} must not be negative, got -1", RangeError),
    ):
        wrong = messages.copy()
        wrong["kind"][bad] = 0
        wrong[field][bad] = value
        assert f"messages: {rule.format(bad)}" in refusal(wrong, symbols, error)


@pytest.mark.core
@pytest.mark.parametrize("form", [list, pd.Categorical, lambda words: np.array(words, object)])
@pytest.mark.parametrize(
    ("symbol", "error", "text"),
    [
        ("ABCDEFGHI", ValidationError, "symbol must be at most 8 bytes"),
        (5, ArgumentTypeError, "symbol must be a string, got 5"),
        (None, ArgumentTypeError, "symbol must be a string, got "),
    ],
)
def test_a_bad_symbol_refuses_the_whole_stream(symbol, error, text, form):
    messages, symbols = whole_stream(10, 50)
    symbols[23] = symbols[40] = symbol
    said = refusal(messages, form(symbols), error)
    assert said.startswith(f"messages: symbol of row 23 isn't one: {text}")


@pytest.mark.core
def test_symbols_must_be_one_for_each_message():
    messages, symbols = whole_stream(11, 20)
    frame = pd.DataFrame({"kind": ["market"], "side": ["buy"], "quantity": [1], "symbol": ["A"]})
    assert "got 19 for 20 messages" in refusal(messages, symbols[1:])
    assert "symbols must be given" in refusal(messages, None)
    assert "symbols must be left out" in refusal(frame, ["A"])
    assert "symbols must be given" in refusal(frame.drop(columns="symbol"), None)
    assert "symbols must be a sequence" in refusal(messages[:1], "A", ArgumentTypeError)
    assert "symbols must be a sequence" in refusal(messages[:1], iter("A"), ArgumentTypeError)
    assert "symbols must be strings" in refusal(messages[:1], [["A"]], ArgumentTypeError)
    assert refusal(messages[:1], np.array([["A"]]), ArgumentTypeError)
    assert "row 0" in refusal(messages[:1], [b"\xff"])
    assert refusal([(1, 2)], ["A"], ArgumentTypeError)
    for option in ({"every": 0}, {"levels": 0}, {"every": 1.5}):
        assert next(iter(option)) in refusal(messages, symbols, **option)


# ---- copies ----------------------------------------------------------------------------------


@pytest.mark.core
@pytest.mark.parametrize(
    "duplicate",
    [copy.copy, copy.deepcopy, lambda exchange: pickle.loads(pickle.dumps(exchange))],
    ids=["copy", "deepcopy", "pickle"],
)
def test_a_copy_is_equal_and_on_its_own(duplicate):
    exchange = filled()
    twin = duplicate(exchange)
    assert twin == exchange
    assert twin.symbols() == exchange.symbols()
    assert type(twin) is MultiExchange
    twin.submit_limit("A", "buy", 1, 1)
    assert twin != exchange
    exchange.submit_limit("A", "buy", 1, 1)
    assert twin == exchange
    twin.get_or_create("D")
    assert twin != exchange


def test_a_copy_keeps_the_options():
    exchange = MultiExchange(strict=True, self_trade_prevention="cancel_newest")
    for twin in (copy.copy(exchange), pickle.loads(pickle.dumps(exchange))):
        with pytest.raises(ValidationError):
            twin.submit_limit("A", "buy", 0, 1)
        assert twin.get_or_create("A").self_trade_prevention == "cancel_newest"


@pytest.mark.core
def test_equal_are_exchanges_with_equal_books_in_any_order():
    one, other = MultiExchange(), MultiExchange()
    for exchange, names in ((one, "AB"), (other, "BA")):
        for name in names:
            exchange.submit_limit(name, "buy", 1, 1)
    assert one == other
    assert one != MultiExchange()
    assert one != {"A": one["A"], "B": one["B"]}
    assert MultiExchange() == MultiExchange()
    with pytest.raises(TypeError):
        hash(one)


def test_results_are_equal_if_all_of_them_is():
    messages, symbols = whole_stream(12, 200)
    made = MultiExchange().process(messages, symbols)
    assert made == MultiExchange().process(messages, symbols)
    assert made != MultiExchange().process(messages, ["A"] * 200)
    assert made != MultiExchange().process(messages, symbols, every=10)
    assert made != 5
    with pytest.raises(TypeError):
        hash(made)


# ---- files -----------------------------------------------------------------------------------


@pytest.mark.core
def test_a_saved_exchange_is_loaded_as_it_was(tmp_path):
    exchange = filled()
    exchange.save(tmp_path / "books")
    assert os.listdir(tmp_path) == ["books"]
    loaded = MultiExchange.load(tmp_path / "books")
    assert loaded == exchange
    assert loaded.symbols() == ["B", "A", "C"]
    for one in (exchange, loaded):
        one.submit_market("B", "buy", 2)
    assert loaded == exchange


@settings(max_examples=20)
@given(st.integers(0, 2**32), st.integers(0, 300), st.sampled_from(POLICIES), st.booleans())
def test_any_exchange_is_loaded_as_it_was(tmp_path_factory, seed, count, policy, strict):
    messages, symbols = whole_stream(seed, count)
    if strict:
        messages["quantity"] = np.where(messages["kind"] == 6, messages["quantity"], 3)
    exchange = MultiExchange(self_trade_prevention=policy, strict=strict)
    exchange.process(messages, symbols)
    path = tmp_path_factory.mktemp("files") / "books.npz"
    exchange.save(path)
    loaded = MultiExchange.load(path)
    assert loaded == exchange
    assert loaded.symbols() == exchange.symbols()
    for symbol in exchange:
        assert np.array_equal(loaded[symbol]._store.events, exchange[symbol]._store.events)
    again = path.with_name("again")
    loaded.save(again)
    assert MultiExchange.load(again) == exchange
    assert loaded.process(messages, symbols) == exchange.process(messages, symbols)


@pytest.mark.core
def test_options_are_saved_too(tmp_path):
    options = {"strict": True, "record_events": False, "self_trade_prevention": "cancel_oldest"}
    MultiExchange(**options).save(tmp_path / "none")
    loaded = MultiExchange.load(tmp_path / "none")
    assert loaded == MultiExchange()
    loaded.get_or_create("A")
    assert loaded["A"].self_trade_prevention == "cancel_oldest"
    with pytest.raises(ValidationError):
        loaded.submit_limit("A", "buy", 1, 0)
    with pytest.raises(ValidationError, match="'A' was made with record_events=False"):
        loaded.save(tmp_path / "none")
    assert MultiExchange.load(tmp_path / "none") == MultiExchange()


def test_a_log_that_was_cleared_is_not_saved(tmp_path):
    exchange = filled()
    exchange.clear_events("B")
    with pytest.raises(ValidationError, match=r"'B' was made .* or its events were cleared"):
        exchange.save(tmp_path / "books")
    assert os.listdir(tmp_path) == []


@pytest.mark.core
def test_what_was_cleared_is_there_again(tmp_path):
    exchange = filled()
    whole = copy.copy(exchange)
    exchange.clear_trades("B")
    exchange.clear_order_history("B")
    exchange.save(tmp_path / "books")
    assert MultiExchange.load(tmp_path / "books") == whole


def test_a_save_that_fails_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "books"
    exchange = filled()
    exchange.save(path)
    before = path.read_bytes()
    exchange.submit_limit("D", "buy", 1, 1)
    monkeypatch.setattr(np, "savez_compressed", _fail)
    with pytest.raises(OSError, match="no space"):
        exchange.save(path)
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["books"]


def _fail(*_, **__):
    raise OSError("no space")


def test_a_file_that_isnt_there_is_not_found(tmp_path):
    with pytest.raises(FileNotFoundError):
        MultiExchange.load(tmp_path / "none")


@pytest.mark.core
@pytest.mark.parametrize(
    "change",
    [
        lambda header, arrays: header.pop("symbols"),
        lambda header, arrays: header.update(symbols={"A": 1}),
        lambda header, arrays: header.update(symbols=["A", "B"]),
        lambda header, arrays: header.update(symbols=["A", "B", "B"]),
        lambda header, arrays: header.update(symbols=["A", "B", "ABCDEFGHI"]),
        lambda header, arrays: header.update(symbols=["A", "B", 3]),
        lambda header, arrays: header.pop("options"),
        lambda header, arrays: header.update(options=[]),
        lambda header, arrays: header["options"].update(strict=1),
        lambda header, arrays: header["options"].update(self_trade_prevention="x"),
        lambda header, arrays: header["options"].update(more=True),
        lambda header, arrays: header["options"].pop("strict"),
        lambda header, arrays: arrays.pop("events"),
        lambda header, arrays: arrays.update(events=arrays["events"].view(np.int64)),
        lambda header, arrays: arrays.update(events=arrays["events"][:, None]),
        lambda header, arrays: arrays.pop("counts"),
        lambda header, arrays: arrays.update(counts=arrays["counts"].astype(float)),
        lambda header, arrays: arrays.update(counts=arrays["counts"][:2]),
        lambda header, arrays: arrays.update(counts=arrays["counts"] + 1),
        lambda header, arrays: arrays.update(counts=arrays["counts"] * [1, -1, 1]),
        lambda header, arrays: arrays.update(counts=np.array([2**62, 2**62, 2**63 - 1])),
        lambda header, arrays: arrays["events"]["kind"].__setitem__(0, 99),
        lambda header, arrays: arrays["events"]["quantity"].__setitem__(0, -1),
        lambda header, arrays: arrays["events"]["flags"].__setitem__(2, 2),  # half a message
    ],
)
def test_a_damaged_file_is_refused(tmp_path, change):
    path = tmp_path / "books"
    filled().save(path)
    header, arrays = read_npz(path, "multi_exchange")
    change(header, arrays)
    header.pop("kind")
    header.pop("version")
    write_npz(path, "multi_exchange", header, arrays)
    with pytest.raises(FileFormatError, match="books is damaged: "):
        MultiExchange.load(path)


def test_a_log_of_more_than_can_rest_is_refused(tmp_path):
    path = tmp_path / "books"
    filled().save(path)
    header, arrays = read_npz(path, "multi_exchange")
    counts, limits = arrays["counts"], np.zeros(2, MESSAGE)
    limits["side"], limits["quantity"], limits["owner"] = 1, 2**62 + 1, -1
    arrays = {"events": np.append(arrays["events"], limits), "counts": np.add(counts, [0, 0, 2])}
    del header["kind"], header["version"]
    write_npz(path, "multi_exchange", header, arrays)
    with pytest.raises(FileFormatError, match="'C', event 1 has a quantity that can't rest"):
        MultiExchange.load(path)


@settings(max_examples=150)
@given(st.data())
def test_any_damage_is_a_clear_error_or_no_damage(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("files") / "books"
    exchange = filled()
    exchange.save(path)
    whole = bytearray(path.read_bytes())
    if data.draw(st.booleans(), label="cut"):
        path.write_bytes(whole[: data.draw(st.integers(0, len(whole) - 1), label="length")])
    else:
        for at in data.draw(st.lists(st.integers(0, len(whole) - 1), max_size=5, min_size=1)):
            whole[at] = data.draw(st.integers(0, 255), label="byte")
        path.write_bytes(whole)
    try:
        loaded = MultiExchange.load(path)
    except FileFormatError:
        return
    assert loaded == exchange


def test_nothing_in_a_file_is_unpickled(tmp_path):
    path = tmp_path / "books"
    filled().save(path)
    with zipfile.ZipFile(path) as file:
        members = {name: file.read(name) for name in file.namelist()}
    np.save(tmp_path / "bad.npy", np.array([pickle.dumps], object), allow_pickle=True)
    members["counts.npy"] = (tmp_path / "bad.npy").read_bytes()
    with zipfile.ZipFile(path, "w") as file:
        for name, content in members.items():
            file.writestr(name, content)
    with pytest.raises(FileFormatError):
        MultiExchange.load(path)


def test_another_file_is_refused(tmp_path):
    path = tmp_path / "books"
    write_npz(path, "exchange", {}, {"events": np.empty(0, MESSAGE)})
    with pytest.raises(FileFormatError, match="holds 'exchange'"):
        MultiExchange.load(path)
    path.write_text(json.dumps({"kind": "multi_exchange"}))
    with pytest.raises(FileFormatError, match="isn't a whole"):
        MultiExchange.load(path)
