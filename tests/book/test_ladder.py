"""Where levels stand: on the ladder or off it, and the ladder placed anew under them."""

import numpy as np
import pytest
from book.streams import (
    HIGHEST,
    LOWEST,
    assert_same,
    narrow,
    oracle_rows,
    pair,
    random_messages,
    rows_of,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from nanobook.book import MESSAGE, Exchange
from nanobook.book.header import ARRAYS, BITS_PER_WORD
from nanobook.book.ladder import cell_above, cell_below, clear_bit, set_bit
from nanobook.book.placing import NARROWEST, WIDEST
from nanobook.book.store import Store
from nanobook.types.records import NIL

#: Many limit orders that seldom meet, some of everything else.
BUSY = (60, 3, 25, 8, 3, 0.1, 0)

#: Nothing that only slows the oracle down.
BUILDING = (80, 2, 15, 3, 0, 0, 0)


def spread_out(rng, messages, tick, off_grid=0.0):
    """Put prices on a grid of ticks, but for a share of them; bids mostly below asks."""
    messages["price"] *= tick
    stray = rng.random(len(messages)) < off_grid
    messages["price"] += np.where(stray, rng.integers(-tick, tick + 1, len(messages)), 0)
    return messages


def windows_seen(messages, piece=40, *, orders=True, restless=False):
    """Run messages through a book and its oracle; return the ladders that the book had.

    Each is (first, last, tick, cells). After each piece the best prices and the depth must be
    the oracle's. A restless book loses patience with its ladder before every piece.
    """
    exchange, oracle = pair(record_events=False)
    windows = []
    for at in range(0, len(messages), piece):
        part = messages[at : at + piece]
        expected = oracle_rows(oracle, part)
        if restless:
            exchange._store.header["far_work"] = exchange._store.header["patience"]
        assert rows_of(exchange.process(part).results) == expected
        check_top(exchange, oracle)
        window = tuple(int(exchange._store.header[n]) for n in ("first", "last", "tick"))
        window = (*window, len(exchange._store.arrays["cells"]))
        if not windows or windows[-1] != window:
            windows.append(window)
    assert_same(exchange, oracle, orders=orders)
    check_both_places(exchange)
    return [window for window in windows if window[3]]


def check_top(exchange, oracle):
    """Fail unless best prices and the first levels are the oracle's."""
    assert exchange.best_bid_ask() == (oracle.best(1), oracle.best(-1))
    depth = exchange.depth(5)
    assert [tuple(level) for level in depth.bids] == oracle.levels(1)[:5]
    assert [tuple(level) for level in depth.asks] == oracle.levels(-1)[:5]


def check_both_places(exchange):
    """Fail unless taken cells, their bits and the far rows together hold every level once."""
    head, arrays = exchange._store.header, exchange._store.arrays
    cells = np.flatnonzero(arrays["cells"]["level"] != NIL)
    count = len(arrays["cells"]) // BITS_PER_WORD
    words, pages = np.split(arrays["words"]["value"], [count])
    bits = np.unpackbits(words.view(np.uint8), bitorder="little")
    assert np.flatnonzero(bits).tolist() == cells.tolist()
    bits = np.unpackbits(pages.view(np.uint8), bitorder="little")
    assert np.flatnonzero(bits).tolist() == np.flatnonzero(words).tolist()
    far = sum(int(side["far"]) for side in head["sides"])
    assert len(cells) + far == head["level_count"]
    prices = arrays["levels"]["price"][arrays["cells"]["level"][cells]]
    assert (prices == int(head["first"]) + cells * int(head["tick"])).all()


@pytest.mark.parametrize("tick", [1, 5, 10, 50, 100, 2500, 10_000_000])
@pytest.mark.parametrize("off_grid", [0.0, 0.05, 0.5])
def test_prices_on_a_grid_of_ticks(tick, off_grid):
    rng = np.random.default_rng(tick)
    messages = random_messages(rng, 1_200, ticks=120, centre=20_000, kinds=BUSY)
    windows = windows_seen(spread_out(rng, messages, tick, off_grid))
    assert windows
    if off_grid == 0.0:
        assert windows[-1][2] == {2500: 500}.get(tick, tick)  # of 1, 5, 10, 50 ... the widest


@pytest.mark.parametrize("tick", [1, 7, 100])
@pytest.mark.parametrize("centre", [0, -50_000, 50_000])
def test_prices_around_zero_and_below_it(tick, centre):
    rng = np.random.default_rng(1)
    messages = random_messages(rng, 1_000, ticks=150, centre=centre, kinds=BUSY)
    assert windows_seen(spread_out(rng, messages, tick, 0.02))


@pytest.mark.parametrize("reach", [5_000, 70_000, 10**6, 2**40, 2**62])
def test_prices_scattered_wider_than_any_ladder(reach):
    rng = np.random.default_rng(reach)
    messages = random_messages(rng, 1_000, kinds=BUILDING)
    away = np.abs(rng.integers(-reach, reach, len(messages)))
    messages["price"] = 1_000 - messages["side"] * away
    inside = rng.random(len(messages)) < 0.15
    messages["price"][inside] = 1_000 + rng.integers(-40, 40, inside.sum())
    windows = windows_seen(messages)
    assert all(NARROWEST <= cells <= WIDEST for *_, cells in windows)


def wandering(rng, count, speed, *, jumps=0.0):
    """Return the touch at each message: a walk to and fro, and maybe jumps."""
    turns = np.sign(np.sin(np.arange(count) * 2 * np.pi / count * 1.5))
    steps = rng.integers(0, 2 * speed + 1, count) * turns
    steps += np.where(rng.random(count) < jumps, rng.integers(-(10**6), 10**6, count), 0)
    return np.cumsum(steps).astype(np.int64)


@pytest.mark.parametrize(("tick", "speed"), [(1, 3), (1, 60), (1, 1_500), (5, 60)])
def test_the_touch_wanders_far_and_the_ladder_follows(tick, speed):
    rng = np.random.default_rng(speed)
    centre = wandering(rng, 40_000, speed)
    messages = random_messages(rng, 40_000, ticks=60, centre=centre, kinds=BUSY)
    windows = windows_seen(spread_out(rng, messages, tick, 0.01), piece=200, orders=False)
    assert len({first for first, *_ in windows}) > (3 if speed > 3 else 1)


@pytest.mark.parametrize("seed", range(12))
def test_a_ladder_placed_anew_at_any_moment_changes_nothing(seed):
    rng = np.random.default_rng(seed)
    tick = (1, 5, 100, 3)[seed % 4]
    ticks = (10, 300, 3_000)[seed % 3]
    centre = wandering(rng, 1_500, (0, 50, 2_000)[seed // 4], jumps=0.002)
    messages = random_messages(rng, 1_500, ticks=ticks, centre=centre, kinds=BUSY)
    messages = spread_out(rng, messages, tick, 0.03)
    windows = windows_seen(messages, piece=int(rng.integers(3, 30)), restless=True)
    assert len(windows) > 10


def test_the_touch_jumps_and_the_ladder_follows():
    rng = np.random.default_rng(3)
    centre = wandering(rng, 3_000, 5, jumps=0.002)
    messages = random_messages(rng, 3_000, ticks=80, centre=centre, kinds=BUSY)
    assert windows_seen(messages)


@pytest.mark.parametrize("tick", [1, 5, 1000])
def test_both_ends_of_int64_at_once(tick):
    rng = np.random.default_rng(5)
    messages = random_messages(rng, 1_500, ticks=120, centre=0, kinds=BUILDING)
    away = np.abs(messages["price"]) * tick
    messages["price"] = np.where(messages["side"] == 1, LOWEST + away, HIGHEST - away)
    windows_seen(messages)


@pytest.mark.parametrize("end", [LOWEST, HIGHEST])
@pytest.mark.parametrize("tick", [1, 5, 1000, 10_000_000])
def test_a_market_at_one_end_of_int64(end, tick):
    rng = np.random.default_rng(6)
    messages = random_messages(rng, 1_500, ticks=200, centre=0, kinds=BUSY)
    away = (messages["price"] + 100) * tick
    messages["price"] = LOWEST + away if end == LOWEST else HIGHEST - away
    windows = windows_seen(messages)
    assert all(LOWEST <= first <= last <= HIGHEST for first, last, *_ in windows)


def test_one_side_only_and_the_other_later():
    rng = np.random.default_rng(8)
    messages = random_messages(rng, 1_000, ticks=2_000, centre=5_000, kinds=(80, 0, 20, 0, 0, 0, 0))
    messages["side"][:500] = 1
    messages["side"][500:] = -1
    assert windows_seen(messages)


@pytest.mark.core
def test_a_ladder_is_placed_and_left_again():
    rng = np.random.default_rng(9)
    centre = np.repeat([1_000, 90_000, 1_000], 70)
    messages = random_messages(rng, 210, ticks=40, centre=centre, kinds=(85, 3, 10, 2, 0, 0, 0))
    assert windows_seen(narrow(messages), piece=70)


@pytest.mark.deep
@pytest.mark.parametrize("seed", range(150))
def test_any_shape_of_market(seed):
    rng = np.random.default_rng(seed)
    count = 3_000
    kinds = (BUSY, BUILDING)[rng.integers(2)]
    centre = wandering(rng, count, int(rng.choice([0, 2, 30, 500])), jumps=rng.choice([0, 0.002]))
    ticks = int(rng.choice([10, 80, 400, 5_000]))
    messages = random_messages(rng, count, ticks=ticks, centre=centre, kinds=kinds)
    tick = int(rng.choice([1, 5, 10, 25, 100, 500, 12_345]))
    messages = spread_out(rng, messages, tick, rng.choice([0.0, 0.02, 0.12, 0.5]))
    far = rng.random(count) < rng.choice([0, 0.02, 0.2])
    messages["price"][far] -= messages["side"][far] * rng.integers(0, 2**61, far.sum())
    windows_seen(messages, piece=int(rng.integers(1, 100)))


def test_a_ladder_does_not_change_what_a_book_answers():
    """A book that got its levels in another order, hence another ladder, is equal to it."""
    rng = np.random.default_rng(10)
    prices = rng.permutation(np.arange(-3_000, 3_000))
    messages = np.zeros(len(prices), MESSAGE)
    messages["side"], messages["owner"] = np.where(prices < 0, 1, -1), -1
    messages["price"], messages["quantity"] = prices, 1 + np.abs(prices) % 7
    books = []
    for order in (np.argsort(prices), np.argsort(-np.abs(prices), kind="stable"), slice(None)):
        exchange = Exchange()
        exchange.process(messages[order])
        check_both_places(exchange)
        books.append(exchange.full_book())
    assert books[0] == books[1] == books[2]
    assert [level.price for level in books[0].asks] == list(range(3_000))


# ---- the bits ----------------------------------------------------------------------------------


def store_with_cells(cells):
    """Return a store with a ladder of so many cells, all free."""
    store, words = Store(), cells // BITS_PER_WORD
    store._put("cells", np.full(cells, NIL, np.int32).view(ARRAYS["cells"]))
    store._put("words", np.zeros(words + words // BITS_PER_WORD, ARRAYS["words"]))
    return store


def naive_below(taken, cell):
    return max((other for other in taken if other <= cell), default=NIL)


def naive_above(taken, cell):
    return min((other for other in taken if other >= cell), default=NIL)


def check_bits(cells, changes, asked):
    """Set and clear bits; fail unless the neighbours of cells are a naive set's."""
    store, taken = store_with_cells(cells), set()
    for cell in changes:
        if cell in taken:
            taken.remove(cell)
            clear_bit(store.address, cell)
        else:
            taken.add(cell)
            set_bit(store.address, cell)
    for cell in asked:  # from just below the first to just above the last, where walks end
        if cell < cells:
            assert cell_below(store.address, cell) == naive_below(taken, cell)
        if cell >= 0:
            assert cell_above(store.address, cell) == naive_above(taken, cell)


def cells_of(size):
    edges = [0, 1, 62, 63, 64, 127, 128, 4032, 4094, 4095, size - 65, size - 64, size - 1]
    return st.sampled_from(edges) | st.integers(0, size - 1)


@pytest.mark.parametrize("size", [NARROWEST, 4 * NARROWEST, WIDEST])
def test_the_neighbours_of_a_cell_are_those_of_a_naive_set(size):
    @given(st.lists(cells_of(size), max_size=30), st.lists(cells_of(size), max_size=15))
    @settings(max_examples=80)
    def check(changes, asked):
        check_bits(size, changes, [*asked, *changes, -1, size, 0, size - 1])

    check()


@pytest.mark.core
def test_the_neighbours_of_every_cell_around_the_edges_of_words_and_pages():
    taken = [0, 63, 64, 4095]
    check_bits(NARROWEST, taken, [-1, 0, 1, 62, 63, 64, 65, 127, 128, 4094, 4095, 4096])
    check_bits(NARROWEST, [], [-1, 0, 63, 64, 4095, 4096])
    check_bits(NARROWEST, [70, 70], [0, 70, 4095])
    pages = [4095, 4096, 8191, 12_288]
    check_bits(4 * NARROWEST, pages, [0, 4094, 4095, 4096, 4097, 8190, 8192, 12_288, 12_289])


def test_the_neighbours_of_every_cell_of_a_random_ladder():
    rng = np.random.default_rng(11)
    for count in (1, 5, 300):
        taken = set(rng.integers(0, NARROWEST, count).tolist())
        store = store_with_cells(NARROWEST)
        for cell in taken:
            set_bit(store.address, cell)
        below = [naive_below(taken, cell) for cell in range(NARROWEST)]
        assert [cell_below(store.address, cell) for cell in range(NARROWEST)] == below
        above = [naive_above(taken, cell) for cell in range(NARROWEST)]
        assert [cell_above(store.address, cell) for cell in range(NARROWEST)] == above
