"""Many books at once: the same bits as one by one, whoever calls and on however many threads."""

import copy
import threading

import numba
import numpy as np
import pandas as pd
import pytest
from book.streams import POLICIES, narrow, random_messages, rows_of
from hypothesis import given, settings
from hypothesis import strategies as st

from nanobook.book import EXTENDED_MESSAGE, MESSAGE, Exchange, ProcessResult, process_many
from nanobook.errors import ArgumentTypeError, RangeError, ValidationError

#: As many threads as Numba may use here.
MOST = numba.config.NUMBA_NUM_THREADS


@pytest.fixture
def threads():
    """Set the number of threads, and set it back in the end."""
    before = numba.get_num_threads()
    yield numba.set_num_threads
    numba.set_num_threads(before)


def streams_of(seed, count, longest=300, **options):
    """Return streams of different lengths, some narrow."""
    rng = np.random.default_rng(seed)
    streams = []
    for at in range(count):
        stream = random_messages(rng, int(rng.integers(0, longest + 1)), **options)
        streams.append(narrow(stream) if at % 3 == 1 else stream)
    return streams


def one_by_one(streams, **options):
    """Return books that each ran a stream alone, and the results."""
    books = [Exchange(**options) for _ in streams]
    return books, [book.process(stream) for book, stream in zip(books, streams, strict=True)]


# ---- the same as one by one ------------------------------------------------------------------


@pytest.mark.core
def test_many_at_once_are_each_alone():
    streams = streams_of(1, 5, 80)
    books = [Exchange() for _ in streams]
    alone, expected = one_by_one(streams)
    assert process_many(books, streams) == expected
    assert books == alone


@settings(max_examples=25)
@given(
    st.integers(0, 2**32),
    st.integers(0, 12),
    st.integers(1, MOST),
    st.sampled_from(POLICIES),
    st.booleans(),
)
def test_any_streams_give_the_same_bits_on_any_number_of_threads(seed, count, on, policy, records):
    streams = streams_of(seed, count, ticks=15)
    options = {"self_trade_prevention": policy, "record_events": records}
    books = [Exchange(**options) for _ in streams]
    alone, expected = one_by_one(streams, **options)
    before = numba.get_num_threads()
    try:
        numba.set_num_threads(on)
        made = process_many(books, streams)
    finally:
        numba.set_num_threads(before)
    assert made == expected
    assert books == alone
    for book, other in zip(books, alone, strict=True):
        assert np.array_equal(book._store.events, other._store.events)


@pytest.mark.parametrize("on", range(1, MOST + 1))
def test_long_streams_that_need_room_again_and_again(on, threads):
    # wide bands and few cancels: orders, levels, trades and the log all have to grow on the way
    streams = streams_of(2, 7, 6_000, ticks=3_000, kinds=(80, 10, 5, 5), owners=1)
    alone, expected = one_by_one(streams)
    books = [Exchange() for _ in streams]
    threads(on)
    assert process_many(books, streams) == expected
    assert books == alone


def test_pieces_are_the_whole():
    streams = streams_of(3, 4, 400)
    alone, expected = one_by_one(streams)
    books = [Exchange() for _ in streams]
    pieces = [process_many(books, [s[at::1][:100] for s in streams]) for at in range(0, 400, 100)]
    assert books == alone
    for book in range(4):
        results = np.concatenate([piece[book].results for piece in pieces])
        trades = np.concatenate([piece[book].trades for piece in pieces])
        assert np.array_equal(results, expected[book].results)
        assert np.array_equal(trades, expected[book].trades)


@pytest.mark.core
def test_one_stream_may_be_for_all():
    stream = streams_of(4, 1, 100)[0]
    books = [Exchange(), Exchange(self_trade_prevention="cancel_oldest"), Exchange()]
    books[2].submit_limit("sell", 100, 1_000)
    alone = [copy.copy(book) for book in books]
    expected = [book.process(stream) for book in alone]
    assert process_many(books, stream) == expected
    assert books == alone
    frame = pd.DataFrame({"kind": ["limit"], "side": ["buy"], "price": [3], "quantity": [4]})
    assert [len(made) for made in process_many(books, frame)] == [1, 1, 1]
    assert [book.orders()[-1]["price"] for book in books] == [3, 3, 3]


@pytest.mark.core
def test_streams_may_be_frames_and_arrays_and_exchanges_any_sequence():
    frame = pd.DataFrame({"kind": ["limit"], "side": ["buy"], "price": [3], "quantity": [4]})
    array = np.zeros(1, MESSAGE)
    array["side"], array["price"], array["quantity"] = -1, 9, 1
    books = {"one": Exchange(), "other": Exchange()}
    made = process_many(books.values(), iter((frame, array)))
    assert [type(one) for one in made] == [ProcessResult, ProcessResult]
    assert [book.best_bid_ask() for book in books.values()] == [(3, None), (None, 9)]


@pytest.mark.core
def test_samples_and_results_are_given_where_asked_for():
    streams = streams_of(5, 3, 100)
    made = process_many([Exchange() for _ in streams], streams, every=7, levels=3, results=False)
    for one, stream in zip(made, streams, strict=True):
        expected = Exchange().process(stream, every=7, levels=3)
        assert one.results is None
        assert one.samples == expected.samples
        assert np.array_equal(one.trades, expected.trades)
    made = process_many([Exchange() for _ in streams], streams)
    assert all(one.samples is None for one in made)


@pytest.mark.core
def test_nothing_may_be_asked_of_nobody():
    assert process_many([], []) == []
    assert process_many([], np.empty(0, MESSAGE)) == []
    book = Exchange()
    for dtype in (MESSAGE, EXTENDED_MESSAGE):
        (made,) = process_many([book], [np.empty(0, dtype)])
        assert len(made) == len(made.trades) == 0
    assert book == Exchange()


def test_streams_arent_changed():
    streams = streams_of(6, 3)
    before = copy.deepcopy(streams)
    process_many([Exchange() for _ in streams], streams)
    assert all(np.array_equal(a, b) for a, b in zip(streams, before, strict=True))


def test_a_book_with_a_history_goes_on():
    first, second = streams_of(7, 4), streams_of(8, 4)
    books, alone = ([Exchange() for _ in range(4)] for _ in range(2))
    process_many(books, first)
    for book in books:
        book.clear_trades()
        book.clear_order_history()
    made = process_many(books, second)
    for book, one, other in zip(alone, first, second, strict=True):
        book.process(one)
        book.clear_trades()
        book.clear_order_history()
        assert made.pop(0) == book.process(other)
    assert books == alone


# ---- Python threads --------------------------------------------------------------------------


def test_python_threads_may_call_it_at_the_same_time():
    streams = [streams_of(seed, 6, 2_000) for seed in range(4)]
    expected = [one_by_one(some) for some in streams]
    outcomes, errors = [None] * 4, []
    together = threading.Barrier(4)

    def work(at):
        try:
            together.wait(30)
            for _ in range(5):
                books = [Exchange() for _ in streams[at]]
                outcomes[at] = books, process_many(books, streams[at])
                assert outcomes[at] == expected[at]
        except BaseException as error:
            errors.append(error)
            raise

    workers = [threading.Thread(target=work, args=(at,)) for at in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(120)
        assert not worker.is_alive()
    assert not errors
    assert outcomes == expected


# ---- refusals --------------------------------------------------------------------------------


def refusal(books, streams, error=ValidationError, **options):
    """Return the text of a refusal, which must leave all books as they were."""
    before = [copy.copy(book) for book in books]
    with pytest.raises(error) as caught:
        process_many(books, streams, **options)
    assert books == before
    return str(caught.value)


@pytest.mark.core
@pytest.mark.parametrize("bad", range(3))
@pytest.mark.parametrize("row", [0, 49])
def test_a_bad_row_in_any_stream_leaves_all_books_alone(bad, row):
    rng = np.random.default_rng(9)
    streams = [random_messages(rng, 50) for _ in range(3)]
    streams[bad]["kind"][row], streams[bad]["quantity"][row] = 0, -5
    said = refusal([Exchange() for _ in range(3)], streams, RangeError)
    assert f"quantity of row {row} must not be negative, got -5" in said
    streams[bad]["kind"][row] = 33
    assert f"kind of row {row} must be" in refusal([Exchange() for _ in range(3)], streams)


@pytest.mark.core
def test_each_book_is_as_strict_as_it_is():
    order = np.zeros(1, MESSAGE)
    order["side"], order["price"], order["owner"] = 1, 5, -1
    lenient, strict = Exchange(), Exchange(strict=True)
    assert "row 0 must be at least 1" in refusal([lenient, strict], order)
    assert len(process_many([lenient], order)) == 1


@pytest.mark.core
def test_an_exchange_may_not_stand_twice():
    book, twin = Exchange(), Exchange()
    streams = streams_of(10, 3, 20)
    assert "one stands twice" in refusal([book, twin, book], streams)
    process_many([book, twin], streams[:2])  # equal ones may


@pytest.mark.core
def test_there_must_be_a_stream_for_each_exchange():
    books = [Exchange(), Exchange()]
    assert "got 1 streams for 2 exchanges" in refusal(books, streams_of(11, 1))
    assert "got 3 streams for 2 exchanges" in refusal(books, streams_of(11, 3))
    assert "got 0 streams for 2 exchanges" in refusal(books, [])
    assert "got 1 streams for 0 exchanges" in refusal([], streams_of(11, 1))


@pytest.mark.core
@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"every": 0}, RangeError),
        ({"every": 1.5}, ArgumentTypeError),
        ({"levels": 0}, RangeError),
        ({"levels": "2"}, ArgumentTypeError),
    ],
)
def test_options_must_be_counts(options, error):
    assert next(iter(options)) in refusal([Exchange()], streams_of(12, 1), error, **options)


@pytest.mark.core
def test_exchanges_and_streams_must_be_what_they_are_called():
    with pytest.raises(ArgumentTypeError, match="exchanges must be Exchange objects, got str"):
        process_many(["book"], [np.empty(0, MESSAGE)])
    assert "messages must be" in refusal([Exchange()], [[1, 2]], ArgumentTypeError)
    assert "messages must be" in refusal([Exchange()], np.zeros(3), ArgumentTypeError)
    assert "axis" in refusal([Exchange()], np.zeros((2, 2), MESSAGE))


def test_what_cannot_rest_is_a_result():
    order = np.zeros(2, MESSAGE)
    order["side"], order["price"], order["owner"] = 1, 5, -1
    order["quantity"] = 2**63 - 1, 1
    for made in process_many([Exchange(), Exchange()], order):
        assert rows_of(made.results)[1] == (0, -1, 4, 0, 0, 0, 0)
