"""Moments and correlations against their definitions."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from oracles import statistics as oracle

from nanobook.errors import ArgumentTypeError, ValidationError
from nanobook.statistics import average_correlation, moments

NAN, INF = math.nan, math.inf


def moments_of(values):
    out = np.empty(5)
    moments(np.array(values, dtype=float), out)
    return out


@pytest.mark.core
@given(st.lists(st.one_of(st.integers(-1000, 1000).map(lambda i: i / 1e5), st.just(NAN))))
def test_moments_agree_with_the_definition(values):
    assert_allclose(moments_of(values), oracle.moments(values), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("scale", [1e-150, 1e150])
def test_no_power_under_or_overflows(scale):
    values = np.random.default_rng(1).normal(1.0, 2.0, 50)
    assert_allclose(moments_of(values * scale)[3:], moments_of(values)[3:], rtol=1e-12)


def test_a_large_level_costs_no_digits():
    values = np.random.default_rng(2).integers(-8, 9, 100) / 8
    assert_allclose(moments_of(values + 1e8)[2:], moments_of(values)[2:], rtol=1e-7)


@pytest.mark.core
@pytest.mark.parametrize("value", [0.0, 0.1, 1 / 3, -1e8])
def test_what_does_not_vary_has_no_shape(value):
    found = moments_of([value] * 7)
    assert found[2] == 0.0
    assert np.isnan(found[3:]).all()


@pytest.mark.parametrize("seed", range(5))
def test_correlation_agrees_with_the_definition(seed):
    returns = np.random.default_rng(seed).normal(0.01, 1, (30, 5))
    returns += seed * returns[:, :1]
    expected = oracle.average_correlation(returns.T.tolist())
    assert_allclose(average_correlation(returns), expected, rtol=1e-12)
    assert average_correlation(pd.DataFrame(returns)) == average_correlation(returns)


def test_columns_that_do_not_vary_have_no_correlation():
    returns = np.random.default_rng(3).normal(0, 1, (30, 3))
    padded = np.column_stack([np.zeros(30), returns, np.full(30, 0.1)])
    assert_allclose(average_correlation(padded), average_correlation(returns), rtol=1e-12)
    assert math.isnan(average_correlation(padded[:, [0, 1]]))
    assert math.isnan(average_correlation(np.empty((0, 3))))


@pytest.mark.parametrize("bad", [NAN, INF])
def test_correlation_refuses_what_is_not_finite(bad):
    with pytest.raises(ValidationError, match="returns must be finite"):
        average_correlation([[1.0, bad], [2.0, 3.0]])
    with pytest.raises(ArgumentTypeError, match="returns"):
        average_correlation([1.0, 2.0])
