"""Tests of value at risk against published examples, counts by hand and simulated truth."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles import volatility_more as oracle
from scipy.stats import chi2, norm

from nanobook.errors import RangeError, ValidationError
from nanobook.volatility import value_at_risk_backtest

NAN = math.nan


def jorion():
    """Return J.P. Morgan's 1998 as Jorion tells it: 252 days, 20 hits, 6 of them after one."""
    runs = [True, False] * 14  # 14 hits that follow none
    for place in (0, 4, 8, 12, 16, 20):
        runs[place] = [True, True]
    flat = []
    for run in runs:
        flat += run if isinstance(run, list) else [run]
    flat = [False] * (252 - len(flat)) + flat
    return np.where(flat, -0.03, 0.01)


@pytest.mark.core
def test_the_published_example():
    # Jorion (2007), "Value at Risk", 3rd edition, chapter 6: 3.91, 9.53 and 13.44.
    table = value_at_risk_backtest(jorion(), np.full(252, 0.02))
    assert table["hits"] == 20
    assert table["kupiec"] == pytest.approx(3.91, abs=0.005)
    assert table["independence"] == pytest.approx(9.53, abs=0.07)  # he counts 252 pairs, not 251
    assert table["conditional"] == pytest.approx(13.44, abs=0.07)


#: Kupiec (1995), table 3: the fewest and the most hits in T days that don't reject at 5 %.
ACCEPTED = {
    (255, 0.05): (7, 20),
    (255, 0.10): (17, 35),
    (510, 0.01): (2, 10),
    (510, 0.05): (17, 35),
    (1000, 0.01): (5, 16),
    (1000, 0.05): (38, 64),
}


@pytest.mark.parametrize(("periods", "tail"), ACCEPTED)
def test_kupiecs_regions(periods, tail):
    least, most = ACCEPTED[periods, tail]
    hits = np.arange(periods)[:, None] < np.arange(periods)
    table = value_at_risk_backtest(
        np.where(hits, -1.0, 1.0), np.full(hits.shape, 0.5), level=1 - tail
    )
    accepted = np.flatnonzero(table["kupiec_p"] > 0.05)
    assert (accepted[0], accepted[-1]) == (least, most)


@pytest.mark.core
@settings(max_examples=50)
@given(
    st.lists(st.sampled_from([-0.03, -0.01, 0.02, NAN]), min_size=2, max_size=60),
    st.sampled_from([0.5, 0.9, 0.99]),
)
def test_agrees_with_counts_by_hand(returns, level):
    var = [0.02] * len(returns)
    table = value_at_risk_backtest(returns, var, level=level)
    known = sum(not math.isnan(r) for r in returns)
    assert table["nobs"] == known
    if not known:
        assert math.isnan(table["kupiec"])
        return
    hits, kupiec, independence = oracle.coverage(returns, var, level)
    assert table["hits"] == hits
    assert table["kupiec"] == pytest.approx(kupiec, abs=1e-10)
    assert table["independence"] == pytest.approx(independence, abs=1e-10, nan_ok=True)
    both = kupiec + independence
    assert table["conditional_p"] == pytest.approx(chi2.sf(max(both, 0), 2), abs=1e-9, nan_ok=True)


def test_the_truth_is_seldom_rejected_and_half_the_truth_always():
    rng = np.random.default_rng(1)
    sigma = np.exp(rng.normal(-4.5, 0.4, (2000, 300)))
    returns = sigma * rng.normal(size=sigma.shape)
    var, es = -norm.ppf(0.025) * sigma, norm.pdf(norm.ppf(0.025)) / 0.025 * sigma
    table = value_at_risk_backtest(returns, var, es, level=0.975)
    for test in ("kupiec", "independence", "conditional"):
        assert 0.01 < (table[f"{test}_p"] < 0.05).mean() < 0.1, test
    assert abs(table["es_z2"].mean()) < 0.02
    low = value_at_risk_backtest(returns, 0.8 * var, 0.8 * es, level=0.975)
    assert (low["kupiec_p"] < 1e-4).all()
    assert (low["es_z2"] < -0.7).all()


def test_shortfall_by_hand():
    # Two hits in ten days at 10 %: -0.03 / 0.04 and -0.06 / 0.04 over 10 x 0.1, plus 1.
    returns = [-0.03, 0.0, -0.06, *[0.01] * 7]
    table = value_at_risk_backtest(returns, [0.02] * 10, [0.04] * 10, level=0.9)
    assert table["es_z2"] == pytest.approx(1 - 0.03 / 0.04 - 0.06 / 0.04)


@pytest.mark.core
def test_hits_that_come_together_are_found():
    returns = np.full(1000, 0.01)
    returns[100:150] = -0.03
    table = value_at_risk_backtest(returns, np.full(1000, 0.02))
    assert table["kupiec_p"] == pytest.approx(1.0)
    assert table["independence_p"] < 1e-10
    scattered = np.where(np.arange(1000) % 20 == 0, -0.03, 0.01)
    assert value_at_risk_backtest(scattered, np.full(1000, 0.02))["independence_p"] > 0.01


def test_labels():
    frame = pd.DataFrame({"a": jorion(), "b": -jorion()})
    var = frame * 0 + 0.02
    table = value_at_risk_backtest(frame, var)
    assert table.index.tolist() == ["a", "b"]
    assert table["hits"].tolist() == [20, 0]
    assert "es_z2" not in table
    one = value_at_risk_backtest(frame["a"], var["a"])
    pd.testing.assert_series_equal(one, table.loc["a"].astype(float), check_names=False)
    assert table.loc["b", "independence"] == 0.0


@pytest.mark.parametrize(
    ("options", "error", "text"),
    [
        ({"level": 1.0}, RangeError, "level must lie between 0 and 1"),
        ({"level": 5}, RangeError, "level"),
        ({"var": [-0.02, -0.03]}, ValidationError, "var must be a positive loss"),
        ({"var": [0.02, math.inf]}, ValidationError, "var must be finite"),
        ({"es": [0.01, 0.03]}, ValidationError, "es must be at least var, 0.02, got 0.01"),
        ({"es": [0.03]}, ValidationError, "es must have the shape of returns"),
    ],
)
def test_arguments_that_make_no_sense(options, error, text):
    arguments = {"returns": [0.01, -0.03], "var": [0.02, 0.02], **options}
    with pytest.raises(error, match=text):
        value_at_risk_backtest(**arguments)
