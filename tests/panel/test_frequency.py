import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nanobook.panel.frequency import infer_periods_per_year


def within_days(step, bars, freq, begin="09:30"):
    """Make bars of a length within each of 60 days."""
    first = pd.Timedelta(begin + ":00")
    days = pd.date_range("2024-01-01", periods=60, freq=freq)
    return pd.DatetimeIndex([day + first + step * k for day in days for k in range(bars)])


MINUTE = pd.Timedelta(minutes=1)

CASES = {
    "business days": (pd.date_range("2020-01-01", periods=600, freq="B"), 252),
    "every day": (pd.date_range("2020-01-01", periods=600, freq="D"), 365),
    "weeks": (pd.date_range("2020-01-01", periods=100, freq="W-FRI"), 52),
    "weeks on Sunday": (pd.date_range("2020-01-01", periods=100, freq="W-SUN"), 52),
    "fortnights": (pd.date_range("2020-01-01", periods=100, freq="2W"), 26),
    "months": (pd.date_range("2020-01-01", periods=60, freq="MS"), 12),
    "ends of months": (pd.date_range("2020-01-01", periods=60, freq="ME"), 12),
    "business ends of months": (pd.date_range("2020-01-01", periods=60, freq="BME"), 12),
    "quarters": (pd.date_range("2020-01-01", periods=40, freq="QE"), 4),
    "half years": (pd.date_range("2000-01-01", periods=40, freq="6ME"), 2),
    "years": (pd.date_range("1990-01-01", periods=30, freq="YE"), 1),
    "decades": (pd.date_range("1900-01-01", periods=10, freq="10YE"), 1),
    "hours around the clock": (pd.date_range("2024-01-01", periods=24 * 60, freq="h"), 24 * 365),
    "half days": (pd.date_range("2024-01-01", periods=120, freq="12h"), 2 * 365),
    "minutes of a session": (within_days(MINUTE, 390, "B"), 390 * 252),
    "half hours of a session": (within_days(30 * MINUTE, 13, "B"), 13 * 252),
    "two bars a day": (within_days(390 * MINUTE, 2, "B"), 2 * 252),
}


@pytest.mark.core
@pytest.mark.parametrize("zone", [None, "UTC", "America/New_York"])
@pytest.mark.parametrize("name", CASES)
def test_periods_are_read_off_the_dates(name, zone):
    index, expected = CASES[name]
    assert infer_periods_per_year(index.tz_localize(zone)) == expected


@pytest.mark.core
@pytest.mark.parametrize("name", CASES)
def test_the_unit_of_the_dates_doesnt_matter(name):
    index, expected = CASES[name]
    for unit in ("s", "ms", "us", "ns"):
        assert infer_periods_per_year(index.as_unit(unit)) == expected


@pytest.mark.core
@given(st.sets(st.integers(1, 598), max_size=60))
def test_a_few_missing_days_change_nothing(holidays):
    days, _ = CASES["business days"]
    kept = days.delete(sorted(holidays))
    assert infer_periods_per_year(kept) == 252.0


@pytest.mark.core
@pytest.mark.parametrize(
    "index",
    [
        None,
        pd.DatetimeIndex([]),
        pd.DatetimeIndex(["2024-01-01"]),
        pd.RangeIndex(5),
        pd.Index([0.5, 1.5]),
        pd.Index(["2024-01-31", "2024-02-29"]),
        pd.period_range("2024", periods=5, freq="M"),
        pd.timedelta_range("1h", periods=5),
    ],
    ids=lambda index: "None" if index is None else f"{index.dtype} {len(index)}",
)
def test_what_says_nothing_is_taken_for_business_days(index):
    assert infer_periods_per_year(index) == 252.0


@pytest.mark.core
def test_two_dates_are_enough():
    assert infer_periods_per_year(pd.DatetimeIndex(["2024-01-01", "2024-01-02"])) == 252.0
    assert infer_periods_per_year(pd.DatetimeIndex(["2024-01-31", "2024-02-29"])) == 12.0


@pytest.mark.core
@pytest.mark.parametrize("year", [1500, 2990])
def test_dates_beyond_the_range_of_nanoseconds_are_dates(year):
    days = pd.date_range(f"{year}-01-01", periods=300, freq="B", unit="s")
    assert infer_periods_per_year(days) == 252.0
    hours = pd.date_range(f"{year}-01-01", periods=300, freq="h", unit="s")
    assert infer_periods_per_year(hours) == 24 * 365


def test_one_session_on_a_saturday_doesnt_make_a_year_of_365():
    # Exchanges hold special sessions on weekends now and then, and data has stray rows.
    days, _ = CASES["business days"]
    assert infer_periods_per_year(days.union(pd.DatetimeIndex(["2020-11-14"]))) == 252.0


@pytest.mark.parametrize(
    ("index", "least", "most"),
    [
        (pd.date_range("2020-01-01", periods=300, freq="2B"), 125, 131),
        (pd.date_range("2020-01-01", periods=300, freq="2D"), 182, 183),
        (pd.date_range("2020-01-01", periods=300, freq="3D"), 121, 123),
        (pd.bdate_range("2020-01-01", periods=300, freq="C", weekmask="Mon Thu"), 103, 106),
    ],
    ids=["every other business day", "every other day", "every third day", "Mondays and Thursdays"],
)
def test_bars_of_a_few_days_arent_taken_for_daily_ones(index, least, most):
    assert least <= infer_periods_per_year(index) <= most


@pytest.mark.core
def test_no_warning_is_given():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for index, _ in CASES.values():
            infer_periods_per_year(index)


@pytest.mark.core
@given(
    st.lists(st.integers(0, 10**10), min_size=1, max_size=30, unique=True).map(sorted),
    st.sampled_from([None, "UTC", "Asia/Kolkata"]),
)
def test_whatever_the_dates_the_answer_is_a_positive_number(seconds, zone):
    index = pd.DatetimeIndex(np.array(seconds).astype("M8[s]")).tz_localize("UTC")
    periods = infer_periods_per_year(index.tz_convert(zone))
    assert type(periods) is float
    assert 1.0 <= periods < np.inf
