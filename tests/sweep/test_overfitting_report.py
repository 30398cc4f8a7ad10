"""What a sweep says about luck is what `statistics` says of the matrix of its returns."""

import math

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sweep.panels import as_frame

import nanobook as nb
from nanobook.sweep.overfitting import correlation_of_sums

PRICES = as_frame(nb.random_prices(500, 5, seed=9).to_numpy())
OPTIONS = {"cash": 1e6, "lot_size": 0, "costs": 2, "reps": 300, "seed": 3}


def returns_matrix(result):
    return np.column_stack([np.asarray(result.result(n).returns) for n in range(len(result))])


@pytest.fixture(scope="module")
def result():
    grid = {"fast": [3, 5, 8, 12], "slow": [20, 30, 50], "short": [0, 1]}
    return nb.sweep(PRICES, "moving_average_crossover", grid, risk_free=1e-5, **OPTIONS)


@pytest.fixture(scope="module")
def returns(result):
    return returns_matrix(result)


def test_trials_are_worth_what_their_correlation_says(result, returns):
    report = result.overfitting()
    correlations = np.corrcoef(returns.T)
    apart = correlations[np.triu_indices(24, 1)]
    assert report.trials == 24
    assert_allclose(report.average_correlation, apart.mean(), rtol=1e-7)
    assert_allclose(report.average_correlation, nb.average_correlation(returns), rtol=1e-7)
    assert report.effective_trials == nb.effective_trials(24, report.average_correlation)


def test_the_deflated_sharpe_ratio_is_that_of_the_returns(result, returns):
    report = result.overfitting()
    excess = returns - 1e-5
    sharpes = excess.mean(axis=0) / excess.std(axis=0, ddof=1)
    best = int(sharpes.argmax())
    z = (returns[:, best] - returns[:, best].mean()) / returns[:, best].std()
    assert report.best == result._params_of(best)
    assert report.n_obs == 500
    assert report.years == 500 / 252
    assert_allclose(report.sharpe, sharpes[best] * 252**0.5, rtol=1e-10)
    assert_allclose([report.skew, report.kurtosis], [(z**3).mean(), (z**4).mean()], rtol=1e-9)
    trials, variance = report.effective_trials, sharpes.var(ddof=1)
    shape = {"n_obs": 500, "skew": (z**3).mean(), "kurtosis": (z**4).mean()}
    deflated = nb.deflated_sharpe(sharpes[best], n_trials=trials, variance=variance, **shape)
    assert_allclose(report.deflated_sharpe, deflated, rtol=1e-9)
    alone = nb.probabilistic_sharpe(sharpes[best], **shape)
    assert_allclose(report.probabilistic_sharpe, alone, rtol=1e-9)
    luck = nb.expected_maximum_sharpe(trials, variance) * 252**0.5
    assert_allclose(report.expected_maximum_sharpe, luck, rtol=1e-10)
    years = nb.minimum_backtest_length(trials, report.sharpe)
    assert report.minimum_backtest_length == years
    assert report.deflated_sharpe < report.probabilistic_sharpe


def test_the_probability_of_overfitting_is_that_of_the_returns(result, returns):
    ours = result.overfitting().pbo
    theirs = nb.probability_of_overfitting(returns - 1e-5, blocks=16)
    assert ours.probability == theirs.probability == result.overfitting().probability_of_overfitting
    assert ours.probability_of_loss == theirs.probability_of_loss
    assert_array_equal(ours.chosen, theirs.chosen)
    assert_array_equal(ours.logits, theirs.logits)
    assert_array_equal(ours.out_of_sample, theirs.out_of_sample)


def test_superior_ability_is_that_of_the_returns(result, returns):
    report = result.overfitting()
    tested = nb.superior_predictive_ability(returns, 1e-5, reps=300, seed=3)
    assert report.reality_check == tested.reality_check
    assert report.spa_lower == tested.lower
    assert report.spa_consistent == tested.consistent
    assert report.spa_upper == tested.upper
    market = PRICES.pct_change().fillna(0.0).mean(axis=1)
    for benchmark in (market, market.to_numpy(), 0.002):
        grid = {"fast": [3, 5], "slow": [20]}
        swept = nb.sweep(PRICES, "moving_average_crossover", grid, benchmark=benchmark, **OPTIONS)
        tested = nb.superior_predictive_ability(returns_matrix(swept), benchmark, reps=300, seed=3)
        report = swept.overfitting()
        assert report.spa_consistent == tested.consistent
        assert report.reality_check == tested.reality_check


def test_bands_are_those_of_the_best(result, returns):
    report = result.overfitting()
    best = int(result.metrics["sharpe"].argmax())
    bands = nb.bootstrap_bands(returns[:, best] - 1e-5, periods_per_year=252, level=0.9, seed=3)
    assert (report.bands.lower, report.bands.upper) == (bands.lower, bands.upper)
    assert bands.lower < report.sharpe < bands.upper


def test_the_plateau_is_of_neighbours_along_the_axes(result):
    found = result.overfitting().plateau
    assert found.on_grid
    best = result.overfitting().best
    near = []
    for number, params in enumerate(result.params.to_dict("records")):
        steps = [
            abs(axis.index(params[name]) - axis.index(best[name]))
            for name, axis in (
                ("fast", [3, 5, 8, 12]),
                ("slow", [20, 30, 50]),
                ("short", [0, 1]),
            )
        ]
        if sum(steps) == 1:
            near.append(number)
    assert found.neighbours.tolist() == near
    assert found.median == np.median(result.metrics["sharpe"].iloc[near])
    drawn = nb.Grid.random({"fast": nb.Uniform(2, 30, integer=True), "slow": [40]}, 12)
    sampled = nb.sweep(PRICES, "moving_average_crossover", drawn, **OPTIONS)
    assert not sampled.overfitting().plateau.on_grid
    assert nb.sweep(PRICES, [PRICES * 0 + 0.1] * 3, **OPTIONS).overfitting().plateau is None


def test_the_report_shows_itself(result):
    report = result.overfitting()
    assert report is result.overfitting()
    for text in (str(report), repr(report), report.line()):
        assert f"{report.deflated_sharpe:.2f}" in text
    series = report.to_series()
    assert series["probability_of_overfitting"] == report.probability_of_overfitting
    assert series["plateau"] == report.plateau.median_ratio
    assert not series.isna().any()


# ---- cases whose answer is known -----------------------------------------------------------------


def noise(seed, candidates=40, bars=400):
    """Return prices of one asset a candidate, and a stack that holds each alone."""
    rng = np.random.default_rng(seed)
    returns = rng.normal(0, 0.01, (bars, candidates))
    returns -= returns.mean()
    prices = 100 * np.cumprod(1 + returns, axis=0)
    stack = np.zeros((candidates, bars, candidates))
    stack[np.arange(candidates), :, np.arange(candidates)] = 1.0
    return prices, stack


@pytest.mark.deep
def test_pure_noise_is_overfit_half_of_the_time_and_never_significant():
    probabilities, deflated, consistent = [], [], []
    for seed in range(40):
        prices, stack = noise(seed)
        report = nb.sweep(prices, stack, cash=1e6, lot_size=0, reps=200).overfitting()
        probabilities.append(report.probability_of_overfitting)
        deflated.append(report.deflated_sharpe)
        consistent.append(report.spa_consistent)
    # Of 40 draws the mean strays by a few hundredths; twice its standard error is allowed.
    assert abs(np.mean(probabilities) - 0.5) < 2 * np.std(probabilities) / 40**0.5 + 0.02
    assert abs(np.mean(deflated) - 0.5) < 0.15
    assert np.mean(np.array(deflated) > 0.95) <= 0.1
    assert np.mean(np.array(consistent) < 0.05) <= 0.125


def test_one_that_dominates_isnt_overfit():
    prices, stack = noise(0)
    prices[:, 7] *= 1.004 ** np.arange(400)
    report = nb.sweep(prices, stack, cash=1e6, lot_size=0, reps=200).overfitting()
    assert report.best == {"candidate": 7}
    assert report.probability_of_overfitting == 0.0
    assert report.deflated_sharpe > 0.99
    assert report.spa_consistent < 0.01
    assert report.minimum_backtest_length < report.years


def test_candidates_that_dont_move_arent_trials():
    rng = np.random.default_rng(1)
    stack = np.concatenate([np.zeros((3, 500, 5)), rng.dirichlet(np.ones(5), (4, 500))])
    report = nb.sweep(PRICES, stack, **OPTIONS).overfitting()
    assert report.trials == 4
    moving = nb.sweep(PRICES, stack[3:], **OPTIONS).overfitting()
    assert report.deflated_sharpe == moving.deflated_sharpe
    assert report.probability_of_overfitting == moving.probability_of_overfitting
    assert report.average_correlation == moving.average_correlation


def test_returns_that_arent_there_count_for_nothing():
    # Ruined, a candidate has no return until it's solvent again.
    prices = as_frame(np.array([100.0, 100, 400, 10, 400, 10, 12, 9, 11, 30, 30, 20])[:, None])
    stack = np.array([np.full((12, 1), weight) for weight in (-1.0, 0.5, 1.0)])
    result = nb.sweep(prices, stack, cash=1e5, lot_size=0, reps=50)
    returns = returns_matrix(result)
    assert np.isnan(returns).any()
    sums = result._gathered.sums
    assert_array_equal(sums[:, 0].sum(axis=1), (~np.isnan(returns)).sum(axis=0))
    assert_allclose(sums[:, 1].sum(axis=1), np.nansum(returns, axis=0), rtol=1e-12)
    zeros = np.nan_to_num(returns)
    assert_allclose(
        correlation_of_sums(result._gathered.together),
        np.corrcoef(zeros.T)[np.triu_indices(3, 1)].mean(),
        rtol=1e-7,
    )
    assert math.isfinite(result.overfitting().spa_consistent)


@pytest.mark.parametrize("bars", [1, 2, 3, 4, 5, 7, 33])
def test_few_bars_are_told_little_from(bars):
    result = nb.sweep(PRICES[:bars], "equal_weight", {"lag": [0, 1]}, cash=1e6, reps=20)
    assert len(result.metrics) == 2
    assert "candidates=2" in repr(result)
    if bars < 4:
        with pytest.raises(nb.ValidationError, match="nothing was gathered"):
            result.overfitting()
    else:
        report = result.overfitting()
        blocks = min(16, bars // 4 * 2)
        assert report.pbo is None or report.pbo.blocks == blocks
        assert str(report)


def test_what_wasnt_gathered_isnt_told():
    result = nb.sweep(PRICES, "rsi", {"period": [3]}, overfitting=False, cash=1e6)
    with pytest.raises(nb.ValidationError, match="overfitting=True"):
        result.overfitting()


def test_one_candidate_alone_has_no_probability_of_overfitting():
    report = nb.sweep(PRICES, "rsi", {"period": [3]}, **OPTIONS).overfitting()
    assert report.trials == 1
    assert report.pbo is None
    assert math.isnan(report.probability_of_overfitting)
    assert math.isnan(report.average_correlation)
    assert report.effective_trials == 1.0
    assert_allclose(report.deflated_sharpe, report.probabilistic_sharpe, rtol=1e-12)
