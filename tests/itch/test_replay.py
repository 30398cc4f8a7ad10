"""Books rebuilt from ITCH: every sample, trade, order and count against the oracle's dicts."""

import gzip
import io
import lzma
import random
import zlib

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from itch.streams import (
    OPENING,
    captured,
    damaged_streams,
    encode,
    framed,
    mutate,
    packed,
    random_day,
    small_streams,
)
from itch.test_read import DATA, MAGIC, Trickle, needs_data, on_disk
from oracles.itch import LAYOUTS, Fault, frames, replay

from nanobook.errors import FileFormatError, NanobookError, ValidationError
from nanobook.itch import ItchBook, ItchError, replay_itch

SAMPLES = ("bid_price", "bid_quantity", "ask_price", "ask_quantity")
TRADE = ("message", "timestamp_ns", "locate", "price", "quantity", "aggressor_side", "reference")
TRADE += ("match", "printable", "kind", "broken")
COUNTS = ("unknown_references", "duplicate_references", "malformed", "locked", "crossed")


def expected_samples(rows, levels):
    """Return the oracle's rows as the arrays a replay has."""
    sides = {name: np.zeros((len(rows), levels), np.int64) for name in SAMPLES}
    for at, (*_, bids, asks) in enumerate(rows):
        for place, (price, quantity) in enumerate(bids):
            sides["bid_price"][at, place], sides["bid_quantity"][at, place] = price, quantity
        for place, (price, quantity) in enumerate(asks):
            sides["ask_price"][at, place], sides["ask_quantity"][at, place] = price, quantity
    return sides


def assert_same(got, expected, levels):
    """Fail unless a replay is the oracle's in all that it tells."""
    for place, name in enumerate(("message", "timestamp_ns", "locate")):
        assert getattr(got, name).tolist() == [row[place] for row in expected.rows], name
    for name, array in expected_samples(expected.rows, levels).items():
        assert getattr(got, name).dtype == np.int64
        assert np.array_equal(getattr(got, name), array), name
    assert rows_of_trades(got.trades) == rows_of_trades(expected.trades)
    if expected.orders is not None:
        assert orders_of(got) == expected.orders
    assert got.status == expected.status
    assert (got.counts, got.malformed) == (expected.counts, expected.malformed)
    assert_same_statistics(got.statistics, expected)


def rows_of_trades(trades):
    """Return trades as tuples; shares of eight bytes may be signed or not."""
    rows = [[trade[name] for name in TRADE] for trade in trades]
    quantity = TRADE.index("quantity")
    return [(*row[:quantity], int(row[quantity]) % 2**64, *row[quantity + 1 :]) for row in rows]


def orders_of(got):
    """Return side, price, reference and shares of the orders of each sample."""
    found = [[] for _ in got.message]
    names = ["side", "price", "reference", "quantity"]
    for row, order in zip(got.orders["row"].tolist(), got.orders[names].tolist(), strict=True):
        found[row].append(order)
    return found


def assert_same_statistics(frame, expected):
    """Fail unless each followed locate's row has the counts of its book."""
    frame = frame.reset_index().set_index("locate")
    assert sorted(frame.index) == sorted(expected.books)
    for locate, book in expected.books.items():
        row = frame.loc[locate]
        assert row["symbol"] == book.symbol.decode("ascii", "replace")
        assert [row[name] for name in COUNTS] == [getattr(book, name) for name in COUNTS], locate
        assert row["orders"] == book.live, locate
        kinds = [kind for kind in (*LAYOUTS, "?") if row.get(kind, 0)]
        assert {kind: row[kind] for kind in kinds} == book.counts, locate


def sampling(every):
    """Return `every` as a replay takes it: the oracle's grids and times in pandas' words."""
    if isinstance(every, tuple):
        return pd.Timedelta(every[1], "ns")
    return np.array(every, np.int64) if isinstance(every, list) else every


def check(data, symbols=None, levels=1, every=1, **options):
    """Compare a replay of a stream with the oracle, strictly too; return it."""
    theirs = None if symbols is None else [name.encode() for name in symbols]
    expected = replay(data, theirs, levels, every, **options)
    expected.naive.check()
    got = replay_itch(data, symbols, levels, sampling(every), **options)
    assert_same(got, expected, levels)
    strict = {**options, "strict": True}
    check_strict(
        lambda: replay_itch(data, symbols, levels, sampling(every), **strict),
        lambda: replay(data, theirs, levels, every, **strict),
    )
    return got


def check_strict(ours, theirs):
    fault = None
    try:
        theirs()
    except Fault as found:
        fault = found
    if fault is None:
        ours()
        return
    with pytest.raises(ItchError) as raised:
        ours()
    assert (raised.value.offset, raised.value.message) == (fault.offset, fault.message), fault.kind
    assert raised.value.errno is None
    assert isinstance(raised.value, FileFormatError)


# ---- by hand -------------------------------------------------------------------------------------


class Tape:
    """A stream of one symbol, written line by line."""

    def __init__(self):
        self.messages = [encode("R", locate=1, stock=b"A")]

    def put(self, kind, **fields):
        at = OPENING + len(self.messages)
        self.messages.append(encode(kind, locate=1, timestamp_ns=at, **fields))
        return self

    def add(self, reference, side, shares, price):
        order = {"reference": reference, "side": side, "shares": shares, "price": price}
        return self.put("A", stock=b"A", **order)

    def check(self, **options):
        return check(framed(*self.messages), **options)


def queue_of(got, side=1):
    """Return the references of a side in the last sample, in priority."""
    orders = got.orders[got.orders["row"] == len(got.message) - 1]
    return orders["reference"][orders["side"] == side].tolist()


@pytest.mark.core
def test_an_execution_leaves_the_order_its_place():
    tape = Tape().add(1, b"B", 100, 50).add(2, b"B", 100, 50).add(3, b"B", 100, 50)
    tape.put("E", reference=2, shares=30, match=1).put("X", reference=1, shares=99)
    got = tape.check(orders=True)
    assert queue_of(got) == [1, 2, 3]
    assert got.bid_quantity[-1].tolist() == [1 + 70 + 100]
    [trade] = got.trades
    assert (trade["price"], trade["quantity"], trade["aggressor_side"]) == (50, 30, -1)


@pytest.mark.core
def test_a_replace_goes_to_the_back_even_under_its_own_reference():
    tape = Tape().add(1, b"S", 10, 50).add(2, b"S", 10, 50)
    tape.put("U", reference=1, new_reference=1, shares=10, price=50)
    assert queue_of(tape.check(orders=True), -1) == [2, 1]
    tape.put("U", reference=2, new_reference=9, shares=10, price=50)
    tape.put("U", reference=9, new_reference=2**64 - 1, shares=10, price=49)
    got = tape.check(orders=True)
    assert queue_of(got, -1) == [2**64 - 1, 1]
    assert got.ask_price[:, 0].tolist() == [0, 50, 50, 50, 50, 49]


@pytest.mark.core
def test_more_than_remains_takes_what_remains():
    tape = Tape().add(1, b"B", 10, 50).put("E", reference=1, shares=11, match=1)
    tape.add(1, b"B", 10, 50).put("X", reference=1, shares=2**32 - 1).add(1, b"S", 10, 50)
    tape.put("C", reference=1, shares=20, match=2, printable=b"N", price=40)
    got = tape.check()
    assert got.trades["quantity"].tolist() == [11, 20]
    assert got.trades["price"].tolist() == [50, 40]
    assert got.trades["printable"].tolist() == [1, 0]
    assert got.statistics.loc["A", "orders"] == 0


@pytest.mark.core
def test_duplicates_and_unknown_references_are_counted_and_change_nothing():
    tape = Tape().add(1, b"B", 10, 50).add(2, b"S", 10, 60).add(1, b"S", 5, 55)
    tape.put("U", reference=1, new_reference=2, shares=1, price=1)
    for kind in "ECXD":
        tape.put(kind, reference=3)
    tape.put("U", reference=3, new_reference=4, shares=1, price=1)
    tape.add(5, b"B", 0, 50).add(5, b"b", 10, 50)
    tape.put("U", reference=1, new_reference=4, price=1)
    got = tape.check(orders=True)
    assert len({*map(tuple, got.bid_price[3:].tolist())}) == 1
    counts = got.statistics.loc["A"]
    assert [counts[name] for name in COUNTS[:3]] == [5, 2, 3]


@pytest.mark.core
def test_locked_and_crossed_books_are_data():
    got = Tape().add(1, b"B", 10, 50).add(2, b"S", 10, 50).add(3, b"S", 10, 49).check()
    assert (got.bid_price[-1, 0], got.ask_price[-1, 0]) == (50, 49)
    assert got.statistics.loc["A", ["locked", "crossed"]].tolist() == [1, 1]


@pytest.mark.core
def test_trades_off_the_book_have_no_aggressor_and_can_be_broken():
    tape = Tape().put("P", reference=9, side=b"B", shares=7, stock=b"A", price=50, match=3)
    tape.put("Q", shares=8, stock=b"A", price=51, match=4, cross_type=b"O")
    tape.put("Q", shares=0, stock=b"A", price=51, match=5, cross_type=b"C").put("B", match=3)
    got = tape.check()
    assert got.trades["aggressor_side"].tolist() == [0, 0]
    assert got.trades["reference"].tolist() == [9, 0]
    assert got.trades["broken"].tolist() == [1, 0]


@pytest.mark.core
def test_references_are_one_space_for_all_symbols():
    fields = {"reference": 1, "side": b"B", "shares": 10, "price": 50}
    data = framed(
        encode("A", locate=1, stock=b"ONE", **fields),
        encode("A", locate=2, stock=b"TWO", **fields),
        encode("X", locate=2, reference=1, shares=4),
    )
    got = check(data)
    assert got.bid_quantity[:, 0].tolist() == [10, 0, 0]
    assert got.statistics.loc["TWO", "duplicate_references"] == 1
    got = check(data, ["TWO"])
    assert got.bid_quantity[:, 0].tolist() == [10, 6]


# ---- streams -------------------------------------------------------------------------------------


@pytest.mark.core
def test_a_short_day_is_what_the_oracle_makes_of_it():
    check(random_day(1, 150), levels=3, orders=True)
    check(random_day(2, 80, slice_from=30), every=("grid", 10**8))


LEVELS = st.sampled_from([1, 2, 5, 10])
EVERY = st.sampled_from(
    [1, 1, 2, 3, 7, 0, None, ("grid", 1), ("grid", 10**8), ("grid", 77_777_777)]
)


@given(data=small_streams(), levels=LEVELS, every=EVERY, orders=st.booleans())
@settings(max_examples=100)
def test_any_stream_is_what_the_oracle_makes_of_it(data, levels, every, orders):
    check(data, levels=levels, every=every, orders=orders)


@given(data=small_streams(), symbols=st.sets(st.sampled_from(["ONE", "TWO", "LAST"]), min_size=1))
def test_any_symbols_of_any_stream_are_what_the_oracle_makes_of_them(data, symbols):
    check(data, sorted(symbols), levels=2, every=1)


@given(data=small_streams(), times=st.lists(st.integers(OPENING - 1, OPENING + 3 * 10**9)))
def test_any_times_of_any_stream_are_what_the_oracle_makes_of_them(data, times):
    check(data, levels=2, every=sorted(times))


DAYS = (
    {"ticks": 6},
    {"ticks": 40, "far": 0.3},
    {"ticks": 3_000, "mess": 0.02},
    {"ticks": 2, "mess": 0.4},
    {"ticks": 12, "symbols": (b"ONE",), "junk": 0.2},
    {"ticks": 12, "slice_from": 900},
    {"ticks": 200_000, "far": 0, "mess": 0},
)


@pytest.mark.parametrize("options", DAYS, ids=str)
def test_a_random_day_is_what_the_oracle_makes_of_it(options):
    for seed in range(3):
        check(random_day(seed, 2_500, **options), levels=1 + 4 * seed, orders=seed == 1)


@pytest.mark.deep
@pytest.mark.parametrize("options", DAYS, ids=str)
def test_many_random_days_are_what_the_oracle_makes_of_them(options):
    for seed in range(100, 108):
        check(random_day(seed, 10_000, **options), levels=1 + seed % 10)


@pytest.mark.parametrize("every", [2, 10, 777, 10**9, 0, None])
def test_rows_come_after_every_so_many_messages(every):
    data = random_day(20, 2_000)
    got = check(data, every=every, levels=2)
    whole = replay_itch(data, levels=2)
    step = every or len(whole.message) + 1
    assert got.message.tolist() == whole.message[step - 1 :: step].tolist()
    check(data, ["MSFT", "Z"], every=every)


@pytest.mark.parametrize("step", [1, 10**6, 10**8, 123_456_789, 10**10, 10**14])
@pytest.mark.parametrize("symbols", [None, ["AAPL"]])
def test_rows_come_on_a_grid(step, symbols):
    got = check(random_day(21, 1_500), symbols, 2, ("grid", step), orders=True)
    assert not np.any(got.timestamp_ns % step)


def test_a_grid_can_be_said_in_words():
    data = random_day(21, 1_500)
    expected = replay(data, every=("grid", 10**8))
    for words in ("100ms", pd.Timedelta("100ms"), pd.Timedelta("100ms").to_pytimedelta()):
        assert_same(replay_itch(data, every=words), expected, 1)


@pytest.mark.parametrize("symbols", [None, ["AAPL", "Z"]])
def test_rows_come_at_given_times(symbols):
    data = random_day(22, 1_500)
    seen = sorted({row[1] for row in replay(data).rows})
    some = [0, OPENING - 1, *seen[::17], *(time + 1 for time in seen[::13]), 86_399 * 10**9]
    check(data, symbols, 3, sorted(some), orders=True)
    check(data, symbols, 3, [seen[5], seen[5], seen[5] + 1])
    check(data, symbols, 3, [])


@pytest.mark.parametrize("every", [1, 3, ("grid", 10**8)])
def test_samples_and_trades_begin_at_start_and_end_before_stop(every):
    data = random_day(23, 2_000)
    times = sorted({row[1] for row in replay(data).rows})
    middle, late = times[len(times) // 3], times[2 * len(times) // 3]
    for start, stop in ((middle, None), (None, late), (middle, late), (late, middle), (0, 0)):
        check(data, levels=2, every=every, start=start, stop=stop)
    check(data, ["MSFT"], every=every, start=middle + 1, stop=late + 1)
    check(data, every=every, start=times[-1] + 1)


# ---- the same in other clothes -------------------------------------------------------------------


@pytest.mark.parametrize("every", [1, 5, ("grid", 10**7)])
def test_a_source_is_a_source(tmp_path, every):
    data = random_day(24, 1_500)
    expected = replay(data, levels=2, every=every)
    messages = [message for _, message in frames(data)[0]]
    packets = [packed(*messages[at : at + 9], sequence=at) for at in range(0, len(messages), 9)]
    sources = [
        data,
        np.frombuffer(data, np.uint8),
        io.BytesIO(data),
        Trickle(data, 61),
        Trickle(data, 997),
        on_disk(tmp_path, "day", data),
        on_disk(tmp_path, "day.gz", gzip.compress(data)),
        captured(*packets),
    ]
    for source in sources:
        assert_same(replay_itch(source, levels=2, every=sampling(every)), expected, 2)


@pytest.mark.core
@pytest.mark.parametrize("kept", [0, 1, 40, 41, 42, 60, 79])
def test_a_cut_file_ends_cleanly(kept):
    data = framed(
        encode("R", locate=1, stock=b"A"),
        encode("A", locate=1, stock=b"A", reference=1, side=b"B", shares=1, price=1),
    )
    check(data[:kept])
    check(data[:41] + b"\0\0" + data[41 : max(kept, 41)])


def cut_at(data, rng, most):
    """Return a stream in pieces of whole messages, at most so many, and what each begins with."""
    starts = [offset for offset, _ in frames(data)[0]]
    firsts = sorted({0, *(rng.randrange(len(starts)) for _ in range(most - 1))})
    ends = [*(starts[first] for first in firsts[1:]), len(data)]
    return [(first, data[starts[first] : end]) for first, end in zip(firsts, ends, strict=True)]


@pytest.mark.parametrize("symbols", [None, ["MSFT", "Z"]])
def test_a_book_goes_on_from_where_it_stands(symbols):
    data = random_day(25, 1_500)
    whole = replay_itch(data, symbols, levels=3)
    for seed in range(5):
        book, replays = ItchBook(symbols), []
        pieces = cut_at(data, random.Random(seed), 2 + 5 * seed)
        for _, piece in pieces:
            replays.append(book.replay(piece, levels=3))
        for name in ("timestamp_ns", "locate", *SAMPLES):
            parts = [getattr(replay, name) for replay in replays]
            assert np.array_equal(np.concatenate(parts), getattr(whole, name)), name
        firsts = [first for first, _ in pieces]
        parts = [part.message + first for part, first in zip(replays, firsts, strict=True)]
        assert np.concatenate(parts).tolist() == whole.message.tolist()
        assert sum(len(replay.trades) for replay in replays) == len(whole.trades)
        assert book.statistics.equals(whole.statistics)
        followed = whole.statistics["locate"].tolist()
        assert book.symbols == {locate: whole.symbols[locate] for locate in followed}


def assert_book_is(book, naive):
    """Fail unless a book shows what the oracle's books hold, however it's asked."""
    for locate, theirs in naive.books.items():
        symbol = theirs.symbol.decode()
        assert book.symbols[locate] == symbol
        bids, asks = theirs.levels(1, 4), theirs.levels(-1, 4)
        best = bids[0] if bids else None, asks[0] if asks else None
        assert book.best_bid_ask(symbol) == best
        names = ["side", "price", "reference", "quantity"]
        assert book.orders(symbol)[names].tolist() == theirs.orders()
        depth = book.depth(symbol, 4)
        assert len(depth) == max(len(bids), len(asks))
        for side, levels in (("bid", bids), ("ask", asks)):
            columns = [depth[f"{side}_{name}"].dropna() for name in ("price", "quantity", "orders")]
            queues = theirs.bids if side == "bid" else theirs.asks
            rows = [(price, quantity, len(queues[price])) for price, quantity in levels]
            assert list(zip(*columns, strict=True)) == rows


@pytest.mark.parametrize("seed", range(4))
def test_a_book_can_be_asked_for_what_rests(seed):
    data = random_day(seed, 1_000)
    book, expected = ItchBook(), replay(data, every=0)
    book.replay(data, every=None)
    assert_book_is(book, expected.naive)
    book.reset()
    assert book.symbols == {}
    book.replay(data, every=None)
    assert_book_is(book, expected.naive)


@pytest.mark.core
def test_a_strict_book_stands_as_before_the_message_that_was_wrong():
    good = framed(*Tape().add(1, b"B", 10, 50).add(2, b"S", 10, 60).messages)
    for wrong in (
        encode("D", locate=1, reference=3),
        encode("A", locate=1, stock=b"A", reference=1, side=b"S", shares=1, price=55),
        encode("A", locate=1, stock=b"A", reference=4, side=b"S", price=55),
        encode("U", locate=1, reference=1, new_reference=2, shares=1, price=1),
        encode("D", locate=1, reference=1)[:-1],
    ):
        book = ItchBook(strict=True)
        with pytest.raises(ItchError) as raised:
            book.replay(good + framed(wrong, encode("D", locate=1, reference=1)))
        assert (raised.value.offset, raised.value.message) == (len(good), 3)
        assert book.best_bid_ask("A") == ((50, 10), (60, 10))
        book.replay(framed(encode("D", locate=1, reference=1)))
        assert book.best_bid_ask("A") == (None, (60, 10))


def test_an_exchange_takes_over_the_orders_as_they_stand():
    data = random_day(26, 1_500, mess=0.02)
    got = replay_itch(data, orders=True, every=37)
    expected = replay(data, every=37, orders=True)
    done = 0
    for row, (*_, bids, asks) in enumerate(expected.rows):
        if bids and asks and bids[0][0] >= asks[0][0]:
            with pytest.raises(ValidationError):
                got.to_exchange(row)
            continue
        exchange, done = got.to_exchange(row), done + 1
        queues = exchange.queues()[["price", "quantity", "tag"]].tolist()
        assert [(p, q, tag % 2**64) for p, q, tag in queues] == [
            (price, quantity, reference) for _, price, reference, quantity in expected.orders[row]
        ]
    assert done > 10


def test_arrays_of_an_earlier_replay_can_be_written_to_again():
    first, second = random_day(27, 1_000), random_day(28, 1_500)
    used = replay_itch(first, levels=2)
    for data in (second, first, first):
        used = replay_itch(data, levels=2, out=used)
        assert_same(used, replay(data, levels=2), 2)
    assert_same(replay_itch(second, levels=3, out=used), replay(second, levels=3), 3)


def test_a_frame_has_a_column_for_each_level():
    got = replay_itch(random_day(29, 400), levels=2)
    frame = got.to_frame()
    for at in range(2):
        for name in SAMPLES:
            assert frame[f"{name}_{at + 1}"].tolist() == getattr(got, name)[:, at].tolist()
    assert frame.index.astype("int64").tolist() == got.timestamp_ns.tolist()
    assert frame["message"].tolist() == got.message.tolist()
    assert frame["symbol"].tolist() == [got.symbols[locate] for locate in got.locate.tolist()]
    trades = got.trades_frame()
    assert trades["price"].tolist() == got.trades["price"].tolist()
    assert trades["price_float"].tolist() == (got.trades["price"] / 10_000).tolist()


# ---- damage --------------------------------------------------------------------------------------


@given(data=damaged_streams(), every=EVERY)
@settings(max_examples=80)
def test_any_damage_is_replayed_as_the_oracle_replays_it(data, every):
    check(data, levels=3, every=every, orders=True)


def check_mutations(seed, rounds):
    rng = random.Random(seed)
    day = random_day(seed, rng.choice([10, 60, 200]), junk=rng.random() * 0.2)
    for _ in range(rounds):
        data = day
        for _ in range(rng.randrange(1, 8)):
            data = mutate(data, rng)
        symbols = rng.choice([None, None, ["AAPL", "Z"]])
        every = rng.choice([1, 4, ("grid", 10**8), [OPENING, OPENING + 10**9]])
        try:
            check(data, symbols, 2, every, orders=rng.random() < 0.3)
        except AssertionError as error:
            raise AssertionError(f"seed {seed}, {symbols}, {every}: {data!r}: {error}") from error


def test_mutated_days_are_replayed_as_the_oracle_replays_them():
    for seed in range(10):
        check_mutations(seed, 10)


@pytest.mark.deep
def test_many_mutated_days_are_replayed_as_the_oracle_replays_them():
    for seed in range(1_000, 1_100):
        check_mutations(seed, 50)


@given(data=st.binary(max_size=200))
def test_any_bytes_are_a_stream(data):
    if data[:4] not in MAGIC and data[:2] != MAGIC[0]:
        check(data)


# ---- arguments -----------------------------------------------------------------------------------


@pytest.mark.core
@pytest.mark.parametrize(
    "options",
    [
        {"levels": 0},
        {"levels": -1},
        {"levels": 1.5},
        {"every": -1},
        {"every": 1.5},
        {"every": "nonsense"},
        {"every": "0ms"},
        {"every": [5, 4]},
        {"every": [0.5]},
        {"symbols": 5},
        {"symbols": []},
        {"start": "nonsense"},
        {"start": -1},
        {"stop": 1.5},
        {"framing": "tcp"},
    ],
)
def test_wrong_arguments_are_refused(options):
    with pytest.raises(ValidationError):
        replay_itch(b"", **options)


def test_a_missing_file_is_missing(tmp_path):
    with pytest.raises(FileNotFoundError):
        replay_itch(tmp_path / "none.itch")


def test_a_damaged_archive_is_refused_and_a_cut_one_is_cut():
    archive = bytearray(gzip.compress(random_day(1, 500)))
    held = zlib.decompressobj(31).decompress(archive[:-50])
    got, expected = replay_itch(bytes(archive[:-50])), replay(held)
    assert got.message.tolist() == [row[0] for row in expected.rows]
    assert got.status == "cut"
    archive[len(archive) // 2] ^= 255
    with pytest.raises(NanobookError):
        replay_itch(bytes(archive))


# ---- real bytes ----------------------------------------------------------------------------------


@needs_data
def test_all_ten_thousand_recorded_books_of_a_real_half_minute_are_met():
    with lzma.open(DATA / "aapl_20190130_0930.book.npy.xz") as file:
        recorded = np.load(io.BytesIO(file.read()))
    got = replay_itch(DATA / "aapl_20190130_0930.itch.gz", "AAPL", levels=10)
    at = np.searchsorted(got.message, recorded["msg"])
    assert np.array_equal(got.message[at], recorded["msg"])
    for name, theirs in zip(SAMPLES, ("bp", "bs", "ap", "as"), strict=True):
        assert np.array_equal(getattr(got, name)[at], recorded[theirs])


@needs_data
def test_a_real_half_minute_is_what_the_oracle_makes_of_it():
    data = gzip.decompress((DATA / "aapl_20190130_0930.itch.gz").read_bytes())
    got = check(data, ["AAPL"], 3, ("grid", 10**8))
    assert len(got.trades) == 746
    counts = got.statistics.loc["AAPL"]
    assert [counts[name] for name in COUNTS] == [0] * 5
    assert counts["orders"] == 5_815
    check(data, every=2_000, levels=50, orders=True)


@needs_data
def test_a_real_half_minute_from_its_middle_has_unknown_references():
    data = gzip.decompress((DATA / "aapl_20190130_0930.itch.gz").read_bytes())
    found = frames(data)[0]
    got = check(data[found[3_000][0] :], every=10, levels=5)
    assert got.statistics["unknown_references"].sum() > 100
