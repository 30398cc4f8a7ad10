"""Covariance estimates against the papers' formulas, scikit-learn and pandas."""

import math

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from oracles import covariance as oracle

from nanobook import dcc_fit, estimate_covariance
from nanobook.errors import ArgumentTypeError, RangeError, ValidationError
from nanobook.optimize.blas import one_blas_thread
from nanobook.optimize.denoise import noise_variance
from nanobook.optimize.estimators import COVARIANCES, covariance_code, fill_covariance
from nanobook.optimize.inputs import read_problem
from nanobook.optimize.nonlinear import shrink_eigenvalues

LINEAR = ("ledoit_wolf", "oas", "constant_correlation", "ledoit_wolf_single_factor")
SHAPES = [(2, 2), (2, 5), (12, 3), (40, 8), (9, 20), (60, 33)]
HALF_LIFE = {"ewma": 7.5}


def draw(periods, assets, seed=0, scale=0.01):
    """Return correlated, skewed returns of different sizes around different means."""
    rng = np.random.default_rng([seed, periods, assets])
    market = rng.standard_normal((periods, 1))
    own = rng.gamma(2.0, 1.0, (periods, assets)) - 2.0
    sizes = rng.uniform(0.5, 2.0, assets)
    return scale * (sizes * (0.7 * market + own) + rng.normal(0, 0.3, assets))


def estimate(returns, method, **options):
    return estimate_covariance(returns, method, half_life=HALF_LIFE.get(method), **options)


def lowest(square):
    values = np.linalg.eigvalsh(square)
    return values[0] / values[-1]


def close(found, expected, rtol=1e-13):
    """Compare relative to the largest element: what's left of a cancelled one is rounding."""
    assert_allclose(found, expected, rtol=0, atol=rtol * np.abs(expected).max())


# ---- against the definitions -----------------------------------------------------------------


@pytest.mark.core
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("method", COVARIANCES)
def test_agrees_with_the_formulas(method, shape):
    returns = draw(*shape)
    found = estimate(returns, method)
    rows = returns.tolist()
    share = found.shrinkage
    if method == "ewma":
        expected = oracle.ewma(rows, HALF_LIFE["ewma"])
    elif method == "denoised":
        expected, kept = oracle.denoised(rows, found.notes["noise_variance"])
        assert kept == found.notes["eigenvalues_kept"]
    elif method in LINEAR:
        expected, share = getattr(oracle, method)(rows)
        assert_allclose(found.shrinkage, share, rtol=1e-11, atol=1e-12)
    else:
        expected = getattr(oracle, method)(rows)
    close(found.matrix, np.array(expected), 1e-11 if method == "nonlinear" else 1e-12)
    assert_array_equal(found.matrix, found.matrix.T)
    assert lowest(found.matrix) > -1e-13
    assert found.nobs == shape[0]
    assert found.repair_distance == 0.0


@pytest.mark.parametrize("shape", [(30, 1), (12, 3), (50, 20), (20, 50), (400, 60)])
@pytest.mark.parametrize("scale", [1e-8, 1.0, 1e8])
def test_agrees_with_scikit_learn(shape, scale):
    sklearn = pytest.importorskip("sklearn.covariance")
    returns = draw(*shape, scale=scale)
    for method, peer in (("ledoit_wolf", sklearn.ledoit_wolf), ("oas", sklearn.oas)):
        expected, share = peer(returns)
        found = estimate_covariance(returns, method)
        close(found.matrix, expected, 1e-14)
        assert_allclose(found.shrinkage, share, rtol=1e-13)


@pytest.mark.core
def test_agrees_with_pandas():
    frame = pd.DataFrame(draw(80, 7), columns=list("abcdefg"))
    holes = frame.mask(np.random.default_rng(1).random(frame.shape) < 0.2)
    for table in (frame, holes):
        found = estimate_covariance(table, missing="pairwise")
        pd.testing.assert_frame_equal(found.matrix, table.cov(), rtol=1e-12, atol=1e-18)
        found = estimate_covariance(table, "ewma", half_life=20, missing="pairwise")
        expected = table.ewm(halflife=20).cov().loc[79]
        pd.testing.assert_frame_equal(found.matrix, expected, rtol=1e-12, atol=1e-18)


def test_the_sample_is_numpys_also_far_from_zero():
    returns = draw(300, 40)
    close(estimate_covariance(returns).matrix, np.cov(returns, rowvar=False), 1e-14)
    shifted = returns + 1e4
    expected = np.cov(shifted - shifted[0], rowvar=False)
    close(estimate_covariance(shifted).matrix, expected, 1e-14)


@pytest.mark.parametrize("scale", [1e-8, 1e8])
@pytest.mark.parametrize("method", COVARIANCES)
def test_a_change_of_scale_changes_the_scale(method, scale):
    returns = draw(50, 12)
    expected = estimate(returns, method)
    found = estimate(returns * scale, method)
    close(found.matrix / scale**2, expected.matrix, 1e-9 if method == "denoised" else 1e-11)
    if expected.shrinkage is not None:
        assert_allclose(found.shrinkage, expected.shrinkage, rtol=1e-10)


@pytest.mark.parametrize("method", COVARIANCES)
def test_permuting_assets_permutes_the_matrix(method):
    returns, order = draw(40, 10), np.random.default_rng(3).permutation(10)
    expected = estimate(returns, method).matrix[np.ix_(order, order)]
    found = estimate(np.ascontiguousarray(returns[:, order]), method).matrix
    close(found, expected, 1e-9 if method == "denoised" else 1e-11)


# ---- edges -----------------------------------------------------------------------------------


@pytest.mark.core
@pytest.mark.parametrize("method", COVARIANCES)
def test_one_asset_has_its_variance(method):
    returns = draw(20, 1)
    found = estimate(returns, method)
    expected = oracle.ewma(returns.tolist(), 7.5)[0][0] if method == "ewma" else returns.var(ddof=1)
    if method in LINEAR:
        expected *= 19 / 20
    assert found.matrix.shape == (1, 1)
    assert_allclose(found.matrix[0, 0], expected, rtol=1e-13)


@pytest.mark.core
@pytest.mark.parametrize("method", COVARIANCES)
def test_constant_duplicated_and_zero_assets(method):
    returns = draw(30, 6)
    returns[:, 1] = 0.0123  # sums of it don't give 30 times that
    returns[:, 3] = returns[:, 2]
    found = estimate(returns, method).matrix
    assert np.isfinite(found).all()
    assert lowest(found) > -1e-13
    if method not in ("ledoit_wolf", "oas", "nonlinear"):
        assert_array_equal(found[1], 0.0)
    nothing = estimate(np.zeros((30, 6)), method).matrix
    assert_array_equal(nothing, 0.0)


@pytest.mark.parametrize("method", COVARIANCES)
def test_two_rows_are_enough(method):
    found = estimate(draw(2, 4), method).matrix
    assert np.isfinite(found).all()
    assert lowest(found) > -1e-13


def test_fewer_rows_than_assets_become_invertible():
    returns = draw(30, 60)
    assert estimate_covariance(returns).condition_number == math.inf
    for method in ("ledoit_wolf", "oas", "nonlinear", "denoised", "single_factor"):
        assert estimate_covariance(returns, method).condition_number < 1e4
    found = estimate_covariance(returns, "ledoit_wolf")
    assert_allclose(found.condition_number, np.linalg.cond(found.matrix), rtol=1e-9)


def test_nonlinear_shrinkage_comes_nearer_to_the_truth():
    rng = np.random.default_rng(5)
    size = 100
    truth = np.where(np.arange(size) < 20, 1.0, np.where(np.arange(size) < 60, 3.0, 10.0))
    rotation = np.linalg.qr(rng.standard_normal((size, size)))[0]
    covariance = rotation @ np.diag(truth) @ rotation.T
    for periods in (60, 300):
        returns = rng.standard_normal((periods, size)) @ (rotation * np.sqrt(truth)).T
        losses = {
            method: np.linalg.norm(estimate_covariance(returns, method).matrix - covariance)
            for method in ("sample", "ledoit_wolf", "nonlinear")
        }
        assert losses["ledoit_wolf"] < losses["sample"]
        assert losses["nonlinear"] < (0.9 if periods == 300 else 1.05) * losses["ledoit_wolf"]


@pytest.mark.parametrize("shape", [(100, 40), (60, 60), (61, 60), (30, 50), (500, 20)])
def test_the_noise_fits_at_least_as_well_as_a_solver_from_the_middle(shape):
    from scipy.optimize import minimize

    returns = draw(*shape)
    values = np.maximum(np.linalg.eigvalsh(np.corrcoef(returns, rowvar=False)), 0.0)
    ratio = shape[0] / shape[1]
    found = noise_variance(values, ratio)
    misfit = oracle.noise_misfit(values, found, ratio)
    bounds = [(1e-5, 1 - 1e-5)]
    peer = minimize(lambda v: oracle.noise_misfit(values, float(v[0]), ratio), 0.5, bounds=bounds)
    assert misfit <= peer.fun * (1 + 1e-7)
    for nearby in (found * 0.999, min(found * 1.001, 1 - 1e-5)):
        assert misfit <= oracle.noise_misfit(values, nearby, ratio) * (1 + 1e-7)


@pytest.mark.core
def test_eigenvalues_follow_the_formulas():
    rng = np.random.default_rng(2)
    for assets, freedom in ((5, 40), (20, 20), (20, 19), (7, 3), (4, 1)):
        values = np.sort(rng.gamma(1.0, 1.0, assets))
        values[: max(0, assets - freedom)] = 0.0
        expected = oracle.nonlinear_eigenvalues(values.tolist(), freedom)
        shrink_eigenvalues(values, np.int64(freedom))
        assert_allclose(values, expected, rtol=1e-11)


# ---- options ---------------------------------------------------------------------------------


@pytest.mark.core
def test_a_fixed_intensity_blends_sample_and_target():
    returns = draw(25, 6)
    population = oracle.covariance(returns.tolist(), 25)
    for method in LINEAR:
        none, whole = (estimate_covariance(returns, method, shrinkage=s).matrix for s in (0, 1))
        part = estimate_covariance(returns, method, shrinkage=0.3)
        close(none, np.array(population), 1e-14)
        close(part.matrix, 0.7 * none + 0.3 * whole, 1e-14)
        assert part.shrinkage == 0.3
    s, f = (estimate_covariance(returns, m).matrix for m in ("sample", "single_factor"))
    part = estimate_covariance(returns, "single_factor", shrinkage=0.3).matrix
    close(part, 0.7 * s + 0.3 * f, 1e-14)


@pytest.mark.parametrize("share", [0.0, 0.4, 1.0])
def test_targeted_shrinkage_of_the_noise(share):
    returns = draw(40, 12)
    found = estimate_covariance(returns, "denoised", shrinkage=share)
    expected, _ = oracle.denoised(returns.tolist(), found.notes["noise_variance"], share)
    close(found.matrix, expected, 1e-12)
    assert_allclose(np.diag(found.matrix), returns.var(axis=0, ddof=1), rtol=1e-12)


@pytest.mark.core
def test_a_factor_of_ones_own():
    returns = pd.DataFrame(draw(40, 5), index=pd.RangeIndex(100, 140))
    factor = pd.Series(draw(40, 1, seed=9)[:, 0], index=returns.index)
    rows, market = returns.to_numpy().tolist(), factor.tolist()
    found = estimate_covariance(returns, "single_factor", factor=factor)
    close(found.matrix.to_numpy(), np.array(oracle.single_factor(rows, market)), 1e-13)
    found = estimate_covariance(returns, "ledoit_wolf_single_factor", factor=factor)
    expected, share = oracle.ledoit_wolf_single_factor(rows, market)
    close(found.matrix.to_numpy(), np.array(expected), 1e-12)
    assert_allclose(found.shrinkage, share, rtol=1e-11)
    factor.iloc[3], returns.iloc[7, 2] = np.nan, np.nan
    found = estimate_covariance(returns, "single_factor", factor=factor, missing="complete")
    keep = np.delete(np.arange(40), [3, 7])
    expected = estimate_covariance(
        returns.iloc[keep], "single_factor", factor=factor.iloc[keep]
    ).matrix
    pd.testing.assert_frame_equal(found.matrix, expected)
    assert found.notes["rows_dropped"] == 2
    with pytest.raises(ValidationError, match="factor must be finite, got NaN in row 3"):
        estimate_covariance(returns.fillna(0.0), "single_factor", factor=factor)
    with pytest.raises(ValidationError, match="index of returns"):
        estimate_covariance(returns, "single_factor", factor=factor.reset_index(drop=True))
    constant = estimate_covariance(returns.dropna(), "single_factor", factor=np.ones(39)).matrix
    close(constant.to_numpy(), np.diag(returns.dropna().var()))


# ---- what's missing --------------------------------------------------------------------------


def holed(periods=60, assets=8, share=0.15):
    returns = draw(periods, assets)
    returns[np.random.default_rng(8).random(returns.shape) < share] = np.nan
    return returns


@pytest.mark.parametrize("method", COVARIANCES)
def test_complete_rows_are_the_rows_that_are_complete(method):
    returns = holed()
    whole = returns[~np.isnan(returns).any(axis=1)]
    found, expected = estimate(returns, method, missing="complete"), estimate(whole, method)
    assert_array_equal(found.matrix, expected.matrix)
    assert found.nobs == len(whole)
    assert found.notes["rows_dropped"] == 60 - len(whole)
    with pytest.raises(ValidationError, match="returns must be finite, got NaN"):
        estimate(returns, method)


def test_pairs_that_dont_fit_are_repaired():
    returns = holed(12, 10, 0.3)
    plain = pd.DataFrame(returns).cov().to_numpy()
    assert lowest(plain) < -0.01
    for repair in ("higham", "clip"):
        found = estimate_covariance(returns, missing="pairwise", repair=repair)
        assert lowest(found.matrix) > -1e-13
        assert_allclose(found.repair_distance, np.linalg.norm(found.matrix - plain), rtol=1e-9)
        assert found.notes["repair_distance"] == found.repair_distance > 0
        assert found.notes["values_missing"] == np.isnan(returns).sum()
        there = (~np.isnan(returns)).astype(int)
        assert found.nobs == (there.T @ there).min()
    assert "repair_distance" in repr(found)


@pytest.mark.parametrize("method", ["ledoit_wolf", "oas", "constant_correlation"])
def test_pairs_can_be_shrunk_by_a_fixed_share(method):
    returns = holed()
    found = estimate_covariance(returns, method, shrinkage=0.5, missing="pairwise")
    sample = pd.DataFrame(returns).cov().to_numpy()
    assert found.shrinkage == 0.5
    if method != "constant_correlation":
        close(found.matrix, 0.5 * sample + 0.5 * np.eye(8) * np.trace(sample) / 8)
    with pytest.raises(ValidationError, match="whole rows"):
        estimate_covariance(returns, method, missing="pairwise")


def test_pairs_without_rows_in_common():
    returns = draw(10, 3)
    returns[:5, 0], returns[5:, 1] = np.nan, np.nan
    with pytest.raises(ValidationError, match="at least two rows in which neither"):
        estimate_covariance(returns, missing="pairwise")


# ---- doors -----------------------------------------------------------------------------------


@pytest.mark.core
@pytest.mark.parametrize("method", COVARIANCES)
def test_the_kernel_for_loops_gives_the_same_bits(method):
    returns = draw(33, 9)
    mean, out = np.empty(9), np.empty((9, 9))
    half_life = HALF_LIFE.get(method, math.nan)
    share = fill_covariance(covariance_code(method), returns, half_life, math.nan, mean, out)
    expected = estimate(returns, method)
    assert_array_equal(out, expected.matrix)
    if method in LINEAR:
        assert share == expected.shrinkage
    if method == "ewma":
        frame = pd.DataFrame(returns).ewm(halflife=7.5).mean()
        assert_allclose(mean, frame.iloc[-1], rtol=1e-12)
    else:
        assert_allclose(mean, returns.mean(axis=0), rtol=1e-12)


@pytest.mark.core
def test_the_kernel_for_loops_never_raises():
    mean, out = np.empty(3), np.empty((3, 3))
    returns = draw(20, 3)
    for code in range(len(COVARIANCES)):
        fill_covariance(np.int64(code), returns[:1], 5.0, math.nan, mean, out)
        assert np.isnan(out).all()
        broken = returns.copy()
        broken[4, 1] = math.inf
        fill_covariance(np.int64(code), broken, 5.0, math.nan, mean, out)
        assert np.isnan(out).any()


def test_frames_arrays_and_lists():
    returns = draw(15, 3)
    frame = pd.DataFrame(returns, columns=["x", "y", "z"])
    found = estimate_covariance(frame, "oas").matrix
    assert list(found.index) == list(found.columns) == ["x", "y", "z"]
    assert_array_equal(found.to_numpy(), estimate_covariance(returns, "oas").matrix)
    assert_array_equal(found.to_numpy(), estimate_covariance(returns.tolist(), "oas").matrix)
    assert_array_equal(
        found.to_numpy(), estimate_covariance(np.asfortranarray(returns), "oas").matrix
    )


def test_the_returns_are_left_as_they_were():
    returns = holed()
    before = returns.copy()
    estimate_covariance(returns, missing="pairwise")
    estimate_covariance(returns, "denoised", missing="complete")
    assert_array_equal(returns, before)


def test_an_optimizer_reads_estimates():
    returns = draw(40, 4)
    found = estimate_covariance(returns, "constant_correlation")
    problem = read_problem(returns, covariance="constant_correlation")
    assert_array_equal(problem.covariance, found.matrix)
    assert problem.notes["shrinkage"] == found.shrinkage
    assert_array_equal(read_problem(returns, covariance=found).covariance, found.matrix)
    problem = read_problem(returns, covariance="ewma", half_life=9, mean="ewma", needs=("mean",))
    assert_allclose(problem.mean, pd.DataFrame(returns).ewm(halflife=9).mean().iloc[-1], rtol=1e-12)
    problem = read_problem(holed(), missing="pairwise", needs=("covariance", "mean"))
    assert_allclose(problem.mean, np.nanmean(holed(), axis=0), rtol=1e-12)
    for options in ({"half_life": 9.0}, {"half_life": 9.0, "mean": "ewma"}):
        with pytest.raises(ValidationError, match="half_life must be given only where"):
            read_problem(returns, **options)
    with pytest.raises(ValidationError, match="shrinkage must be given only where"):
        read_problem(returns, covariance=found, shrinkage=0.5)


class Forecast:
    def __init__(self, matrix):
        self._matrix = matrix

    def covariance_forecast(self, horizon):
        assert horizon == 1
        return self._matrix


def test_an_optimizer_reads_a_forecast():
    frame = pd.DataFrame(draw(30, 3), columns=["x", "y", "z"])
    problem = read_problem(frame, covariance=Forecast(frame.cov()))
    assert_allclose(problem.covariance, frame.cov(), rtol=1e-15)


@pytest.mark.deep
def test_an_optimizer_reads_the_forecast_of_dcc():
    from nanobook import garch_fit

    frame = pd.DataFrame(draw(300, 3, scale=1.0), columns=["x", "y", "z"])
    fitted = dcc_fit(garch_fit(frame))
    problem = read_problem(frame, covariance=fitted)
    assert_allclose(problem.covariance, fitted.covariance_forecast(1), rtol=1e-12)


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"method": "shrunk"}, ValidationError, "method must be one of 'sample', 'ewma'"),
        ({"method": "ewma"}, ValidationError, "half_life must be given"),
        ({"half_life": 5}, ValidationError, "only for 'ewma'"),
        ({"method": "ewma", "half_life": 0}, RangeError, "above 0"),
        ({"method": "ewma", "half_life": 1e-4}, ValidationError, "half-life long enough"),
        ({"method": "ewma", "half_life": "5"}, ArgumentTypeError, "half_life must be a number"),
        ({"shrinkage": 0.5}, ValidationError, "no target"),
        ({"method": "nonlinear", "shrinkage": 0.5}, ValidationError, "no target"),
        ({"method": "oas", "shrinkage": 1.5}, RangeError, "between 0 and 1"),
        ({"method": "oas", "shrinkage": math.nan}, ValidationError, "shrinkage must be finite"),
        ({"method": "oas", "factor": [1.0] * 10}, ValidationError, "only for a factor model"),
        ({"method": "single_factor", "factor": [1.0]}, ValidationError, "each of 10 rows"),
        ({"missing": "drop"}, ValidationError, "missing must be"),
        ({"repair": "nearest"}, ValidationError, "repair must be"),
    ],
)
def test_bad_options_are_refused(options, error, words):
    with pytest.raises(error, match=words):
        estimate_covariance(draw(10, 3), **options)


@pytest.mark.parametrize(
    ("returns", "words"),
    [
        ([[0.1, 0.2]], "at least two complete rows"),
        ([[0.1], [math.inf]], "finite"),
        ([[1e200, 0.0], [0.0, 1e200]], "a size that can be squared"),
        (np.empty((5, 0)), "at least one column"),
    ],
)
def test_bad_returns_are_refused(returns, words):
    with pytest.raises(ValidationError, match=words):
        estimate_covariance(returns)


@pytest.mark.deep
def test_lanes_of_a_parallel_kernel_give_the_same_bits():
    import numba

    @numba.njit(parallel=True)
    def roll(method, returns, window, out):
        for k in numba.prange(out.shape[0]):
            i = np.int64(k)
            mean = np.empty(returns.shape[1])
            rows = returns[i : i + window]
            fill_covariance(method, rows, 7.5, np.nan, mean, out[i])

    returns = draw(120, 12)
    for code, method in enumerate(COVARIANCES):
        out = np.empty((81, 12, 12))
        with one_blas_thread():
            roll(np.int64(code), returns, 40, out)
        for i in (0, 33, 80):
            rows = np.ascontiguousarray(returns[i : i + 40])
            assert_array_equal(out[i], estimate(rows, method).matrix)


@pytest.mark.deep
def test_many_random_ones_agree_with_the_formulas():
    rng = np.random.default_rng(11)
    for seed in range(40):
        shape = int(rng.integers(2, 60)), int(rng.integers(2, 25))
        returns = draw(*shape, seed=seed, scale=10.0 ** rng.uniform(-8, 8))
        rows = returns.tolist()
        for method in LINEAR:
            close(
                estimate_covariance(returns, method).matrix,
                np.array(getattr(oracle, method)(rows)[0]),
                1e-11,
            )
        close(estimate_covariance(returns, "nonlinear").matrix, oracle.nonlinear(rows), 1e-9)
