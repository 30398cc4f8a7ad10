"""Positions: the table of fills, and laws that hold for any sequence of them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

import nanobook as nb

fills = st.lists(st.tuples(st.integers(-500, 500), st.integers(1, 10_000)), max_size=20)


def play(trades):
    position = nb.Position("A")
    for quantity, price in trades:
        position.apply_fill(quantity, price)
    return position


@pytest.mark.parametrize(
    ("trades", "quantity", "average", "cost", "realized"),
    [
        ([(10, 100)], 10, 100, 1000, 0),
        ([(10, 100), (5, 103)], 15, 101, 1515, 0),
        ([(10, 100), (-4, 120)], 6, 100, 600, 80),
        ([(10, 100), (-10, 120)], 0, 0, 0, 200),
        ([(10, 100), (-15, 120)], -5, 120, -600, 200),
        ([(-10, 100), (-5, 103)], -15, 101, -1515, 0),
        ([(-10, 100), (10, 90)], 0, 0, 0, 100),
        ([(0, 100)], 0, 0, 0, 0),
    ],
)
def test_the_table_of_fills(trades, quantity, average, cost, realized):
    position = play(trades)
    assert (position.quantity, position.avg_entry_price) == (quantity, average)
    assert (position.total_cost, position.realized_pnl) == (cost, realized)


def test_deviation_a_partly_covered_short_keeps_its_average():
    """The original says average 300 after this cover, and books 110,000 at the end."""
    position = play([(-1000, 100), (500, 100)])
    assert position.avg_entry_price == 100
    assert position.total_cost == -50_000
    position.apply_fill(500, 80)
    assert position.realized_pnl == 10_000


@given(fills, st.integers(1, 10_000))
def test_profit_is_what_selling_everything_would_leave(trades, price):
    """Realized plus unrealized differ from cash flow plus value by truncated averages only."""
    position = play(trades)
    spent = sum(quantity * paid for quantity, paid in trades)
    profit = position.market_value(price) - spent
    stated = position.realized_pnl + position.unrealized_pnl(price)
    assert abs(profit - stated) <= sum(abs(quantity) for quantity, _ in trades)


@given(fills)
def test_a_mirrored_position_mirrors(trades):
    one, other = play(trades), play([(-quantity, price) for quantity, price in trades])
    assert other.quantity == -one.quantity
    assert other.total_cost == -one.total_cost
    assert other.avg_entry_price == one.avg_entry_price


def test_it_refuses_what_is_no_fill():
    with pytest.raises(TypeError):
        nb.Position("A").apply_fill(1.5, 100)
    with pytest.raises(ValueError, match="8 bytes"):
        nb.Position("TOOLONGNAME")


def test_it_looks_like_the_original():
    position = play([(5, 100)])
    assert repr(position) == "Position(symbol=A, qty=5, avg_price=100, realized_pnl=0)"
    assert not position.is_flat()
