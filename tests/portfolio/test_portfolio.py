"""The account by hand, and `run_backtest`: the same numbers as the schedules' door."""

import copy
import dataclasses
import json
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st
from portfolio.test_seed import random_schedules

import nanobook as nb


def account(cash=1_000_000, bps=20):
    return nb.Portfolio(cash, nb.CostModel(commission_bps=bps))


@given(st.integers(0, 2**32))
def test_by_hand_or_in_one_call_it_is_the_same(seed):
    weights, prices, cash, bps, _ = random_schedules(seed)
    whole = nb.backtest_weights(weights, prices, cash, bps)
    portfolio = account(cash, bps)
    for row, bar, held in zip(weights, prices, whole["holdings"], strict=True):
        portfolio.rebalance_simple(row, bar)
        portfolio.record_return(bar)
        assert sorted(portfolio.current_weights(bar)) == held
    assert portfolio.equity_curve() == whole["equity_curve"]
    assert portfolio.returns() == whole["returns"]
    assert portfolio.cash == whole["final_cash"]


@given(st.integers(0, 2**32))
def test_a_strategy_that_reads_a_schedule_is_that_schedule(seed):
    weights, prices, cash, bps, _ = random_schedules(seed)
    bars = [dict(bar) for bar in prices]
    costs = nb.CostModel(commission_bps=bps)
    result = nb.run_backtest(lambda bar, *_: weights[bar], bars, cash, costs)
    whole = nb.backtest_weights(weights, [list(bar.items()) for bar in bars], cash, bps)
    assert result.portfolio.equity_curve() == whole["equity_curve"]
    if result.metrics is None:
        assert whole["metrics"] is None
    else:
        unknown = {"turnover": None, "exposure": None, "total_costs": None}
        assert result.metrics == dataclasses.replace(whole["metrics"], **unknown)


@pytest.mark.parametrize("junk", [None, {"A": 1.0}, [["A", 1.0]], "A", iter([("A", 1.0)]), 5])
def test_deviation_a_strategy_without_weights_raises(junk):
    """The original sells everything in silence."""
    with pytest.raises(TypeError, match="strategy returned no weights at bar 0"):
        nb.run_backtest(lambda *_: junk, [{"A": 100}], 1000, nb.CostModel.zero())


def test_deviation_what_a_strategy_raises_comes_through():
    def broken(bar, prices, portfolio):
        raise KeyError("no such signal")

    with pytest.raises(KeyError, match="no such signal"):
        nb.run_backtest(broken, [{"A": 100}], 1000, nb.CostModel.zero())
    with pytest.raises(TypeError, match="strategy must be callable"):
        nb.run_backtest("momentum", [{"A": 100}], 1000, nb.CostModel.zero())
    with pytest.raises(TypeError, match="price_series"):
        nb.run_backtest(broken, [[("A", 100)]], 1000, nb.CostModel.zero())


def test_a_strategy_cannot_reach_the_account():
    def thief(bar, prices, portfolio):
        portfolio.rebalance_simple([("A", 50.0)], [("A", 1)])
        return []

    result = nb.run_backtest(thief, [{"A": 100}], 1000, nb.CostModel.zero())
    assert result.portfolio.positions() == {}


def test_equal_weight():
    result = nb.run_backtest(nb.EqualWeight(), [{"A": 100, "B": 50}], 1000, nb.CostModel.zero())
    held = result.portfolio.positions()
    assert (held["A"].quantity, held["B"].quantity) == (5, 10)
    assert repr(result) == "StrategyResult(returns=1, sharpe=0.00)"


def test_queries():
    portfolio = account()
    prices = [("A", 1000), ("B", 2000)]
    portfolio.rebalance_simple([("A", 0.5), ("B", -0.25)], prices)
    assert portfolio.position("A").quantity == 500
    assert portfolio.position("X") is None
    snapshot = portfolio.snapshot(prices)
    assert list(snapshot) == ["cash", "equity", "num_positions", "total_realized_pnl", "weights"]
    assert snapshot["equity"] == 998_500
    assert portfolio.total_equity([("A", 1000)]) == portfolio.cash + 500_000  # unpriced: 0
    assert portfolio.close_position_at("B", 0) is False
    assert portfolio.close_position_at("B", 2100) is True
    assert portfolio.close_position_at("B", 2100) is False
    assert portfolio.positions()["B"].is_flat()
    assert portfolio.compute_metrics(252, 0.0) is None
    assert repr(portfolio) == f"Portfolio(cash=${portfolio.cash / 100:.2f}, returns=0)"


def test_bad_calls_change_nothing():
    portfolio = account()
    before = copy.deepcopy(portfolio)
    for targets, prices in [
        ([["A", 1.0]], [("A", 100)]),
        ([("A", 1.0)], [("A", 100.0)]),
        ([("A", float("inf"))], [("A", 100)]),
        ([("TOOLONGNAME", 1.0)], [("A", 100)]),
    ]:
        with pytest.raises(nb.ValidationError):
            portfolio.rebalance_simple(targets, prices)
    assert portfolio == before
    with pytest.raises(TypeError):
        nb.Portfolio(1.5, nb.CostModel.zero())
    with pytest.raises(TypeError):
        nb.Portfolio(100, None)


def test_json_has_the_originals_form(tmp_path):
    portfolio = account()
    prices = [("B", 2000), ("A", 1000)]
    portfolio.rebalance_simple([("B", -0.25), ("A", 0.5)], prices)
    portfolio.record_return(prices)
    path = tmp_path / "account.json"
    portfolio.save_json(path)
    document = json.loads(path.read_text())
    assert list(document) == [
        "cash",
        "positions",
        "cost_model",
        "returns",
        "equity_curve",
        "prev_equity",
    ]
    assert document["cost_model"] == {"commission_bps": 20, "slippage_bps": 0, "min_trade_fee": 0}
    assert document["positions"][0][0] == "A"
    fields = ["symbol", "quantity", "avg_entry_price", "realized_pnl", "total_cost"]
    assert list(document["positions"][0][1]) == fields
    loaded = nb.Portfolio.load_json(path)
    assert loaded.snapshot(prices) == portfolio.snapshot(prices) | {
        "weights": loaded.snapshot(prices)["weights"]
    }
    assert loaded.equity_curve() == portfolio.equity_curve()
    assert pickle.loads(pickle.dumps(portfolio)) == portfolio


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"cash": 1.5}', "null"])
def test_a_file_that_is_no_account_is_an_os_error(tmp_path, text):
    path = tmp_path / "account.json"
    path.write_text(text)
    with pytest.raises(OSError, match="can't be read as a portfolio"):
        nb.Portfolio.load_json(path)
    with pytest.raises(OSError, match="can't be read"):
        nb.Portfolio.load_json(tmp_path / "none.json")
