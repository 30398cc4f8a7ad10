"""The exchange call by call: the tables of specification sections 1 to 7, 9 and 14."""

import copy
import math
import pickle

import numpy as np
import pytest
from book.streams import HIGHEST, LOWEST, assert_same, message, pair, random_messages, rows_of

from nanobook.book import (
    EXTENDED_MESSAGE,
    MESSAGE,
    BookSnapshot,
    CancelAllResult,
    Exchange,
    LevelSnapshot,
    QueuePosition,
    Trade,
)
from nanobook.errors import ArgumentTypeError, RangeError, ValidationError
from nanobook.types.order_status import OrderStatus
from nanobook.types.side import Side
from nanobook.types.submit_status import SubmitStatus
from nanobook.types.time_in_force import TimeInForce


class Integer:
    """A number of its own kind that says what it is."""

    def __init__(self, value):
        self.value = value

    def __index__(self):
        return self.value


def book_of(*orders, **options):
    """Return an exchange after submit_limit of each (side, price, quantity, ...)."""
    exchange = Exchange(**options)
    for order in orders:
        exchange.submit_limit(*order)
    return exchange


def levels(exchange):
    """Return bids and asks as lists of (price, quantity, order_count)."""
    book = exchange.full_book()
    return [tuple(level) for level in book.bids], [tuple(level) for level in book.asks]


def quantities(result):
    return result.filled_quantity, result.resting_quantity, result.cancelled_quantity


def stands(order):
    """Return (status, remaining, filled, original) of an Order."""
    amounts = order.remaining_quantity, order.filled_quantity, order.original_quantity
    return (order.status, *amounts)


def assert_refused(exchange, error, call):
    """Fail unless a call raises and changes nothing."""
    before = copy.copy(exchange)
    queues, orders = exchange.queues(), exchange.orders()
    with pytest.raises(error) as caught:
        call(exchange)
    assert exchange == before
    assert np.array_equal(exchange.queues(), queues)
    assert np.array_equal(exchange.orders(), orders)
    following = [book.submit_limit("buy", 1, 0) for book in (exchange, before)]
    assert following[0] == following[1]  # the counters are where they were
    return caught.value


# ---- 1: arguments ------------------------------------------------------------------------------


@pytest.mark.core
@pytest.mark.parametrize("one", [1, True, np.int64(1), np.uint8(1), Integer(1), np.array(1)])
def test_whatever_has_an_index_is_an_integer(one):
    exchange = Exchange()
    result = exchange.submit_limit("buy", one, one)
    assert (result.order_id, result.resting_quantity) == (1, 1)
    assert exchange.get_order(one).price == 1
    assert len(exchange.depth(one).bids) == 1
    assert exchange.submit_market("sell", one).filled_quantity == 1
    assert exchange.reduce(one, one).error == "OrderNotActive"
    assert exchange.modify(one, one, one).error == "OrderNotActive"
    assert exchange.cancel(one).error == "OrderNotActive"
    assert exchange.queue_position(one) is None
    assert exchange.sweep_cost("buy", one).filled_quantity == 0
    assert len(exchange.trades_array(one)) == 1
    owned = exchange.submit_limit("buy", one, one, owner=one, tag=one)
    assert exchange.get_order(owned.order_id).owner == exchange.get_order(3).tag == 1
    assert exchange.open_orders(owner=one) == [exchange.get_order(3)]


#: Methods with arguments that are right, and which of them are integers, ids and quantities, ...
CALLS = {
    "submit_limit": ("buy", 100, 5, "gtc"),
    "try_submit_limit": ("buy", 100, 5, "gtc"),
    "submit_market": ("buy", 5),
    "try_submit_market": ("buy", 5),
    "cancel": (1,),
    "modify": (1, 100, 5),
    "reduce": (1, 5),
    "get_order": (1,),
    "queue_position": (1,),
    "depth": (3,),
    "sweep_cost": ("buy", 5),
    "trades_array": (1,),
    "cancel_all": ("buy", 0),
    "open_orders": ("buy", 0),
    "queues": ("buy",),
}
INTEGERS = [
    (method, at)
    for method, arguments in CALLS.items()
    for at, value in enumerate(arguments)
    if type(value) is int
]
WORDS = [
    (method, at)
    for method, arguments in CALLS.items()
    for at, value in enumerate(arguments)
    if type(value) is str
]
PRICES = {("submit_limit", 1), ("try_submit_limit", 1), ("modify", 1)}


def call_with(method, at, value):
    """Return a call of a method with one argument replaced."""
    arguments = list(CALLS[method])
    arguments[at] = value
    return lambda exchange: getattr(exchange, method)(*arguments)


@pytest.fixture
def two_sided():
    return book_of(("buy", 99, 10), ("sell", 101, 10), ("buy", 98, 5), ("sell", 99, 3))


@pytest.mark.parametrize("junk", [1.0, 1.5, "1", b"1", [1], math.nan, 1j, np.float64(1)])
@pytest.mark.parametrize(("method", "at"), INTEGERS)
def test_what_has_no_index_is_a_type_error(two_sided, method, at, junk):
    error = assert_refused(two_sided, TypeError, call_with(method, at, junk))
    assert isinstance(error, ArgumentTypeError)


@pytest.mark.parametrize("method", CALLS)
def test_none_is_no_integer(two_sided, method):
    for at, value in enumerate(CALLS[method]):
        optional = method in ("cancel_all", "open_orders", "queues")
        if type(value) is int and not optional:
            assert_refused(two_sided, TypeError, call_with(method, at, None))


@pytest.mark.parametrize("big", [2**63, 2**64, 10**30, -(2**63) - 1, -(10**30)])
@pytest.mark.parametrize(("method", "at"), INTEGERS)
def test_an_integer_out_of_range_is_an_overflow_error(two_sided, method, at, big):
    error = assert_refused(two_sided, OverflowError, call_with(method, at, big))
    assert isinstance(error, RangeError)


@pytest.mark.parametrize(("method", "at"), sorted(set(INTEGERS) - PRICES))
def test_a_negative_id_quantity_or_count_is_an_overflow_error(two_sided, method, at):
    for value in (-1, LOWEST, np.int64(-5), Integer(-1)):
        assert_refused(two_sided, OverflowError, call_with(method, at, value))


def test_owners_and_tags_have_ranges(two_sided):
    for owner in (-1, 2**31, 2**64):
        submit = {"owner": owner}
        assert_refused(
            two_sided, OverflowError, lambda book, o=submit: book.submit_limit("buy", 1, 1, **o)
        )
        assert_refused(
            two_sided, OverflowError, lambda book, o=submit: book.submit_market("buy", 1, **o)
        )
    for tag in (2**63, LOWEST - 1):
        assert_refused(
            two_sided, OverflowError, lambda book, t=tag: book.submit_limit("buy", 1, 1, tag=t)
        )
    for label in ({"owner": 1.0}, {"owner": "1"}, {"tag": 1.5}, {"tag": "x"}, {"tag": None}):
        assert_refused(
            two_sided, TypeError, lambda book, o=label: book.submit_limit("buy", 1, 1, **o)
        )
        assert_refused(
            two_sided, TypeError, lambda book, o=label: book.submit_market("buy", 1, **o)
        )


@pytest.mark.parametrize("junk", [1, 1.5, b"buy", ["buy"], 2**70])
@pytest.mark.parametrize(("method", "at"), WORDS)
def test_a_word_that_is_no_string_is_a_type_error(two_sided, method, at, junk):
    assert_refused(two_sided, TypeError, call_with(method, at, junk))


@pytest.mark.parametrize(
    "word", ["", " buy", "buy ", "bid", "buysell", "büy", "gtc\0", "gtx", "ﬁk"]
)
@pytest.mark.parametrize(("method", "at"), WORDS)
def test_an_unknown_word_is_a_value_error_that_shows_it(two_sided, method, at, word):
    error = assert_refused(two_sided, ValueError, call_with(method, at, word))
    assert not isinstance(error, TypeError | OverflowError)
    assert repr(word) in str(error)


@pytest.mark.parametrize(
    ("words", "side"),
    [
        (("buy", "b", "BUY", "B", "bUy", Side.BUY), Side.BUY),
        (("sell", "s", "SELL", "S", "Sell", Side.SELL), Side.SELL),
    ],
)
def test_sides_in_any_case_and_by_their_first_letters(words, side):
    for word in words:
        exchange = Exchange()
        exchange.submit_limit(word, 100, 5)
        assert exchange.get_order(1).side is side
        exchange.submit_limit(word, 100, 5, owner=1)
        assert exchange.get_order(2).side is side
        exchange.submit_market(word, 5)
        assert exchange.get_order(3).side is side


@pytest.mark.parametrize("word", ["gtc", "ioc", "fok"])
def test_times_in_force_in_any_case(word):
    for spelling in (word, word.upper(), word.title(), TimeInForce(word)):
        exchange = Exchange()
        exchange.submit_limit("sell", 100, 5)
        exchange.submit_limit("buy", 100, 5, spelling)
        assert exchange.get_order(2).time_in_force is TimeInForce(word)


# Section 1: all arguments are converted, in signature order, before any word is interpreted.
@pytest.mark.core
@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (("x", 1.5, 1), TypeError),
        (("x", 1, 1.5), TypeError),
        (("x", 2**70, 1), OverflowError),
        (("x", 1, -1), OverflowError),
        (("x", 1, 1, 5), TypeError),
        (("x", 1, -1, 5), OverflowError),
        (("buy", 2**70, "1"), OverflowError),
        (("buy", "1", 2**70), TypeError),
        ((5, 2**70, 1), TypeError),
        ((5, 1, -1), TypeError),
        (("buy", 1, 1, None), TypeError),
    ],
)
def test_arguments_are_converted_in_the_order_of_the_signature_before_words(arguments, error):
    other = OverflowError if error is TypeError else TypeError
    for method in ("submit_limit", "try_submit_limit"):
        call = lambda exchange, m=method: getattr(exchange, m)(*arguments)  # noqa: E731
        assert not isinstance(assert_refused(Exchange(), error, call), other)


@pytest.mark.parametrize(
    ("arguments", "error"),
    [(("x", 1.5), TypeError), (("x", -1), OverflowError), ((5, -1), TypeError)],
)
def test_a_market_order_too(arguments, error):
    other = OverflowError if error is TypeError else TypeError
    for method in ("submit_market", "try_submit_market"):
        call = lambda exchange, m=method: getattr(exchange, m)(*arguments)  # noqa: E731
        assert not isinstance(assert_refused(Exchange(), error, call), other)


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ((1.5, 2**70, -1), TypeError),
        ((-1, 1.5, 1.5), OverflowError),
        ((1, 2**70, "x"), OverflowError),
    ],
)
def test_a_modify_too(arguments, error):
    other = OverflowError if error is TypeError else TypeError
    exchange = book_of(("buy", 1, 1))
    caught = assert_refused(exchange, error, lambda book: book.modify(*arguments))
    assert not isinstance(caught, other)


def test_the_side_is_looked_at_before_the_time_in_force():
    error = assert_refused(Exchange(), ValueError, lambda b: b.submit_limit("x", 1, 1, "y"))
    assert "side" in str(error)


@pytest.mark.parametrize("method", CALLS)
def test_wrong_counts_and_unknown_keywords_are_type_errors(method):
    exchange = Exchange()
    with pytest.raises(TypeError):
        getattr(exchange, method)(*CALLS[method], *[None] * 9)
    with pytest.raises(TypeError):
        getattr(exchange, method)(*CALLS[method], color="red")
    with pytest.raises(TypeError):
        Exchange(1, 2, 3, 4)


def test_arguments_go_by_the_original_names():
    exchange = Exchange()
    exchange.submit_limit(side="buy", price=1, quantity=2, tif="gtc")
    exchange.submit_market(side="sell", quantity=1)
    exchange.modify(order_id=1, new_price=2, new_quantity=3)
    exchange.cancel(order_id=3)
    assert exchange.get_order(order_id=3).status == "cancelled"
    assert exchange.depth(levels=1) == BookSnapshot()


# ---- 2: objects and their texts ----------------------------------------------------------------


@pytest.mark.core
def test_what_objects_print():
    exchange = book_of(("buy", 100, 5))
    assert repr(exchange) == "Exchange(bid=$1.00, ask=None, trades=0)"
    assert repr(exchange.full_book()) == "BookSnapshot(bids=1, asks=0)"
    assert repr(exchange.full_book().bids) == "[Level(price=$1.00, qty=5, orders=1)]"
    result = exchange.submit_limit("sell", 100, 7)
    assert repr(result) == (
        "SubmitResult(order_id=2, status='PartiallyFilled', filled=5, resting=2, cancelled=0, "
        "trades=1)"
    )
    assert repr(result.trades) == "[Trade(id=1, price=$1.00, qty=5, side='sell')]"
    assert repr(exchange) == "Exchange(bid=None, ask=$1.00, trades=1)"
    assert repr(exchange.get_order(2)) == (
        "Order(id=2, side=sell, price=100, qty=5/7, status=partiallyfilled)"
    )
    modified = exchange.modify(2, 101, 4)
    assert repr(modified) == "ModifyResult(success=True, old=2, new=Some(3), trades=0)"
    assert repr(exchange.modify(2, 101, 4)) == (
        "ModifyResult(success=False, error='OrderNotActive')"
    )
    assert repr(exchange.cancel(3)) == "CancelResult(success=True, cancelled_quantity=4)"
    assert repr(exchange.cancel(9)) == "CancelResult(success=False, error='OrderNotFound')"
    exchange.clear_trades()
    assert repr(exchange) == "Exchange(bid=None, ask=None, trades=0)"


@pytest.mark.parametrize(
    ("price", "text"),
    [
        (0, "$0.00"),
        (-5, "$-0.05"),
        (5, "$0.05"),
        (-100, "$-1.00"),
        (-12345, "$-123.45"),
        (LOWEST, "$-92233720368547758.08"),
        (HIGHEST, "$92233720368547758.07"),
    ],
)
def test_prices_print_with_the_minus_behind_the_dollar(price, text):
    exchange = book_of(("buy", price, 1))
    assert repr(exchange) == f"Exchange(bid={text}, ask=None, trades=0)"
    assert repr(exchange.depth().bids[0]) == f"Level(price={text}, qty=1, orders=1)"


def test_statuses_equal_the_strings_in_both_spellings():
    exchange = Exchange()
    new = exchange.submit_limit("sell", 100, 5)
    part = exchange.submit_limit("buy", 100, 8)
    filled = exchange.submit_limit("sell", 100, 3)
    cancelled = exchange.submit_limit("sell", 100, 3, "ioc")
    assert [r.status for r in (new, part, filled, cancelled)] == [
        *("New", "PartiallyFilled", "Filled", "Cancelled")
    ]
    assert new.status is SubmitStatus.NEW
    words = [exchange.get_order(number).status for number in (1, 2, 3, 4)]
    assert words == ["filled", "filled", "filled", "cancelled"]
    assert words[0] is OrderStatus.FILLED
    exchange.submit_limit("sell", 100, 5)
    exchange.submit_limit("buy", 100, 8)
    assert exchange.get_order(5).status == "filled"
    assert exchange.get_order(6).status == "partiallyfilled"
    exchange.submit_limit("buy", 99, 8)
    assert exchange.get_order(7).status == "new"


def test_attributes_are_read_only_and_lists_are_fresh():
    exchange = book_of(("sell", 100, 5))
    result = exchange.submit_market("buy", 2)
    objects = [
        (result, "filled_quantity"),
        (result.trades[0], "price"),
        (exchange.modify(1, 101, 1), "success"),
        (exchange.cancel(3), "success"),
        (exchange.get_order(1), "status"),
        (exchange.depth(), "bids"),
        (LevelSnapshot((1, 2, 3)), "price"),
        (exchange.cancel_all(), "cancelled_orders"),
    ]
    for thing, name in objects:
        with pytest.raises(AttributeError):
            setattr(thing, name, 1)
        with pytest.raises(AttributeError):
            thing.another = 1
    assert result.trades is not result.trades
    result.trades.clear()
    assert len(result.trades) == 1
    snapshot = book_of(("buy", 1, 1)).depth()
    snapshot.bids.clear()
    assert len(snapshot.bids) == 1
    exchange.trades().clear()
    assert len(exchange.trades()) == 1


def test_a_trade_shows_its_price_as_a_float_and_what_it_cost():
    trade = book_of(("sell", 12345, 5), ("buy", 12345, 2)).trades()[0]
    assert (trade.price_float, trade.notional) == (123.45, 24690)
    assert trade == (1, 12345, 2, "buy", 2, 1, 3)
    assert trade.aggressor_side is Side.BUY


def test_the_average_price_of_trades_truncates_toward_zero():
    def trades(*pairs):
        return [Trade(1, price, quantity, Side.BUY, 2, 1, 3) for price, quantity in pairs]

    assert Trade.vwap([]) is None
    assert Trade.vwap(trades((10, 1), (11, 2))) == 10
    assert Trade.vwap(trades((-10, 1), (-11, 2))) == -10
    assert Trade.vwap(iter(trades((HIGHEST, 2**62), (HIGHEST, 2**62)))) == HIGHEST


# ---- 3: ids and the clock ----------------------------------------------------------------------


@pytest.mark.core
def test_ids_and_ticks_as_in_the_table_of_section_3():
    exchange = Exchange()
    exchange.submit_limit("sell", 100, 5)  # id 1, tick 1
    exchange.submit_limit("sell", 101, 5)  # id 2, tick 2
    exchange.submit_limit("buy", 101, 7)  # id 3, tick 3, trades at 4 and 5
    exchange.submit_limit("buy", 105, 99, "fok")  # id 4, tick 6: rejected all the same
    exchange.submit_limit("buy", 1, 0)  # id 5, tick 7
    exchange.submit_market("buy", 0)  # id 6, tick 8
    exchange.cancel(99), exchange.cancel(1), exchange.modify(2, 1, 0)  # none
    exchange.modify(99, 1, 1), exchange.modify(1, 1, 1), exchange.reduce(2, 1)  # none
    exchange.best_bid_ask(), exchange.depth(), exchange.clear_trades()
    exchange.clear_order_history(), exchange.compact(), exchange.cancel_all("buy")  # none
    exchange.self_trade_prevention = "off"
    modified = exchange.modify(2, 102, 4)  # id 7, tick 9
    assert modified.new_order_id == 7
    last = exchange.submit_limit("buy", 102, 1)  # id 8, tick 10, trade 3 at 11
    assert [(t.trade_id, t.timestamp) for t in last.trades] == [(3, 11)]
    assert [exchange.get_order(i).timestamp for i in (7, 8)] == [9, 10]
    assert exchange.get_order(4) is None


def test_trades_tick_after_their_order_in_the_order_of_execution():
    exchange = book_of(("sell", 100, 1), ("sell", 101, 1), ("sell", 102, 1))
    result = exchange.submit_market("buy", 3)
    assert [(t.trade_id, t.price, t.timestamp) for t in result.trades] == [
        (1, 100, 5),
        (2, 101, 6),
        (3, 102, 7),
    ]
    assert exchange.get_order(4).timestamp == 4


# ---- 4: matching -------------------------------------------------------------------------------


@pytest.mark.core
def test_prices_first_then_time_one_trade_for_each_resting_order():
    exchange = book_of(("sell", 102, 1), ("sell", 101, 2), ("sell", 101, 3), ("sell", 100, 4))
    result = exchange.submit_limit("buy", 101, 8)
    assert [(t.passive_order_id, t.price, t.quantity) for t in result.trades] == [
        (4, 100, 4),
        (2, 101, 2),
        (3, 101, 2),
    ]
    assert levels(exchange) == ([], [(101, 1, 1), (102, 1, 1)])
    assert stands(exchange.get_order(3)) == ("partiallyfilled", 1, 2, 3)
    assert stands(exchange.get_order(4)) == ("filled", 0, 4, 4)


def test_a_partly_filled_order_keeps_its_place():
    exchange = book_of(("buy", 100, 5), ("buy", 100, 5))
    exchange.submit_market("sell", 2)
    assert exchange.submit_market("sell", 4).trades[0].passive_order_id == 1
    assert exchange.queues()["order_id"].tolist() == [2]


def test_there_is_no_self_trade_check_by_default():
    exchange = Exchange()
    exchange.submit_limit("sell", 100, 5, owner=1)
    assert exchange.submit_limit("buy", 100, 5, owner=1).status == "Filled"


# ---- 5: submit, the table ----------------------------------------------------------------------

#: tif, quantity against 5 asked at 100: status, filled, resting, cancelled, and what is stored.
SUBMISSIONS = [
    ("gtc", 100, 5, "Filled", (5, 0, 0), ("filled", 0, 5, 5)),
    ("ioc", 100, 5, "Filled", (5, 0, 0), ("filled", 0, 5, 5)),
    ("fok", 100, 5, "Filled", (5, 0, 0), ("filled", 0, 5, 5)),
    ("gtc", 99, 3, "New", (0, 3, 0), ("new", 3, 0, 3)),
    ("gtc", 100, 8, "PartiallyFilled", (5, 3, 0), ("partiallyfilled", 3, 5, 8)),
    ("ioc", 99, 3, "Cancelled", (0, 0, 3), ("cancelled", 3, 0, 3)),
    ("ioc", 100, 8, "PartiallyFilled", (5, 0, 3), ("partiallyfilled", 3, 5, 8)),
    ("fok", 99, 3, "Cancelled", (0, 0, 3), None),
    ("fok", 100, 8, "Cancelled", (0, 0, 8), None),
    ("gtc", 100, 0, "Filled", (0, 0, 0), ("filled", 0, 0, 0)),
    ("ioc", 100, 0, "Filled", (0, 0, 0), ("filled", 0, 0, 0)),
    ("fok", 100, 0, "Filled", (0, 0, 0), ("filled", 0, 0, 0)),
    ("gtc", 99, 0, "Filled", (0, 0, 0), ("filled", 0, 0, 0)),
]


@pytest.mark.core
@pytest.mark.parametrize(("tif", "price", "quantity", "status", "split", "stored"), SUBMISSIONS)
def test_the_table_of_submissions(tif, price, quantity, status, split, stored):
    for sign, side, other in ((1, "buy", "sell"), (-1, "sell", "buy")):
        exchange = book_of((other, sign * 100, 5))
        result = exchange.submit_limit(side, sign * price, quantity, tif)
        assert (result.order_id, result.status, quantities(result)) == (2, status, split)
        assert len(result.trades) == (split[0] > 0)
        order = exchange.get_order(2)
        assert (stands(order) if order else None) == stored
        if order:
            assert (order.side, order.price, order.time_in_force) == (side, sign * price, tif)
            assert order.timestamp == 2
            assert (order.owner, order.tag) == (None, 0)
            assert order.is_active == (split[1] > 0)
        assert exchange.last_trade_price() == (sign * 100 if split[0] else None)
        own = [(sign * price, split[1], 1)] if split[1] else []
        rest = [(sign * 100, 5 - split[0], 1)] if split[0] < 5 else []
        assert levels(exchange) == ((own, rest) if sign == 1 else (rest, own))


@pytest.mark.core
def test_a_market_order_is_an_ioc_order_at_the_last_price_there_is():
    for side, other, price in (("buy", "sell", HIGHEST), ("sell", "buy", LOWEST)):
        exchange = book_of((other, 100, 5))
        result = exchange.submit_market(side, 8)
        assert (result.status, quantities(result)) == ("PartiallyFilled", (5, 0, 3))
        order = exchange.get_order(2)
        assert (order.price, order.time_in_force) == (price, "ioc")
        assert stands(order) == ("partiallyfilled", 3, 5, 8)
        empty = exchange.submit_market(side, 4)
        assert (empty.status, quantities(empty)) == ("Cancelled", (0, 0, 4))
        assert stands(exchange.get_order(3)) == ("cancelled", 4, 0, 4)
        assert exchange.submit_market(side, 0).status == "Filled"


def test_a_market_order_reaches_an_order_at_the_end_of_the_range():
    exchange = book_of(("sell", HIGHEST, 2), ("buy", LOWEST, 3))
    assert exchange.submit_market("buy", 2).trades[0].price == HIGHEST
    assert exchange.submit_market("sell", 3).trades[0].price == LOWEST


def test_a_rejected_fill_or_kill_order_uses_an_id_and_is_nowhere():
    exchange = book_of(("sell", 100, 5))
    assert exchange.submit_limit("buy", 100, 6, "fok").order_id == 2
    assert exchange.get_order(2) is None
    assert 2 not in exchange.orders()["order_id"]
    assert exchange.cancel(2).error == "OrderNotFound"
    assert exchange.modify(2, 1, 1).error == "OrderNotFound"
    assert exchange.reduce(2, 1).error == "OrderNotFound"
    assert exchange.clear_order_history() == 0
    assert exchange.submit_limit("buy", 1, 1).order_id == 3


def test_fill_or_kill_counts_levels_only_as_far_as_its_price():
    exchange = book_of(("sell", 100, 5), ("sell", 101, 5), ("sell", 102, 5))
    assert exchange.submit_limit("buy", 101, 11, "fok").status == "Cancelled"
    assert exchange.submit_limit("buy", 102, 15, "fok").status == "Filled"


def test_the_last_price_is_that_of_the_last_trade():
    exchange = book_of(("sell", 100, 1), ("sell", 105, 1), ("buy", 110, 2))
    assert exchange.last_trade_price() == 105
    exchange.submit_limit("buy", 1, 0)
    exchange.clear_trades()
    assert exchange.last_trade_price() == 105


# ---- 6: cancel ---------------------------------------------------------------------------------


@pytest.mark.core
def test_the_table_of_cancellations():
    exchange = book_of(("sell", 100, 5), ("buy", 100, 2), ("sell", 101, 4), ("buy", 100, 9, "fok"))
    result = exchange.cancel(1)
    assert (result.success, result.cancelled_quantity, result.error) == (True, 3, None)
    assert stands(exchange.get_order(1)) == ("cancelled", 0, 2, 5)
    for order_id, error in (
        (1, "OrderNotActive"),  # cancelled
        (2, "OrderNotActive"),  # filled
        (4, "OrderNotFound"),  # fill-or-kill, rejected
        (0, "OrderNotFound"),
        (5, "OrderNotFound"),
        (HIGHEST, "OrderNotFound"),
    ):
        result = exchange.cancel(order_id)
        assert (result.success, result.cancelled_quantity, result.error) == (False, 0, error)
    exchange.clear_order_history()
    assert exchange.cancel(1).error == exchange.cancel(2).error == "OrderNotFound"
    assert exchange.cancel(3).cancelled_quantity == 4
    assert levels(exchange) == ([], [])


@pytest.mark.parametrize("at", [0, 1, 2, 3])
def test_cancelling_does_not_disturb_the_others(at):
    exchange = book_of(*[("buy", 100, quantity) for quantity in (1, 2, 3, 4)])
    exchange.cancel(at + 1)
    left = [number for number in (1, 2, 3, 4) if number != at + 1]
    assert exchange.queues()["order_id"].tolist() == left
    assert levels(exchange) == ([(100, 10 - (at + 1), 3)], [])
    taken = exchange.submit_market("sell", 100).trades
    assert [(t.passive_order_id, t.quantity) for t in taken] == [(n, n) for n in left]


# ---- 7: modify ---------------------------------------------------------------------------------


@pytest.mark.core
def test_a_replacement_goes_to_the_back_whatever_changes():
    for price, quantity in ((100, 5), (100, 1), (100, 9)):
        exchange = book_of(("buy", 100, 5), ("buy", 100, 5))
        result = exchange.modify(1, price, quantity)
        assert (result.success, result.old_order_id, result.new_order_id) == (True, 1, 3)
        assert (result.cancelled_quantity, result.trades, result.error) == (5, [], None)
        assert exchange.queues()["order_id"].tolist() == [2, 3]
        assert stands(exchange.get_order(1)) == ("cancelled", 0, 0, 5)
        assert stands(exchange.get_order(3)) == ("new", quantity, 0, quantity)


@pytest.mark.core
def test_errors_of_a_modify_in_their_order_leave_the_old_order_alone():
    exchange = book_of(("buy", 100, 5), ("sell", 100, 5), ("buy", 99, 5), ("buy", 98, 5, "fok"))
    before = exchange.orders()
    for order_id, quantity, error in (
        (3, 0, "InvalidQuantity"),
        (1, 0, "InvalidQuantity"),
        (77, 0, "InvalidQuantity"),
        (77, 1, "OrderNotFound"),
        (0, 1, "OrderNotFound"),
        (4, 1, "OrderNotFound"),
        (1, 1, "OrderNotActive"),
    ):
        result = exchange.modify(order_id, 100, quantity)
        assert (result.success, result.error) == (False, error)
        assert (result.old_order_id, result.new_order_id) == (order_id, None)
        assert (result.cancelled_quantity, result.trades) == (0, [])
        assert result.status is None
    assert np.array_equal(exchange.orders(), before)


def test_cancelled_is_what_remained_and_the_new_quantity_is_whole():
    exchange = book_of(("buy", 100, 10), ("sell", 100, 4))
    result = exchange.modify(1, 99, 10)
    assert result.cancelled_quantity == 6
    assert stands(exchange.get_order(1)) == ("cancelled", 0, 4, 10)
    assert stands(exchange.get_order(3)) == ("new", 10, 0, 10)


def test_a_replacement_trades_as_any_order_does():
    exchange = book_of(("buy", 90, 5), ("sell", 100, 3))
    result = exchange.modify(1, 100, 3)
    assert [(t.aggressor_order_id, t.passive_order_id, t.quantity) for t in result.trades] == [
        (3, 2, 3)
    ]
    assert quantities(result) == (3, 0, 5)
    assert result.status == "Filled"
    assert stands(exchange.get_order(3)) == ("filled", 0, 3, 3)
    assert levels(exchange) == ([], [])


def test_a_modify_may_go_to_any_price():
    exchange = book_of(("buy", 90, 5))
    for order_id, price in enumerate((0, -5, LOWEST, HIGHEST), 1):
        assert exchange.modify(order_id, price, 5).success
        assert exchange.best_bid() == price


# ---- reduce, cancel_all, post only, owners, tags -----------------------------------------------


@pytest.mark.core
def test_a_reduced_order_keeps_its_place():
    exchange = book_of(("buy", 100, 10), ("buy", 100, 5), ("sell", 100, 2))
    result = exchange.reduce(1, 3)
    assert (result.success, result.cancelled_quantity, result.error) == (True, 3, None)
    assert stands(exchange.get_order(1)) == ("partiallyfilled", 5, 2, 7)
    assert exchange.queue_position(1).orders_ahead == 0
    assert levels(exchange) == ([(100, 10, 2)], [])
    assert exchange.reduce(1, 5).cancelled_quantity == 5
    assert stands(exchange.get_order(1)) == ("cancelled", 0, 2, 7)
    assert exchange.reduce(2, HIGHEST).cancelled_quantity == 5
    assert levels(exchange) == ([], [])


@pytest.mark.core
def test_errors_of_a_reduce_in_their_order():
    exchange = book_of(("buy", 100, 10), ("sell", 100, 10))
    for order_id, quantity, error in (
        (1, 0, "InvalidQuantity"),
        (9, 0, "InvalidQuantity"),
        (9, 1, "OrderNotFound"),
        (1, 1, "OrderNotActive"),
    ):
        result = exchange.reduce(order_id, quantity)
        assert (result.success, result.cancelled_quantity, result.error) == (False, 0, error)


def owned_book():
    exchange = Exchange()
    for side, price, owner in (
        ("buy", 99, 1),
        ("buy", 98, 2),
        ("buy", 98, None),
        ("sell", 101, 1),
        ("sell", 101, 2),
    ):
        exchange.submit_limit(side, price, 10, owner=owner)
    return exchange


@pytest.mark.core
@pytest.mark.parametrize(
    ("arguments", "gone"),
    [
        ({}, [1, 2, 3, 4, 5]),
        ({"side": "buy"}, [1, 2, 3]),
        ({"side": "S"}, [4, 5]),
        ({"owner": 1}, [1, 4]),
        ({"owner": 2, "side": "buy"}, [2]),
        ({"owner": 7}, []),
    ],
)
def test_cancel_all_of_a_side_and_an_owner(arguments, gone):
    exchange = owned_book()
    result = exchange.cancel_all(**arguments)
    assert result == CancelAllResult(len(gone), 10 * len(gone))
    assert [order.id for order in exchange.open_orders()] == [
        n for n in range(1, 6) if n not in gone
    ]
    assert all(exchange.get_order(number).status == "cancelled" for number in gone)


@pytest.mark.core
def test_post_only_orders_rest_or_are_cancelled():
    exchange = book_of(("sell", 100, 5))
    for price in (100, 101):
        result = exchange.submit_limit("buy", price, 3, post_only=True)
        assert (result.status, quantities(result)) == ("Cancelled", (0, 0, 3))
        assert stands(exchange.get_order(result.order_id)) == ("cancelled", 0, 0, 3)
        assert exchange.cancel(result.order_id).error == "OrderNotActive"
    rests = exchange.submit_limit("buy", 99, 3, post_only=True)
    assert (rests.order_id, rests.status, quantities(rests)) == (4, "New", (0, 3, 0))
    assert exchange.submit_limit("buy", 100, 0, post_only=True).status == "Filled"
    assert levels(exchange) == ([(99, 3, 1)], [(100, 5, 1)])
    for tif in ("ioc", "fok"):
        assert_refused(
            exchange,
            ValidationError,
            lambda b, t=tif: b.submit_limit("buy", 9, 1, t, post_only=True),
        )


def test_a_post_only_order_is_rejected_before_own_orders_are_looked_at():
    exchange = Exchange(self_trade_prevention="cancel_oldest")
    exchange.submit_limit("sell", 100, 5, owner=1)
    result = exchange.submit_limit("buy", 100, 5, owner=1, post_only=True)
    assert result.status == "Cancelled"
    assert exchange.best_ask() == 100


@pytest.mark.core
def test_owners_and_tags_stay_with_an_order_and_its_replacement():
    exchange = book_of(("buy", 90, 1))
    exchange.submit_limit("buy", 91, 1, owner=2**31 - 1, tag=LOWEST)
    exchange.modify(2, 92, 2)
    order = exchange.get_order(3)
    assert (order.owner, order.tag) == (2**31 - 1, LOWEST)
    assert (exchange.get_order(1).owner, exchange.get_order(1).tag) == (None, 0)
    exchange.submit_limit("buy", 93, 1, owner=0)
    assert exchange.get_order(4).owner == 0
    assert [o.id for o in exchange.open_orders("buy", 0)] == [4]
    exchange.clear_order_history()
    order = exchange.get_order(3)
    assert (order.owner, order.tag) == (2**31 - 1, LOWEST)
    market = exchange.submit_market("sell", 9, owner=5, tag=6)
    order = exchange.get_order(market.order_id)
    assert (order.owner, order.tag) == (5, 6)


def resting(policy, *orders):
    exchange = Exchange(self_trade_prevention=policy)
    for side, price, quantity, owner in orders:
        exchange.submit_limit(side, price, quantity, owner=owner)
    return exchange


@pytest.mark.core
def test_cancel_newest_stops_the_incoming_order():
    exchange = resting("cancel_newest", ("sell", 100, 3, 2), ("sell", 100, 5, 1))
    result = exchange.submit_limit("buy", 100, 9, owner=1)
    assert (result.status, quantities(result)) == ("PartiallyFilled", (3, 0, 6))
    assert stands(exchange.get_order(3)) == ("partiallyfilled", 0, 3, 9)
    assert exchange.cancel(3).error == "OrderNotActive"
    assert levels(exchange) == ([], [(100, 5, 1)])
    result = exchange.submit_market("buy", 9, owner=1)
    assert (result.status, quantities(result)) == ("Cancelled", (0, 0, 9))
    assert stands(exchange.get_order(4)) == ("cancelled", 0, 0, 9)


@pytest.mark.core
def test_cancel_oldest_takes_the_own_order_away_and_goes_on():
    exchange = resting("cancel_oldest", ("sell", 100, 5, 1), ("sell", 101, 5, 2))
    result = exchange.submit_limit("buy", 101, 8, owner=1)
    assert (result.status, quantities(result)) == ("PartiallyFilled", (5, 3, 0))
    assert stands(exchange.get_order(1)) == ("cancelled", 0, 0, 5)
    assert levels(exchange) == ([(101, 3, 1)], [])


@pytest.mark.core
@pytest.mark.parametrize(
    ("quantity", "split", "asks"),
    [(4, (0, 0, 4), [(100, 5, 1)]), (5, (0, 5, 0), []), (6, (0, 6, 0), [])],
)
def test_decrement_and_cancel_decrements_nothing(quantity, split, asks):
    exchange = resting("decrement_and_cancel", ("sell", 100, 5, 1))
    result = exchange.submit_limit("buy", 100, quantity, owner=1)
    assert quantities(result) == split
    assert levels(exchange)[1] == asks


def test_owners_only_matter_where_both_have_one():
    for policy in ("cancel_newest", "cancel_oldest", "decrement_and_cancel"):
        exchange = resting(policy, ("sell", 100, 5, None), ("sell", 100, 5, 1))
        assert exchange.submit_limit("buy", 100, 5, owner=1).status == "Filled"
        assert exchange.submit_limit("buy", 100, 5).status == "Filled"
        assert exchange.get_order(2).status == "filled"


#: Asks of 4 by another, 5 of one's own, 4 by another: what a fill-or-kill order can have.
@pytest.mark.core
@pytest.mark.parametrize(
    ("policy", "quantity", "is_filled"),
    [
        ("off", 13, True),
        ("off", 14, False),
        ("cancel_newest", 4, True),
        ("cancel_newest", 5, False),
        ("cancel_oldest", 8, True),
        ("cancel_oldest", 9, False),
        ("decrement_and_cancel", 4, True),
        ("decrement_and_cancel", 8, False),
        ("decrement_and_cancel", 5, False),
    ],
)
def test_fill_or_kill_counts_what_would_really_trade(policy, quantity, is_filled):
    asks = ("sell", 100, 4, 2), ("sell", 100, 5, 1), ("sell", 101, 4, 2)
    exchange = resting(policy, *asks)
    before = levels(exchange)
    result = exchange.submit_limit("buy", 101, quantity, "fok", owner=1)
    assert result.status == ("Filled" if is_filled else "Cancelled")
    if not is_filled:
        assert levels(exchange) == before
        assert exchange.get_order(4) is None


def test_fill_or_kill_passes_over_small_own_orders_that_it_meets():
    asks = [("sell", 100, 4, 2), ("sell", 100, 2, 1), ("sell", 101, 4, 2), ("sell", 101, 1, 1)]
    exchange = resting("decrement_and_cancel", *asks)
    assert exchange.submit_limit("buy", 101, 8, "fok", owner=1).status == "Filled"
    assert exchange.get_order(2).status == "cancelled"
    assert exchange.get_order(4).status == "new"  # met by nobody


def test_the_policy_is_a_property():
    exchange = Exchange()
    assert exchange.self_trade_prevention == "off"
    exchange.self_trade_prevention = "CANCEL_OLDEST"
    assert exchange.self_trade_prevention == "cancel_oldest"
    assert Exchange(self_trade_prevention="cancel_newest").self_trade_prevention == "cancel_newest"
    for junk in ("", "none", None, 1, b"off"):
        with pytest.raises(ValidationError):
            exchange.self_trade_prevention = junk
        with pytest.raises(ValidationError):
            Exchange(self_trade_prevention=junk)
    assert exchange.self_trade_prevention == "cancel_oldest"


# ---- strict ------------------------------------------------------------------------------------


@pytest.mark.core
def test_a_strict_exchange_wants_quantities_and_prices():
    exchange = book_of(("buy", 100, 5), strict=True)
    for call, word in (
        (lambda book: book.submit_limit("buy", 100, 0), "quantity"),
        (lambda book: book.submit_limit("buy", 0, 0), "quantity"),
        (lambda book: book.submit_limit("buy", 0, 1), "price"),
        (lambda book: book.submit_limit("buy", -1, 1), "price"),
        (lambda book: book.submit_limit("buy", -1, 1, owner=1), "price"),
        (lambda book: book.submit_limit("buy", 1, 0, tag=1), "quantity"),
        (lambda book: book.submit_market("buy", 0), "quantity"),
        (lambda book: book.submit_market("buy", 0, owner=1), "quantity"),
        (lambda book: book.modify(1, 0, 5), "price"),
        (lambda book: book.modify(77, -3, 0), "price"),
    ):
        before = copy.copy(exchange)
        with pytest.raises(ValidationError, match=word) as caught:
            call(exchange)
        assert not isinstance(caught.value, TypeError | OverflowError)
        assert exchange == before
    assert exchange.modify(1, 1, 0).error == "InvalidQuantity"
    assert exchange.submit_limit("buy", 1, 1).status == "New"
    assert exchange.submit_market("sell", 1, owner=1).status == "Filled"
    assert copy.copy(exchange).submit_limit("buy", 1, 1).status == "New"
    with pytest.raises(ValidationError):
        pickle.loads(pickle.dumps(exchange)).submit_limit("buy", 0, 1)


@pytest.mark.core
def test_try_submit_wants_them_on_any_exchange():
    exchange = book_of(("sell", 100, 5))
    for call, text in (
        (lambda book: book.try_submit_limit("buy", 0, 0), "quantity"),
        (lambda book: book.try_submit_limit("buy", 0, 1), "price"),
        (lambda book: book.try_submit_limit("buy", -7, 1), "price"),
        (lambda book: book.try_submit_market("buy", 0), "quantity"),
    ):
        assert text in str(assert_refused(exchange, ValidationError, call))
    plain = copy.copy(exchange)
    assert exchange.try_submit_limit("buy", 100, 2, "ioc") == plain.submit_limit(
        "buy", 100, 2, "ioc"
    )
    assert exchange.try_submit_market("buy", 2) == plain.submit_market("buy", 2)
    assert exchange == plain


# ---- 9: queries --------------------------------------------------------------------------------


@pytest.mark.core
def test_an_empty_book_has_nothing_to_show():
    exchange = Exchange()
    assert exchange.best_bid_ask() == (None, None)
    assert exchange.best_bid() is exchange.best_ask() is exchange.spread() is None
    assert exchange.last_trade_price() is exchange.vwap() is None
    assert exchange.depth() == exchange.full_book() == BookSnapshot()
    assert exchange.trades() == exchange.open_orders() == []
    assert len(exchange.queues()) == len(exchange.orders()) == len(exchange.trades_array()) == 0
    assert exchange.get_order(0) is exchange.get_order(1) is None
    assert exchange.queue_position(1) is None
    assert exchange.clear_order_history() == 0
    assert exchange.cancel_all() == (0, 0)
    assert len(exchange.trades_frame()) == 0
    exchange.clear_trades()
    exchange.compact()
    assert exchange == Exchange()


@pytest.mark.core
def test_the_touch_of_one_side_and_of_both():
    exchange = book_of(("buy", 99, 1))
    assert (exchange.best_bid_ask(), exchange.spread()) == ((99, None), None)
    exchange.submit_limit("sell", 104, 1)
    assert (exchange.best_bid_ask(), exchange.spread()) == ((99, 104), 5)
    exchange.cancel(1)
    assert (exchange.best_bid(), exchange.best_ask(), exchange.spread()) == (None, 104, None)
    assert {type(value) for value in exchange.best_bid_ask()} == {type(None), int}


def test_depth_is_the_best_levels_in_order():
    orders = [("buy", price, 1) for price in (95, 99, 97)]
    orders += [("sell", price, 2) for price in (105, 101, 103, 101)]
    exchange = book_of(*orders)
    assert exchange.depth(0) == BookSnapshot()
    assert exchange.depth(2) == BookSnapshot([(99, 1, 1), (97, 1, 1)], [(101, 4, 2), (103, 2, 1)])
    assert exchange.depth(HIGHEST) == exchange.depth() == exchange.full_book()
    assert [level.price for level in exchange.full_book().asks] == [101, 103, 105]


def test_depth_shows_ten_levels_by_default():
    exchange = book_of(*[("buy", price, 1) for price in range(100)])
    assert [level.price for level in exchange.depth().bids] == list(range(99, 89, -1))
    for count in (1, 31, 32, 33, 99, 100, 101):
        assert len(exchange.depth(count).bids) == min(count, 100)


def test_a_snapshot_is_a_copy():
    exchange = book_of(("buy", 99, 1), ("sell", 101, 2))
    shots = exchange.depth(), exchange.full_book(), exchange.depth(40)
    queues, orders, trades = exchange.queues(), exchange.orders(), exchange.trades_array()
    order = exchange.get_order(2)
    exchange.submit_market("buy", 1)
    exchange.submit_limit("buy", 100, 9)
    exchange.depth(), exchange.full_book()
    for shot in shots:
        assert shot == BookSnapshot([(99, 1, 1)], [(101, 2, 1)])
    assert queues["quantity"].tolist() == [1, 2]
    assert orders["remaining"].tolist() == [1, 2]
    assert len(trades) == 0
    assert stands(order) == ("new", 2, 0, 2)
    queues["quantity"] = orders["remaining"] = 77
    exchange.trades_array()["price"] = 77
    assert exchange.queues()["quantity"].tolist() == [9, 1, 1]
    assert exchange.trades()[0].price == 101


def test_queues_show_the_book_order_by_order():
    exchange = book_of(("buy", 99, 1), ("sell", 101, 2), ("buy", 99, 3), ("buy", 100, 4))
    assert exchange.queues()["order_id"].tolist() == [4, 1, 3, 2]
    assert exchange.queues("buy")["order_id"].tolist() == [4, 1, 3]
    assert exchange.queues("s")["order_id"].tolist() == [2]
    assert exchange.queues("s").tolist() == [(-1, 101, 2, 2, 2, -1, 0)]


def test_a_queue_position_counts_what_is_ahead():
    exchange = book_of(
        ("buy", 99, 1), ("buy", 99, 2), ("buy", 99, 3), ("buy", 100, 7), ("sell", 101, 1)
    )
    assert exchange.queue_position(3) == QueuePosition(2, 3, 3, 6, 7)
    assert exchange.queue_position(4) == QueuePosition(0, 0, 1, 7, 0)
    exchange.cancel(1)
    assert exchange.queue_position(3) == QueuePosition(1, 2, 2, 5, 7)
    assert exchange.queue_position(1) is None


def test_sweep_cost_is_what_a_market_order_then_pays():
    rng = np.random.default_rng(0)
    for _ in range(40):
        exchange = Exchange()
        exchange.process(random_messages(rng, 80, kinds=(80, 0, 20, 0, 0, 0, 0), ticks=20))
        for side in ("buy", "sell"):
            quantity = int(rng.integers(0, 60))
            cost = exchange.sweep_cost(side, quantity)
            before = copy.copy(exchange)
            trades = before.submit_market(side, quantity).trades
            assert cost.filled_quantity == sum(t.quantity for t in trades)
            assert cost.notional == sum(t.notional for t in trades)
            assert cost.levels == len({t.price for t in trades})
            assert cost.worst_price == (trades[-1].price if trades else None)
            assert cost == exchange.full_book().sweep_cost(side, quantity)
            if trades:
                assert cost.average_price == cost.notional / cost.filled_quantity
                best = trades[0].price
                assert cost.slippage == pytest.approx(abs(cost.average_price - best))
            else:
                assert (cost.average_price, cost.slippage) == (None, 0.0)


def test_vwap_is_exact_before_it_is_rounded():
    exchange = book_of(("sell", 100, 1), ("sell", 103, 2), ("buy", 103, 3))
    assert exchange.vwap() == 102.0
    exchange.clear_trades()
    assert exchange.vwap() is None


# ---- history -----------------------------------------------------------------------------------


def test_clearing_trades_forgets_them_and_ids_go_on():
    exchange = book_of(("sell", 100, 5), ("buy", 100, 1))
    exchange.clear_trades()
    assert exchange.trades() == []
    assert exchange.last_trade_price() == 100
    assert exchange.submit_market("buy", 1).trades[0].trade_id == 2
    exchange.submit_market("buy", 1)
    assert exchange.trades_array()["trade_id"].tolist() == [2, 3]
    assert exchange.trades_array(3)["trade_id"].tolist() == [3]
    assert exchange.trades_array(0)["trade_id"].tolist() == [2, 3]
    assert len(exchange.trades_array(4)) == len(exchange.trades_array(HIGHEST)) == 0


@pytest.mark.core
def test_a_result_keeps_its_trades_after_clearing_and_growth():
    exchange = book_of(("sell", 100, 5), ("sell", 101, 5))
    result = exchange.submit_limit("buy", 101, 7)
    modified = exchange.modify(exchange.submit_limit("buy", 50, 1).order_id, 101, 2)
    expected = [(1, 100, 5), (2, 101, 2)]
    texts = repr(result.trades), repr(modified.trades)
    exchange.clear_trades()
    for _ in range(40):
        exchange.submit_limit("sell", 7, 1)
        exchange.submit_limit("buy", 7, 1)
    assert [(t.trade_id, t.price, t.quantity) for t in result.trades] == expected
    exchange.clear_trades()
    exchange.submit_limit("sell", 9, 1)
    exchange.submit_limit("buy", 9, 1)
    assert (repr(result.trades), repr(modified.trades)) == texts


def test_results_keep_their_trades_while_the_array_grows():
    exchange = book_of(("sell", 1, 1000))
    results = [exchange.submit_market("buy", 1) for _ in range(1000)]
    assert [r.trades[0].trade_id for r in results] == list(range(1, 1001))
    assert [t.trade_id for t in exchange.trades()] == list(range(1, 1001))
    assert exchange.trades_frame().index.tolist() == list(range(1, 1001))


@pytest.mark.core
def test_clearing_history_drops_the_inactive_and_counts_them():
    exchange = book_of(("sell", 100, 5), ("buy", 100, 5), ("buy", 90, 1), ("buy", 91, 1))
    exchange.submit_limit("sell", 91, 3, "ioc")  # ends part filled
    exchange.submit_market("sell", 0)
    exchange.submit_limit("buy", 92, 9, "fok")  # was never kept
    exchange.submit_limit("buy", 80, 1)
    assert exchange.clear_order_history() == 5
    assert exchange.orders()["order_id"].tolist() == [3, 8]
    assert [exchange.get_order(i) for i in (1, 2, 4, 5, 6, 7)] == [None] * 6
    assert exchange.get_order(3).status == "new"
    assert exchange.clear_order_history() == 0
    exchange.cancel(3)
    assert exchange.submit_limit("buy", 70, 1).order_id == 9
    assert exchange.clear_order_history() == 1
    assert exchange.orders()["order_id"].tolist() == [8, 9]
    assert exchange.modify(8, 81, 2).new_order_id == 10
    assert exchange.clear_order_history() == 1


# ---- 14: defects of the original ---------------------------------------------------------------

#: Five calls each, the last of which never returns in the original: the defects D1 (by cancel,
#: by modify) and D2 leave a level with size and nobody in it.
HANGS = {
    "a cancel by a stale place": [
        ("submit_limit", "sell", 100, 10),
        ("submit_limit", "sell", 100, 20),
        ("submit_limit", "buy", 100, 10),
        ("cancel", 2),
        ("submit_limit", "buy", 100, 5),
    ],
    "a modify by a stale place": [
        ("submit_limit", "sell", 100, 10),
        ("submit_limit", "sell", 100, 20),
        ("submit_limit", "buy", 100, 10),
        ("modify", 2, 105, 20),
        ("submit_limit", "buy", 100, 5),
    ],
    "a cancel of a dead order": [
        ("submit_limit", "sell", 100, 5),
        ("submit_limit", "buy", 100, 8, "ioc"),
        ("submit_limit", "buy", 100, 5),
        ("cancel", 2),
        ("submit_limit", "sell", 100, 1),
    ],
}


@pytest.mark.core
@pytest.mark.parametrize(
    ("name", "answers", "book"),
    [
        ("a cancel by a stale place", (True, (0, 5, 0)), ([(100, 5, 1)], [])),
        ("a modify by a stale place", (True, (0, 5, 0)), ([(100, 5, 1)], [(105, 20, 1)])),
        ("a cancel of a dead order", (False, (1, 0, 0)), ([(100, 4, 1)], [])),
    ],
)
def test_d1_what_hangs_the_original_returns(name, answers, book):
    exchange = Exchange()
    results = [getattr(exchange, method)(*arguments) for method, *arguments in HANGS[name]]
    assert (results[3].success, quantities(results[4])) == answers
    assert levels(exchange) == book


def test_d1_a_cancel_removes_exactly_that_order():
    exchange = book_of(*[("sell", 100, n) for n in (1, 2, 3, 4, 5)])
    exchange.submit_limit("buy", 100, 2)  # takes 1, and half of 2
    assert exchange.cancel(4).cancelled_quantity == 4
    assert exchange.cancel(2).cancelled_quantity == 1
    assert exchange.queues()["order_id"].tolist() == [3, 5]
    assert levels(exchange) == ([], [(100, 8, 2)])
    assert [t.passive_order_id for t in exchange.submit_market("buy", 9).trades] == [3, 5]
    assert all(t.quantity > 0 for t in exchange.trades())


def test_d1_the_plain_random_flow_that_hangs_the_original_in_every_run():
    for seed in range(8):
        rng = np.random.default_rng(seed)
        exchange, oracle = pair()
        flow = random_messages(rng, 600, ticks=24, kinds=(55, 15, 30, 0, 0, 0, 0), owners=0)
        assert rows_of(exchange.process(flow).results) == [
            oracle.apply(row) for row in flow.tolist()
        ]
        assert_same(exchange, oracle)


@pytest.mark.core
@pytest.mark.parametrize("kind", ["ioc", "market"])
def test_d2_a_part_filled_ioc_or_market_order_has_ended(kind):
    exchange = book_of(("sell", 100, 5))
    if kind == "ioc":
        exchange.submit_limit("buy", 100, 8, "ioc")
    else:
        exchange.submit_market("buy", 8)
    exchange.submit_limit("buy", 100, 4)
    for result in (exchange.cancel(2), exchange.modify(2, 100, 5), exchange.reduce(2, 1)):
        assert (result.success, result.error) == (False, "OrderNotActive")
        assert result.cancelled_quantity == 0
    assert levels(exchange) == ([(100, 4, 1)], [])
    assert stands(exchange.get_order(2)) == ("partiallyfilled", 3, 5, 8)
    assert not exchange.get_order(2).is_active
    assert exchange.clear_order_history() == 2
    assert exchange.get_order(2) is None


@pytest.mark.core
def test_d3_trades_of_a_modify_set_the_last_price():
    exchange = book_of(("buy", 90, 5), ("sell", 100, 3), ("sell", 101, 3))
    exchange.modify(1, 101, 5)
    assert exchange.last_trade_price() == 101
    assert len(exchange.trades()) == 2


def test_d4_sums_are_right_or_refused():
    big = 2**62
    exchange = book_of(("sell", 100, big), ("sell", 101, big - 2), ("buy", 99, 1))
    # 2**63 - 1 rests altogether: that is the most.
    assert_refused(exchange, RangeError, lambda book: book.submit_limit("buy", 50, 1))
    assert exchange.submit_limit("buy", 101, HIGHEST, "fok").status == "Cancelled"
    assert exchange.full_book().imbalance() == pytest.approx(-1)
    assert exchange.full_book().total_ask_quantity() == HIGHEST - 1
    assert exchange.sweep_cost("buy", HIGHEST).notional == 100 * big + 101 * (big - 2)
    assert exchange.submit_limit("buy", 101, HIGHEST - 1, "fok").status == "Filled"
    assert exchange.vwap() == pytest.approx(100.5)
    assert levels(exchange) == ([(99, 1, 1)], [])


def test_d4_spread_and_mid_price_at_both_ends_are_right():
    exchange = book_of(("buy", LOWEST, 1), ("sell", HIGHEST, 1))
    assert exchange.spread() == exchange.depth().spread() == 2**64 - 1
    assert exchange.depth().mid_price() == -0.5
    assert exchange.depth().imbalance() == 0.0
    assert abs(exchange.depth().weighted_mid()) <= 2.0


def test_d4_a_level_never_saturates():
    exchange = book_of(("buy", 100, HIGHEST - 5), ("buy", 100, 5))
    assert levels(exchange) == ([(100, HIGHEST, 2)], [])
    exchange.cancel(1)
    assert levels(exchange) == ([(100, 5, 1)], [])


@pytest.mark.core
def test_d6_compact_has_no_visible_effect_and_history_forgets_all_that_ended():
    exchange = book_of(("sell", 100, 1), ("sell", 100, 2), ("sell", 100, 3))
    exchange.cancel(1)
    before = copy.copy(exchange)
    assert exchange.compact() is None
    assert exchange == before
    assert exchange.cancel(3).cancelled_quantity == 3
    assert exchange.submit_limit("buy", 100, 2).trades[0].passive_order_id == 2
    assert exchange.clear_order_history() == 4
    assert len(exchange.orders()) == 0


def copies(thing):
    yield copy.copy(thing)
    yield copy.deepcopy(thing)
    for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
        yield pickle.loads(pickle.dumps(thing, protocol))


@pytest.mark.core
def test_d7_every_object_can_be_copied_pickled_and_compared():
    exchange = book_of(("sell", 100, 5), ("sell", 101, 5))
    other = book_of(("sell", 100, 5), ("sell", 101, 4))
    for name, first, second in (
        ("SubmitResult", exchange.submit_limit("buy", 101, 7), other.submit_limit("buy", 100, 7)),
        ("ModifyResult", exchange.modify(2, 102, 1), other.modify(2, 103, 2)),
        ("ModifyResult", exchange.modify(2, 102, 1), exchange.modify(77, 102, 1)),
        ("CancelResult", exchange.cancel(77), exchange.cancel(4)),
        ("CancelAllResult", exchange.cancel_all(), CancelAllResult(7, 7)),
        ("Trade", exchange.trades()[0], exchange.trades()[1]),
        ("Order", exchange.get_order(1), exchange.get_order(2)),
        ("BookSnapshot", exchange.depth(), other.depth()),
        ("LevelSnapshot", LevelSnapshot((1, 2, 3)), LevelSnapshot((1, 2, 4))),
        ("SweepCost", exchange.sweep_cost("buy", 1), other.sweep_cost("sell", 1)),
        ("Exchange", exchange, other),
    ):
        assert type(first).__name__ == name
        assert first != second
        assert first != "a string"
        for twin in copies(first):
            assert twin == first
            assert type(twin) is type(first)
            assert repr(twin) == repr(first)
            if name != "Exchange":
                assert hash(twin) == hash(first)
        if name in ("SubmitResult", "ModifyResult"):
            assert copy.copy(first).trades == first.trades


# ---- copies ------------------------------------------------------------------------------------


def busy_exchange(seed=0, count=600, **options):
    exchange = Exchange(self_trade_prevention="cancel_oldest", **options)
    rng = np.random.default_rng(seed)
    exchange.process(random_messages(rng, count // 2, ticks=60))
    exchange.clear_order_history()
    exchange.process(random_messages(rng, count // 2, ticks=60, first_id=count // 4))
    return exchange


def with_a_ladder():
    """Return an exchange with so many levels that they stand on a ladder."""
    exchange = book_of(*[("buy", price, 5) for price in range(1000, 400, -1)])
    assert len(exchange._store.arrays["cells"])
    return exchange


@pytest.mark.parametrize("make", [Exchange, busy_exchange, with_a_ladder])
def test_a_copy_goes_on_alone(make):
    exchange = make()
    more = random_messages(np.random.default_rng(5), 500, ticks=60, centre=700)
    for twin in copies(exchange):
        other = copy.copy(exchange)
        assert twin == other == exchange
        made = twin.process(more)
        assert other == exchange
        assert made == other.process(more)
        assert twin == other != exchange
        assert twin.queues().tolist() == other.queues().tolist()


def test_what_loads_from_one_pickle_goes_on_alone():
    """Large arrays may travel outside of the pickle, in memory that isn't to be written."""
    exchange = with_a_ladder()
    buffers = []
    text = pickle.dumps(exchange, protocol=5, buffer_callback=buffers.append)
    buffers = [bytes(buffer) for buffer in buffers]
    first, second = (pickle.loads(text, buffers=buffers) for _ in range(2))
    for order_id in range(1, 400):
        first.cancel(order_id)
    assert second == exchange
    assert [level.price for level in second.full_book().bids] == list(range(1000, 400, -1))
    assert second.submit_market("sell", 10).trades[-1].price == 999
    assert second.best_bid() == 998
    assert pickle.loads(text, buffers=buffers) == exchange


@pytest.mark.parametrize(
    "change",
    [
        lambda book: book.submit_limit("buy", 1, 1),
        lambda book: book.submit_limit("buy", 1, 0),
        lambda book: book.submit_limit("buy", HIGHEST, HIGHEST, "fok"),
        lambda book: book.cancel_all("buy"),
        lambda book: book.clear_trades(),
        lambda book: book.clear_order_history(),
        lambda book: setattr(book, "self_trade_prevention", "cancel_newest"),
    ],
)
def test_books_that_differ_are_not_equal(change):
    exchange = busy_exchange()
    exchange.submit_market("buy", 3)
    exchange.submit_limit("buy", 2, 1)
    other = copy.copy(exchange)
    change(other)
    assert other != exchange
    assert not other == exchange  # noqa: SIM201
    assert exchange != None  # noqa: E711


def test_logs_are_not_compared_and_books_are_not_hashable():
    assert busy_exchange(record_events=False) == busy_exchange()
    with pytest.raises(TypeError):
        hash(Exchange())


# ---- extremes ----------------------------------------------------------------------------------


@pytest.mark.core
def test_prices_at_both_ends_of_int64():
    exchange, oracle = pair()
    for side, price in ((1, LOWEST), (-1, HIGHEST), (1, LOWEST + 1), (-1, HIGHEST - 1), (1, 0)):
        exchange.submit_limit("buy" if side == 1 else "sell", price, 5)
        oracle.limit(side, price, 5)
    assert_same(exchange, oracle)
    exchange.submit_limit("buy", HIGHEST, 7)
    oracle.limit(1, HIGHEST, 7)
    exchange.submit_limit("sell", LOWEST, 12)
    oracle.limit(-1, LOWEST, 12)
    assert_same(exchange, oracle)


def test_an_order_27_000_ticks_from_the_touch():
    exchange = book_of(*[("buy", 100_000 - tick, 1) for tick in range(100)])
    for tick in (27_000, 27_001, 70_000):
        exchange.submit_limit("buy", 100_000 - tick, 2)
        exchange.submit_limit("sell", 100_001 + tick, 2)
    assert exchange.best_bid_ask() == (100_000, 127_001)
    exchange.submit_market("sell", 100)
    assert levels(exchange) == (
        [(73_000, 2, 1), (72_999, 2, 1), (30_000, 2, 1)],
        [(127_001, 2, 1), (127_002, 2, 1), (170_001, 2, 1)],
    )
    assert exchange.submit_market("buy", 6).trades[-1].price == 170_001


@pytest.mark.parametrize("step", [1, 7, 500, 2**50])
def test_a_thousand_levels_a_side(step):
    exchange = Exchange()
    for at in range(1, 1001):
        exchange.submit_limit("buy", -at * step, at)
        exchange.submit_limit("sell", at * step, at)
    assert levels(exchange) == (
        [(-at * step, at, 1) for at in range(1, 1001)],
        [(at * step, at, 1) for at in range(1, 1001)],
    )
    result = exchange.submit_market("buy", 500_500)
    assert (result.status, len(result.trades)) == ("Filled", 1000)
    assert exchange.cancel_all() == (1000, 500_500)


@pytest.mark.core
@pytest.mark.parametrize("quantity", [1, HIGHEST])
def test_a_sum_past_the_end_of_int64_is_refused_and_nothing_changes(quantity):
    exchange = book_of(("buy", 100, HIGHEST - 10), ("sell", 200, 10))
    text = r"quantity must leave the total that rests below 2\*\*63, got"
    for call in (
        lambda book: book.submit_limit("buy", 99, quantity),
        lambda book: book.submit_limit("sell", 100, quantity),  # even if it would trade
        lambda book: book.submit_limit("buy", 99, quantity, owner=1),
        lambda book: book.submit_limit("buy", 99, quantity, post_only=True),
        lambda book: book.modify(2, 200, max(quantity, 11)),
    ):
        before = copy.copy(exchange)
        with pytest.raises(RangeError, match=text):
            call(exchange)
        assert exchange == before
    if quantity == 1:
        made = exchange.process(message(0, "buy", 99, quantity))
        assert rows_of(made.results) == [(0, -1, 4, 0, 0, 0, 0)]
        assert made.to_frame()["error"].tolist() == ["QuantityOverflow"]
        assert exchange == before
    assert exchange.modify(2, 200, 10).success
    assert exchange.submit_limit("sell", 100, HIGHEST, "ioc").filled_quantity == HIGHEST - 10
    assert exchange.submit_limit("buy", 50, HIGHEST - 10).status == "New"


def test_a_refused_modify_says_so_only_after_its_other_errors():
    exchange = book_of(("buy", 100, HIGHEST))
    assert exchange.modify(9, 100, HIGHEST).error == "OrderNotFound"
    assert exchange.modify(1, 100, HIGHEST).success
    assert exchange.modify(1, 100, HIGHEST).error == "OrderNotActive"


def test_a_million_live_orders():
    count = 1_000_000
    messages = np.zeros(count, MESSAGE)
    messages["side"] = np.where(np.arange(count) % 2, 1, -1)
    messages["price"] = messages["side"] * -(1 + np.arange(count) // 2 % 1000)
    messages["quantity"], messages["owner"] = 1 + np.arange(count) % 3, -1
    exchange = Exchange()
    made = exchange.process(messages)
    assert made.results["order_id"][-1] == count
    assert (made.results["status"] == 0).all()
    book = exchange.full_book()
    assert len(book.bids) == len(book.asks) == 1000
    assert {level.order_count for level in (*book.bids, *book.asks)} == {500}
    assert book.total_bid_quantity() + book.total_ask_quantity() == messages["quantity"].sum()
    assert exchange.clear_order_history() == 0
    assert exchange.cancel(777_778).success
    assert exchange.get_order(777_778).status == "cancelled"
    assert exchange.queue_position(count).orders_ahead == 499
    result = exchange.submit_market("buy", HIGHEST)
    assert (result.status, result.resting_quantity) == ("PartiallyFilled", 0)
    assert len(exchange.trades_array()) == count // 2
    assert exchange.cancel_all("buy").cancelled_orders == count // 2 - 1
    assert exchange.clear_order_history() == count + 1
    assert levels(exchange) == ([], [])


def test_books_may_grow_one_call_at_a_time():
    exchange, oracle = pair()
    for at in range(300):
        side = 1 if at % 2 else -1
        exchange.submit_limit("buy" if side == 1 else "sell", -side * (1 + at % 37), 1 + at % 5)
        oracle.limit(side, -side * (1 + at % 37), 1 + at % 5)
    exchange.submit_market("buy", 333)
    oracle.market(1, 333)
    assert_same(exchange, oracle)


def test_labels_may_come_late():
    exchange, oracle = pair()
    for at in range(100):
        exchange.submit_limit("buy", 50 + at % 7, 1 + at % 3)
        oracle.limit(1, 50 + at % 7, 1 + at % 3)
    exchange.clear_order_history()
    for at in range(100):
        labels = {"owner": at % 4 if at % 3 else None, "tag": at % 5}
        exchange.submit_limit("sell", 55 - at % 7, 1, **labels)
        oracle.limit(-1, 55 - at % 7, 1, **labels)
    assert_same(exchange, oracle)


def test_the_message_dtypes_have_the_sizes_that_feeds_rely_on():
    assert (MESSAGE.itemsize, EXTENDED_MESSAGE.itemsize) == (32, 64)
    assert EXTENDED_MESSAGE.names[:8] == MESSAGE.names
