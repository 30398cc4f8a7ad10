"""What every optimizer is given is checked once, and weights come back as the returns came."""

import math

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import nanobook
from nanobook.errors import ArgumentTypeError, ConvergenceError, ValidationError
from nanobook.optimize.certificate import FIELDS, NOT_CONVERGED, STATUS, TOO_FEW, status_word
from nanobook.optimize.inputs import Labels, Problem, read_bounds, read_problem

NAMES = ["A", "B", "C"]


def returns():
    return np.random.default_rng(8).normal(0.001, [0.01, 0.02, 0.03], (60, 3))


# ---- the seed's door ---------------------------------------------------------------------------


@pytest.mark.core
def test_weights_come_back_as_the_returns_came():
    matrix = returns()
    frame = pd.DataFrame(matrix, columns=NAMES)
    array = nanobook.optimize_min_variance(matrix)
    assert type(array) is np.ndarray
    series = nanobook.optimize_min_variance(frame)
    assert isinstance(series, pd.Series)
    assert list(series.index) == NAMES
    rows = nanobook.optimize_min_variance(matrix.tolist())
    assert type(rows) is list
    named = nanobook.optimize_min_variance(matrix.tolist(), NAMES)
    assert type(named) is dict
    assert list(named) == NAMES
    for other in (series.to_numpy(), rows, list(named.values())):
        assert_array_equal(other, array)


@pytest.mark.core
def test_the_originals_calls_work():
    matrix = returns().tolist()
    first = nanobook.optimize_max_sharpe(matrix, NAMES, 0.0)
    assert first == nanobook.optimize_max_sharpe(matrix, NAMES, risk_free=0.0)
    assert first == nanobook.optimize_max_sharpe(matrix, symbols=NAMES, risk_free_rate=0.0)
    assert first == nanobook.py_optimize_max_sharpe(returns_matrix=matrix, symbols=NAMES)
    assert nanobook.optimize_cvar(matrix, NAMES, 0.9) == nanobook.optimize_cvar(
        returns_matrix=matrix, symbols=NAMES, alpha=0.9
    )
    assert nanobook.optimize_min_variance([[0.01], [0.02]], ["A"]) == {"A": 1.0}


def test_blank_symbols_dont_count_and_the_last_of_two_alike_stays():
    matrix = returns().tolist()
    weights = nanobook.optimize_min_variance(matrix, ["A", " ", "B", "", "C"])
    assert list(weights) == NAMES
    twice = nanobook.optimize_min_variance(matrix, ["A", "B", "A"])
    assert twice == {"A": weights["C"], "B": weights["B"]}
    with pytest.raises(ValidationError, match="symbols must name each of 3 columns, got 2"):
        nanobook.optimize_min_variance(matrix, ["A", "B", " "])
    with pytest.raises(ArgumentTypeError, match="sequence of strings"):
        nanobook.optimize_min_variance(matrix, "ABC")


def test_an_argument_by_two_names_is_refused():
    with pytest.raises(TypeError, match="got 'risk_free' twice, once as 'risk_free_rate'"):
        nanobook.optimize_max_sharpe(returns(), risk_free=0.0, risk_free_rate=0.0)
    with pytest.raises(TypeError, match="got 'returns' twice"):
        nanobook.optimize_min_variance(returns(), returns_matrix=returns())


# ---- moments that are given --------------------------------------------------------------------


def test_a_covariance_stands_in_for_returns():
    covariance = np.cov(returns(), rowvar=False)
    frame = pd.DataFrame(covariance, NAMES, NAMES)
    ours = nanobook.optimize_min_variance(returns())
    assert_allclose(nanobook.optimize_min_variance(None, covariance=covariance), ours, atol=1e-12)
    series = nanobook.optimize_min_variance(None, covariance=frame)
    assert list(series.index) == NAMES
    estimate = nanobook.estimate_covariance(returns())
    assert_allclose(nanobook.optimize_min_variance(None, covariance=estimate), ours, atol=1e-12)


class Forecaster:
    def covariance_forecast(self, horizon):
        assert horizon == 1
        return np.diag([1.0, 2.0, 4.0])


def test_a_model_that_forecasts_is_asked_for_the_next_period():
    weights = nanobook.optimize_min_variance(None, covariance=Forecaster())
    assert_allclose(weights, np.array([4.0, 2.0, 1.0]) / 7.0)


@pytest.mark.parametrize(
    ("covariance", "message"),
    [
        ([[1.0, 2.0], [2.0, 1.0]], "positive semidefinite, but its least eigenvalue is -"),
        ([[1.0, 0.5], [0.2, 1.0]], "symmetric, but is off by up to 0.3"),
        ([[1.0, 0.0], [0.0, math.nan]], "covariance must be finite, got nan"),
        ([[1.0, 0.0], [0.0, -1.0]], "must not have negative variances, got -1"),
        ([[1.0, 0.0]], "a row and a column for each of 2 assets"),
        ("samples", "returns must be given"),
    ],
    ids=str,
)
def test_a_covariance_that_cant_be_one_is_refused(covariance, message):
    with pytest.raises(ValidationError, match=message):
        nanobook.optimize_min_variance(None, covariance=covariance)


def test_a_singular_covariance_is_one():
    loadings = np.random.default_rng(1).normal(size=(6, 2))
    for scale in (1e-8, 1.0, 1e8):
        optimum = nanobook.optimize_min_variance(
            None, covariance=scale * loadings @ loadings.T, certificate=True
        )
        assert optimum.status == "optimal"
    assert nanobook.optimize_min_variance(None, covariance=np.zeros((2, 2))).sum() == 1.0


def test_columns_of_a_covariance_must_be_those_of_the_returns():
    frame = pd.DataFrame(returns(), columns=NAMES)
    swapped = frame.cov().loc[["B", "A", "C"], ["B", "A", "C"]]
    with pytest.raises(ValidationError, match="columns of returns, in their order"):
        nanobook.optimize_min_variance(frame, covariance=swapped)


def test_numbers_that_nothing_reads_are_refused():
    with pytest.raises(ValidationError, match="half_life must be given only where"):
        nanobook.optimize_min_variance(returns(), half_life=20.0)
    with pytest.raises(ValidationError, match="shrinkage must be given only"):
        nanobook.optimize_min_variance(returns(), covariance=np.eye(3), shrinkage=0.5)


def test_gaps_do_what_they_are_told_to():
    gaps = returns()
    gaps[5, 1] = math.nan
    with pytest.raises(ValidationError, match="got NaN in row 5 of 1; missing='complete'"):
        nanobook.optimize_min_variance(gaps)
    optimum = nanobook.optimize_min_variance(gaps, missing="complete", certificate=True)
    assert optimum.notes["rows_dropped"] == 1
    assert_array_equal(optimum.weights, nanobook.optimize_min_variance(np.delete(gaps, 5, axis=0)))
    pairs = nanobook.optimize_min_variance(gaps, missing="pairwise", certificate=True)
    assert pairs.status == "optimal"
    assert pairs.notes["values_missing"] == 1


# ---- bounds ------------------------------------------------------------------------------------


def test_bounds_are_read_by_name():
    labels = Labels(3, NAMES, "series")
    lower, upper = read_bounds(labels, {"C": 0.1, "A": 0.0, "B": 0.2}, pd.Series(0.6, NAMES))
    assert lower.tolist() == [0.0, 0.2, 0.1]
    assert upper.tolist() == [0.6, 0.6, 0.6]


@pytest.mark.parametrize(
    ("lower", "upper", "message"),
    [
        (0.5, 1.0, "lower must leave room to add up to 1, but adds up to 1.5"),
        (0.0, 0.3, "upper must let weights add up to 1"),
        ([0.0, 0.7, 0.0], 0.6, "lower must not be above upper, got 0.7 above 0.6 for 'B'"),
        (0.0, [1.0, math.inf, 1.0], "upper must be finite, got inf"),
        ({"A": 0.1}, 1.0, "lower must have a value for each asset, but 'B', 'C' is missing"),
        ({"A": 0, "B": 0, "C": 0, "D": 0}, 1.0, "'D' isn't one"),
        ([0.0, 0.1], 1.0, "lower must have a value for each of 3 assets, got 2"),
    ],
    ids=str,
)
def test_bounds_that_no_weights_keep_are_refused(lower, upper, message):
    with pytest.raises(ValidationError, match=message):
        read_bounds(Labels(3, NAMES, "series"), lower, upper)


# ---- what comes out ----------------------------------------------------------------------------


def test_an_optimum_knows_what_it_is():
    frame = pd.DataFrame(returns(), columns=NAMES)
    optimum = nanobook.optimize_max_sharpe(frame, certificate=True)
    weights = optimum.weights.to_numpy()
    mean, covariance = frame.mean().to_numpy(), frame.cov().to_numpy()
    assert optimum.expected_return == pytest.approx(weights @ mean, rel=1e-12)
    assert optimum.volatility == pytest.approx(math.sqrt(weights @ covariance @ weights), rel=1e-12)
    assert optimum.objective == pytest.approx(optimum.expected_return / optimum.volatility)
    assert optimum.risk_contributions().sum() == pytest.approx(1.0)
    assert optimum.kkt_residual < 1e-12
    assert optimum.condition_number >= 1.0
    assert "max_sharpe: optimal" in repr(optimum)
    with pytest.raises(ValidationError, match="risk_contributions needs a covariance"):
        nanobook.optimize_cvar(frame, certificate=True).risk_contributions()


def test_a_solve_that_failed_never_gives_bare_weights():
    problem = read_problem(returns())
    numbers = np.full(FIELDS, math.nan)
    numbers[STATUS], numbers[4] = NOT_CONVERGED, 7
    failed = problem.answer("min_variance", np.full(3, math.nan), numbers, True)
    assert failed.status == "not converged"
    with pytest.raises(ConvergenceError, match="ended as 'not converged' after 7 iterations"):
        problem.answer("min_variance", np.full(3, math.nan), numbers, False)
    assert isinstance(problem, Problem)
    assert status_word(TOO_FEW) == "too few returns"
