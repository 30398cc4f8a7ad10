"""Which bars decide: letters by pandas' own periods, numbers by counting."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from nanobook import ArgumentTypeError, RangeError, ValidationError
from nanobook.panel.rebalance import check_rule, decision_bars, latest_rows

LETTERS = ("W", "M", "Q", "Y")


def last_of_each_period(rule, index):
    """Mark the last bar of each of pandas' periods, but not the data's last bar."""
    dates = index.tz_localize(None)
    groups = pd.Series(np.arange(len(index))).groupby(np.asarray(dates.to_period(rule)))
    mask = np.zeros(len(index), dtype=bool)
    mask[groups.last().to_numpy()] = True
    mask[-1:] = False
    return mask


@pytest.mark.core
@given(
    st.sampled_from(LETTERS),
    st.lists(st.integers(-20_000, 30_000), min_size=1, max_size=60, unique=True),
    st.sampled_from(["s", "ns", "us"]),
    st.sampled_from([None, "America/New_York", "Asia/Tokyo"]),
)
def test_a_letter_is_the_last_bar_of_a_period(rule, days, unit, zone):
    index = pd.DatetimeIndex(np.array(sorted(days), dtype="M8[D]")).as_unit(unit)
    index = (index + pd.Timedelta(hours=16)).tz_localize(zone)
    assert_array_equal(decision_bars(rule, index, len(index)), last_of_each_period(rule, index))


def test_a_letter_counts_local_days():
    # 21:00 in New York on a Friday, Saturday 2 o'clock by Greenwich; a month ends by local days.
    index = pd.DatetimeIndex(["2021-01-31 21:00", "2021-02-01 09:00"]).tz_localize(
        "America/New_York"
    )
    for rule in ("W", "M"):
        assert decision_bars(rule, index, 2).tolist() == [True, False]


def test_many_bars_of_a_day_decide_at_the_periods_last():
    index = pd.date_range("2021-01-28", periods=200, freq="h")
    assert_array_equal(decision_bars("M", index, 200), last_of_each_period("M", index))
    assert decision_bars("M", index, 200).sum() == 1


@pytest.mark.core
def test_a_number_counts_bars_from_the_first():
    assert decision_bars(3, None, 7).tolist() == [True, False, False] * 2 + [True]
    assert decision_bars(np.int64(9), None, 3).tolist() == [True, False, False]
    for every in (None, 1, True):
        assert decision_bars(every, None, 5) is None
    assert decision_bars(2, None, 0).tolist() == []


@pytest.mark.core
def test_rules_are_checked():
    assert [check_rule("rebalance", rule) for rule in (None, 1, 5, "M")] == [None, None, 5, "M"]
    for rule in ("D", "", "month", "w"):
        with pytest.raises(ValidationError, match=r"rebalance must be 'W', 'M', 'Q', 'Y'"):
            check_rule("rebalance", rule)
    for rule in (0, -3):
        with pytest.raises(RangeError):
            check_rule("rebalance", rule)
    for rule in (1.5, [1], b"M"):
        with pytest.raises(ArgumentTypeError, match="rebalance must be"):
            check_rule("rebalance", rule)
    for index in (None, pd.RangeIndex(4), pd.Index(list("abcd"))):
        with pytest.raises(ValidationError, match="DatetimeIndex"):
            decision_bars("M", index, 4)


@pytest.mark.core
@given(
    st.lists(st.integers(0, 30), min_size=1, max_size=10, unique=True),
    st.lists(st.booleans(), min_size=1, max_size=25),
    st.integers(0, 30),
)
def test_the_latest_row_known_at_a_deciding_bar_trades_later(known_at, decides, lag):
    known_at, decides = np.array(sorted(known_at)), np.array(decides)
    expected = np.full(len(decides), -1)
    for bar in np.flatnonzero(decides):
        if bar + lag < len(decides):
            rows = [row for row, at in enumerate(known_at) if at <= bar]
            expected[bar + lag] = rows[-1] if rows else -1
    assert_array_equal(latest_rows(known_at, decides, lag), expected)
