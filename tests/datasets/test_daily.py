"""The daily prices are those of `arch.data`, aligned on the days that stocks traded."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal

from nanobook.datasets import daily, daily_prices
from nanobook.errors import MissingDependencyError, ValidationError


def test_a_row_per_trading_day_of_twenty_years():
    prices = daily_prices()
    assert list(prices.columns) == ["SPX", "IXIC", "WTI"]
    assert prices.index.name == "date"
    assert prices.index.is_monotonic_increasing
    assert prices.index.is_unique
    assert prices.shape == (5031, 3)
    assert (str(prices.index[0].date()), str(prices.index[-1].date())) == (
        "1999-01-04",
        "2018-12-31",
    )
    assert all(dtype == np.float64 for dtype in prices.dtypes)


def test_gaps_of_oil_stay_and_nothing_else_is_missing_or_not_positive():
    prices = daily_prices()
    assert prices.isna().sum().to_dict() == {"SPX": 0, "IXIC": 0, "WTI": 19}
    assert (prices.fillna(1.0) > 0).all().all()


def test_they_are_the_closes_that_arch_loads():
    from arch.data import nasdaq, sp500, wti

    prices = daily_prices()
    assert_array_equal(prices["SPX"], sp500.load()["Adj Close"])
    assert_array_equal(prices["IXIC"], nasdaq.load()["Adj Close"])
    assert_array_equal(prices["WTI"], wti.load()["DCOILWTICO"].reindex(prices.index))


def test_arch_loads_them_itself_where_its_files_lie_elsewhere(monkeypatch):
    expected = daily_prices()
    monkeypatch.setattr(daily.Path, "exists", lambda path: False)
    pd.testing.assert_frame_equal(daily_prices(), expected)


def test_symbols_come_in_the_order_asked_for():
    prices = daily_prices()
    pd.testing.assert_frame_equal(daily_prices(["WTI", "SPX"]), prices[["WTI", "SPX"]])
    pd.testing.assert_frame_equal(daily_prices("WTI"), prices[["WTI"]])


def test_a_change_to_one_frame_is_not_seen_by_the_next():
    prices = daily_prices("SPX")
    prices.iloc[0, 0] = -1.0
    assert daily_prices("SPX").iloc[0, 0] > 0


@pytest.mark.parametrize("symbols", ["AAPL", [], ["SPX", "SPX"], ["SPX", 1]])
def test_other_symbols_are_refused(symbols):
    with pytest.raises(ValidationError, match="SPX, IXIC, WTI"):
        daily_prices(symbols)


def test_without_arch_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setattr(daily, "find_spec", lambda name: None)
    with pytest.raises(MissingDependencyError, match="pip install arch"):
        daily_prices()


def test_loading_them_does_not_import_arch():
    code = "import sys, nanobook.datasets as d; d.daily_prices(); print('arch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
