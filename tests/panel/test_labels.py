import datetime
import json
import zoneinfo

import dateutil.tz
import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from nanobook.errors import FileFormatError, ValidationError
from nanobook.panel.labels import labels_equal, labels_from_arrays, labels_to_arrays

DAYS = pd.date_range("2024-01-01", periods=3, name="date")


def there_and_back(labels):
    """Take labels apart, through JSON as a file would hold them, and put them together."""
    description, arrays = labels_to_arrays("index", labels)
    assert set(arrays) == (set() if labels is None else {"index"})
    assert all(array.dtype.kind in "iufbU" for array in arrays.values())
    return labels_from_arrays("index", json.loads(json.dumps(description)), arrays)


def zone(name):
    return DAYS.tz_localize(name)


KEPT = {
    "dates": DAYS,
    "dates in seconds": DAYS.as_unit("s"),
    "dates in nanoseconds": DAYS.as_unit("ns"),
    "no dates": DAYS[:0],
    "a missing date": pd.DatetimeIndex(["2024-01-01", None]),
    "UTC": zone("UTC"),
    "New York": zone("America/New_York"),
    "over the change of the clocks": pd.date_range(
        "2024-11-02", periods=40, freq="h", tz="America/New_York"
    ),
    "ahead by two hours": zone(datetime.timezone(datetime.timedelta(hours=2))),
    "integers": pd.Index([3, 1, 2], name="n"),
    "a range": pd.RangeIndex(3),
    "small integers": pd.Index(np.array([1, 2], np.int8)),
    "unsigned": pd.Index(np.array([2**64 - 1], np.uint64)),
    "floats": pd.Index([0.5, -0.0, np.nan, np.inf]),
    "truth": pd.Index([True, False]),
    "strings": pd.Index(["MSFT", "AAPL", ""], name="symbol"),
    "strings as objects": pd.Index(["MSFT", "AAPL"], dtype=object),
    "strings of the string dtype": pd.Index(["MSFT", "AAPL"], dtype="string"),
    "strings of many scripts": pd.Index(["株式", "🦀", "åäö", "A B", "a\nb"]),
    "no strings": pd.Index([], dtype="str"),
}

#: What can be kept or refused, but not changed, and not written in a way that can't be read.
ODD = {
    "nullable integers": pd.Index([1, 2], dtype="Int64"),
    "nullable integers, one missing": pd.Index([1, None], dtype="Int64"),
    "nullable floats": pd.Index([1.5, None], dtype="Float64"),
    "nullable truth": pd.Index([True, False], dtype="boolean"),
    "a string with zeros at its end": pd.Index(["A\0", "B"]),
    "a zone with a name of its own": zone(datetime.timezone(datetime.timedelta(hours=2), "Moon")),
    "a zone with the name of another": zone(datetime.timezone(datetime.timedelta(hours=2), "EST")),
    "a zone of a file": zone(dateutil.tz.gettz("Europe/Berlin")),
    "a zone by its offset": zone(dateutil.tz.tzoffset(None, 7200)),
    "UTC of dateutil": zone(dateutil.tz.tzutc()),
    "a zone of zoneinfo": zone(zoneinfo.ZoneInfo("Europe/Berlin")),
    "categories": pd.CategoricalIndex(["a", "b", "a"]),
    "categories of numbers": pd.CategoricalIndex([1, 2]),
    "periods": DAYS.to_period("D"),
    "timedeltas": pd.timedelta_range("1h", periods=2),
    "intervals": pd.interval_range(0, 2),
    "pairs": pd.MultiIndex.from_tuples([("a", 1), ("a", 2)]),
    "mixed": pd.Index(["a", 1]),
    "a missing string": pd.Index(["a", None]),
    "complex": pd.Index([1j]),
    "plain dates": pd.Index([datetime.date(2024, 1, 1)]),
    "objects": pd.Index([object()]),
}


@pytest.mark.core
@pytest.mark.parametrize("name", KEPT)
def test_labels_come_back(name):
    labels = KEPT[name]
    back = there_and_back(labels)
    assert labels_equal(labels, back)
    assert labels_equal(back, labels)
    assert back.name == labels.name
    assert len(back) == len(labels)
    if hasattr(labels, "tz"):
        assert back.dtype == labels.dtype


@pytest.mark.core
@pytest.mark.parametrize("name", ODD)
def test_odd_labels_come_back_or_are_refused(name):
    labels = ODD[name]
    try:
        description, arrays = labels_to_arrays("index", labels)
    except ValidationError as error:
        assert "must be dates, numbers or strings" in str(error)  # noqa: PT017
        return
    assert all(array.dtype.kind in "iufbU" for array in arrays.values())
    back = labels_from_arrays("index", json.loads(json.dumps(description)), arrays)
    assert labels_equal(labels, back)
    assert list(map(str, labels)) == list(map(str, back))


@pytest.mark.core
def test_no_labels_come_back_as_none():
    assert there_and_back(None) is None


@pytest.mark.core
@pytest.mark.parametrize("name", [None, "date", 3, 0.5, ""])
def test_the_name_is_kept(name):
    assert there_and_back(DAYS.rename(name)).name == name


@given(st.lists(st.text(max_size=4), max_size=4))
@example(["A\0"])
@example(["\0"])
@example(["\0A", ""])
def test_strings_come_back_whatever_is_in_them(texts):
    try:
        labels = pd.Index(texts, dtype=object)
        back = there_and_back(labels)
    except (ValidationError, UnicodeEncodeError):
        return
    assert list(back) == texts


@pytest.mark.core
@given(st.lists(st.integers(-(2**63) + 1, 2**63 - 1), max_size=5), st.sampled_from("smun"))
def test_dates_come_back_to_the_last_unit(numbers, unit):
    unit = {"s": "s", "m": "ms", "u": "us", "n": "ns"}[unit]
    limit = 10**11 if unit == "s" else 2**63 - 1
    dates = pd.DatetimeIndex(np.array([n % limit for n in numbers], np.int64).view(f"M8[{unit}]"))
    back = there_and_back(dates)
    assert back.dtype == dates.dtype
    assert back.asi8.tolist() == dates.asi8.tolist()


# ---- out of a file -----------------------------------------------------------------------------

DATES = {"kind": "dates", "name": None, "zone": None, "unit": "ns"}


@pytest.mark.core
@pytest.mark.parametrize(
    "description",
    [
        *({}, {"kind": None}, {"kind": "pickle"}, {"kind": ["dates"]}, {"name": "x"}),
        *(None, 5, "dates", [], ["dates"]),
        *({"kind": "dates"}, {**DATES, "unit": "parsecs"}, {**DATES, "zone": "Mars/Olympus"}),
        *({**DATES, "unit": 5}, {**DATES, "unit": None}),
        *({"kind": "numbers"}, {"kind": "strings"}, {"kind": "numbers", "name": [1]}),
        {"kind": "strings", "name": {}},
    ],
    ids=repr,
)
def test_a_damaged_description_is_told_of_as_such(description):
    for values in (np.arange(3), np.array(["a"]), np.zeros((2, 2))):
        with pytest.raises(FileFormatError):
            labels_from_arrays("index", description, {"index": values})


@pytest.mark.core
@pytest.mark.parametrize("kind", ["dates", "numbers", "strings"])
def test_missing_values_are_told_of_as_such(kind):
    with pytest.raises(FileFormatError):
        labels_from_arrays("index", {**DATES, "kind": kind}, {})


# ---- the same ----------------------------------------------------------------------------------


@pytest.mark.core
def test_equality_is_of_labels_and_order():
    assert labels_equal(None, None)
    assert not labels_equal(None, DAYS)
    assert not labels_equal(DAYS, None)
    assert labels_equal(DAYS, DAYS.copy())
    assert labels_equal(DAYS, DAYS.rename("other"))
    assert not labels_equal(DAYS, DAYS[::-1])
    assert not labels_equal(DAYS, DAYS[:2])
    assert not labels_equal(DAYS, DAYS.tz_localize("UTC"))
    assert labels_equal(pd.RangeIndex(3), pd.Index([0, 1, 2]))
    assert type(labels_equal(DAYS, DAYS)) is bool
