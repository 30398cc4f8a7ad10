"""`garch_model`: arch's own numbers, in the units of the returns given."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from nanobook.errors import ValidationError
from nanobook.volatility import garch_fit, garch_model

from .series import made, sp500

CASES = [
    {"model": "FIGARCH"},
    {"model": "APARCH", "o": 1},
    {"model": "HARCH", "p": [1, 5, 22]},
    {"model": "GARCH", "o": 1, "power": 1.0, "dist": "skewt"},
    {"model": "EGARCH", "o": 1, "dist": "ged"},
]


@pytest.mark.parametrize("case", CASES, ids=str)
@pytest.mark.filterwarnings("ignore:overflow:RuntimeWarning")  # arch's own, in the reference
def test_the_scale_changes_units_only(case):
    from arch import arch_model

    returns = sp500().to_numpy()[:1200]  # percent: arch fits them as they are
    fit = garch_model(returns / 100.0, **case)
    options = {name: value for name, value in case.items() if name != "model"}
    theirs = arch_model(returns, vol=case["model"], rescale=False, **options).fit(disp="off")
    expected = theirs.loglikelihood + len(returns) * np.log(100.0)
    assert abs(fit.loglikelihood - expected) < 0.05
    assert list(fit.params.index) == list(theirs.params.index)
    assert_allclose(fit.params["mu"], theirs.params["mu"] / 100.0, atol=2e-5)
    rest = [n for n in fit.params.index if n not in ("mu", "omega", "phi", "d", "beta", "lambda")]
    assert_allclose(fit.params[rest], theirs.params[rest], rtol=0.1, atol=0.02)
    volatility = theirs.conditional_volatility / 100.0
    assert_allclose(fit.conditional_volatility, volatility, rtol=0.05)
    assert fit.status == "converged"
    ahead = fit.forecast(3).volatility
    assert_allclose(ahead.iloc[0], theirs.forecast().variance.iloc[-1, 0] ** 0.5 / 100, rtol=0.05)
    assert (ahead > 0).all()
    assert len(fit.simulate(5, seed=1)) == 5
    assert np.array_equal(fit.simulate(5, seed=1), fit.simulate(5, seed=1))
    assert "mu" in fit.summary()


def test_it_agrees_with_our_own_fit_where_both_can():
    returns = sp500().to_numpy()[:1500] / 100.0
    for ours, theirs in (
        ({}, {"model": "GARCH"}),
        ({"model": "GJR", "dist": "t"}, {"model": "GARCH", "o": 1, "dist": "t"}),
        ({"model": "EGARCH"}, {"model": "EGARCH", "o": 1}),
        ({"mean": "ar1"}, {"model": "GARCH", "mean": "ar", "lags": 1}),
    ):
        mine = garch_fit(returns, **ours)
        other = garch_model(returns, **theirs)
        assert_allclose(other.loglikelihood, mine.loglikelihood, atol=1e-3)
        assert_allclose(other.params, mine.params, rtol=0.02, atol=1e-3)
        if not mine.std_err.isna().any():  # arch counts on with a parameter at its bound
            assert_allclose(other.std_err, mine.std_err, rtol=0.05)
        assert_allclose(other.persistence, mine.persistence, atol=1e-3)
        assert_allclose(other.unconditional_volatility, mine.unconditional_volatility, rtol=0.02)


def test_regressors_of_the_mean_keep_their_own_units():
    generator = np.random.default_rng(1)
    x = generator.normal(size=(800, 1))
    returns = 0.01 * made(periods=800, seed=2) + 0.02 * x[:, 0]
    fit = garch_model(returns, model="GARCH", mean="ls", x=x)
    assert_allclose(fit.params["x0"], 0.02, rtol=0.1)
    with pytest.raises(ValidationError, match="regressors"):
        fit.forecast(1)
    with pytest.raises(ValidationError, match="x must have the rows of returns"):
        garch_model(returns, model="GARCH", mean="ls", x=x[:10])
    with pytest.raises(ValidationError, match="x needs a mean of 'ls'"):
        garch_model(returns, model="GARCH", x=x)


def test_one_bad_column_has_a_status():
    frame = pd.DataFrame({"a": made(periods=300), "b": 0.1, "c": np.nan})
    with pytest.warns(RuntimeWarning, match="2 of 3 series"):
        fit = garch_model(frame, model="GARCH")
    assert fit.status.str.startswith("converged").tolist() == [True, False, False]
    assert fit.params.isna().all(axis=1).tolist() == [False, True, True]
    assert fit.std_err.isna().all(axis=1).tolist() == [False, True, True]
    assert fit.conditional_volatility["b"].isna().all()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"model": "MIDAS"}, "model must be one of"),
        ({"mean": "ar1"}, "mean must be one of"),
        ({"dist": "cauchy"}, "dist must be one of"),
        ({"covariance": "opg"}, "covariance must be one of"),
    ],
)
def test_options_are_checked(options, message):
    with pytest.raises(ValidationError, match=message):
        garch_model(np.zeros(100), **options)
