"""The seed's door against the original's rules, worked examples and error types."""

import math
import random

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from oracles import cents_rules as oracle

import nanobook as nb

AAPL_MSFT = [
    [("AAPL", 0.5), ("MSFT", 0.5)],
    [("AAPL", 0.3), ("NVDA", 0.7)],
]
AAPL_MSFT_PRICES = [
    [("AAPL", 18500), ("MSFT", 37000)],
    [("AAPL", 19000), ("MSFT", 38000), ("NVDA", 60000)],
]


def random_schedules(seed):
    """Draw schedules with duplicates, gaps, zero prices, shorts, leverage to ruin, tiny prices."""
    rng = random.Random(seed)
    symbols = ["A", "BB", "ZEBRA", "a", "é", "", "TOOLONG8"][: rng.randint(1, 7)]
    level = {s: rng.choice([5, 20, 300, 10_000, 5_000_000]) for s in symbols}
    leverage = rng.choice([0.5, 1, 3, 20])
    gaps, twice = rng.choice([0, 0.1, 0.5]), rng.choice([0, 0, 0.2])
    weights, prices = [], []
    for _ in range(rng.randint(0, 15)):
        bar, row = [], []
        for s in rng.sample(symbols, len(symbols)):
            for _ in range(2 if rng.random() < twice else 1):
                level[s] = max(0, round(level[s] * math.exp(rng.gauss(0, 0.05))))
                if rng.random() >= gaps:
                    bar.append((s, 0 if rng.random() < 0.02 else level[s]))
                if rng.random() >= gaps:
                    weight = rng.choice([0, 1, 0.5, rng.gauss(0, 1), 1 / len(symbols)])
                    row.append((s, leverage * weight))
        weights.append(row)
        prices.append(bar)
    stops = {}
    if rng.random() < 0.6:
        stops = {
            key: value
            for key, value in {
                "fixed_stop_pct": rng.choice([0, 0.03, 0.1]),
                "trailing_stop_pct": rng.choice([0, 0.03, 0.1]),
                "atr_multiple": rng.choice([0.5, 2, 3.0]),
                "atr_period": rng.choice([1, 2, 14]),
            }.items()
            if rng.random() < 0.5
        }
    cash = rng.choice([1, 10_000, 1_000_000, 10**10])
    return weights, prices, cash, rng.choice([0, 5, 15, 250, 12.5]), stops


def assert_like_the_original(seed):
    weights, prices, cash, bps, stops = random_schedules(seed)
    expected = oracle.backtest_weights(weights, prices, cash, bps, stop_cfg=stops)
    result = nb.backtest_weights(weights, prices, cash, bps, stop_cfg=stops)
    assert list(result) == [key for key in expected if key != "fills"]
    for key in ("equity_curve", "final_cash", "returns", "holdings"):
        assert result[key] == expected[key], key
    assert repr(result["symbol_returns"]) == repr(expected["symbol_returns"])
    assert result["stop_events"] == expected["stop_events"]
    if expected["metrics"] is None:
        assert result["metrics"] is None
    else:
        seen = result["metrics"].to_dict()
        assert {k: repr(float(seen[k])) for k in expected["metrics"]} == {
            k: repr(float(v)) for k, v in expected["metrics"].items()
        }
    fills = [
        (bar, result.symbols[column], *rest) for bar, column, *rest, _ in result._run.fills.tolist()
    ]
    assert sorted(fills) == sorted(map(tuple, expected["fills"]))


@pytest.mark.core
@given(st.integers(0, 2**32))
def test_agrees_with_the_original_to_the_last_bit(seed):
    assert_like_the_original(seed)


@pytest.mark.deep
@pytest.mark.parametrize("chunk", range(20))
def test_agrees_with_the_original_thousands_of_times(chunk):
    for seed in range(500 * chunk, 500 * (chunk + 1)):
        assert_like_the_original(seed)


@pytest.mark.core
def test_first_worked_example():
    result = nb.backtest_weights(
        weight_schedule=AAPL_MSFT,
        price_schedule=AAPL_MSFT_PRICES,
        initial_cash=1_000_000_00,
        cost_bps=15,
        stop_cfg={"trailing_stop_pct": 0.05},
    )
    assert result["returns"] == [-0.0014996, 0.024902503794690518]
    assert result["equity_curve"] == [100000000, 99850040, 102336556]
    assert result["final_cash"] == -203444
    assert result["holdings"] == [
        [("AAPL", 0.5006207308479796), ("MSFT", 0.5006207308479796)],
        [("AAPL", 0.30077228707989745), ("NVDA", 0.7012157024318856)],
    ]
    first, second = result["symbol_returns"]
    assert [symbol for symbol, _ in first] == ["AAPL", "MSFT"]
    assert all(math.isnan(value) for _, value in first)
    assert second[:2] == [("AAPL", 0.02702702702702703), ("MSFT", 0.02702702702702703)]
    assert second[2][0] == "NVDA"
    assert math.isnan(second[2][1])
    assert result["stop_events"] == []


@pytest.mark.core
def test_second_worked_example():
    prices = [
        [("A", a), ("B", b)]
        for a, b in zip((1000, 1040, 990, 1000), (2000, 2100, 2250, 2200), strict=True)
    ]
    result = nb.py_backtest_weights(
        [[("A", 0.5), ("B", -0.25)]] * 4,
        prices,
        1000000,
        20,
        stop_cfg={"fixed_stop_pct": 0.1, "trailing_stop_pct": 0.04},
    )
    assert result["returns"] == [
        -0.0015,
        0.0069524286429644465,
        -0.025551946308190826,
        0.004550135697743611,
    ]
    assert result["equity_curve"] == [1000000, 998500, 1005442, 979751, 984209]
    assert result["final_cash"] == 736409
    assert result["holdings"] == [
        [("A", 0.5007511266900351), ("B", -0.25037556334501754)],
        [("A", 0.5006355413837894)],
        [("B", -0.2503187034256663)],
        [("A", 0.4998938233647528), ("B", -0.24811803184079803)],
    ]
    assert result["stop_events"] == [
        {
            "period_index": 1,
            "symbol": "B",
            "trigger_price": 2080,
            "exit_price": 2100,
            "reason": "trailing",
        },
        {
            "period_index": 2,
            "symbol": "A",
            "trigger_price": 998,
            "exit_price": 990,
            "reason": "trailing",
        },
    ]
    metrics = result["metrics"]
    assert metrics.sharpe == -4.148709583035964
    assert metrics.sortino == -4.175831981604678
    assert metrics.max_drawdown == 0.02555194630819084
    assert metrics.cvar_95 == -0.025551946308190826
    assert metrics.kelly == -0.6759093671162029


def test_deviation_atr_stop_holds_on_its_entry_bar():
    """The original closes every position on its entry bar once `atr_multiple` is set."""
    prices = [[("A", price)] for price in (1000, 1010, 1000, 900)]
    stops = {"atr_multiple": 2}
    result = nb.backtest_weights([[("A", 1.0)]] * 4, prices, 100_000, 0, stop_cfg=stops)
    assert [event["period_index"] for event in result["stop_events"]] == [3]


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"weight_schedule": AAPL_MSFT[:1]}, "as many periods"),
        ({"initial_cash": 0}, "initial_cash must be above 0"),
        ({"cost_bps": 10_001}, "cost_bps must be at most 10000"),
        ({"weight_schedule": [[("AAPL", math.nan)], []]}, "weight_schedule\\[0\\].*finite"),
        ({"price_schedule": [[], [("AAPL", -1)]]}, "price_schedule\\[1\\].*zero or above"),
        ({"weight_schedule": [[("TOOLONG89", 1.0)], []]}, "at most 8 bytes"),
        ({"stop_cfg": {"fixed_stop_pct": 1.0}}, "fixed_stop_pct must be below 1"),
        ({"stop_cfg": {"atr_multiple": 0}}, "atr_multiple must be above 0"),
        ({"stop_cfg": {"atr_multiple": 1, "atr_period": 0}}, "atr_period must lie"),
    ],
)
def test_deviation_bad_schedules_raise(change, rule):
    """The original returns an empty result for most of these."""
    arguments = {
        "weight_schedule": AAPL_MSFT,
        "price_schedule": AAPL_MSFT_PRICES,
        "initial_cash": 100,
        "cost_bps": 5,
    }
    with pytest.raises(nb.ValidationError, match=rule) as caught:
        nb.backtest_weights(**(arguments | change))
    assert isinstance(caught.value, ValueError)


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ({"initial_cash": 1.0}, TypeError),
        ({"initial_cash": 2**63}, OverflowError),
        ({"cost_bps": -1}, OverflowError),
        ({"cost_bps": "1"}, TypeError),
        ({"price_schedule": [[("AAPL", 1.0)], []]}, TypeError),
        ({"price_schedule": [[("AAPL", 2**63)], []]}, OverflowError),
        ({"weight_schedule": [[["AAPL", 1.0]], []]}, TypeError),
        ({"weight_schedule": {"AAPL": 1.0}}, TypeError),
        ({"weight_schedule": [{"AAPL": 1.0}, {}]}, TypeError),
        ({"weight_schedule": [[("AAPL", 1.0, 2)], []]}, ValueError),
        ({"stop_cfg": [("fixed_stop_pct", 0.1)]}, TypeError),
        ({"stop_cfg": {"fixed_stop_pct": None}}, TypeError),
        ({"stop_cfg": {"atr_multiple": 1, "atr_period": -1}}, OverflowError),
        ({"stop_cfg": {"atr_multiple": 1, "atr_period": 1.5}}, TypeError),
    ],
)
def test_bad_arguments_raise_what_the_original_raised(change, kind):
    arguments = {
        "weight_schedule": AAPL_MSFT,
        "price_schedule": AAPL_MSFT_PRICES,
        "initial_cash": 100,
        "cost_bps": 5,
    }
    with pytest.raises(kind):
        nb.backtest_weights(**(arguments | change))


@pytest.mark.parametrize(("cash", "weight"), [(2**61, 1.0), (10**10, 2e9)])
def test_values_beyond_int64_are_refused_not_wrapped(cash, weight):
    prices = [[("A", price)] for price in (1, 3, 9)]
    with pytest.raises(OverflowError, match=r"less than 2\*\*62 cents.*period"):
        nb.backtest_weights([[("A", weight)]] * 3, prices, cash, 0)
    portfolio = nb.Portfolio(cash, nb.CostModel.zero())

    def play():
        for bar in prices:
            portfolio.rebalance_simple([("A", weight)], bar)

    with pytest.raises(OverflowError, match=r"less than 2\*\*62|must lie between"):
        play()


def test_no_periods_is_a_valid_run():
    result = nb.backtest_weights([], [], 500, 10)
    assert dict(result) == {
        "returns": [],
        "equity_curve": [500],
        "final_cash": 500,
        "metrics": None,
        "holdings": [],
        "symbol_returns": [],
        "stop_events": [],
    }


def test_tables_and_lists_are_one_door():
    dates = pd.date_range("2024-01-01", periods=3)
    prices = pd.DataFrame({"A": [100, 110, 120], "B": [50.0, np.nan, 60.0]}, index=dates)
    weights = pd.DataFrame({"B": [0.5, 0.2, np.nan], "A": [0.5, -0.3, 1.0]}, index=dates)
    lists = (
        [[("A", 0.5), ("B", 0.5)], [("A", -0.3), ("B", 0.2)], [("A", 1.0)]],
        [[("A", 100), ("B", 50)], [("A", 110)], [("A", 120), ("B", 60)]],
    )
    from_lists = nb.backtest_weights(*lists, 100_000, 10)
    from_frames = nb.backtest_weights(weights, prices, 100_000, 10)
    from_arrays = nb.backtest_weights(
        weights[["A", "B"]].to_numpy(), prices.to_numpy(), 100_000, 10
    )
    assert repr(dict(from_frames)) == repr(dict(from_lists))
    assert_array_equal(from_arrays.equity, from_lists.equity.to_numpy())
    assert from_frames.equity.index.equals(dates)
    assert list(from_frames.positions.columns) == ["A", "B"]
    assert from_lists.missing.to_dict() == {"A": 0, "B": 1}


def test_whole_matrices_of_cents_are_taken_as_they_are():
    prices = np.array([[100], [110]])
    result = nb.backtest_weights(np.ones((2, 1)), prices, 1000, 0)
    assert result.equity.tolist() == [1000, 1100]
    assert result.equity.dtype == np.int64


def test_a_matrix_with_parts_of_a_cent_is_refused():
    with pytest.raises(nb.ValidationError, match=r"whole cents.*100\.5 at row 0, column 0"):
        nb.backtest_weights(np.ones((1, 1)), np.array([[100.5]]), 1000, 0)


@given(st.integers(0, 2**32))
def test_a_second_thread_changes_nothing(seed):
    """The kernel is serial: a run in another thread gives the same bits."""
    import threading

    weights, prices, cash, bps, stops = random_schedules(seed)
    results = []
    run = lambda: results.append(  # noqa: E731
        nb.backtest_weights(weights, prices, cash, bps, stop_cfg=stops)
    )
    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results[0] == results[1]
