"""`backtest` against the naive simulator, the laws it always keeps, and its edges."""

import math
import pickle

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from oracles import post_cost_rules as oracle
from portfolio.panels import random_options, random_panel

import nanobook as nb
from nanobook.types.codes import REASONS

seeds = st.integers(0, 2**32)


def by_the_definition(prices, weights, options):
    """Run the oracle on what `backtest` was given."""
    stops, costs = options.get("stops", nb.Stops()), options["costs"]
    lag = options["lag"]
    return oracle.backtest(
        prices.tolist(),
        weights.tolist(),
        [bar - lag if bar >= lag else -1 for bar in range(len(prices))],
        cash=options["cash"],
        rate=costs.bps / 1e4,
        per_share=costs.per_share,
        min_fee=costs.min_trade_fee,
        lot=options["lot_size"],
        sizing=options["sizing"],
        fixed=stops.fixed_stop_pct or None,
        trailing=stops.trailing_stop_pct or None,
        atr_multiple=stops.atr_multiple,
        atr_period=stops.atr_period,
        reentry=stops.reentry,
        delisting=options["delisting"],
    )


def assert_like_the_definition(seed):
    prices, weights = random_panel(seed)
    options = random_options(seed)
    expected = by_the_definition(prices, weights, options)
    result = nb.backtest(prices, weights, **options)
    # Money is compared at 1e-12 of what is at stake: shares held times their prices.
    marks = pd.DataFrame(prices).ffill().fillna(0.0).to_numpy()
    stake = max(options["cash"], np.abs(np.array(expected["positions"]) * marks).sum(axis=1).max())
    close = {"rtol": 1e-12, "atol": 1e-12 * stake}
    assert_allclose(result.equity, expected["equity"], **close)
    assert_allclose(result.cash, expected["cash"], **close)
    assert_allclose(result.costs, expected["costs"], **close)
    assert_allclose(result.traded, expected["traded"], **close)
    values, wanted = result.positions * marks, np.array(expected["positions"]) * marks
    assert_allclose(values, wanted, **close)
    assert result.missing.tolist() == expected["missing"]
    events = [
        (bar, column, price, REASONS[reason])
        for bar, column, _, price, reason in result.stop_events.tolist()
    ]
    assert events == [(bar, i, price, why) for bar, i, _, price, why in expected["stop_events"]]
    levels = [event[2] for event in expected["stop_events"]]
    assert_allclose(result.stop_events["trigger_price"], levels, rtol=1e-12)


@pytest.mark.core
@given(seeds)
def test_agrees_with_the_definition(seed):
    assert_like_the_definition(seed)


@pytest.mark.deep
@pytest.mark.parametrize("chunk", range(20))
def test_agrees_with_the_definition_thousands_of_times(chunk):
    for seed in range(200 * chunk, 200 * (chunk + 1)):
        assert_like_the_definition(seed)


@pytest.mark.core
@given(seeds)
def test_cash_trades_and_costs_add_up_in_every_bar(seed):
    prices, weights = random_panel(seed)
    options = random_options(seed)
    result = nb.backtest(prices, weights, **options)
    trades = result.trades
    for bar in range(len(prices)):
        here = trades[trades["bar"] == bar]
        before = result.cash[bar - 1] if bar else options["cash"]
        spent = math.fsum(here["quantity"] * here["price"])
        gap = result.cash[bar] - before + spent + math.fsum(here["cost"])
        at_stake = max(abs(before), np.abs(here["quantity"] * here["price"]).sum(), 1.0)
        assert abs(gap) <= 1e-12 * at_stake
        assert result.costs[bar] == pytest.approx(math.fsum(here["cost"]), rel=1e-12, abs=1e-12)


@given(seeds)
def test_cash_and_positions_add_up_to_equity(seed):
    prices, weights = random_panel(seed)
    result = nb.backtest(prices, weights, **random_options(seed))
    marks = pd.DataFrame(prices).ffill().fillna(0.0).to_numpy()
    values = result.positions * marks
    stake = np.abs(values).sum(axis=1) + np.abs(result.cash)
    assert (np.abs(result.cash + values.sum(axis=1) - result.equity) <= 1e-12 * stake).all()


def assert_twice_is_once(seed):
    """Each bar is there twice, prices and weights alike: the second one never trades."""
    prices, weights = random_panel(seed)
    options = random_options(seed) | {"lag": 0, "sizing": "post_cost", "stops": None}
    options["delisting"] = "hold"
    if options["lot_size"] == 0.001:  # up to 1e13 lots here: beyond what SNAP can tell apart
        options["lot_size"] = 0.1
    twice = np.repeat(prices, 2, axis=0), np.repeat(weights, 2, axis=0)
    result = nb.backtest(*twice, **options)
    again = result.trades[result.trades["bar"] % 2 == 1]
    stake = np.nanmax(np.abs(result.positions) * np.nan_to_num(twice[0]))
    assert (np.abs(again["quantity"]) * again["price"] <= 1e-11 * stake).all(), again


@given(seeds)
def test_rebalancing_twice_is_rebalancing_once(seed):
    assert_twice_is_once(seed)


@pytest.mark.deep
def test_rebalancing_twice_is_rebalancing_once_thousands_of_times():
    """Where targets can't be paid for it may trade once more: rarely, and mostly for a fee."""
    rare = []
    for seed in range(6000):
        try:
            assert_twice_is_once(seed)
        except AssertionError:
            rare.append(seed)
    assert len(rare) < 6, rare
    assert sum(random_options(seed)["costs"].min_trade_fee == 0 for seed in rare) <= 1, rare


@given(seeds)
def test_permuting_columns_permutes_results(seed):
    prices, weights = random_panel(seed)
    options = random_options(seed)
    order = np.random.default_rng(seed).permutation(prices.shape[1])
    one = nb.backtest(prices, weights, **options)
    other = nb.backtest(prices[:, order], weights[:, order], **options)
    stake = max(options["cash"], one.traded.max(), np.abs(one.equity).max())
    assert_allclose(other.equity, one.equity, rtol=1e-10, atol=1e-10 * stake)
    if options["lot_size"] >= 1:
        assert_array_equal(other.positions, one.positions[:, order])


@pytest.mark.core
@given(seeds)
def test_free_fractional_trading_follows_the_closed_form(seed):
    rng = np.random.default_rng(seed)
    bars, columns = 30, 5
    prices = 50 * np.exp(np.cumsum(rng.normal(0, 0.02, (bars, columns)), axis=0))
    weights = rng.normal(0, 0.5, (bars, columns))
    result = nb.backtest(prices, weights, cash=1e6, lot_size=0)
    moves = prices[2:] / prices[1:-1] - 1
    growth = np.prod(1 + (weights[:-2] * moves).sum(axis=1))
    assert result.equity[-1] == pytest.approx(1e6 * growth, rel=1e-11)


@pytest.mark.core
@given(seeds, st.sampled_from([0.0, 1.0]))
def test_the_future_never_changes_the_past(seed, lot):
    """Scramble all prices and weights after a bar: results up to it keep their bits."""
    prices, weights = random_panel(seed)
    options = random_options(seed) | {"lot_size": lot}
    rng = np.random.default_rng(seed)
    bar = int(rng.integers(len(prices)))
    scrambled, other = prices.copy(), weights.copy()
    noise = rng.lognormal(0, 1, prices[bar + 1 :].shape)
    scrambled[bar + 1 :] *= noise  # a gap stays a gap: delistings are known, see the docstring
    other[bar + 1 :] = rng.normal(0, 1, other[bar + 1 :].shape)
    one = nb.backtest(prices, weights, **options)
    two = nb.backtest(scrambled, other, **options)
    for name in ("equity", "cash", "costs", "returns", "positions"):
        assert_array_equal(getattr(one, name)[: bar + 1], getattr(two, name)[: bar + 1])


@pytest.mark.parametrize("lag", [0, 1, 3])
def test_weights_trade_after_the_lag(lag):
    prices = np.array([[10.0], [11.0], [12.0], [13.0], [14.0]])
    weights = np.array([[1.0], [np.nan], [np.nan], [np.nan], [np.nan]])
    result = nb.backtest(prices, weights, cash=1430, lag=lag)
    assert np.flatnonzero(result.positions[:, 0])[0] == lag
    assert result.trades["price"].tolist() == [10.0 + lag]


def test_results_are_exact_after_costs():
    """Half of what is left after costs, to a whole share, in both assets: by hand."""
    result = nb.backtest(
        np.array([[100.0, 50.0]] * 2), np.full((2, 2), 0.5), cash=10_000, costs=100, lag=0
    )
    # x = 10000 - 1 % of what's traded; 49 and 99 shares are 9850, costs 98.5, x = 9901.5
    assert result.positions[0].tolist() == [49, 99]
    assert result.costs[0] == pytest.approx(98.5)
    assert result.cash[0] == pytest.approx(10_000 - 9850 - 98.5)


def test_what_cannot_be_paid_for_scales_all_buys_alike():
    prices = np.array([[10.0, 10.0, 10.0], [np.nan, 10.0, 10.0], [10.0, 10.0, 10.0]])
    weights = np.array([[0.6, 0.0, 0.0], [0.0, 0.75, 0.25], [np.nan] * 3])
    result = nb.backtest(prices, weights, cash=1000, lag=0, lot_size=0)
    # column 0 can't be sold at bar 1, so only 400 of the 1000 wanted can be spent
    assert_allclose(result.positions[1], [60, 30, 10], rtol=1e-9)
    assert abs(result.cash[1]) <= 1e-8


def test_a_row_of_zeros_goes_flat_and_nan_keeps():
    prices = np.full((4, 2), 10.0)
    weights = np.array([[0.5, 0.5], [np.nan, np.nan], [0.0, np.nan], [0.0, 0.0]])
    result = nb.backtest(prices, weights, cash=1000, lag=0)
    assert result.positions.tolist() == [[50, 50], [50, 50], [0, 50], [0, 0]]


def test_shorts_and_leverage():
    prices = np.array([[10.0, 20.0], [11.0, 20.0]])
    result = nb.backtest(prices, np.array([[-1.0, 2.0]] * 2), cash=1000, lag=0)
    assert result.positions[0].tolist() == [-100, 100]
    assert result.cash[0] == 0
    assert result.equity.tolist() == [1000, 900]
    result = nb.backtest(prices, np.array([[0.0, 1.5]] * 2), cash=1000, lag=0)
    assert result.cash[0] == -500


def test_columns_of_several_levels_and_columns_without_prices():
    days = pd.bdate_range("2024-01-01", periods=3)
    columns = pd.MultiIndex.from_tuples([("US", "A"), ("EU", "B")])
    prices = pd.DataFrame([[10.0, np.nan]] * 3, index=days, columns=columns)
    result = nb.backtest(prices, prices * 0 + 0.5, cash=1000, lag=0)
    assert result.trades["symbol"].tolist() == [("US", "A")]
    assert result.delistings == {}
    assert result.missing.tolist() == [0, 3]


def test_ruin_stops_trading_and_leaves_returns_undefined():
    prices = np.array([[10.0], [2.0], [3.0], [4.0]])
    result = nb.backtest(prices, np.full((4, 1), 2.0), cash=1000, lag=0)
    assert result.equity[1] < 0
    assert (result.positions == 200).all()
    assert np.isnan(result.returns[2])
    assert result.metrics.num_periods == 2
    assert result.metrics.cagr == -1


def test_a_gap_is_valued_at_the_last_price_and_counted():
    prices = np.array([[10.0, 10.0], [12.0, np.nan], [12.0, 10.0]])
    result = nb.backtest(prices, np.full((3, 2), 0.5), cash=1000, lag=0)
    assert result.positions[0].tolist() == [50, 50]
    assert result.positions[1, 1] == 50  # not traded
    assert result.equity[1] == 1100
    assert result.missing.tolist() == [0, 1]
    assert result.delistings == {}


@pytest.mark.parametrize("policy", ["sell", "hold"])
def test_a_delisting(policy):
    prices = np.array([[10.0, 10.0], [10.0, 8.0], [10.0, np.nan], [10.0, np.nan]])
    weights = np.array([[0.0, 1.0], [np.nan] * 2, [np.nan] * 2, [np.nan] * 2])
    result = nb.backtest(prices, weights, cash=1000, lag=0, costs=100, delisting=policy)
    assert result.delistings == {1: 1}
    last = result.trades[-1]
    if policy == "sell":
        assert (REASONS[last["reason"]], last["bar"], last["price"]) == ("delisted", 2, 8.0)
        assert result.positions[2, 1] == 0
    else:
        assert REASONS[last["reason"]] == "rebalance"
        assert result.positions[3, 1] == 99
        assert result.equity[3] == result.equity[1]


def test_sparse_weights_are_aligned_to_the_price_dates():
    days = pd.bdate_range("2024-01-01", periods=15)  # Mondays to Fridays
    prices = pd.DataFrame({"A": np.linspace(10, 24, 15), "B": 10.0}, index=days)
    weights = pd.DataFrame(
        {"B": [0.5, 0.0]}, index=pd.to_datetime(["2024-01-06", "2024-01-10"])
    )  # a Saturday, and a Wednesday that is a bar
    result = nb.backtest(prices, weights, cash=1000)
    traded_on = result.trades["date"].tolist()
    assert traded_on == [pd.Timestamp("2024-01-08"), pd.Timestamp("2024-01-11")]
    assert result.trades["symbol"].tolist() == ["B", "B"]
    assert (result.positions["A"] == 0).all()
    assert result.equity.index.equals(days)


def test_rows_that_meet_at_one_bar_add_up():
    """A weekend's NaN keeps what Saturday's row asked for; a later target replaces it."""
    days = pd.bdate_range("2024-01-01", periods=10)
    prices = pd.DataFrame({"A": 10.0, "B": 10.0}, index=days)
    weekend = pd.to_datetime(["2024-01-06", "2024-01-07"])
    weights = pd.DataFrame({"A": [0.5, np.nan], "B": [np.nan, 0.3]}, index=weekend)
    result = nb.backtest(prices, weights, cash=1000)
    assert result.positions.loc["2024-01-08"].tolist() == [50, 30]
    daily = weights.reindex(pd.date_range("2024-01-05", "2024-01-14"))
    assert nb.backtest(prices, daily, cash=1000).equity.equals(result.equity)
    weights.loc[weekend[1], "A"] = 0.0
    assert nb.backtest(prices, weights, cash=1000).positions["A"].sum() == 0


@pytest.mark.parametrize(("reentry", "back_at"), [("rebalance", 3), (2, 5), ("signal", 7)])
def test_after_a_stop(reentry, back_at):
    """Stopped at bar 2; the weight is 1, 1, 1, 1, 1, 1, 0, then 1 again."""
    prices = np.array([10.0, 10, 8, 8, 8, 8, 8, 8, 8])[:, None]
    weights = np.array([1.0, 1, 1, 1, 1, 1, 0, 1, 1])[:, None]
    stops = nb.Stops(fixed_stop_pct=0.1, reentry=reentry)
    result = nb.backtest(prices, weights, cash=1000, lag=0, stops=stops)
    held = result.positions[:, 0] != 0
    assert held.tolist()[:3] == [True, True, False]
    assert 3 + int(np.argmax(held[3:])) == back_at
    assert result.stop_events["bar"].tolist() == [2]


def test_stops_act_as_the_tightest_and_say_which():
    prices = np.array([100.0, 120.0, 107.0, 107.0])[:, None]
    stops = nb.Stops(fixed_stop_pct=0.2, trailing_stop_pct=0.1)
    result = nb.backtest(prices, np.ones((4, 1)), cash=1e4, lag=0, stops=stops)
    event = result.stop_events[0]
    assert (event["bar"], event["trigger_price"], event["exit_price"]) == (2, 108.0, 107.0)
    assert REASONS[event["reason"]] == "trailing"


def test_records_off_gives_the_same_series():
    prices, weights = random_panel(5)
    options = random_options(5)
    full = nb.backtest(prices, weights, **options)
    bare = nb.backtest(prices, weights, **options, records=False)
    assert_array_equal(bare.equity, full.equity)
    assert bare.metrics == full.metrics
    with pytest.raises(nb.ValidationError, match="records=True"):
        _ = bare.trades
    assert list(bare) == ["returns", "equity_curve", "final_cash", "metrics"]
    assert bare.get("holdings") is None
    with pytest.raises(KeyError, match="records=True"):
        _ = bare["holdings"]
    assert dict(bare)["equity_curve"] == full["equity_curve"]


def test_records_grow_where_room_runs_out(monkeypatch):
    from nanobook.portfolio import engine

    prices, weights = random_panel(8)
    options = random_options(8)
    whole = nb.backtest(prices, weights, **options)
    monkeypatch.setattr(engine, "_FIRST_RECORDS", 1)
    assert nb.backtest(prices, weights, **options) == whole


def test_arrays_in_arrays_out_frames_in_frames_out():
    dates = pd.bdate_range("2024-01-01", periods=4)
    prices = pd.DataFrame(np.full((4, 2), 10.0), index=dates, columns=["A", "B"])
    weights = prices * 0 + 0.5
    framed = nb.backtest(prices, weights, cash=1000)
    plain = nb.backtest(prices.to_numpy(), weights.to_numpy(), cash=1000)
    assert isinstance(plain.equity, np.ndarray)
    assert isinstance(plain.positions, np.ndarray)
    assert framed.equity.index.equals(dates)
    assert list(framed.holdings.columns) == ["A", "B"]
    assert_array_equal(framed.equity.to_numpy(), plain.equity)
    assert framed.to_frame().shape == (4, 7)


def test_the_caller_keeps_his_data():
    prices, weights = np.full((3, 1), 10.0), np.ones((3, 1))
    result = nb.backtest(prices, weights, cash=100, lag=0)
    before = result.holdings.copy()
    prices[:] = 99.0
    assert_array_equal(result.holdings, before)
    with pytest.raises(ValueError, match="read-only"):
        result.equity[0] = 1.0


def test_as_a_mapping_it_has_the_seeds_keys():
    dates = pd.bdate_range("2024-01-01", periods=3)
    prices = pd.DataFrame({"A": [10.0, 11, 12], "B": [10.0, np.nan, 12]}, index=dates)
    result = nb.backtest(prices, prices * 0 + 0.5, cash=1000, lag=0)
    assert list(result) == [
        "returns",
        "equity_curve",
        "final_cash",
        "metrics",
        "holdings",
        "symbol_returns",
        "stop_events",
    ]
    assert result["equity_curve"][0] == 1000
    assert len(result["equity_curve"]) == 4
    assert result["final_cash"] == result.cash.iloc[-1]
    assert result["symbol_returns"][1] == [("A", pytest.approx(0.1))]
    assert [symbol for symbol, _ in result["holdings"][1]] == ["A", "B"]
    with pytest.raises(KeyError):
        _ = result["sharpe"]


@pytest.mark.parametrize("seed", range(6))
def test_saved_and_pickled_results_are_equal(tmp_path, seed):
    prices, weights = random_panel(seed)
    if seed % 2:
        index = pd.date_range("2020-01-01", periods=len(prices), tz="Europe/Berlin")
        columns = [f"S{i}" for i in range(prices.shape[1])]
        prices = pd.DataFrame(prices, index=index, columns=columns)
        weights = pd.DataFrame(weights, index=index, columns=columns)
    result = nb.backtest(prices, weights, **random_options(seed), records=seed < 4)
    path = tmp_path / "result.npz"
    result.save(path)
    loaded = nb.BacktestResult.load(path)
    assert loaded == result
    assert loaded.metrics == result.metrics
    assert pickle.loads(pickle.dumps(result)) == result
    assert result != nb.backtest(prices, weights, cash=1.0)


def test_a_damaged_file_is_refused(tmp_path):
    path = tmp_path / "result.npz"
    nb.backtest(np.ones((2, 1)), np.ones((2, 1)), cash=10).save(path)
    whole = path.read_bytes()
    for cut in range(0, len(whole), 97):
        path.write_bytes(whole[:cut])
        with pytest.raises(nb.FileFormatError):
            nb.BacktestResult.load(path)


def test_it_shows_its_headline():
    result = nb.backtest(np.full((3, 1), 10.0), np.ones((3, 1)), cash=1000, costs=10)
    assert "final_equity=999.01" in repr(result)
    assert "<table>" in result._repr_html_()


FRAME = pd.DataFrame({"A": [1.0, 2.0]}, index=pd.bdate_range("2024-01-01", periods=2))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"cash": 0}, "cash must be above 0"),
        ({"cash": "1"}, "cash must be a number"),
        ({"lag": -1}, "lag must lie"),
        ({"lag": 1.5}, "lag must be an integer"),
        ({"lot_size": -1}, "lot_size must be at least 0"),
        ({"sizing": "exact"}, "sizing must be 'post_cost' or 'pre_cost', got 'exact'"),
        ({"delisting": "no"}, "delisting must be"),
        ({"costs": "5bps"}, "costs must be a CostModel"),
        ({"stops": 0.1}, "stops must be Stops"),
        ({"stops": {"fixed_stop_pct": 2}}, "fixed_stop_pct must be below 1"),
        ({"stops": {"trailing_stop": 0.05}}, "stops must have keys of .*got 'trailing_stop'"),
        ({"sizing": np.array(["post_cost"])}, "sizing must be 'post_cost'"),
        ({"prices": FRAME.rename(columns={"A": np.nan})}, "name for every column"),
        ({"prices": FRAME["A"]}, "prices must be a matrix.*to_frame"),
        ({"prices": FRAME * -1}, "prices must be zero, positive or NaN.*'A'"),
        ({"prices": FRAME * np.inf}, "prices must be"),
        ({"prices": FRAME[:0]}, "prices must have at least one row"),
        ({"prices": FRAME[::-1]}, "prices must be sorted by date"),
        ({"prices": pd.concat([FRAME, FRAME])}, "prices must have one row a date.*2024-01-01"),
        ({"prices": pd.concat([FRAME, FRAME], axis=1)}, "distinct columns.*'A'"),
        ({"prices": FRAME.astype(str)}, "numbers only.*'A'"),
        ({"weights": FRAME.rename(columns={"A": "X"})}, "'X' isn't among 'A'"),
        ({"weights": FRAME * np.inf}, "weights must be finite"),
        ({"weights": FRAME.shift(freq="9999D")}, "weights must have a date up to the last price"),
        ({"weights": FRAME.reset_index(drop=True)}, "indexed alike"),
        ({"weights": np.ones((3, 1))}, "weights must have the shape of prices"),
        ({"risk_free": math.nan}, "risk_free must be finite"),
    ],
)
def test_bad_arguments_are_refused_with_their_name(change, message):
    arguments = {"prices": FRAME, "weights": FRAME, "cash": 100.0}
    with pytest.raises(nb.ValidationError, match=message):
        nb.backtest(**(arguments | change))
