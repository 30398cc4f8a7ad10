"""Weights without a solver: inverse to volatility, and equal."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from optimize.random_covariances import random_returns

from nanobook.errors import ValidationError
from nanobook.optimize import equal_weights, inverse_volatility_weights
from nanobook.optimize.certificate import FIELDS, NOT_FINITE, STATUS, UNBOUNDED
from nanobook.optimize.inverse_volatility import fill_inverse_volatility


@pytest.mark.core
@pytest.mark.parametrize("scale", [1e-8, 1.0, 1e8])
def test_weights_are_inverse_to_volatility(scale):
    returns = random_returns(1, 100, 7) * scale
    expected = 1.0 / returns.std(axis=0, ddof=1)
    found = inverse_volatility_weights(returns)
    assert_allclose(found, expected / expected.sum(), rtol=1e-13)


@pytest.mark.core
@pytest.mark.parametrize("n", [1, 2, 3, 7, 49])
def test_equal_weights(n):
    assert_array_equal(equal_weights(np.zeros((5, n))), np.full(n, 1.0 / n))


def test_what_weights_are_dressed_as():
    frame = pd.DataFrame(random_returns(2, 30, 3), columns=list("xyz"))
    for function, name in (
        (inverse_volatility_weights, "inverse_volatility"),
        (equal_weights, "equal"),
    ):
        array = function(frame.to_numpy())
        assert list(function(frame).index) == list("xyz")
        assert_array_equal(function(frame), array)
        assert function(frame.to_numpy().tolist()) == array.tolist()
        assert function(frame, ["a", "b", "c"]) == dict(zip("abc", array.tolist(), strict=True))
        optimum = function(frame, certificate=True)
        assert (optimum.method, optimum.status) == (name, "computed")
        expected = optimum.weights @ frame.cov() @ optimum.weights
        assert_allclose(optimum.objective, expected, rtol=1e-13)
        assert_array_equal(function(frame[["x"]]), [1.0])


@pytest.mark.core
def test_what_doesnt_vary():
    returns = random_returns(1, 50, 3)
    returns[:, 1] = 0.001
    with pytest.raises(ValidationError, match="must vary"):
        inverse_volatility_weights(returns)
    assert_array_equal(equal_weights(returns), np.full(3, 1.0 / 3.0))
    weights, numbers = np.empty(2), np.empty(FIELDS)
    for value, status in ((0.0, UNBOUNDED), (np.nan, NOT_FINITE), (np.inf, NOT_FINITE)):
        fill_inverse_volatility(np.diag([1.0, value]), weights, numbers)
        assert numbers[STATUS] == status
        assert np.isnan(weights).all()
