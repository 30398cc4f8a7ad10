"""Expected returns against their definitions and Jorion's formula."""

import math

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from oracles import covariance as oracle

from nanobook import estimate_covariance, estimate_mean
from nanobook.errors import RangeError, ValidationError
from nanobook.optimize.moments import MEANS, fill_mean, mean_code

RETURNS = np.random.default_rng(4).normal(0.001, 0.02, (50, 6)) * np.arange(1, 7)
NO_MATRIX = np.empty((0, 0))


@pytest.mark.core
def test_agrees_with_pandas():
    frame = pd.DataFrame(RETURNS, columns=list("abcdef"))
    holes = frame.mask(np.random.default_rng(1).random(frame.shape) < 0.2)
    for table in (frame, holes):
        found = estimate_mean(table, missing="pairwise")
        pd.testing.assert_series_equal(found, table.mean(), rtol=1e-13, check_names=False)
        found = estimate_mean(table, "ewma", half_life=11, missing="pairwise")
        expected = table.ewm(halflife=11).mean().iloc[-1]
        pd.testing.assert_series_equal(found, expected, rtol=1e-12, check_names=False)
    found = estimate_mean(holes, missing="complete")
    pd.testing.assert_series_equal(found, holes.dropna().mean(), rtol=1e-13, check_names=False)


@pytest.mark.core
@pytest.mark.parametrize("shape", [(5, 2), (50, 6), (30, 1), (40, 20)])
@pytest.mark.parametrize("scale", [1e-8, 1.0, 1e8])
def test_james_stein_is_jorions(shape, scale):
    returns = np.random.default_rng(shape).normal(0.1, 1.0, shape) * scale
    expected = oracle.bayes_stein(returns.tolist())
    assert_allclose(estimate_mean(returns, "james_stein"), expected, rtol=1e-9, atol=1e-12 * scale)


@pytest.mark.core
def test_james_stein_with_a_covariance_of_ones_own():
    wide = np.random.default_rng(3).normal(0.001, 0.02, (20, 30))
    shrunk = estimate_covariance(wide, "ledoit_wolf")
    expected = oracle.bayes_stein(wide.tolist(), shrunk.matrix)
    assert_allclose(estimate_mean(wide, "james_stein", covariance=shrunk), expected, rtol=1e-11)
    assert_allclose(
        estimate_mean(wide, "james_stein", covariance=shrunk.matrix), expected, rtol=1e-11
    )
    with pytest.raises(ValidationError, match=r"more than N \+ 2 = 32 rows"):
        estimate_mean(wide, "james_stein")
    with pytest.raises(ValidationError, match="positive definite"):
        estimate_mean(wide, "james_stein", covariance=estimate_covariance(wide))


def test_james_stein_lies_between_the_means_and_the_common_one():
    plain, drawn = estimate_mean(RETURNS), estimate_mean(RETURNS, "james_stein")
    assert np.ptp(drawn) < np.ptp(plain)
    equal = np.tile(RETURNS[:, :1], 3) + np.random.default_rng(0).normal(0, 1, (50, 3))
    equal -= equal.mean(axis=0)
    assert_allclose(estimate_mean(equal, "james_stein"), 0.0, atol=1e-15)


def test_a_constant_column_has_its_value():
    returns = RETURNS.copy()
    returns[:, 2] = 0.0123
    assert estimate_mean(returns)[2] == 0.0123
    assert estimate_mean(returns, "ewma", half_life=3)[2] == 0.0123
    with pytest.raises(ValidationError, match="positive definite"):
        estimate_mean(returns, "james_stein")


def test_frames_arrays_and_lists():
    assert isinstance(estimate_mean(RETURNS), np.ndarray)
    assert estimate_mean(RETURNS.tolist()) == estimate_mean(RETURNS).tolist()
    frame = pd.DataFrame(RETURNS, columns=list("abcdef"))
    assert list(estimate_mean(frame, "james_stein").index) == list("abcdef")


@pytest.mark.core
def test_the_kernel_never_raises():
    out = np.empty(6)
    for method in MEANS:
        share = fill_mean(mean_code(method), RETURNS, 5.0, NO_MATRIX, out)
        options = {"half_life": 5.0} if method == "ewma" else {}
        assert_array_equal(out, estimate_mean(RETURNS, method, **options))
        assert (share > 0) == (method == "james_stein")
    code = mean_code("james_stein")
    assert math.isnan(fill_mean(code, RETURNS[:8], 5.0, NO_MATRIX, out))
    assert np.isnan(out).all()
    assert math.isnan(fill_mean(code, RETURNS, 5.0, np.zeros((6, 6)), out))
    assert np.isnan(out).all()


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"method": "median"}, ValidationError, "method must be one of 'historical'"),
        ({"method": "ewma"}, ValidationError, "half_life must be given"),
        ({"half_life": 5}, ValidationError, "only for 'ewma'"),
        ({"method": "ewma", "half_life": -1}, RangeError, "above 0"),
        ({"covariance": np.eye(6)}, ValidationError, "only for 'james_stein'"),
        ({"method": "james_stein", "covariance": np.eye(5)}, ValidationError, "each of 6 assets"),
    ],
)
def test_bad_options_are_refused(options, error, words):
    with pytest.raises(error, match=words):
        estimate_mean(RETURNS, **options)


def test_missing_returns():
    returns = RETURNS.copy()
    returns[3, 1] = np.nan
    with pytest.raises(ValidationError, match="got NaN in row 3"):
        estimate_mean(returns)
    with pytest.raises(ValidationError, match="whole rows"):
        estimate_mean(returns, "james_stein", missing="pairwise")
    returns[:, 1] = np.nan
    with pytest.raises(ValidationError, match="a value for each asset, got none for 1"):
        estimate_mean(returns, missing="pairwise")
