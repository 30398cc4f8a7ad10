"""The kernels' likelihood against the definition, and its gradient against differences."""

import itertools

import numpy as np
import pytest
from numpy.testing import assert_allclose
from oracles import volatility as oracle

from nanobook.volatility.filtering import filter_variances
from nanobook.volatility.layout import (
    count_parameters,
    first_beta,
    first_gamma,
    from_units,
    make_layout,
    parameter_names,
    to_units,
)
from nanobook.volatility.likelihood import likelihood
from nanobook.volatility.likelihood_11 import egarch_likelihood_11, likelihood_11
from nanobook.volatility.student import log_constant, log_constant_slope

MODELS = ("GARCH", "GJR", "EGARCH")
CASES = [
    *itertools.product(MODELS, [1], [1], ["constant"], ["normal", "t"], ["arch", "ssr"]),
    *itertools.product(MODELS, [2], [2], ["ar1"], ["t"], ["arch", "ssr"]),
    *itertools.product(MODELS, [1], [1], ["zero"], ["normal"], ["ssr"]),
    ("GARCH", 3, 0, "constant", "normal", "arch"),
    ("EGARCH", 1, 2, "zero", "t", "arch"),
]
SHORT = [case for case in CASES if case[:4] == (case[0], 1, 1, case[3])]
SHORT = [case for case in SHORT if case[3] != "ar1"]


def setup(model, p, q, mean, dist, backcast, periods=80):
    """Return a layout, its parameters as vector and as the oracle's dict, and returns."""
    layout = make_layout(model, p, q, mean, dist, backcast, False)
    generator = np.random.default_rng(periods + p + q)
    count, omega = int(count_parameters(layout)), int(layout[3])
    gammas, betas = int(first_gamma(layout)), int(first_beta(layout))
    x = np.empty(count)
    x[:omega] = [0.07, -0.1][:omega]
    x[omega] = -0.05 if model == "EGARCH" else 0.1
    x[omega + 1 : gammas] = generator.uniform(0.03, 0.1, p)
    x[gammas:betas] = generator.uniform(0.05, 0.2, betas - gammas)
    x[betas : betas + q] = generator.uniform(0.2, 0.4, q)
    if dist == "t":
        x[-1] = 1.0 / 6.5
    named = to_units(layout, x, 1.0)
    params = {
        "mean": list(named[:omega]),
        "omega": named[omega],
        "alpha": list(named[omega + 1 : gammas]),
        "gamma": list(named[gammas:betas]),
        "beta": list(named[betas : betas + q]),
        "nu": named[-1] if dist == "t" else None,
    }
    return layout, x, params, generator.standard_t(5, periods)


def evaluate(layout, y, x, presample, keep_scores=False):
    """Return the log-likelihood, the gradient, and the scores."""
    width = x.size + (layout[0] == 2)
    work = np.empty(y.size), np.empty(y.size), np.empty((y.size, width))
    scores = np.zeros((y.size if keep_scores else 0, x.size))
    gradient = np.empty(x.size)
    total = likelihood(layout, y, x, presample, *work, scores, gradient)
    return total, gradient, scores


@pytest.mark.core
@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_likelihood_is_the_definitions(case):
    layout, x, params, y = setup(*case)
    presample = 1.3 if case[-1] == "arch" else None
    total, _, _ = evaluate(layout, y, x, 1.3)
    expected = oracle.loglikelihood(case[0], params, y.tolist(), presample)
    assert_allclose(total, expected, rtol=1e-13)


@pytest.mark.core
@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_gradient_is_that_of_differences(case):
    layout, x, _, y = setup(*case)
    _, gradient, scores = evaluate(layout, y, x, 0.8, keep_scores=True)
    assert_allclose(scores.sum(axis=0), gradient, rtol=1e-11, atol=1e-11)
    for k, step in enumerate(np.eye(x.size) * 1e-6):
        rise = evaluate(layout, y, x + step, 0.8)[0] - evaluate(layout, y, x - step, 0.8)[0]
        assert_allclose(gradient[k], rise / 2e-6, rtol=1e-6, atol=1e-5)


def quickly(layout, y, x, presample):
    """Return what the quick likelihood says, which leaves the same arrays behind."""
    kernel = egarch_likelihood_11 if layout[0] == 2 else likelihood_11
    gradient, width = np.empty(x.size), x.size + (layout[0] == 2)
    kept, full = [(np.empty(y.size), np.empty(y.size), np.zeros((y.size, width))) for _ in range(2)]
    total = kernel(layout, y, x, presample, *kept, gradient)
    likelihood(layout, y, x, presample, *full, np.empty((0, x.size)), gradient.copy())
    for left, right in zip(kept, full, strict=True):
        left, right = (a[:, : x.size - 1] if a.ndim == 2 else a for a in (left, right))
        assert_allclose(left, right, rtol=1e-9, atol=1e-12)
    kept[2][:] = 0.0
    assert kernel(layout, y, x, presample, *kept[:2], kept[2][:0], gradient) == total
    assert not kept[2].any()
    return total, *gradient


@pytest.mark.core
@pytest.mark.parametrize("case", SHORT, ids=str)
def test_the_quick_likelihood_is_the_other_one(case):
    layout, x, _, y = setup(*case, periods=400)
    total, gradient, _ = evaluate(layout, y, x, 1.1)
    assert_allclose(quickly(layout, y, x, 1.1), (total, *gradient), rtol=1e-10, atol=1e-10)


def test_the_quick_likelihood_survives_variances_of_any_size():
    layout, x, _, _ = setup("GARCH", 1, 1, "zero", "normal", "arch")
    for scale in (1e-60, 1e-9, 1e9, 1e60):
        y = np.random.default_rng(1).normal(0, scale, 300)
        point = x * [scale**2, 1.0, 1.0]
        total, gradient, _ = evaluate(layout, y, point, scale**2)
        assert_allclose(quickly(layout, y, point, scale**2), (total, *gradient), rtol=1e-9)


@pytest.mark.core
@pytest.mark.parametrize("case", CASES, ids=str)
def test_filtered_variances_are_the_definitions(case):
    layout, x, params, y = setup(*case)
    presample = 1.3 if case[-1] == "arch" else None
    resids, variances = np.empty(y.size), np.empty(y.size + 1)
    filter_variances(layout, y, x, 1.3, resids, variances)
    expected = oracle.variances(case[0], params, y.tolist(), presample)
    got = variances[: len(expected)]
    assert_allclose(np.exp(got) if case[0] == "EGARCH" else got, expected, rtol=1e-12)


def test_an_egarch_that_never_forgets_has_no_likelihood():
    layout = make_layout("EGARCH", 1, 1, "zero", "normal", "arch", False)
    y = np.random.default_rng(2).normal(size=500)
    for omega, alpha, beta, forgets in ((-0.2, -0.1, 0.8, True), (-0.02, 8.0, 0.5, False)):
        x = np.array([omega, alpha, 0.0, beta])
        params = {"mean": [], "omega": omega, "alpha": [alpha], "gamma": [0.0], "beta": [beta]}
        ends = [oracle.variances("EGARCH", params, y.tolist(), h)[-1] for h in (1.0, 1.0 + 1e-9)]
        assert (abs(ends[1] / ends[0] - 1.0) < 1e-9) == forgets
        assert np.isfinite(evaluate(layout, y, x, 1.0)[0]) == forgets


@pytest.mark.core
def test_the_students_constant_and_its_slope():
    for nu in (2.05, 3.0, 8.0, 50.0, 500.0):
        assert_allclose(log_constant(nu), oracle.log_density(0.0, 1.0, nu), rtol=1e-12)
        step = 1e-5 * nu
        rise = log_constant(nu + step) - log_constant(nu - step)
        assert_allclose(log_constant_slope(nu), rise / (2 * step), rtol=1e-5, atol=1e-9)


@pytest.mark.core
@pytest.mark.parametrize("case", CASES, ids=str)
def test_units_come_back(case):
    layout, x, _, y = setup(*case)
    assert len(parameter_names(layout)) == x.size
    for scale in (1e-6, 0.01, 300.0):
        named = to_units(layout, x, scale)
        assert_allclose(from_units(layout, named, scale), x, rtol=1e-9, atol=1e-12)
        total = evaluate(layout, y, x, 1.0)[0]
        other = evaluate(layout, y * scale, from_units(layout, named, 1.0), scale**2)[0]
        periods = y.size - (case[3] == "ar1")
        assert_allclose(other, total - periods * np.log(scale), rtol=1e-9)
