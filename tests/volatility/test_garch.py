"""`garch_fit` against published benchmarks, against arch, and on odd samples."""

import warnings

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from oracles import volatility as oracle

from nanobook.errors import ArgumentTypeError, RangeError, ValidationError
from nanobook.volatility import GarchResult, garch_fit
from nanobook.volatility.layout import from_units, make_layout
from nanobook.volatility.likelihood import likelihood

from .series import dm_gbp, made, real, sp500

arch_models = {
    "GARCH": {"vol": "GARCH"},
    "GJR": {"vol": "GARCH", "o": 1},
    "EGARCH": {"vol": "EGARCH", "o": 1},
}
quiet = pytest.mark.filterwarnings("ignore:.*have no fit that converged:RuntimeWarning")


def arch_fit(returns, model="GARCH", dist="normal", mean="constant", p=1, q=1, **options):
    """Return arch's fit of the returns as they are."""
    from arch import arch_model

    names = {"constant": "Constant", "zero": "Zero", "ar1": "AR"}
    options |= arch_models[model]
    if "o" in options:
        options["o"] = p
    if mean == "ar1":
        options["lags"] = 1
    built = arch_model(returns, mean=names[mean], p=p, q=q, dist=dist, rescale=False, **options)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return built.fit(disp="off", show_warning=False)


# ---- benchmarks --------------------------------------------------------------------------------


def test_the_dm_gbp_benchmark():
    # Fiorentini, Calzolari, Panattoni (1996), with the presample they say.
    fit = garch_fit(dm_gbp(), backcast="ssr")
    assert_allclose(fit.params, [-0.0061904, 0.0107614, 0.1531341, 0.8059736], atol=1e-7)
    assert_allclose(fit.loglikelihood, -1106.60785, atol=1e-5)
    errors = {
        "hessian": [0.0084621, 0.0028527, 0.0265228, 0.0335527],
        "opg": [0.0084336, 0.0013230, 0.0139738, 0.0165604],
        "robust": [0.0091894, 0.0064932, 0.0535317, 0.0724614],
    }
    for kind, expected in errors.items():
        assert_allclose(fit.standard_errors(kind), expected, atol=1e-6)
    assert fit.status == "converged"
    assert fit.gradient_norm < 1e-6


def test_the_egarch_benchmark():
    # Brooks, Burke, Persand (2001), as TSP has it to more digits; its own likelihood is rounded.
    fit = garch_fit(dm_gbp(), model="EGARCH", backcast="ssr")
    expected = [-0.01167873, -0.12633934, 0.33305593, -0.03845788, 0.91265374]
    assert_allclose(fit.params, expected, atol=1e-6)
    assert_allclose(fit.loglikelihood, -1101.6844, atol=1e-4)
    expected = [0.0083216, 0.0272134, 0.0387570, 0.0182962, 0.0161781]
    assert_allclose(fit.standard_errors("hessian"), expected, rtol=1e-3)


def test_archs_numbers_on_the_sp500():
    fit = garch_fit(sp500())
    assert list(fit.params.index) == ["mu", "omega", "alpha[1]", "beta[1]"]
    assert_allclose(fit.params, [0.056353, 0.017507, 0.102150, 0.885206], atol=1e-6)
    assert_allclose(fit.loglikelihood, -6936.71848, atol=1e-5)
    expected = [3.59647, 3.56850, 3.54089, 3.51362, 3.48670]
    assert_allclose(fit.forecast(5).variance, expected, atol=3e-5)
    fit = garch_fit(sp500(), model="GJR", dist="t")
    assert_allclose(fit.params, [0.037299, 0.012943, 0.0, 0.185622, 0.898243, 7.691], atol=1e-4)
    assert fit.loglikelihood > -6744.43139 - 1e-5


# ---- against arch ------------------------------------------------------------------------------

QUICK = [
    ("GARCH", "normal", "constant", 1, 1),
    ("GARCH", "t", "zero", 1, 1),
    ("GJR", "normal", "constant", 1, 1),
    ("GJR", "t", "ar1", 1, 1),
    ("EGARCH", "normal", "constant", 1, 1),
    ("EGARCH", "t", "constant", 1, 1),
    ("GARCH", "normal", "ar1", 2, 1),
    ("GARCH", "normal", "constant", 1, 2),
    ("GJR", "normal", "zero", 2, 2),
    ("GARCH", "normal", "constant", 3, 0),
    ("EGARCH", "normal", "constant", 2, 1),
]


def compare(returns, model, dist, mean, p, q):
    """Compare a fit with arch's: the likelihood, and all the rest where the maximum is one."""
    theirs = arch_fit(returns, model, dist, mean, p, q)
    ours = garch_fit(returns, model=model, dist=dist, mean=mean, p=p, q=q)
    gain = ours.loglikelihood - theirs.loglikelihood
    if theirs.convergence_flag == 0 and allowed(returns, ours, theirs, model, dist, mean, p, q):
        # An EGARCH's likelihood has a kink at every return that the mean can meet, and rival maxima
        # at neighbouring ones.
        least = -1e-4 if model == "EGARCH" else -1e-6
        assert gain > least, (gain, ours.status, ours.params.values, theirs.params.values)
    return ours, theirs, gain


def allowed(returns, ours, theirs, model, dist, mean, p, q):
    """Return whether arch's parameters are among those that are looked at here.

    Its own constraint on the persistence it sometimes breaks by a rounding, and those of an
    EGARCH that doesn't forget are left out.
    """
    if model != "EGARCH":
        shares = {"alpha": 1.0, "gamma": 0.5, "beta": 1.0}
        total = sum(
            shares.get(name.split("[")[0], 0.0) * value for name, value in theirs.params.items()
        )
        return total <= 1.0
    layout = make_layout(model, p, q, mean, dist, "arch", False)
    scale, presample = ours._estimates.scale[0], ours._estimates.presample[0]
    x = from_units(layout, theirs.params.to_numpy(), scale)
    size, count = len(returns), x.size
    work = np.empty(size), np.empty(size), np.empty((size, count + 1)), np.empty((0, count))
    return likelihood(layout, returns / scale, x, presample, *work, np.empty(count)) > -np.inf


@pytest.mark.parametrize("case", QUICK, ids=str)
def test_the_likelihood_is_never_below_archs_and_all_else_agrees(case):
    returns = sp500().to_numpy()[:1500]
    ours, theirs, gain = compare(returns, *case)
    assert ours.converged
    assert abs(gain) < 1e-3  # or it's another maximum, and the rest can't agree
    assert list(ours.params.index) == list(theirs.params.index)
    assert_allclose(ours.params, theirs.params, rtol=0.02, atol=2e-3)
    assert_allclose(ours.aic, theirs.aic, atol=2e-3)
    assert_allclose(ours.bic, theirs.bic, atol=2e-3)
    close = {"rtol": 0.01, "equal_nan": True}
    assert_allclose(ours.conditional_volatility, theirs.conditional_volatility, **close)
    assert_allclose(ours.std_resid, theirs.std_resid, atol=0.02, **close)
    horizon = 1 if case[0] == "EGARCH" else 10
    ahead = theirs.forecast(horizon=horizon)
    assert_allclose(ours.forecast(horizon).variance, ahead.residual_variance.iloc[-1], rtol=0.01)
    assert_allclose(ours.forecast(horizon).mean, ahead.mean.iloc[-1], atol=1e-3)


def test_at_archs_parameters_everything_is_archs():
    # Not near arch's maximum but on it: errors and forecasts then agree to many digits.
    returns = sp500().to_numpy()[-1000:]
    for model, dist in (("GARCH", "normal"), ("GJR", "t")):
        theirs = arch_fit(returns, model, dist)
        fit = garch_fit(returns, model=model, dist=dist)
        estimates = fit._estimates
        estimates.params[0] = theirs.params
        estimates.x[0] = from_units(estimates.layout, estimates.params[0], estimates.scale[0])
        assert_allclose(fit.conditional_volatility, theirs.conditional_volatility, rtol=1e-10)
        expected = theirs.forecast(horizon=7).variance.iloc[-1]
        assert_allclose(fit.forecast(7).variance, expected, rtol=1e-10)
        if model == "GARCH":
            for kind, robust in (("robust", True), ("hessian", False)):
                cov = theirs.model.compute_param_cov(theirs.params, robust=robust)
                assert_allclose(fit.standard_errors(kind), np.sqrt(np.diag(cov)), rtol=2e-3)


@pytest.mark.parametrize("scale", [1e-6, 1e-4, 1e3])
def test_the_scale_of_returns_changes_nothing_but_the_scale(scale):
    returns = made("GJR", nu=6.0)
    for model in ("GJR", "EGARCH"):
        base = garch_fit(returns, model=model, dist="t")
        other = garch_fit(scale * returns, model=model, dist="t")
        count = len(returns)
        assert_allclose(other.loglikelihood, base.loglikelihood - count * np.log(scale), atol=1e-6)
        assert_allclose(other.params["mu"], scale * base.params["mu"], rtol=1e-3)
        names = ["alpha[1]", "gamma[1]", "beta[1]", "nu"]
        assert_allclose(other.params[names], base.params[names], rtol=1e-3, atol=1e-5)
        assert_allclose(other.std_err[names], base.std_err[names], rtol=1e-2)
        expected = scale * base.conditional_volatility
        assert_allclose(other.conditional_volatility, expected, rtol=1e-4)


def many():
    """Yield (name, returns): real ones, and made ones of all sorts."""
    yield from real()
    generator = np.random.default_rng(11)
    for i in range(80):
        alpha = generator.uniform(0.0, 0.3)
        beta = generator.uniform(0.0, 1.0 - alpha)
        yield (
            f"made {i}",
            made(
                periods=int(generator.choice([250, 500, 1000, 2500])),
                seed=100 + i,
                scale=float(generator.choice([0.1, 1.0, 10.0])),
                alpha=[alpha],
                beta=[beta],
                nu=generator.choice([None, 4.5, 8.0]),
            ),
        )
    for i in range(10):
        yield f"near-integrated {i}", made(seed=200 + i, alpha=[0.06], beta=[0.9395], omega=0.01)
    for i in range(10):
        yield f"constant variance {i}", np.random.default_rng(300 + i).normal(size=500)
    for i in range(10):
        yield f"bad news {i}", made("GJR", seed=400 + i, nu=6.0)


@quiet
@pytest.mark.deep
@pytest.mark.parametrize("model", ["GARCH", "GJR", "EGARCH"])
def test_over_a_hundred_series_the_likelihood_is_never_below_archs(model):
    compared, same = 0, 0
    for _, returns in many():
        for dist in ("normal", "t") if model != "EGARCH" else ("normal",):
            ours, theirs, gain = compare(returns, model, dist, "constant", 1, 1)
            compared += 1
            if abs(gain) < 1e-6 and ours.gradient_norm < 1e-6:
                same += 1
                assert_allclose(ours.persistence, _persistence(model, theirs.params), atol=0.02)
    assert compared >= 100
    assert same > 0.4 * compared


def _persistence(model, params):
    if model == "EGARCH":
        return params["beta[1]"]
    return params["alpha[1]"] + 0.5 * params.get("gamma[1]", 0.0) + params["beta[1]"]


@pytest.mark.deep
def test_errors_cover_the_truth_as_often_as_they_say():
    truth = {"omega": 0.05, "alpha[1]": 0.1, "beta[1]": 0.8, "nu": 6.0}
    table = np.column_stack(
        [
            made(periods=3000, seed=1000 + i, omega=0.05, alpha=[0.1], beta=[0.8], nu=6.0)
            for i in range(150)
        ]
    )
    fit = garch_fit(table, dist="t")
    assert fit.converged.mean() > 0.98
    for kind in ("robust", "hessian", "opg"):
        errors = fit.standard_errors(kind)
        for name, value in truth.items():
            inside = ((fit.params[name] - value).abs() < 1.96 * errors[name]).mean()
            assert 0.87 < inside <= 1.0, (kind, name, inside)
    bias = fit.params[list(truth)].median() / pd.Series(truth) - 1.0
    assert (bias.abs() < 0.05).all()


# ---- samples -----------------------------------------------------------------------------------


def test_a_table_is_its_columns():
    table = pd.DataFrame(
        {"a": made(seed=1, periods=600), "b": made(seed=2, periods=600), "c": np.nan},
        index=pd.bdate_range("2020-01-01", periods=600),
    )
    table.iloc[:100, 1] = np.nan
    table.iloc[300:310, 1] = np.nan
    table.iloc[-20:, 1] = np.nan
    with pytest.warns(RuntimeWarning, match="1 of 3 series have no fit"):
        fit = garch_fit(table, model="GJR")
    assert fit.params.index.tolist() == ["a", "b", "c"]
    assert fit.status["c"] == "too few returns: 0, at least 50 are needed"
    assert fit.params.loc["c"].isna().all()
    assert fit.nobs.tolist() == [600, 470, 0]
    for name in ("a", "b"):
        alone = garch_fit(table[name].dropna(), model="GJR")
        assert_array_equal(fit.params.loc[name], alone.params)
        assert_array_equal(fit.std_err.loc[name], alone.std_err)
        assert fit.loglikelihood[name] == alone.loglikelihood
        assert fit.persistence[name] == pytest.approx(alone.persistence)
        volatility = fit.conditional_volatility[name].dropna()
        pd.testing.assert_series_equal(volatility, alone.conditional_volatility, check_freq=False)
        assert_array_equal(fit.forecast(3).variance[name], alone.forecast(3).variance)
    assert fit.conditional_volatility.index.equals(table.index)
    assert fit.conditional_volatility["b"].isna().sum() == 130
    plain = garch_fit(table.iloc[:, :2].to_numpy(), model="GJR")
    assert_array_equal(plain.params, fit.params.iloc[:2])
    assert isinstance(plain.conditional_volatility, np.ndarray)


@quiet
@pytest.mark.parametrize(
    ("returns", "status"),
    [
        (np.full(200, 0.1), "no variation"),
        (np.zeros(200), "no variation"),
        (np.arange(49.0) % 3, "too few returns: 49"),
        (np.array([*made(periods=99), np.inf]), "infinite return"),
    ],
)
def test_what_cannot_be_fitted_says_why(returns, status):
    fit = garch_fit(returns)
    assert fit.status.startswith(status)
    assert not fit.converged
    assert fit.params.isna().all()
    assert fit.std_err.isna().all()
    assert np.isnan([fit.loglikelihood, fit.aic, fit.persistence, fit.half_life]).all()
    assert np.isnan(fit.forecast(2).volatility).all()
    assert np.isnan(fit.conditional_volatility).all()
    assert np.isnan(fit.simulate(3, seed=1)).all()
    assert fit.ljung_box().isna().all()
    assert status in fit.summary()
    with pytest.warns(RuntimeWarning, match=status):
        garch_fit(returns)


@quiet
@pytest.mark.parametrize("model", ["GARCH", "GJR", "EGARCH"])
def test_odd_samples_give_finite_fits(model):
    base = np.random.default_rng(8).normal(size=400)
    outlier = base.copy()
    outlier[200] = 50.0
    first = base.copy()
    first[0] = 50.0
    zeros = np.where(np.arange(400) % 3 > 0, 0.0, base)
    steps = np.round(base)
    for returns in (outlier, first, zeros, steps, base + 100.0, base * 1e-150):
        for dist in ("normal", "t"):
            fit = garch_fit(returns, model=model, dist=dist)
            assert np.isfinite(fit.params).all()
            assert np.isfinite(fit.loglikelihood)
            assert fit.status.startswith(("converged", "not converged"))
            assert (fit.conditional_volatility > 0).all()
            assert fit.persistence <= 1.0 + 1e-12


@pytest.mark.core
def test_a_fit_without_compiling():
    returns = made(periods=150, seed=5)
    fit = garch_fit(returns)
    assert fit.converged
    names = {"mu": 0, "omega": 1, "alpha[1]": 2, "beta[1]": 3}
    params = {
        "mean": [fit.params["mu"]],
        "omega": fit.params["omega"],
        "alpha": [fit.params["alpha[1]"]],
        "gamma": [],
        "beta": [fit.params["beta[1]"]],
        "nu": None,
    }
    presample = oracle.backcast(
        returns.tolist(), oracle.least_squares(returns.tolist(), "constant")
    )
    expected = oracle.loglikelihood("GARCH", params, returns.tolist(), presample)
    assert_allclose(fit.loglikelihood, expected, rtol=1e-12)
    assert list(fit.params.index) == list(names)


def test_the_presample_rules_are_the_definitions():
    returns = made(periods=300, seed=6)
    for mean in ("zero", "constant", "ar1"):
        for backcast in ("arch", "ssr"):
            fit = garch_fit(returns, mean=mean, backcast=backcast)
            values = fit.params.to_numpy()
            count = ("zero", "constant", "ar1").index(mean)
            params = {
                "mean": values[:count].tolist(),
                "omega": values[count],
                "alpha": [values[count + 1]],
                "gamma": [],
                "beta": [values[count + 2]],
                "nu": None,
            }
            rule = oracle.least_squares(returns.tolist(), mean)
            presample = oracle.backcast(returns.tolist(), rule) if backcast == "arch" else None
            expected = oracle.loglikelihood("GARCH", params, returns.tolist(), presample)
            assert_allclose(fit.loglikelihood, expected, rtol=1e-11)


def test_the_maximum_is_one():
    # No step from it, in any direction that's allowed, leads higher.
    returns = made("GJR", periods=800, seed=7, nu=7.0)
    fit = garch_fit(returns, model="GJR", dist="t", backcast="ssr")
    best = fit.params.to_numpy()
    generator = np.random.default_rng(0)
    for _ in range(100):
        values = best * (1.0 + generator.normal(0, 0.01, 6))
        params = {
            "mean": [values[0]],
            "omega": values[1],
            "alpha": [values[2]],
            "gamma": [values[3]],
            "beta": [values[4]],
            "nu": values[5],
        }
        assert oracle.loglikelihood("GJR", params, returns.tolist()) < fit.loglikelihood


def test_variance_targeting_meets_its_target():
    returns = made(periods=1500, seed=9)
    for model in ("GARCH", "GJR"):
        fit = garch_fit(returns, model=model, variance_targeting=True)
        free = garch_fit(returns, model=model)
        assert fit.converged
        assert_allclose(fit.unconditional_volatility, returns.std(), rtol=1e-9)
        assert free.loglikelihood - 5.0 < fit.loglikelihood <= free.loglikelihood
        assert np.isfinite(fit.std_err).all()


def test_a_shocks_half_is_gone_after_the_half_life():
    fit = garch_fit(sp500())
    distance = fit.forecast(400).variance - fit.unconditional_volatility**2
    half = distance.iloc[0] * 0.5 ** (np.arange(400) / fit.half_life)
    assert_allclose(distance, half, rtol=1e-8)


# ---- arguments and looks -----------------------------------------------------------------------


@pytest.mark.core
@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"model": "garch"}, ValidationError, "model must be one of"),
        ({"mean": "median"}, ValidationError, "mean must be one of"),
        ({"dist": "skewt"}, ValidationError, "dist must be one of"),
        ({"backcast": None}, ValidationError, "backcast must be one of"),
        ({"covariance": "white"}, ValidationError, "covariance must be one of"),
        ({"p": 0}, RangeError, "p must lie between 1 and 20"),
        ({"q": -1}, RangeError, "q must lie between 0 and 20"),
        ({"p": 1.0}, ArgumentTypeError, "p must be an integer"),
        ({"model": "EGARCH", "variance_targeting": True}, ValidationError, "is for GARCH and GJR"),
    ],
)
def test_options_are_checked_first(options, error, message):
    with pytest.raises(error, match=message):
        garch_fit(np.zeros(100), **options)


@pytest.mark.core
@pytest.mark.parametrize("returns", [[], np.empty((0, 3)), np.empty((3, 0))])
def test_there_must_be_returns(returns):
    with pytest.raises(ValidationError, match="returns must hold some"):
        garch_fit(returns)


def test_looks():
    fit = garch_fit(sp500().iloc[:500], dist="t")
    assert isinstance(fit, GarchResult)
    assert repr(fit).startswith("GarchResult(model=GARCH(1,1), mean=constant, dist=Student's t")
    assert "<table" in fit._repr_html_()
    text = fit.summary()
    for word in ("log-likelihood", "alpha[1]", "nu", "robust"):
        assert word in text
    assert len(fit.plot().axes) == 2
    assert_allclose(fit.tvalues, fit.params / fit.std_err)
    assert fit.pvalues.between(0, 1).all()
    matrix = fit.parameter_covariance()
    assert_allclose(np.sqrt(np.diag(matrix)), fit.std_err)
    with pytest.raises(ValidationError, match="covariance must be one of"):
        fit.standard_errors("white")
    pair = garch_fit(np.column_stack([made(periods=200, seed=1), made(periods=200, seed=2)]))
    assert "assets=2" in repr(pair)
    assert "<table" in pair._repr_html_()
    with pytest.raises(ValidationError, match="asset must be one of the columns"):
        pair.summary()
    assert "GARCH(1,1)" in pair.summary(1)
