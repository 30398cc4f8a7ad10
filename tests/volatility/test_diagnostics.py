"""Tests of residuals against the definitions, and their size and power."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import stats

from nanobook.volatility import garch_fit
from nanobook.volatility.diagnostics import arch_lm_test, ljung_box_test

from .series import made


@pytest.mark.core
def test_ljung_box_is_the_definition():
    values = np.random.default_rng(1).normal(size=200)
    n, mean = len(values), values.mean()
    total = sum((v - mean) ** 2 for v in values)
    expected = 0.0
    for lag in range(1, 6):
        pairs = zip(values[lag:], values[:-lag], strict=True)
        r = sum((a - mean) * (b - mean) for a, b in pairs) / total
        expected += r * r / (n - lag)
    expected *= n * (n + 2)
    statistic, pvalue = ljung_box_test(values, 5)
    assert_allclose(statistic, expected, rtol=1e-12)
    assert_allclose(pvalue, stats.chi2.sf(expected, 5), rtol=1e-12)


def test_engles_test_is_archs():
    from arch import arch_model

    returns = made(periods=700, seed=2)
    theirs = arch_model(returns, rescale=False).fit(disp="off").arch_lm_test(5, standardized=True)
    ours = garch_fit(returns).arch_lm(5)
    assert_allclose(ours["statistic"], theirs.stat, rtol=0.02)
    assert_allclose(ours["pvalue"], theirs.pval, atol=0.02)


def test_what_is_left_over_is_found():
    returns = made(periods=2000, seed=3, alpha=[0.2], beta=[0.7])
    fit = garch_fit(returns)
    assert fit.arch_lm()["pvalue"] > 0.01
    assert fit.ljung_box(squared=True)["pvalue"] > 0.01
    assert fit.ljung_box(10)["pvalue"] > 0.01
    assert arch_lm_test(returns, 5)[1] < 1e-6
    pair = garch_fit(np.column_stack([returns, made(periods=2000, seed=4)])).arch_lm()
    assert pair.shape == (2, 2)


@pytest.mark.core
def test_too_few_or_flat_values_have_no_statistic():
    for test in (ljung_box_test, arch_lm_test):
        for values in (np.zeros(0), np.arange(4.0), np.ones(50)):
            assert np.isnan(test(values, 5)).all()
