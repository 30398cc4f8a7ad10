"""Metrics against their definitions, to the last bit, and the table of edges."""

import copy
import dataclasses
import math
import pickle

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from oracles import metrics as oracle

from nanobook.errors import ArgumentTypeError, ValidationError
from nanobook.metrics import summary
from nanobook.metrics.ratios import SUMMARY_FIELDS, summarize
from nanobook.metrics.summary import Metrics, compute_metrics

NAN, INF = math.nan, math.inf
MIXED = [0.01, -0.02, 0.03, -0.01]
FIELDS = SUMMARY_FIELDS[:15]  # the original's; the oracle knows these

rates = st.one_of(
    st.floats(-1.5, 1.5), st.floats(-0.05, 0.05), st.sampled_from([0.0, -0.0, 0.01, -0.01, -1.0])
)
series = st.lists(rates, min_size=1, max_size=60)
yearly = st.one_of(st.sampled_from([252.0, 12.0, 0.0, -0.0, -3.0, NAN, INF]), st.floats(0.1, 1e3))
risk_free_rates = st.one_of(st.just(0.0), st.floats(-0.02, 0.02))


def same(a, b):
    return a == b or (a != a and b != b)


def assert_same_figures(metrics, expected, fields=FIELDS):
    got = metrics.to_dict()
    wrong = {f: (got[f], expected[f]) for f in fields if not same(got[f], expected[f])}
    assert not wrong


@pytest.mark.core
@settings(max_examples=60)
@given(series, yearly, risk_free_rates)
@example([0.0, -0.0], 252.0, 0.0)
@example([-1.0, 0.1], -0.0, 0.0)
@example([0.02], 252.0, 0.0)
def test_agrees_with_the_definition_to_the_last_bit(returns, periods_per_year, risk_free):
    expected = oracle.compute_metrics(returns, periods_per_year, risk_free)
    assert_same_figures(compute_metrics(returns, periods_per_year, risk_free), expected)


@settings(max_examples=40)
@given(series, st.data())
def test_agrees_with_the_definition_where_returns_are_not_finite(returns, data):
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(returns) - 1))
        returns[place] = data.draw(st.sampled_from([NAN, NAN, INF, -INF]))
    if all(r != r for r in returns):
        returns[0] = 0.01
    assert_same_figures(compute_metrics(returns), oracle.compute_metrics(returns))


@settings(max_examples=40)
@given(series)
def test_extremes_and_time_under_water_follow_their_definitions(returns):
    metrics = compute_metrics(returns)
    equity = np.cumprod([1.0] + [1.0 + r for r in returns])
    below = equity < np.maximum.accumulate(equity)
    assert metrics.best_period == max(returns)
    assert metrics.worst_period == min(returns)
    assert metrics.time_under_water == below.sum() / len(returns)
    assert metrics.num_periods >= metrics.winning_periods + metrics.losing_periods


@pytest.mark.core
def test_worked_example_of_the_original():
    returns = [0.012, -0.007, 0.004, -0.021, 0.009, 0.015, -0.003, 0, 0.006, -0.011]
    expected = {
        "total_return": 0.0034432242334860863,
        "cagr": 0.09048244642162895,
        "volatility": 0.17711916892307283,
        "sharpe": 0.42683127105702995,
        "sortino": 0.569911492179942,
        "max_drawdown": 0.02396441200000005,
        "calmar": 3.775700669043278,
        "num_periods": 10,
        "winning_periods": 5,
        "losing_periods": 4,
        "cvar_95": -0.021,
        "win_rate": 0.5,
        "profit_factor": 1.0952380952380953,
        "payoff_ratio": 0.8761904761904763,
        "kelly": -0.07065217391304346,
    }
    assert_same_figures(compute_metrics(returns, 252, 0.0001), expected)


@pytest.mark.parametrize(
    ("periods_per_year", "volatility", "sharpe", "sortino", "cagr"),
    [
        (0, 0, 0, 0, 0),
        (-1, NAN, 0, NAN, 0),
        (NAN, NAN, 0, NAN, 0),
        (-INF, NAN, 0, NAN, 0),
        (INF, INF, INF, INF, 0),
    ],
)
def test_edges_of_periods_per_year(periods_per_year, volatility, sharpe, sortino, cagr):
    expected = {"volatility": volatility, "sharpe": sharpe, "sortino": sortino, "cagr": cagr}
    assert_same_figures(compute_metrics(MIXED, periods_per_year), expected, expected)
    assert compute_metrics([0.01, 0.02], periods_per_year).sortino == 0


def test_minus_zero_survives_where_the_original_has_it():
    def negative_zero(x):
        return x == 0 and math.copysign(1, x) == -1

    assert negative_zero(compute_metrics([-0.02, -0.01]).profit_factor)
    assert negative_zero(compute_metrics(MIXED, -0.0).volatility)
    assert negative_zero(compute_metrics([-0.0, 0.0]).cvar_95)
    assert not negative_zero(compute_metrics([0.0, -0.0]).cvar_95)
    assert not negative_zero(compute_metrics([0.0, -0.0]).profit_factor)


def test_total_loss():
    metrics = compute_metrics([0.1, -1.0, 0.2])
    expected = {"total_return": -1, "cagr": -1, "max_drawdown": 1, "calmar": -1}
    assert_same_figures(metrics, expected, expected)
    assert metrics.time_under_water == 2 / 3
    assert compute_metrics([0.1, -1.5, 0.2]).max_drawdown == pytest.approx(1.6)


def test_returns_that_only_win():
    metrics = compute_metrics([0.25] * 4)
    assert metrics.profit_factor == metrics.payoff_ratio == INF
    assert metrics.kelly == metrics.sharpe == metrics.max_drawdown == metrics.time_under_water == 0


def test_one_return():
    metrics = compute_metrics([-0.02])
    assert metrics.volatility == metrics.sharpe == metrics.sortino == 0
    assert metrics.cvar_95 == metrics.best_period == metrics.worst_period == -0.02


def test_nan_never_raises():
    metrics = compute_metrics([-0.1, 0.2, NAN, -0.5])
    assert math.isnan(metrics.total_return)
    assert math.isnan(metrics.volatility)
    assert metrics.sharpe == metrics.cagr == metrics.calmar == 0
    assert math.isnan(metrics.sortino)
    assert compute_metrics([NAN, 0.2]).sortino == 0
    assert metrics.max_drawdown == pytest.approx(0.1)
    assert (metrics.num_periods, metrics.winning_periods, metrics.losing_periods) == (4, 1, 2)
    assert metrics.cvar_95 == metrics.worst_period == -0.5
    assert metrics.best_period == 0.2
    assert metrics.time_under_water == 0.25


def test_cvar_does_not_depend_on_where_a_nan_stands():
    """The original gives NaN where the NaN comes first."""
    assert compute_metrics([NAN, 0.01, -0.02]).cvar_95 == -0.02
    assert compute_metrics([0.01, NAN, -0.02]).cvar_95 == -0.02


def test_nothing_but_nan():
    metrics = compute_metrics([NAN, NAN])
    assert math.isnan(metrics.cvar_95)
    assert math.isnan(metrics.best_period)
    assert metrics.num_periods == 2
    assert metrics.winning_periods == metrics.losing_periods == 0


def test_no_returns():
    assert compute_metrics([]) is None
    assert compute_metrics(pd.Series(dtype=float)) is None
    row = np.ones(len(SUMMARY_FIELDS))
    summarize(np.empty(0), 252.0, 0.0, row)
    assert np.isnan(row).sum() == len(SUMMARY_FIELDS) - 3
    assert row[7:10].tolist() == [0, 0, 0]


@pytest.mark.core
@pytest.mark.parametrize(
    "returns",
    [
        tuple(MIXED),
        np.array(MIXED),
        np.repeat(MIXED, 2)[::2],
        pd.Series(MIXED, index=pd.date_range("2024", periods=4)),
        np.frombuffer(np.array(MIXED).tobytes()),
        memoryview(np.array(MIXED)),
    ],
    ids=["tuple", "array", "strided", "series", "read-only", "memoryview"],
)
def test_every_kind_of_vector_gives_the_same(returns):
    assert compute_metrics(returns) == compute_metrics(MIXED)


@pytest.mark.parametrize(
    "returns", [None, "ab", {0.1}, {0.1: 1}, (r for r in MIXED), ["a"], [1j], 0.5, [MIXED, MIXED]]
)
def test_what_is_not_a_vector_of_numbers_is_refused(returns):
    with pytest.raises(ArgumentTypeError, match="returns must"):
        compute_metrics(returns)


@pytest.mark.parametrize("argument", ["periods_per_year", "risk_free"])
@pytest.mark.parametrize("value", ["252", None])
def test_a_rate_that_is_not_a_number_is_refused(argument, value):
    with pytest.raises(TypeError, match=argument):
        compute_metrics(MIXED, **{argument: value})


# Matrices


@pytest.fixture
def table():
    generator = np.random.default_rng(3)
    table = generator.normal(0, 0.01, (40, 19))  # two whole strips of columns and three over
    table[5, 3] = np.nan
    table[:, 7] = 0.01
    table[:, 8] = np.nan
    return table


def rows_of(frame):
    return [Metrics.from_row(row) for row in frame.to_numpy(dtype=float)]


@pytest.mark.core
@pytest.mark.parametrize("order", ["C", "F"])
def test_each_column_is_summarized_as_a_vector_would_be(table, order):
    frame = compute_metrics(np.asarray(table, order=order), 252, 1e-4)
    assert list(frame.columns) == list(SUMMARY_FIELDS)
    assert list(frame.index) == list(range(19))
    assert frame["num_periods"].dtype == frame["losing_periods"].dtype == np.int64
    assert rows_of(frame) == [compute_metrics(column, 252, 1e-4) for column in table.T]


def test_a_frame_keeps_its_column_labels(table):
    columns = pd.MultiIndex.from_product([["fast"], range(19)], names=["kind", "window"])
    frame = compute_metrics(pd.DataFrame(table, columns=columns))
    assert frame.index.equals(columns)
    assert frame.loc[("fast", 2), "sharpe"] == compute_metrics(table[:, 2]).sharpe


def test_the_parallel_kernel_gives_the_same_bits(table, monkeypatch):
    serial = compute_metrics(table)
    monkeypatch.setattr(summary, "_PARALLEL_FROM", 1)
    pd.testing.assert_frame_equal(compute_metrics(table), serial, check_exact=True)


def test_one_thread_and_two_give_the_same_bits(monkeypatch):
    import numba

    table = np.random.default_rng(0).normal(0, 0.01, (300, 37))
    serial = compute_metrics(table)
    monkeypatch.setattr(summary, "_PARALLEL_FROM", 0)
    most = numba.config.NUMBA_NUM_THREADS
    for threads in {1, min(2, most), most}:
        numba.set_num_threads(threads)
        try:
            pd.testing.assert_frame_equal(compute_metrics(table), serial, check_exact=True)
        finally:
            numba.set_num_threads(most)


def test_a_vector_leaves_the_parallel_kernel_alone(monkeypatch):
    def loaded(*arguments):
        raise AssertionError("loading it costs half a second")

    monkeypatch.setattr(summary, "summarize_columns_parallel", loaded)
    monkeypatch.setattr(summary, "_PARALLEL_FROM", 1)
    assert compute_metrics(MIXED).num_periods == 4


@pytest.mark.parametrize("shape", [(0, 3), (3, 0)])
def test_an_empty_matrix_is_refused(shape):
    with pytest.raises(ValidationError, match="shape"):
        compute_metrics(np.empty(shape))


def test_a_frame_of_strings_is_refused():
    with pytest.raises(ArgumentTypeError, match="returns"):
        compute_metrics(pd.DataFrame({"a": ["x", "y"]}))


# The result


def test_metrics_compare_with_nan_beside_nan():
    one, other = compute_metrics([NAN, 0.01]), compute_metrics([NAN, 0.01])
    assert one == other
    assert hash(one) == hash(other)
    assert one != compute_metrics([0.01, NAN, 0.0])
    assert one != dataclasses.replace(one, turnover=2.0)
    assert one != "metrics"


def test_metrics_are_frozen_and_can_be_copied_and_pickled():
    metrics = compute_metrics([NAN, 0.01])
    with pytest.raises(AttributeError):
        metrics.sharpe = 3.0
    assert pickle.loads(pickle.dumps(metrics)) == copy.deepcopy(metrics) == metrics


def test_metrics_start_with_the_kernel_row_and_end_with_what_a_simulator_fills():
    names = [field.name for field in dataclasses.fields(Metrics)]
    assert names == [*SUMMARY_FIELDS, "turnover", "exposure", "total_costs"]
    metrics = compute_metrics(MIXED)
    assert metrics.turnover is metrics.exposure is metrics.total_costs is None
    filled = dataclasses.replace(metrics, turnover=1.5, exposure=0.9, total_costs=120.0)
    assert filled.to_dict() == {
        **metrics.to_dict(),
        "turnover": 1.5,
        "exposure": 0.9,
        "total_costs": 120.0,
    }


def test_fields_are_plain_numbers():
    values = compute_metrics(np.array(MIXED)).to_dict()
    for name in ("num_periods", "winning_periods", "losing_periods"):
        assert type(values.pop(name)) is int
    assert {type(value) for value in values.values()} == {float, type(None)}


def test_to_series_holds_what_is_known():
    metrics = compute_metrics(MIXED)
    known = metrics.to_series()
    assert list(known.index) == list(SUMMARY_FIELDS)
    assert known["sharpe"] == metrics.sharpe
    assert dataclasses.replace(metrics, turnover=1.5).to_series()["turnover"] == 1.5


def test_repr():
    expected = "Metrics(total_return=1.95%, sharpe=4.21, max_drawdown=2.00%, win_rate=66.7%)"
    assert repr(compute_metrics([0.01, -0.02, 0.03])) == expected
    assert repr(compute_metrics([NAN])).startswith("Metrics(total_return=NaN%, sharpe=0.00")


def test_text_has_fourteen_lines():
    assert str(compute_metrics([0.01, -0.02, 0.03])).splitlines() == [
        "Performance Metrics",
        "  Total return:        1.95%",
        "  CAGR:              406.19%",
        "  Volatility:         39.95%",
        "  Sharpe:              4.21",
        "  Sortino:             7.48",
        "  Max drawdown:        2.00%",
        "  Calmar:            203.09",
        "  Win/Loss/Total:  2/1/3",
        "  CVaR (95%):         -2.00%",
        "  Win rate:           66.67%",
        "  Profit factor:       2.00",
        "  Payoff ratio:        1.00",
        "  Kelly:              33.33%",
    ]


def test_html_shows_what_is_known():
    metrics = compute_metrics(MIXED)
    html = metrics._repr_html_()
    assert "<th>Time under water</th>" in html
    assert "Turnover" not in html
    assert (
        "<th>Turnover</th><td>1.50</td>" in dataclasses.replace(metrics, turnover=1.5)._repr_html_()
    )
