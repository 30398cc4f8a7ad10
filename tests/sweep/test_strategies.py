"""The compiled rules against plain ones, what they may see, and when they're asked."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from oracles import sweep_strategies as oracle
from sweep.panels import as_frame, random_parameters, random_prices

from nanobook.sweep import strategies
from nanobook.sweep.windows import WINDOW, slide_prices, slide_returns

NAMES = strategies.__all__
seeds = st.integers(0, 2**32)
RULES = (None, 2, 7, "W", "M")


def assert_like_the_definition(name, seed):
    prices, params = random_prices(seed), random_parameters(name, seed)
    rule = RULES[seed % len(RULES)]
    with np.errstate(all="ignore"):
        expected = getattr(oracle, name)(prices, *params.values())
    frame = as_frame(prices)
    got = getattr(strategies, name).weights(frame, rebalance=rule, **params)
    assert got.index.equals(frame.index)
    assert got.columns.equals(frame.columns)
    decides = ~got.isna().all(axis=1).to_numpy()
    if rule is None:
        assert decides.all()
    assert_allclose(got.to_numpy()[decides], expected[decides], rtol=1e-7, atol=1e-12)


@pytest.mark.core
@pytest.mark.parametrize("name", NAMES)
def test_agrees_with_the_definition(name):
    for seed in range(20):
        assert_like_the_definition(name, seed)


@pytest.mark.deep
@pytest.mark.parametrize("name", NAMES)
def test_agrees_with_the_definition_on_many_panels(name):
    for seed in range(100, 900):
        assert_like_the_definition(name, seed)
