"""The nearest covariance against Higham's example, his algorithm, cvxpy and its definition."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from oracles import covariance as oracle

from nanobook import nearest_covariance
from nanobook.errors import ValidationError

RNG = np.random.default_rng(7)


def broken(size, rng=RNG, scale=True):
    square = rng.uniform(-1, 1, (size, size))
    square = (square + square.T) / 2
    np.fill_diagonal(square, 1.0)
    deviations = rng.uniform(0.005, 0.05, size) if scale else np.ones(size)
    return square * np.outer(deviations, deviations)


def lowest(square):
    return np.linalg.eigvalsh(square)[0] / np.linalg.eigvalsh(square)[-1]


@pytest.mark.core
def test_highams_example():
    """Higham (2002), section 4: the tridiagonal matrix of ones."""
    square = np.array([[1.0, 1.0, 0.0], [1.0, 1.0, 1.0], [0.0, 1.0, 1.0]])
    found, distance = nearest_covariance(square)
    expected = [[1, 0.7607, 0.1573], [0.7607, 1, 0.7607], [0.1573, 0.7607, 1]]
    assert_allclose(found, expected, atol=5e-5)
    assert round(distance, 4) == 0.5278


@pytest.mark.core
@pytest.mark.parametrize("size", [3, 8, 20])
def test_agrees_with_alternating_projections(size):
    square = broken(size, scale=False)
    found, distance = nearest_covariance(square)
    expected = oracle.alternating_projections(square)
    assert_allclose(found, expected, atol=1e-8)
    assert distance == np.linalg.norm(found - square)


def test_agrees_with_cvxpy():
    cvxpy = pytest.importorskip("cvxpy")
    square = broken(6, scale=False)
    x = cvxpy.Variable((6, 6), PSD=True)
    problem = cvxpy.Problem(cvxpy.Minimize(cvxpy.norm(x - square, "fro")), [cvxpy.diag(x) == 1])
    problem.solve(solver=cvxpy.CLARABEL)
    _, distance = nearest_covariance(square)
    assert_allclose(distance, problem.value, rtol=1e-6)


@pytest.mark.parametrize("size", [2, 5, 30, 120])
@pytest.mark.parametrize("scale", [1e-8, 1.0, 1e8])
def test_keeps_variances_and_the_conditions_of_the_nearest(size, scale):
    square = broken(size) * scale**2
    found, distance = nearest_covariance(square)
    assert_array_equal(np.diag(found), np.diag(square))
    assert_array_equal(found, found.T)
    assert lowest(found) > -1e-14
    if distance == 0.0:
        assert_array_equal(found, square)
        return
    # The answer is (square + diag(y))+ for some y: what was added is semidefinite but for y, and
    # nothing where the answer is something.
    d = np.sqrt(np.outer(np.diag(square), np.diag(square)))
    answer, added = found / d, (found - square) / d
    dual = added - np.diag(np.diag(answer @ added))
    assert lowest(dual) > -1e-10
    assert np.abs(answer @ dual).max() < 1e-11


def test_clipping_is_nearer_but_raises_variances():
    square = broken(15)
    found, distance = nearest_covariance(square, "clip")
    values = np.linalg.eigvalsh(square)
    assert_allclose(distance, np.sqrt((values[values < 0] ** 2).sum()), rtol=1e-12)
    assert (np.diag(found) >= np.diag(square)).all()
    assert lowest(found) > -1e-14
    assert distance < nearest_covariance(square)[1]


@pytest.mark.core
def test_what_needs_no_repair_is_left_alone():
    returns = RNG.standard_normal((10, 30)) * 1e-4  # singular, which is no fault
    square = np.cov(returns, rowvar=False)
    for method in ("higham", "clip"):
        found, distance = nearest_covariance(square, method)
        assert_array_equal(found, square)
        assert distance == 0.0
        square[4] = square[:, 4] = 0.0
        assert nearest_covariance(square, method)[1] == 0.0


def test_an_asset_without_variance_covaries_with_none():
    square = broken(5)
    square[2, 2] = 0.0
    found, distance = nearest_covariance(square)
    assert_array_equal(found[2], 0.0)
    assert lowest(found) > -1e-14
    assert distance == np.linalg.norm(found - square)
    rest = [0, 1, 3, 4]
    assert_allclose(found[np.ix_(rest, rest)], nearest_covariance(square[np.ix_(rest, rest)])[0])


def test_permuting_assets_permutes_the_answer():
    square, order = broken(12), RNG.permutation(12)
    found = nearest_covariance(square)[0]
    permuted = nearest_covariance(square[np.ix_(order, order)])[0]
    assert_allclose(permuted, found[np.ix_(order, order)], rtol=1e-9, atol=1e-15)


def test_a_frame_comes_back_as_one():
    frame = pd.DataFrame(broken(4), index=list("abcd"), columns=list("abcd"))
    found, _ = nearest_covariance(frame)
    pd.testing.assert_index_equal(found.columns, frame.columns)
    assert_array_equal(found.to_numpy(), nearest_covariance(frame.to_numpy())[0])


@pytest.mark.parametrize(
    ("square", "method", "words"),
    [
        ([[1.0, 0.5], [0.5, 1.0]], "nearest", "repair must be 'higham' or 'clip'"),
        ([[1.0, 0.5, 0.1], [0.5, 1.0, 0.1]], "clip", "a row and a column for each"),
        ([[1.0, 0.5], [0.4, 1.0]], "clip", "symmetric"),
        ([[1.0, np.nan], [np.nan, 1.0]], "clip", "finite"),
        ([[-1.0, 0.5], [0.5, 1.0]], "clip", "negative variances"),
    ],
)
def test_bad_input_is_refused(square, method, words):
    with pytest.raises(ValidationError, match=words):
        nearest_covariance(square, method)


@pytest.mark.deep
def test_many_random_ones_are_reached():
    rng = np.random.default_rng(1)
    for _ in range(300):
        size = int(rng.integers(2, 60))
        square = broken(size, rng)
        found, _ = nearest_covariance(square)
        assert lowest(found) > -1e-13
        assert_array_equal(np.diag(found), np.diag(square))
