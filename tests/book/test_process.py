"""Streams of messages: arrays and frames in, results, trades and samples out."""

import copy

import numpy as np
import pandas as pd
import pytest
from book.streams import (
    HIGHEST,
    LOWEST,
    POLICIES,
    SIDES,
    TIFS,
    assert_same,
    drive,
    message,
    narrow,
    oracle_rows,
    pair,
    random_messages,
    rows_of,
)
from hypothesis import given
from hypothesis import strategies as st

from nanobook.book import EXTENDED_MESSAGE, MESSAGE, ORDER_RESULT, TRADE, Exchange
from nanobook.errors import ArgumentTypeError, RangeError, ValidationError

KINDS = ("limit", "market", "cancel", "modify", "reduce", "cancel_all", "policy")


def stream(seed=0, count=300, **options):
    return random_messages(np.random.default_rng(seed), count, **options)


def frame_of(messages, words=True):
    """Return messages as a frame as a person would write it."""
    frame = pd.DataFrame({name: messages[name] for name in MESSAGE.names if name != "flags"})
    frame["tag"], frame["post_only"] = messages["tag"], messages["flags"] == 1
    if words:
        frame["kind"] = [KINDS[kind] for kind in messages["kind"]]
        frame["side"] = [SIDES[side] for side in messages["side"].tolist()]
        frame["tif"] = [TIFS[tif] for tif in messages["tif"]]
    return frame


def refusal(messages, error=ValidationError, **options):
    """Return the text of a refusal, which must leave a book with an order in it as it was."""
    exchange = Exchange(**options)
    exchange.submit_limit("buy", 50, 5)
    before = copy.copy(exchange)
    with pytest.raises(error) as caught:
        exchange.process(messages)
    assert exchange == before
    assert exchange.submit_limit("buy", 51, 1).order_id == 2
    return str(caught.value)


# ---- one call does what many do ----------------------------------------------------------------


@pytest.mark.core
def test_a_batch_is_the_methods_called_one_by_one():
    messages = stream(count=100)
    batch, single = Exchange(), Exchange()
    made = batch.process(messages)
    assert [drive(single, row) for row in messages] == rows_of(made.results)
    assert batch == single
    assert made.trades.tolist() == single.trades_array().tolist()


@given(st.integers(0, 2**32), st.lists(st.integers(0, 400), max_size=12), st.sampled_from(POLICIES))
def test_any_split_is_one_batch_and_the_methods_called_one_by_one(seed, cuts, policy):
    messages = stream(seed, 400, ticks=15)
    whole, single, split = (Exchange(self_trade_prevention=policy) for _ in range(3))
    made = whole.process(messages)
    assert [drive(single, row) for row in messages] == rows_of(made.results)
    parts = [split.process(part) for part in np.split(messages, sorted(cuts))]
    assert np.array_equal(np.concatenate([part.results for part in parts]), made.results)
    assert np.array_equal(np.concatenate([part.trades for part in parts]), made.trades)
    assert whole == single == split


def test_methods_and_batches_mix():
    exchange, oracle = pair()
    messages = stream(3, 500)
    for at, part in enumerate(np.split(messages, range(0, 500, 20))):
        if at % 2:
            got = [drive(exchange, row) for row in part]
        else:
            got = rows_of(exchange.process(part).results)
        assert got == oracle_rows(oracle, part)
    assert_same(exchange, oracle)


def test_huge_quantities_overflow_in_both_alike():
    messages = stream(4, 300)
    heavy = np.random.default_rng(4).random(300) < 0.1
    messages["quantity"][heavy & (messages["kind"] != 6)] = 2**62
    batch, single = Exchange(), Exchange()
    results = rows_of(batch.process(messages).results)
    assert [drive(single, row) for row in messages] == results
    assert (0, -1, 4, 0, 0, 0, 0) in results
    assert batch == single


def test_the_rows_of_every_kind_of_message():
    rows = [
        message(0, "sell", 100, 5, tag=9),
        message(0, "sell", 101, 5, owner=3),
        message(0, "buy", 100, 7),
        message(0, "buy", 105, 99, tif="fok"),
        message(0, "buy", 105, 9, flags=1),
        message(1, "buy", 0, 1),
        message(2, order_id=2),
        message(2, order_id=2),
        message(2, order_id=77),
        message(3, "buy", 99, 4, order_id=3),
        message(3, price=99, order_id=3),
        message(3, price=99, quantity=1, order_id=1),
        message(4, quantity=1, order_id=7),
        message(4, quantity=9, order_id=7),
        message(4, quantity=0, order_id=7),
        message(0, "buy", 90, 8),
        message(5),
        message(6, quantity=3),
    ]
    exchange = Exchange()
    made = exchange.process(np.concatenate(rows))
    assert rows_of(made.results) == [
        (1, 0, 0, 0, 0, 5, 0),
        (2, 0, 0, 0, 0, 5, 0),
        (3, 1, 0, 1, 5, 2, 0),
        (4, 3, 0, 0, 0, 0, 99),
        (5, 3, 0, 0, 0, 0, 9),
        (6, 2, 0, 1, 1, 0, 0),
        (2, 3, 0, 0, 0, 0, 4),
        (2, -1, 2, 0, 0, 0, 0),
        (77, -1, 1, 0, 0, 0, 0),
        (7, 0, 0, 0, 0, 4, 2),
        (0, -1, 3, 0, 0, 0, 0),
        (0, -1, 2, 0, 0, 0, 0),
        (7, 0, 0, 0, 0, 3, 1),
        (7, 3, 0, 0, 0, 0, 3),
        (7, -1, 3, 0, 0, 0, 0),
        (8, 0, 0, 0, 0, 8, 0),
        (0, 3, 0, 1, 0, 0, 8),
        (0, 0, 0, 0, 0, 0, 0),
    ]
    assert exchange.self_trade_prevention == "decrement_and_cancel"
    assert exchange.get_order(1).tag == 9
    assert made.results.dtype == ORDER_RESULT
    assert made.trades.dtype == TRADE


# ---- what comes in -----------------------------------------------------------------------------


@pytest.mark.core
def test_an_empty_stream_is_nothing():
    for empty in (np.zeros(0, MESSAGE), np.zeros(0, EXTENDED_MESSAGE), frame_of(stream()[:0])):
        exchange = Exchange()
        made = exchange.process(empty, every=3, levels=2)
        assert (len(made), len(made.trades), len(made.samples)) == (0, 0, 0)
        assert len(made.to_frame()) == len(made.trades_frame()) == 0
        assert len(made.samples.to_frame()) == 0
        assert exchange == Exchange()


def test_read_only_strided_reversed_and_misaligned_arrays():
    messages = stream()
    expected = Exchange().process(messages)
    locked = messages.copy()
    locked.setflags(write=False)
    strided = np.repeat(messages, 3)[::3]
    turned = messages[::-1].copy()[::-1]
    column = np.zeros((len(messages), 2), EXTENDED_MESSAGE)
    column[:, 1] = messages
    raw = np.zeros(messages.nbytes + 3, np.uint8)
    shifted = raw[3:].view(EXTENDED_MESSAGE)
    shifted[:] = messages
    swapped = messages.astype(EXTENDED_MESSAGE.newbyteorder())
    record = messages.view(np.recarray)
    for array in (locked, strided, turned, column[:, 1], shifted, swapped, record):
        before = np.array(array)
        assert Exchange().process(array) == expected
        assert np.array_equal(array, before)


def test_an_array_of_some_of_the_fields():
    names = ["kind", "side", "price", "quantity", "order_id", "tif"]
    messages = stream(kinds=(50, 10, 30, 10, 5, 0, 0))
    for name in ("owner", "flags", "tag"):
        messages[name] = -1 if name == "owner" else 0
    expected = Exchange().process(messages)
    assert Exchange().process(messages[names]) == expected
    types = {"names": names, "formats": ["i8", "f8", "f8", "u8", "i4", "u1"]}
    other = np.zeros(len(messages), types)
    for name in names:
        other[name] = messages[name]
    assert Exchange().process(other) == expected


def test_an_array_is_not_kept():
    messages = stream()
    exchange = Exchange()
    made = exchange.process(messages)
    kept = made.results.copy(), made.trades.copy(), copy.copy(exchange)
    messages[:] = 0
    exchange.process(stream(9))
    exchange.clear_trades()
    assert np.array_equal(made.results, kept[0])
    assert np.array_equal(made.trades, kept[1])
    assert kept[2] == copy.copy(kept[2])


@pytest.mark.parametrize("words", [True, False])
def test_a_frame_does_what_its_array_does(words):
    messages = stream(5, 400)
    if words:
        messages = messages[messages["kind"] != 6]  # its quantity is a code either way
    expected = Exchange().process(messages)
    frame = frame_of(messages, words)
    assert Exchange().process(frame) == expected
    assert Exchange().process(frame.sample(frac=1, random_state=0).sort_index()) == expected
    assert Exchange().process(frame[frame.columns[::-1]].set_index(frame.index[::-1])) == expected


def test_words_in_any_case_and_short_sides():
    frame = pd.DataFrame(
        {
            "kind": ["LIMIT", "Limit", "market"],
            "side": ["B", "s", "SELL"],
            "tif": ["GTC", "Ioc", None],
            "price": [100, 100, 0],
            "quantity": [5, 2, 1],
        }
    )
    assert Exchange().process(frame).results["filled"].tolist() == [0, 2, 1]


MIXED = {
    "kind": ["limit", "limit", "cancel", "market", "cancel_all"],
    "side": ["buy", "sell", None, "sell", None],
    "price": [100, 105, None, None, None],
    "quantity": [5, 6, None, 2, None],
    "order_id": [None, None, 2, None, None],
    "owner": [None, 3, None, None, None],
    "tif": ["gtc", None, None, None, None],
    "post_only": [None, True, None, None, None],
}
MIXED_ROWS = [
    (1, 0, 0, 0, 0, 5, 0),
    (2, 0, 0, 0, 0, 6, 0),
    (2, 3, 0, 0, 0, 0, 6),
    (3, 2, 0, 1, 2, 0, 0),
    (0, 3, 0, 1, 0, 0, 3),
]


def test_missing_values_where_a_kind_uses_none():
    exchange = Exchange()
    assert rows_of(exchange.process(pd.DataFrame(MIXED)).results) == MIXED_ROWS
    assert exchange.get_order(2).owner == 3
    assert exchange.get_order(1).owner is None


@pytest.mark.parametrize("gap", [None, np.nan, pd.NA, ""])
def test_any_sign_for_missing(gap):
    frame = pd.DataFrame(MIXED)
    for name in ("side", "tif") if isinstance(gap, str) else MIXED:
        values = [gap if value is None else value for value in MIXED[name]]
        frame[name] = pd.Series(values, dtype=object)
    assert rows_of(Exchange().process(frame).results) == MIXED_ROWS


@pytest.mark.parametrize("words", ["string", "category", object])
@pytest.mark.parametrize("numbers", ["Int64", "Float64", "float64"])
def test_nullable_dtypes(words, numbers):
    types = dict.fromkeys(("kind", "side", "tif"), words)
    types |= dict.fromkeys(("price", "quantity", "order_id", "owner"), numbers)
    frame = pd.DataFrame(MIXED).astype({**types, "post_only": "boolean"})
    assert rows_of(Exchange().process(frame).results) == MIXED_ROWS


def test_dtypes_of_arrow():
    pytest.importorskip("pyarrow")
    frame = pd.DataFrame(MIXED).convert_dtypes(dtype_backend="pyarrow")
    assert rows_of(Exchange().process(frame).results) == MIXED_ROWS


def test_a_nullable_column_keeps_large_numbers_exact():
    frame = pd.DataFrame(
        {
            "kind": ["limit", "cancel", "limit"],
            "side": ["buy", None, "sell"],
            "price": pd.array([LOWEST + 1, None, HIGHEST - 2], "Int64"),
            "quantity": pd.array([2**53 + 1, None, 2**53 + 3], "Int64"),
            "order_id": pd.array([None, 99, None], "Int64"),
        }
    )
    exchange = Exchange()
    exchange.process(frame)
    assert exchange.best_bid_ask() == (LOWEST + 1, HIGHEST - 2)
    assert exchange.full_book().asks[0].quantity == 2**53 + 3


#: A good row of each column, a bad value in row 2 of 4, and what is raised.
BAD_ARRAYS = [
    ("kind", 99, ValidationError),
    ("kind", -1, ValidationError),
    ("side", 0, ValidationError),
    ("side", 2, ValidationError),
    ("tif", 3, ValidationError),
    ("tif", -1, ValidationError),
    ("flags", 4, ValidationError),
    ("flags", -1, ValidationError),
    ("owner", -2, ValidationError),
    ("quantity", -1, RangeError),
]


def limits(count=4, dtype=MESSAGE):
    messages = np.zeros(count, dtype)
    messages["side"], messages["price"], messages["quantity"], messages["owner"] = 1, 100, 5, -1
    return messages


@pytest.mark.core
@pytest.mark.parametrize(("name", "value", "error"), BAD_ARRAYS)
@pytest.mark.parametrize("dtype", [MESSAGE, EXTENDED_MESSAGE])
def test_a_bad_row_of_an_array_is_named_and_nothing_changes(name, value, error, dtype):
    messages = limits(dtype=dtype)
    messages[name][2] = value
    text = refusal(messages, error)
    assert f"{name} of row 2" in text
    assert f"got {value}" in text


@pytest.mark.core
@pytest.mark.parametrize(
    ("row", "name", "error"),
    [
        (message(0, "buy", 1, 1, flags=1, tif="ioc"), "flags", ValidationError),
        (message(0, "buy", 1, 1, flags=1, tif="fok"), "flags", ValidationError),
        (message(1, 0, 0, 1), "side", ValidationError),
        (message(1, "buy", 0, -1), "quantity", RangeError),
        (message(1, "buy", 0, 1, owner=-2), "owner", ValidationError),
        (message(2, order_id=-1), "order_id", RangeError),
        (message(3, order_id=-1), "order_id", RangeError),
        (message(3, quantity=-1), "quantity", RangeError),
        (message(4, order_id=-7), "order_id", RangeError),
        (message(4, quantity=LOWEST), "quantity", RangeError),
        (message(5, 2), "side", ValidationError),
        (message(5, owner=-2), "owner", ValidationError),
        (message(6, quantity=4), "quantity", ValidationError),
        (message(6, quantity=-1), "quantity", ValidationError),
    ],
)
def test_a_bad_message_of_any_kind_is_named(row, name, error):
    good = message(0, "buy", 1, 1)
    text = refusal(np.concatenate([good, good, good, row, good]), error)
    assert f"{name} of row 3" in text


@pytest.mark.core
def test_fields_that_a_kind_does_not_use_are_not_looked_at():
    rows = [
        message(0, "buy", 100, 5, order_id=-5),
        message(1, "sell", -1, 1, tif=77, order_id=-5, flags=9),
        message(2, 5, -1, -1, tif=9, order_id=1, owner=-9, flags=7),
        message(3, 5, 1, 1, tif=9, order_id=1, owner=-9, flags=7),
        message(4, 5, -1, 1, tif=9, order_id=1, owner=-9, flags=7),
        message(5, 0, -1, -1, tif=9, order_id=-1, flags=7),
        message(6, 5, -1, 0, tif=9, order_id=-1, owner=-9, flags=7),
    ]
    made = Exchange().process(np.concatenate(rows))
    assert made.results["error"].tolist() == [0, 0, 0, 2, 2, 0, 0]


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"kind": "limt"}, ValidationError),
        ({"kind": None}, ValidationError),
        ({"kind": ""}, ValidationError),
        ({"side": "up"}, ValidationError),
        ({"side": None}, ValidationError),
        ({"side": ""}, ValidationError),
        ({"side": "both"}, ValidationError),
        ({"tif": "gtd"}, ValidationError),
        ({"price": None}, ValidationError),
        ({"price": 1.5}, TypeError),
        ({"price": np.inf}, TypeError),
        ({"price": "100"}, TypeError),
        ({"price": 2**63}, OverflowError),
        ({"price": LOWEST - 1}, OverflowError),
        ({"price": 2**70}, OverflowError),
        ({"price": 1e30}, OverflowError),
        ({"quantity": None}, ValidationError),
        ({"quantity": -1}, OverflowError),
        ({"quantity": 0.5}, TypeError),
        ({"owner": 2**31}, OverflowError),
        ({"owner": -2}, ValidationError),
        ({"post_only": "no"}, ValidationError),
        ({"kind": "cancel", "order_id": None}, ValidationError),
        ({"kind": "cancel", "order_id": -1}, OverflowError),
        ({"kind": "modify", "order_id": None}, ValidationError),
        ({"kind": "modify", "quantity": None}, ValidationError),
        ({"kind": "modify", "price": None}, ValidationError),
        ({"kind": "reduce", "quantity": None}, ValidationError),
        ({"kind": "market", "side": None}, ValidationError),
        ({"kind": "market", "quantity": None}, ValidationError),
        ({"kind": "policy", "quantity": None}, ValidationError),
        ({"kind": "policy", "quantity": 9}, ValidationError),
        ({"side": ["buy"]}, ValidationError),
        ({"kind": 1.5}, ValidationError),
    ],
)
def test_a_bad_row_of_a_frame_is_named_and_nothing_changes(changes, error):
    good = {
        "kind": "limit",
        "side": "buy",
        "tif": "gtc",
        "price": 100,
        "quantity": 5,
        "order_id": 1,
        "owner": 1,
        "post_only": False,
    }
    rows = [good, good, {**good, **changes}, good]
    frame = pd.DataFrame({name: [row[name] for row in rows] for name in good}, index=list("abcd"))
    text = refusal(frame, error)
    assert "row 2" in text
    assert next(reversed(changes)) in text


def test_a_codes_column_without_a_kind_is_refused_too():
    frame = pd.DataFrame({"kind": [0, np.nan], "side": 1, "price": 100, "quantity": 5})
    assert "kind of row 1" in refusal(frame)


def test_a_column_that_a_kind_needs_must_be_there():
    frame = pd.DataFrame({"kind": ["limit"], "side": ["buy"], "quantity": [5]})
    assert "price of row 0 is missing: limit needs it" in refusal(frame)
    assert "kind" in refusal(frame.drop(columns="kind"))
    assert "colour" in refusal(frame.assign(price=1, colour="red"))
    twice = pd.concat([frame.assign(price=1), pd.DataFrame({"price": [2]})], axis=1)
    assert "price" in refusal(twice)


@pytest.mark.parametrize(
    ("junk", "error"),
    [
        (None, TypeError),
        ([], TypeError),
        ([(0, 1, 100, 5)], TypeError),
        ("limit", TypeError),
        (5, TypeError),
        ({"kind": [0]}, TypeError),
        (np.zeros(3), TypeError),
        (pd.Series(["limit"]), TypeError),
        (np.zeros((2, 2), MESSAGE), ValidationError),
        (np.zeros((), MESSAGE), ValidationError),
        (np.zeros(2, [("side", "i1")]), ValidationError),
        (np.zeros(2, [("kind", "i1"), ("colour", "i8")]), ValidationError),
        (np.zeros(2, [("kind", "U5")]), TypeError),
        (np.zeros(2, [("kind", "O")]), TypeError),
        (np.zeros(2, [("kind", "i1"), ("price", "c16")]), TypeError),
        (np.full(2, 200, [("kind", "i8")]), OverflowError),
    ],
)
def test_what_is_no_stream_is_refused(junk, error):
    refusal(junk, error)


@pytest.mark.core
def test_a_strict_exchange_refuses_a_batch_whole():
    good = message(0, "buy", 1, 1)
    for row, name in (
        (message(0, "buy", 1, 0), "quantity"),
        (message(0, "buy", 0, 1), "price"),
        (message(0, "buy", -5, 1), "price"),
        (message(1, "buy", 0, 0), "quantity"),
        (message(3, price=0, quantity=1, order_id=1), "price"),
    ):
        messages = np.concatenate([good, row, good])
        text = refusal(messages, strict=True)
        assert f"{name} of row 1" in text
        assert len(Exchange().process(messages)) == 3
    quiet = [
        message(3, price=1, quantity=0, order_id=1),
        message(4, order_id=1),
        message(1, 1, 0, 1),
    ]
    assert Exchange(strict=True).process(np.concatenate(quiet)).results["error"].tolist() == [
        3,
        3,
        0,
    ]


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"every": 0}, RangeError),
        ({"every": -1}, RangeError),
        ({"every": 1.5}, ArgumentTypeError),
        ({"every": "1"}, ArgumentTypeError),
        ({"every": 1, "levels": 0}, RangeError),
        ({"every": 1, "levels": 2.0}, ArgumentTypeError),
    ],
)
def test_bad_options_are_refused_and_nothing_changes(options, error):
    exchange = Exchange()
    with pytest.raises(error):
        exchange.process(limits(), **options)
    assert exchange == Exchange()


# ---- what comes out ----------------------------------------------------------------------------


def test_results_are_made_only_if_they_are_wanted():
    messages = stream()
    first, second = Exchange(), Exchange()
    made = first.process(messages, results=False)
    assert made.results is None
    assert len(made) == 0
    assert np.array_equal(made.trades, second.process(messages).trades)
    assert first == second
    with pytest.raises(ValidationError):
        made.to_frame()
    assert repr(made) == f"ProcessResult(messages=0, trades={len(made.trades)})"


def test_the_frame_of_results_has_words():
    rows = [
        message(0, "buy", 100, 5),
        message(0, "sell", 100, 7),
        message(2, order_id=9),
        message(1, "buy", 0, 9),
        message(0, "buy", 1, 2, tif="ioc"),
        message(3, order_id=2),
    ]
    messages = np.concatenate(rows)
    frame = Exchange().process(messages).to_frame()
    assert frame.index.name == "message"
    assert set(ORDER_RESULT.names) <= set(frame.columns)
    assert frame["status"].tolist() == [
        *("New", "PartiallyFilled", "Rejected", "PartiallyFilled", "Cancelled", "Rejected")
    ]
    assert frame["error"].tolist() == ["", "", "OrderNotFound", "", "", "InvalidQuantity"]
    assert frame["order_id"].tolist() == [1, 2, 9, 3, 4, 0]
    assert frame["trade_count"].tolist() == [0, 1, 0, 1, 0, 0]
    assert frame["filled"].tolist() == [0, 5, 0, 2, 0, 0]
    assert frame["resting"].tolist() == [5, 2, 0, 0, 0, 0]
    assert frame["cancelled"].tolist() == [0, 0, 0, 7, 2, 0]


def test_the_frame_of_trades_is_that_of_the_exchange():
    exchange = Exchange()
    exchange.process(stream(1))
    made = exchange.process(stream(2, first_id=200))
    frame = made.trades_frame()
    assert frame.index.name == "trade_id"
    assert frame.index.tolist() == made.trades["trade_id"].tolist()
    assert set(frame["aggressor_side"]) == {"buy", "sell"}
    assert len(frame) > 0
    pd.testing.assert_frame_equal(exchange.trades_frame().iloc[-len(frame) :], frame)
    assert [t.trade_id for t in exchange.trades()][-len(frame) :] == frame.index.tolist()


def test_trades_are_those_of_the_batch_alone():
    exchange = Exchange()
    first = exchange.process(stream(1))
    second = exchange.process(stream(2, first_id=200))
    both = np.concatenate([first.trades, second.trades])
    assert np.array_equal(both, exchange.trades_array())
    assert first.results["trade_count"][stream(1)["kind"] != 5].sum() == len(first.trades)


def test_results_compare_and_print():
    made = Exchange().process(stream(), every=10)
    assert made == Exchange().process(stream(), every=10)
    assert made != Exchange().process(stream(), every=9)
    assert made != Exchange().process(stream())
    assert made != Exchange().process(stream(1), every=10)
    assert made != "a string"
    assert repr(made) == f"ProcessResult(messages=300, trades={len(made.trades)})"
    assert repr(made.samples) == "BookSamples(30 x 1 levels)"


# ---- samples -----------------------------------------------------------------------------------


@pytest.mark.core
@pytest.mark.parametrize(("every", "levels"), [(1, 1), (7, 3), (40, 5), (41, 1)])
def test_samples_are_what_stepping_one_by_one_shows(every, levels):
    messages = stream(6, 40, ticks=12)
    samples = Exchange().process(messages, every=every, levels=levels).samples
    exchange = Exchange()
    expected, at = [], []
    for number in range(len(messages)):
        exchange.process(messages[number : number + 1])
        if (number + 1) % every == 0:
            book = exchange.depth(levels)
            sides = []
            for side in (book.bids, book.asks):
                side = [*side, *[(0, 0, 0)] * (levels - len(side))]
                sides += [[level[0] for level in side], [level[1] for level in side]]
            expected.append(sides)
            at.append(number)
    assert samples.message.tolist() == at
    expected = np.array(expected, np.int64).reshape(-1, 4, levels)
    for number, name in enumerate(("bid_price", "bid_quantity", "ask_price", "ask_quantity")):
        assert np.array_equal(getattr(samples, name), expected[:, number])
    assert len(samples) == len(messages) // every


@given(st.integers(0, 2**32), st.integers(1, 50), st.integers(1, 12))
def test_samples_of_any_stream(seed, every, levels):
    messages = stream(seed, 200, ticks=20)
    samples = Exchange().process(messages, every=every, levels=levels).samples
    exchange, start = Exchange(), 0
    for row, number in enumerate(samples.message.tolist()):
        exchange.process(messages[start : number + 1])
        start = number + 1
        book = exchange.depth(levels)
        bids, asks = len(book.bids), len(book.asks)
        assert samples.bid_price[row, :bids].tolist() == [level.price for level in book.bids]
        assert samples.ask_quantity[row, :asks].tolist() == [level.quantity for level in book.asks]
        assert not samples.bid_quantity[row, bids:].any()
        assert not samples.ask_price[row, asks:].any()
        imbalance = book.imbalance()
        got = samples.imbalance[row]
        assert np.isnan(got) if imbalance is None else got == pytest.approx(imbalance, abs=1e-15)


def test_the_frame_of_samples():
    frame = Exchange().process(stream(), every=25, levels=2).samples.to_frame()
    assert frame.index.name == "message"
    assert frame.index.tolist() == list(range(24, 300, 25))
    assert frame.columns.tolist() == [
        *("bid_price_1", "bid_quantity_1", "ask_price_1", "ask_quantity_1"),
        *("bid_price_2", "bid_quantity_2", "ask_price_2", "ask_quantity_2", "imbalance"),
    ]


def test_without_every_there_are_no_samples():
    assert Exchange().process(stream()).samples is None


# ---- long streams ------------------------------------------------------------------------------


def test_a_stream_grows_every_array_on_the_way():
    """Arrays that are too small stop a batch halfway; it goes on where it was."""
    count = 5_000
    messages = limits(count)
    messages["price"] = np.arange(count) * 3
    messages["quantity"] = 1
    exchange = Exchange()
    exchange.process(messages)
    sweep = message(1, "sell", quantity=count)
    made = exchange.process(sweep)
    assert rows_of(made.results) == [(count + 1, 2, 0, count, count, 0, 0)]
    assert made.trades["passive_order_id"].tolist() == list(range(count, 0, -1))


def test_tags_in_the_middle_of_a_stream():
    messages = limits(400, EXTENDED_MESSAGE)
    messages["tag"][200:] = np.arange(200)
    messages["owner"][300:] = 7
    exchange = Exchange()
    exchange.process(messages)
    assert exchange.orders()["tag"].tolist() == [0] * 200 + list(range(200))
    assert exchange.orders()["owner"].tolist() == [-1] * 300 + [7] * 100


def test_a_log_that_is_not_kept_changes_nothing():
    messages = stream(8, 500)
    first, second = Exchange(record_events=False), Exchange()
    assert first.process(messages) == second.process(messages)
    assert first == second


def test_the_narrow_array_may_hold_owners():
    messages = stream(2)
    messages["tag"] = 0
    assert Exchange().process(narrow(messages)) == Exchange().process(messages)


@pytest.mark.core
@pytest.mark.parametrize("record_events", [True, False])
def test_streams_that_change_nothing_may_come_as_often_as_they_like(record_events):
    exchange = Exchange(record_events=record_events)
    nothing, failing = np.zeros(0, MESSAGE), np.zeros(1, MESSAGE)
    failing["kind"], failing["order_id"] = 2, 9
    for _ in range(1_100):
        exchange.process(nothing)
        exchange.process(failing)
    assert exchange == Exchange()


@pytest.mark.core
def test_a_trail_in_a_frame_says_over_how_many_changes_it_averages():
    row = {"kind": ["trailing_stop_market"], "side": ["sell"], "stop_price": [90], "quantity": [1]}
    row |= {"trail_value": [2.0], "trail_type": ["atr"]}
    with pytest.raises(ValidationError, match="atr_period of row 0 is missing"):
        Exchange().process(pd.DataFrame(row))
    exchange = Exchange()
    exchange.process(pd.DataFrame(row | {"atr_period": [3]}))
    assert exchange.get_stop_order(1)["trail_type"] == "sma_abs_change"
