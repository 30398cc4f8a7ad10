"""`SweepResult`: tables, the best, any candidate whole, and what was kept."""

from importlib import import_module

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from sweep.panels import as_frame

import nanobook as nb
from nanobook.sweep.candidates import FIELDS
from nanobook.sweep.result import SMALLER_IS_BETTER

PRICES = as_frame(nb.random_prices(120, 4, seed=1).to_numpy())
GRID = {"fast": [3, 5, 8], "slow": [20, 30], "costs": [None, 5, nb.CostModel(per_share=0.01)]}


def swept(strategy="moving_average_crossover", grid=GRID, **options):
    return nb.sweep(PRICES, strategy, grid, **{"cash": 1e5, "reps": 50, "threads": 1, **options})


@pytest.fixture(scope="module")
def result():
    return swept()


# ---- tables ------------------------------------------------------------------------------------


@pytest.mark.core
def test_metrics_are_indexed_by_the_parameters(result):
    metrics = result.metrics
    assert list(metrics.columns) == list(FIELDS)
    assert metrics.index.names == ["fast", "slow", "costs"] == result.parameters
    assert len(metrics) == len(result) == 18
    assert metrics["num_periods"].dtype == np.int64
    assert metrics.loc[(5, 30, 5), "sharpe"].item() == metrics["sharpe"].iloc[10]
    assert result.params.index.name == "candidate"
    assert result.params.iloc[10].tolist() == [5, 30, 5]
    assert result.complete
    assert result.seed == 0
    single = swept("rsi", {"period": [5, 9]})
    assert single.metrics.index.name == "period"
    assert single.metrics.index.tolist() == [5, 9]


def test_a_value_that_cant_be_a_label_is_shown_by_its_text():
    grid = {"fast": [3], "slow": [9], "stops": [None, {"fixed_stop_pct": 0.05}]}
    result = swept(grid=grid, keep=2)
    labels = result.metrics.index.get_level_values("stops").tolist()
    assert labels[1] == "{'fixed_stop_pct': 0.05}"
    assert result.equity.shape == (120, 2)
    row = result.metrics["sharpe"].iloc[1]
    for asked in ({"fast": 3, "slow": 9, "stops": grid["stops"][1]}, result.metrics.index[1]):
        assert result.result(asked).metrics.sharpe == row
    listed = swept(lambda params: np.tile(params["weights"], (120, 1)), {"weights": [[0.1] * 4]})
    assert listed.metrics.index.tolist() == ["[0.1, 0.1, 0.1, 0.1]"]


def test_a_slice_fixes_some_parameters(result):
    metrics = result.metrics
    part = result.slice(fast=5)
    assert part.index.names == ["slow", "costs"]
    assert_array_equal(part, metrics.iloc[6:12])
    assert_array_equal(result.slice(slow=30, costs=5), metrics.iloc[[4, 10, 16]])
    assert_array_equal(result.slice(costs=None), metrics.iloc[::3])
    assert_array_equal(result.slice(costs=nb.CostModel(per_share=0.01)), metrics.iloc[2::3])
    assert len(result.slice(fast=3, slow=20, costs=5)) == 1
    assert_array_equal(result.slice(), metrics)
    with pytest.raises(nb.ValidationError, match="slice must be one of fast, slow, costs"):
        result.slice(period=3)
    with pytest.raises(nb.ValidationError, match="no candidate has fast 4"):
        result.slice(fast=4)


# ---- the best ----------------------------------------------------------------------------------


@pytest.mark.parametrize("by", FIELDS)
def test_the_best_is_the_first_of_the_highest_or_lowest(result, by):
    column = result.metrics[by]
    order = column.sort_values(ascending=by in SMALLER_IS_BETTER, kind="stable")
    best = result.best(by)
    first = column.to_list().index(order.iloc[0])
    assert best == result._params_of(first)
    few = result.best(by, n=5)
    assert few[by].tolist() == order.iloc[:5].tolist()
    assert result.result(few.index[0]).metrics == result.result(best).metrics


def test_a_constraint_decides_who_is_allowed(result):
    dear = result.best(constraint=lambda m: m["total_costs"] > m["total_costs"].median(), n=100)
    assert 0 < len(dear) <= 9
    assert (dear["total_costs"] > result.metrics["total_costs"].median()).all()
    assert dear["sharpe"].is_monotonic_decreasing
    for constraint, message in (
        (lambda m: m["sharpe"] > 1e9, "none is allowed"),
        (lambda m: m["sharpe"], "constraint must return a bool"),
        (lambda m: True, "constraint must return a bool"),
    ):
        with pytest.raises(nb.ValidationError, match=message):
            result.best(constraint=constraint)
    with pytest.raises(nb.ValidationError, match="by must be one of total_return"):
        result.best("luck")
    for n in (0, -1):
        with pytest.raises(nb.RangeError):
            result.best(n=n)


def test_figures_that_arent_there_are_never_best():
    # Returns that don't vary have no skew.
    result = swept(lambda params: np.full((120, 4), params["x"]), {"x": [0.0, 0.1]})
    assert np.isnan(result.metrics["skew"].iloc[0])
    assert result.best("skew") == {"x": 0.1}
    assert len(result.best("skew", n=9)) == 1
    nothing = swept(lambda params: np.zeros((120, 4)), {"x": [0.0, 0.1]})
    with pytest.raises(nb.ValidationError, match="none has a skew"):
        nothing.best("skew")
    assert "candidates=2" in repr(nothing)


# ---- one candidate whole -----------------------------------------------------------------------


@pytest.mark.core
def test_a_candidate_is_had_by_number_label_or_parameters(result):
    for number in (0, 7, 17):
        row = result.metrics.iloc[number]
        params = result.params.iloc[number].to_dict()
        for asked in (number, np.int64(number), result.metrics.index[number], params):
            found = result.result(asked)
            assert found.metrics.sharpe == row["sharpe"]
            assert found.metrics.total_costs == row["total_costs"]
    assert result.result().metrics.sharpe == result.metrics["sharpe"].max()
    assert result.result().equity.index.equals(PRICES.index)
    for wrong in (18, -1, (5, 30), {"fast": 5}, {"fast": 5, "slow": 3, "period": 3}):
        with pytest.raises(nb.ValidationError):
            result.result(wrong)


def test_a_stacked_candidate_is_had_by_its_number():
    stack = np.random.default_rng(0).dirichlet(np.ones(4), (5, 120))
    result = swept(stack, None)
    assert result.result(3).metrics.sharpe == result.metrics["sharpe"].iloc[3]
    assert result.result({"candidate": 3}).metrics.sharpe == result.metrics["sharpe"].iloc[3]
    for wrong in ({"candidate": 5}, {"candidate": -1}, 5):
        with pytest.raises(nb.ValidationError):
            result.result(wrong)


def test_the_weights_of_an_iterator_are_gone():
    stack = np.random.default_rng(0).dirichlet(np.ones(4), (9, 120))
    result = swept(iter(stack), None, keep=2)
    best = [params["candidate"] for params, _ in result.kept]
    assert best == result.best(n=2).index.tolist()
    assert result.result(best[0]).metrics.sharpe == result.metrics["sharpe"].max()
    with pytest.raises(nb.ValidationError, match=r"came from an iterator and are gone"):
        result.result(next(number for number in range(9) if number not in best))
    listed = swept(iter(stack), None, keep=[{"candidate": 7}, {"candidate": 2}])
    assert [params["candidate"] for params, _ in listed.kept] == [7, 2]
    for params, path in listed.kept:
        alone = nb.backtest(PRICES, stack[params["candidate"]], cash=1e5)
        assert_array_equal(path.equity, alone.equity)


def test_an_iterator_may_write_over_what_it_gave():
    def matrices():
        same = np.zeros((120, 4))
        for share in (0.1, 0.25, 0.2):
            same[:] = share
            yield same

    result = swept(matrices(), None, keep=3)
    wanted = {0: 0.1, 1: 0.25, 2: 0.2}
    for params, path in result.kept:
        weights = np.full((120, 4), wanted[params["candidate"]])
        assert_array_equal(path.equity, nb.backtest(PRICES, weights, cash=1e5).equity)
        assert path.metrics.sharpe == result.metrics["sharpe"].loc[params["candidate"]]


# ---- what was kept -----------------------------------------------------------------------------


def test_the_best_are_kept(result):
    for keep in (3, "best 3"):
        kept = swept(keep=keep).kept
        assert len(kept) == 3
        sharpes = [path.metrics.sharpe for _, path in kept]
        assert sharpes == result.best(n=3)["sharpe"].tolist()
    cheap = swept(keep=2, by="total_costs").kept
    assert [path.metrics.total_costs for _, path in cheap] == (
        result.best("total_costs", n=2)["total_costs"].tolist()
    )
    assert len(swept(keep=100).kept) == 18
    assert result.kept == []
    assert result.equity.shape == (120, 0)


def test_those_listed_are_kept_in_their_order():
    chosen = [{"fast": 8, "slow": 20, "costs": 5}, {"slow": 30, "costs": None, "fast": 3}]
    result = swept(keep=chosen)
    assert [params for params, _ in result.kept] == chosen
    for params, path in result.kept:
        assert result.result(params) is path
    equity = result.equity
    assert equity.columns.names == ["fast", "slow", "costs"]
    assert equity.columns[0] == (8, 20, 5)
    assert equity.index.equals(PRICES.index)
    assert_array_equal(equity.iloc[:, 1], result.kept[1][1].equity)


# ---- the original's door, and the front door ---------------------------------------------------


def test_the_function_is_the_rooms_and_the_front_doors():
    room = import_module("nanobook.sweep")
    assert nb.sweep is room.sweep
    assert callable(nb.sweep)
    import_module("nanobook.sweep.run")
    import_module("nanobook.sweep.forward")
    assert callable(nb.walk_forward)
    assert callable(nb.sweep)
    assert set(room.__all__) <= set(dir(room))
    with pytest.raises(AttributeError, match="no attribute 'swep'"):
        _ = room.swep


def test_the_repr_is_honest(result):
    text = repr(result)
    for word in ("candidates=18", "best=fast=", "sharpe=", "max_drawdown=", "deflated Sharpe"):
        assert word in text
    assert "not gathered" in repr(swept(overfitting=False))
    page = result._repr_html_()
    assert page.count("<table") == 2
    assert isinstance(result.best(n=1), pd.DataFrame)
