"""Black-Litterman against a published example and the formulas by precisions."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from oracles import covariance as oracle

from nanobook import black_litterman, estimate_covariance
from nanobook.errors import RangeError, ValidationError
from nanobook.optimize.inputs import read_problem

# He, Litterman (1999), tables 1 and 2: seven markets' volatilities, weights and correlations.
MARKETS = ["Australia", "Canada", "France", "Germany", "Japan", "UK", "USA"]
VOLATILITIES = np.array([16.0, 20.3, 24.8, 27.1, 21.0, 20.0, 18.7]) / 100
CAPITALS = pd.Series([0.016, 0.022, 0.052, 0.055, 0.116, 0.124, 0.615], index=MARKETS)
BELOW = [
    [0.488],
    [0.478, 0.664],
    [0.515, 0.655, 0.861],
    [0.439, 0.310, 0.355, 0.354],
    [0.512, 0.608, 0.783, 0.777, 0.405],
    [0.491, 0.779, 0.668, 0.653, 0.306, 0.652],
]


def world():
    correlation = np.eye(7)
    for i, row in enumerate(BELOW, 1):
        correlation[i, :i] = correlation[:i, i] = row
    covariance = correlation * np.outer(VOLATILITIES, VOLATILITIES)
    return pd.DataFrame(covariance, index=MARKETS, columns=MARKETS)


def random_problem(assets=6, count=3, seed=0):
    rng = np.random.default_rng(seed)
    covariance = estimate_covariance(rng.normal(0, 0.02, (40, assets))).matrix
    prior, views = rng.normal(0, 0.01, assets), rng.normal(0, 1, (count, assets))
    return covariance, prior, views, rng.normal(0, 0.01, count)


@pytest.mark.core
def test_the_example_of_he_and_litterman():
    """Germany will beat the rest of Europe, by capital, by 5 %: their tables 3 and 4."""
    share = 0.052 / (0.052 + 0.124)
    posterior = black_litterman(
        world(),
        market_weights=CAPITALS,
        views=[{"Germany": 1.0, "France": -share, "UK": share - 1.0}],
        q=[0.05],
    )
    prior = [3.9, 6.9, 8.4, 9.0, 4.3, 6.8, 7.6]
    assert_allclose(posterior.prior * 100, prior, atol=0.051)
    assert_allclose(posterior.mean * 100, [4.3, 7.6, 9.3, 11.0, 4.5, 7.0, 8.1], atol=0.051)
    weights = np.linalg.solve(2.5 * posterior.covariance, posterior.mean)
    assert_allclose(weights * 100, [1.5, 2.1, -4.0, 35.4, 11.0, -9.5, 58.6], atol=0.11)
    # Away from the view's portfolio nothing changes.
    rest = [0, 1, 4, 6]
    assert_allclose(weights[rest], CAPITALS.iloc[rest] / 1.05, rtol=1e-10)


@pytest.mark.core
@pytest.mark.parametrize("seed", range(5))
def test_agrees_with_the_formulas_by_precisions(seed):
    covariance, prior, views, q = random_problem(seed=seed)
    rng = np.random.default_rng(seed + 50)
    root = rng.normal(0, 0.01, (3, 3))
    for omega in (root @ root.T, rng.uniform(1e-5, 1e-3, 3)):
        found = black_litterman(covariance, prior=prior, views=views, q=q, omega=omega, tau=0.1)
        full = omega if omega.ndim == 2 else np.diag(omega)
        mean, posterior = oracle.posterior(covariance, prior, views, q, full, 0.1)
        assert_allclose(found.mean, mean, rtol=1e-8)
        assert_allclose(found.covariance, posterior, rtol=1e-8)
        assert_array_equal(found.covariance, found.covariance.T)


@pytest.mark.core
def test_a_confidence_is_the_share_of_the_way_to_certainty():
    covariance, prior, views, _ = random_problem(count=1)
    options = {"prior": prior, "views": views, "q": 0.05}
    certain = black_litterman(covariance, confidences=1.0, **options)
    assert_allclose(views @ certain.mean, 0.05, rtol=1e-10)
    for share in (0.0, 0.25, 0.5, 0.9):
        found = black_litterman(covariance, confidences=[share], **options)
        assert_allclose(found.mean, prior + share * (certain.mean - prior), rtol=1e-10, atol=1e-15)
    default = black_litterman(covariance, **options)
    assert_array_equal(default.mean, black_litterman(covariance, confidences=0.5, **options).mean)
    silent = black_litterman(covariance, confidences=0.0, **options)
    assert_allclose(silent.covariance, 1.05 * covariance, rtol=1e-14)
    assert_array_equal(silent.omega, [[np.inf]])


def test_views_in_every_shape():
    covariance = world()
    rows = np.zeros((2, 7))
    rows[0, 3], rows[0, 2], rows[1, 4] = 1.0, -1.0, 1.0
    options = {"market_weights": CAPITALS, "confidences": [0.3, 0.8]}
    expected = black_litterman(covariance, views=rows, q=[0.02, 0.1], **options)
    listed = [{"Germany": 1, "France": -1}, {"Japan": 1.0}]
    shuffled = pd.DataFrame(rows, columns=MARKETS, index=["x", "y"])[MARKETS[::-1]]
    q = pd.Series([0.02, 0.1], index=["x", "y"])
    for views, values in ((listed, [0.02, 0.1]), (shuffled, q), (rows.tolist(), (0.02, 0.1))):
        found = black_litterman(covariance, views=views, q=values, **options)
        pd.testing.assert_series_equal(found.mean, expected.mean, rtol=1e-12)
        pd.testing.assert_frame_equal(found.covariance, expected.covariance, rtol=1e-12)
    absolute = {"Japan": 0.1, "UK": 0.02}
    found = black_litterman(
        covariance, market_weights=CAPITALS, views=absolute, confidences={"UK": 0.0, "Japan": 1.0}
    )
    assert_allclose(found.mean["Japan"], 0.1, rtol=1e-12)
    plain = black_litterman(
        covariance.to_numpy(),
        market_weights=CAPITALS.to_numpy(),
        views=rows,
        q=[0.02, 0.1],
        confidences=[0.3, 0.8],
    )
    assert_array_equal(plain.mean, expected.mean.to_numpy())
    assert repr(plain) == "BlackLitterman(7 assets, 2 views)"


def test_an_optimizer_reads_the_posterior():
    covariance = world()
    returns = pd.DataFrame(np.random.default_rng(0).normal(0, 0.02, (30, 7)), columns=MARKETS)
    found = black_litterman(covariance, market_weights=CAPITALS, views={"UK": 0.1})
    problem = read_problem(
        returns, mean=found.mean, covariance=found.covariance, needs=("covariance", "mean")
    )
    assert_array_equal(problem.mean, found.mean)
    assert_array_equal(problem.covariance, found.covariance)
    estimate = estimate_covariance(returns, "oas")
    found = black_litterman(estimate, prior=0.0, views={"UK": 0.1})
    assert list(found.mean.index) == MARKETS


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"prior": None}, ValidationError, "exactly one of market_weights and prior"),
        ({"market_weights": [0.5, 0.5]}, ValidationError, "exactly one of market_weights"),
        ({"prior": [1.0]}, ValidationError, "prior must have a value for each of 2"),
        ({"prior": [np.nan, 1.0]}, ValidationError, "prior must be finite"),
        ({"q": None}, ValidationError, "q must be given"),
        ({"q": [1.0, 2.0]}, ValidationError, "each of 1 views"),
        ({"views": {0: 0.1}}, ValidationError, "q must not be given"),
        ({"views": {7: 0.1}, "q": None}, ValidationError, "assets of the covariance, got 7"),
        ({"views": [{"A": 1.0}]}, ValidationError, "assets of the covariance, got 'A'"),
        ({"views": [[1.0, 0.0, 0.0]]}, ValidationError, "a column for each of 2 assets"),
        ({"views": [[np.nan, 0.0]]}, ValidationError, "views must be finite"),
        ({"views": [[0.0, 0.0]]}, ValidationError, "portfolio without variance"),
        ({"views": [[1, 0], [2, 0]], "confidences": 1}, ValidationError, "contradict"),
        ({"confidences": 1.5}, RangeError, "between 0 and 1"),
        ({"confidences": 0.5, "omega": [1.0]}, ValidationError, "omega must not be given"),
        ({"omega": [-1.0]}, RangeError, "must not be negative"),
        ({"omega": np.eye(2)}, ValidationError, "got shape"),
        ({"tau": 0.0}, RangeError, "tau must be above 0"),
    ],
)
def test_bad_input_is_refused(options, error, words):
    given = {"prior": [0.0, 0.0], "views": [[1.0, -1.0]], "q": 0.1, **options}
    with pytest.raises(error, match=words):
        black_litterman(np.eye(2) * 0.04, **given)
