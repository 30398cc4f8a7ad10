"""What a book's arrays take, and that they grow no more than they must."""

import pytest

from nanobook.book import Exchange
from nanobook.book.store import Store
from nanobook.types.records import MESSAGE, ORDER_ROW, RESTING


@pytest.mark.core
def test_an_order_takes_64_bytes_while_it_rests_and_32_afterwards():
    assert ORDER_ROW.itemsize == 32
    assert ORDER_ROW.itemsize + RESTING.itemsize == 64
    assert MESSAGE.itemsize == 32  # what a recorded event adds


@pytest.mark.core
def test_arrays_at_most_double():
    exchange = Exchange()
    for price in range(1, 301):
        exchange.submit_limit("buy", price, 1)
    for name in ("orders", "levels", "rows", "events"):
        assert 300 <= exchange._store.arrays[name].shape[-1] <= 1024


@pytest.mark.core
def test_a_message_that_never_finds_room_ends_in_an_error():
    store = Store()

    def wait():
        for _ in range(2_000):
            store.give_room()

    with pytest.raises(RuntimeError, match="found no room"):
        wait()
