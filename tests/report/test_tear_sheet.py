"""The tear sheet's tables agree with their definitions, on results and on the seed's dicts."""

import html.parser
import math
import pickle
import sys

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

import nanobook
from nanobook.errors import ArgumentTypeError, ValidationError
from nanobook.report import TearSheet, tear_sheet

KEYS = ["monthly_returns", "rolling_sharpe", "trade_analytics", "drawdown_events"]


def seed_dict(**changes):
    return {
        "returns": [0.01] * 30 + [-0.02] * 20,
        "equity_curve": [100, 100, 110, 90, 95, 120, 80],
        "holdings": [[("A", 1.0)], [("A", 0.5), ("B", 0.5)], [("B", 1.0)], [], [("A", 1.0)]],
        "symbol_returns": [[], [], [], [], []],
        **changes,
    }


@pytest.fixture(scope="module")
def result():
    rng = np.random.default_rng(7)
    dates = pd.bdate_range("2020-01-15", periods=400, name="date")
    steps = rng.normal(0.0005, 0.01, (400, 3))
    prices = pd.DataFrame(100 * np.exp(steps.cumsum(axis=0)), index=dates, columns=list("ABC"))
    weights = pd.DataFrame(rng.choice([0.0, 0.3, 0.6], (20, 3)), dates[::20], list("ABC"))
    return nanobook.backtest(prices, weights, cash=100_000, costs=5)


class Checker(html.parser.HTMLParser):
    """Raises where tags don't match."""

    def __init__(self):
        super().__init__()
        self.open = []

    def handle_starttag(self, tag, attrs):
        if tag not in ("meta", "img", "link"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def check_html(text):
    checker = Checker()
    checker.feed(text)
    checker.close()
    assert checker.open == []
    return text


# ---- the seed's mapping --------------------------------------------------------------------


def test_it_gives_what_the_original_gave():
    sheet = tear_sheet(seed_dict())
    assert list(sheet) == KEYS
    assert len(sheet) == 4
    assert_allclose(
        sheet["monthly_returns"],
        [[0.2323919403474468, -0.14176687602212712, -0.14923697741821462]],
        rtol=1e-14,
    )
    assert sheet["trade_analytics"] == {
        "trade_count": 3,
        "open_trade_count": 1,
        "closed_trade_count": 2,
    }
    shown = ("drawdown_pct", "underwater_periods", "peak_index", "trough_index", "recovery_index")
    events = [[event[key] for key in shown] for event in sheet["drawdown_events"]]
    assert events == [[20 / 110, 2, 2, 3, 5], [40 / 120, 1, 5, 6, None]]
    assert len(sheet["rolling_sharpe"]) == 50
    assert all(map(math.isnan, sheet["rolling_sharpe"]))


def test_thirteen_months_and_five_days_make_two_rows():
    rows = tear_sheet(seed_dict(returns=[0.01] * (21 * 13 + 5)))["monthly_returns"]
    assert [len(row) for row in rows] == [12, 2]
    assert_allclose(rows[1], [1.01**21 - 1, 1.01**5 - 1])


def test_nothing_in_nothing_out():
    empty = tear_sheet(seed_dict(returns=[], equity_curve=[], holdings=[], symbol_returns=[]))
    assert dict(empty) == {
        "monthly_returns": [],
        "rolling_sharpe": [],
        "trade_analytics": {"trade_count": 0, "open_trade_count": 0, "closed_trade_count": 0},
        "drawdown_events": [],
    }
    assert len(empty.metrics) == len(empty.monthly) == len(empty.drawdowns) == 0
    check_html(empty.to_html())


def test_positions_are_counted_by_symbol_not_by_row():
    flips = tear_sheet(seed_dict(holdings=[[("A", 1.0)], [("A", -1.0)], []]))
    assert flips["trade_analytics"]["trade_count"] == 1
    zeros = tear_sheet(seed_dict(holdings=[[("A", 0.0)], [("A", 1.0)]]))
    assert zeros["trade_analytics"]["open_trade_count"] == 1
    assert zeros["trade_analytics"]["trade_count"] == 1


@pytest.mark.parametrize("key", ["returns", "equity_curve", "holdings", "symbol_returns"])
def test_a_missing_key_is_named(key):
    incomplete = seed_dict()
    del incomplete[key]
    with pytest.raises(ValidationError, match=key):
        tear_sheet(incomplete)


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"equity_curve": [100, math.nan]}, ValidationError),
        ({"equity_curve": [0, 100]}, ValidationError),
        ({"holdings": [["A"]]}, ArgumentTypeError),
        ({"returns": "abc"}, ArgumentTypeError),
    ],
)
def test_values_that_cannot_be_are_refused(changes, error):
    with pytest.raises(error):
        tear_sheet(seed_dict(**changes))


def test_only_results_and_dicts_are_taken():
    with pytest.raises(ArgumentTypeError, match="list"):
        tear_sheet([1, 2])
    with pytest.raises(ValidationError, match="rolling_window"):
        tear_sheet(seed_dict(), rolling_window=-1)


def test_a_result_and_its_dict_give_the_same(result):
    sheet, plain = tear_sheet(result, 20), tear_sheet(dict(result), 20)
    assert sheet["trade_analytics"] == plain["trade_analytics"]
    assert sheet["monthly_returns"] == plain["monthly_returns"]
    assert sheet["drawdown_events"] == plain["drawdown_events"]
    assert_allclose(sheet["rolling_sharpe"], plain["rolling_sharpe"])


def test_equity_below_zero_has_its_drawdown():
    sheet = tear_sheet(seed_dict(equity_curve=[100, 120, -60, -30, 130]))
    assert [event["drawdown_pct"] for event in sheet["drawdown_events"]] == [1.5]
    assert sheet["drawdown_events"][0]["recovery_index"] == 4
    check_html(sheet.to_html())


# ---- the tables ------------------------------------------------------------------------------


def test_calendar_months_compound_to_the_years_and_these_to_the_whole(result):
    monthly = tear_sheet(result).monthly
    assert list(monthly.index) == [2020, 2021]
    assert list(monthly.columns[:2]) == ["Jan", "Feb"]
    assert_allclose((1 + monthly.iloc[:, :12].fillna(0)).prod(axis=1) - 1, monthly["Year"])
    assert_allclose((1 + monthly["Year"]).prod() - 1, result.metrics.total_return)
    assert monthly.loc[2021].isna().sum() == 12 - result.equity.index[-1].month


def test_a_month_is_the_equity_at_its_end_over_that_at_the_end_before(result):
    equity = result.equity
    expected = equity[equity.index < "2020-04-01"].iloc[-1]
    expected /= equity[equity.index < "2020-03-01"].iloc[-1]
    assert_allclose(tear_sheet(result).monthly.loc[2020, "Mar"], expected - 1)


def test_without_dates_months_are_the_seeds():
    monthly = tear_sheet(seed_dict(returns=[0.01] * (21 * 13))).monthly
    assert monthly.shape == (2, 12)
    assert monthly.iloc[1].notna().sum() == 1


def test_the_five_deepest_drawdowns_have_dates(result):
    table = tear_sheet(result).drawdowns
    assert list(table.columns) == ["depth", "peak", "trough", "recovery", "length"]
    assert list(table.index) == [1, 2, 3, 4, 5]
    assert table["depth"].is_monotonic_decreasing
    assert_allclose(table["depth"].iloc[0], result.metrics.max_drawdown)
    worst = table.iloc[0]
    equity = result.equity
    assert_allclose(1 - equity[worst["trough"]] / equity[worst["peak"]], worst["depth"])
    assert worst["peak"] < worst["trough"]


def test_an_open_drawdown_has_no_recovery_and_one_from_the_start_no_peak():
    dates = pd.bdate_range("2020-01-01", periods=3, name="date")
    prices = pd.DataFrame({"A": [10.0, 8.0, 9.0]}, index=dates)
    result = nanobook.backtest(prices, prices * 0 + 1, cash=1000, costs=100, lag=0)
    drawdowns = result.tear_sheet().drawdowns
    assert drawdowns["recovery"].isna().all()
    assert drawdowns["peak"].isna().all()
    assert drawdowns["trough"].iloc[0] == dates[1]
    assert "not yet" in result.tear_sheet().to_html()
    plain = tear_sheet(dict(result)).drawdowns
    assert plain["peak"].iloc[0] == 0
    assert plain["recovery"].isna().all()


def test_metrics_are_the_results_own(result):
    metrics = tear_sheet(result).metrics
    assert metrics.loc["turnover", "value"] == result.metrics.turnover
    assert metrics.loc["sharpe", "value"] == result.metrics.sharpe
    monthly = tear_sheet(result, periods_per_year=12).metrics
    expected = nanobook.compute_metrics(result["returns"], 12)
    assert monthly.loc["sharpe", "value"] == expected.sharpe


def test_the_year_is_the_results_own_unless_said(result):
    weekly = nanobook.backtest(
        np.array([[10.0], [11.0], [10.0]]), np.ones((3, 1)), cash=100, periods_per_year=52
    )
    assert tear_sheet(weekly).periods_per_year == 52
    assert tear_sheet(dict(weekly)).periods_per_year == 252
    assert result.tear_sheet(rolling_window=10).rolling_window == 10


def test_the_rolling_ratio_has_the_results_dates(result):
    rolling = tear_sheet(result, 20).rolling
    assert rolling.index.equals(result.equity.index)
    assert rolling.notna().sum() == 400 - 19


def test_ruin_and_cents_make_a_sheet_too():
    prices = np.array([[100.0], [10.0], [5.0], [5.0]])
    ruined = nanobook.backtest(prices, np.full((4, 1), 3.0), cash=1000, lag=0)
    assert ruined.equity[-1] < 0
    check_html(ruined.tear_sheet().to_html())
    cents = nanobook.backtest_weights([[("A", 1.0)]] * 3, [[("A", 100)]] * 3, 10_000, 10)
    assert "0.10" in check_html(cents.tear_sheet().to_html())


def test_a_result_without_records_says_so():
    bare = nanobook.backtest(np.full((3, 1), 10.0), np.ones((3, 1)), cash=100, records=False)
    with pytest.raises(ValidationError, match="records=True"):
        bare.tear_sheet()


# ---- the page --------------------------------------------------------------------------------


def test_the_page_is_whole_and_needs_no_other_file(result, tmp_path):
    path = tmp_path / "sheet.html"
    sheet = result.tear_sheet(path)
    text = path.read_text(encoding="utf-8")
    assert isinstance(sheet, TearSheet)
    assert text == sheet.to_html()
    assert text.startswith("<!DOCTYPE html>")
    check_html(text)
    assert text.count("data:image/png;base64,") == 2
    assert "http" not in text
    assert [file.name for file in tmp_path.iterdir()] == ["sheet.html"]


def test_everything_is_escaped(result):
    text = tear_sheet(result).to_html(title="<script>&")
    assert "<script>" not in text
    assert "&lt;script&gt;&amp;" in text


def test_a_notebook_gets_a_fragment_with_its_own_style(result):
    text = check_html(tear_sheet(result)._repr_html_())
    assert "<html" not in text
    assert "<body" not in text
    rules = text.partition("<style>")[2].partition("</style>")[0]
    selectors = [line for line in rules.splitlines() if "{" in line]
    assert all(line.startswith(".nanobook-sheet") for line in selectors)


def test_without_matplotlib_the_page_says_so(result, monkeypatch):
    monkeypatch.delitem(sys.modules, "nanobook.report.picture", raising=False)
    for name in ["matplotlib", *(name for name in sys.modules if name.startswith("matplotlib."))]:
        monkeypatch.setitem(sys.modules, name, None)
    text = check_html(tear_sheet(result).to_html())
    assert "data:image" not in text
    assert "nanobook[plot]" in text


def test_integers_are_cents_in_the_picture_and_floats_are_not():
    assert tear_sheet(seed_dict()).series["equity"].dtype == np.int64
    floats = seed_dict(equity_curve=[100.0, 110.5])
    assert tear_sheet(floats).series["equity"].tolist() == [110.5]


def test_a_sheet_can_be_pickled(result):
    sheet = tear_sheet(result)
    copy = pickle.loads(pickle.dumps(sheet))
    assert repr(copy) == repr(sheet)
    pd.testing.assert_frame_equal(copy.monthly, sheet.monthly)


def test_its_text_form_has_the_headline(result):
    assert "positions opened" in repr(tear_sheet(result))
