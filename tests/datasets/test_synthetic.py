"""Random prices: seeded, positive, and as volatile and growing as asked for."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from nanobook.datasets import random_prices
from nanobook.errors import ArgumentTypeError, RangeError, ValidationError


def test_the_same_seed_gives_the_same_prices():
    pd.testing.assert_frame_equal(random_prices(50, 4, seed=3), random_prices(50, 4, seed=3))
    assert not random_prices(50, 4, seed=3).equals(random_prices(50, 4, seed=4))


def test_a_generator_is_a_seed_too():
    expected = random_prices(50, 4, seed=3)
    pd.testing.assert_frame_equal(random_prices(50, 4, seed=np.random.default_rng(3)), expected)


def test_labels_are_business_days_and_numbered_assets():
    prices = random_prices(6, 2)
    assert list(prices.columns) == ["A0", "A1"]
    assert prices.index.name == "date"
    assert np.is_busday(prices.index.to_numpy().astype("M8[D]")).all()
    assert str(prices.index[0].date()) == "2000-01-03"


def test_all_start_at_the_same_price_and_stay_positive():
    prices = random_prices(500, 20, seed=1, volatility=2.0, start=7.0)
    assert_allclose(prices.iloc[0], 7.0)
    assert (prices > 0).all().all()


def test_growth_and_volatility_are_those_asked_for():
    prices = random_prices(2521, 400, seed=1, drift=0.1, volatility=0.3)
    steps = np.diff(np.log(prices.to_numpy()), axis=0)
    # a million steps: the error of their deviation is 0.07 percent of it
    assert_allclose(steps.std() * np.sqrt(252), 0.3, rtol=0.005)
    # the mean log growth of ten years has error 0.3 * sqrt(10) / sqrt(400), a year a tenth of it
    assert_allclose(steps.mean() * 252, np.log(1.1) - 0.045, atol=4 * 0.3 / np.sqrt(4000))


def test_without_volatility_the_price_grows_by_the_drift():
    prices = random_prices(253, 1, drift=0.5, volatility=0.0, start=10.0)
    assert_allclose(prices.iloc[-1, 0], 15.0)


@pytest.mark.parametrize(
    ("arguments", "options", "error"),
    [
        ((0, 1), {}, RangeError),
        ((1, 0), {}, RangeError),
        ((2.5, 1), {}, ArgumentTypeError),
        ((2, 1), {"volatility": -0.1}, RangeError),
        ((2, 1), {"drift": -1.0}, RangeError),
        ((2, 1), {"start": 0.0}, RangeError),
        ((2, 1), {"start": float("inf")}, ValidationError),
    ],
)
def test_what_makes_no_prices_is_refused(arguments, options, error):
    with pytest.raises(error):
        random_prices(*arguments, **options)
