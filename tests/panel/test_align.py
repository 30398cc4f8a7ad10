import bisect
import datetime

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nanobook.errors import ValidationError
from nanobook.panel.align import align_columns, align_rows

DAYS = pd.date_range("2024-01-01", periods=6, freq="D")


def naive_rows(bars, rows, lag):
    """Say for each bar which row of weights trades there, from the definition; numbers are dates.

    A row is known at the close of the last bar that isn't after it, and trades `lag` bars after
    that, but never before its own date.
    """
    trades = [-1] * len(bars)
    for row, date in enumerate(rows):
        known = max((bar for bar, at in enumerate(bars) if at <= date), default=-1)
        first = next((bar for bar, at in enumerate(bars) if at >= date), len(bars))
        at = max(known + lag, first)
        if at < len(bars):
            trades[at] = row  # rows come in order of time: the latest wins
    return trades


days = st.lists(st.integers(0, 20), min_size=1, max_size=8, unique=True).map(sorted)
lags = st.integers(0, 3)


def as_dates(numbers):
    return pd.DatetimeIndex([pd.Timestamp("2024-01-01") + pd.Timedelta(days=n) for n in numbers])


KINDS = {
    "dates": as_dates,
    "dates of a zone": lambda numbers: as_dates(numbers).tz_localize("Asia/Tokyo"),
    "seconds": lambda numbers: as_dates(numbers).as_unit("s"),
    "periods": lambda numbers: as_dates(numbers).to_period("D"),
    "integers": pd.Index,
    "floats": lambda numbers: pd.Index(np.array(numbers, float)),
    "strings": lambda numbers: pd.Index([f"{n:02}" for n in numbers]),
    "plain dates": lambda numbers: pd.Index(list(as_dates(numbers).date)),
    "timedeltas": lambda numbers: pd.to_timedelta(numbers, unit="D"),
}


# ---- rows --------------------------------------------------------------------------------------


@pytest.mark.core
@given(days, days, lags, st.sampled_from(sorted(KINDS)))
def test_rows_agree_with_the_definition(bars, rows, lag, kind):
    index, weight_index = KINDS[kind](bars), KINDS[kind](rows)
    if rows[0] > bars[-1]:
        with pytest.raises(ValidationError, match=r"^weights must have a date up to the last"):
            align_rows(index, weight_index, lag)
        return
    row_at = align_rows(index, weight_index, lag)
    assert row_at.dtype == np.int64
    assert row_at.tolist() == naive_rows(bars, rows, lag)


@pytest.mark.core
@given(days, lags)
def test_the_same_index_is_shifted_by_the_lag(bars, lag):
    index = as_dates(bars)
    expected = naive_rows(bars, bars, lag)
    assert align_rows(index, index, lag).tolist() == expected
    assert align_rows(index, index.copy(), lag).tolist() == expected


@pytest.mark.core
@given(days, days, st.integers(1, 3))
def test_with_a_lag_no_row_trades_at_prices_it_could_have_known(bars, rows, lag):
    if rows[0] > bars[-1]:
        return
    for bar, row in enumerate(align_rows(as_dates(bars), as_dates(rows), lag)):
        if row >= 0:
            assert rows[row] <= bars[bar]
            # Of the bars at or before the row's date, the bar it trades at is none.
            assert bar >= bisect.bisect_right(bars, rows[row]) - 1 + lag


@pytest.mark.core
@given(days, days)
def test_without_a_lag_no_row_trades_before_its_date(bars, rows):
    if rows[0] > bars[-1]:
        return
    for bar, row in enumerate(align_rows(as_dates(bars), as_dates(rows), 0)):
        assert row < 0 or rows[row] <= bars[bar]


@pytest.mark.core
@given(days, days, lags, st.integers(0, 20))
def test_later_bars_and_rows_change_nothing_before(bars, rows, lag, end):
    """What's known up to a date decides what trades up to it."""
    known_bars = [day for day in bars if day <= end]
    known_rows = [day for day in rows if day <= end]
    if not known_bars or not known_rows or known_rows[0] > known_bars[-1]:
        return
    whole = align_rows(as_dates(bars), as_dates(rows), lag)
    part = align_rows(as_dates(known_bars), as_dates(known_rows), lag)
    assert whole[: len(known_bars)].tolist() == part.tolist()


@pytest.mark.core
def test_weekend_weights_trade_on_monday():
    fridays_to_tuesday = pd.DatetimeIndex(["2024-01-05", "2024-01-08", "2024-01-09"])
    saturday_and_sunday = pd.DatetimeIndex(["2024-01-06", "2024-01-07"])
    assert align_rows(fridays_to_tuesday, saturday_and_sunday, 0).tolist() == [-1, 1, -1]
    assert align_rows(fridays_to_tuesday, saturday_and_sunday, 1).tolist() == [-1, 1, -1]
    assert align_rows(fridays_to_tuesday, saturday_and_sunday, 2).tolist() == [-1, -1, 1]


@pytest.mark.core
def test_weights_from_before_the_first_bar_are_known_there():
    early = pd.DatetimeIndex(["2023-12-01", "2023-12-31"])
    assert align_rows(DAYS, early, 0).tolist() == [1, -1, -1, -1, -1, -1]
    assert align_rows(DAYS, early, 1).tolist() == [1, -1, -1, -1, -1, -1]
    assert align_rows(DAYS, early, 2).tolist() == [-1, 1, -1, -1, -1, -1]


@pytest.mark.core
def test_one_bar_and_one_row():
    day = DAYS[:1]
    assert align_rows(day, day, 0).tolist() == [0]
    assert align_rows(day, day, 1).tolist() == [-1]
    assert align_rows(day, day - pd.Timedelta(days=1), 1).tolist() == [0]


@pytest.mark.core
@pytest.mark.parametrize("lag", [6, 100, 2**62, 2**63 - 1])
def test_a_lag_beyond_the_last_bar_trades_nothing(lag):
    for weight_index in (DAYS, DAYS.copy(), DAYS[1:], DAYS[:-1] + pd.Timedelta(hours=1)):
        assert align_rows(DAYS, weight_index, lag).tolist() == [-1] * 6


@pytest.mark.core
def test_zones_and_units_may_differ():
    utc = DAYS.tz_localize("UTC")
    tokyo = utc[2:].tz_convert("Asia/Tokyo")
    assert align_rows(utc, tokyo, 0).tolist() == [-1, -1, 0, 1, 2, 3]
    assert align_rows(DAYS.as_unit("s"), DAYS[2:].as_unit("ns"), 0).tolist() == [-1, -1, 0, 1, 2, 3]


@pytest.mark.core
@pytest.mark.parametrize(
    ("index", "weight_index"),
    [
        (DAYS, DAYS.tz_localize("UTC")),
        (DAYS.tz_localize("UTC"), DAYS),
        (DAYS, pd.RangeIndex(6)),
        (pd.RangeIndex(6), DAYS),
        (DAYS, DAYS.to_period("D")),
        (DAYS.to_period("D"), DAYS),
        (DAYS.to_period("D"), pd.period_range("2024-01", periods=2, freq="M")),
        (DAYS.to_period("D"), pd.RangeIndex(6)),
        (pd.RangeIndex(6), DAYS.to_period("D")),
        (DAYS, pd.Index(DAYS.strftime("%Y-%m-%d"))),
        (pd.Index(["a", "b"]), pd.Index([1, 2])),
        (pd.Index([1, 2]), pd.Index(["a", "b"])),
        (pd.RangeIndex(6), pd.timedelta_range("1D", periods=2)),
        (DAYS, pd.timedelta_range("1D", periods=2)),
        (pd.Index(list(DAYS.date)), pd.Index(["2024-01-01"])),
    ],
    ids=lambda index: str(index.dtype),
)
def test_indexes_of_two_kinds_are_refused(index, weight_index):
    rule = r"^weights and prices must be indexed alike, got .* beside "
    with pytest.raises(ValidationError, match=rule):
        align_rows(index, weight_index, 1)


@pytest.mark.core
def test_plain_dates_meet_timestamps_or_are_refused():
    try:
        row_at = align_rows(DAYS, pd.Index([datetime.date(2024, 1, 3)]), 1)
    except ValidationError:
        return
    assert row_at.tolist() == [-1, -1, -1, 0, -1, -1]


@pytest.mark.core
def test_weights_after_the_last_price_are_refused_with_both_dates():
    with pytest.raises(ValidationError) as caught:
        align_rows(DAYS, DAYS + pd.Timedelta(days=10), 1)
    assert str(caught.value) == (
        "weights must have a date up to the last price, 2024-01-06 00:00:00, "
        "but begin at 2024-01-11 00:00:00"
    )


# ---- columns -----------------------------------------------------------------------------------

symbols = st.lists(st.sampled_from("ABCDEFG"), min_size=1, max_size=6, unique=True)


@pytest.mark.core
@given(symbols, symbols)
def test_each_column_finds_its_own(columns, weight_columns):
    unknown = [name for name in weight_columns if name not in columns]
    if unknown:
        with pytest.raises(ValidationError) as caught:
            align_columns(pd.Index(columns), pd.Index(weight_columns))
        assert all(repr(name) in str(caught.value) for name in unknown[:5])
        assert str(caught.value).startswith("weights must have columns that prices have, but ")
    else:
        where = align_columns(pd.Index(columns), pd.Index(weight_columns))
        assert where.tolist() == [columns.index(name) for name in weight_columns]


@pytest.mark.core
@pytest.mark.parametrize(
    ("columns", "weight_columns"),
    [([1, 2], ["1"]), (["a"], ["A"]), (["A"], ["A "]), ([("a", 1)], [("a", 2)]), (["A"], [None])],
)
def test_labels_that_only_look_alike_are_unknown(columns, weight_columns):
    with pytest.raises(ValidationError, match=r"^weights must have columns that prices have"):
        align_columns(pd.Index(columns), pd.Index(weight_columns))


@pytest.mark.core
def test_of_many_unknown_columns_five_are_named():
    with pytest.raises(ValidationError, match=r"'a', 'b', 'c', 'd', 'e' and 2 more isn't among"):
        align_columns(pd.Index(["A"]), pd.Index(list("abcdefg")))
