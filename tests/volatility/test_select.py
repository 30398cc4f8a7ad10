"""`garch_select`: each asset gets the model that its returns came from."""

import numpy as np
import pandas as pd
import pytest

from nanobook.errors import ValidationError
from nanobook.volatility import garch_fit, garch_select

from .series import made


def test_the_model_behind_the_returns_is_found():
    frame = pd.DataFrame(
        {
            "plain": made(periods=2500, seed=1),
            "tails": made(periods=2500, seed=2, nu=4.5),
            "bad news": made("GJR", periods=2500, seed=3, alpha=[0.02], gamma=[0.2]),
            "nothing": np.nan,
        }
    )
    chosen = garch_select(frame, models=["GARCH", "GJR"], mean="zero")
    assert chosen.best["plain"] == "GARCH, normal"
    assert chosen.best["tails"] == "GARCH, t"
    assert chosen.best["bad news"] == "GJR, normal"
    assert chosen.best["nothing"] is None
    assert chosen.table.shape == (4, 4)
    fit = garch_fit(frame["tails"], dist="t", mean="zero")
    assert chosen.table.loc["tails", "GARCH, t"] == fit.bic
    assert chosen.fits["GJR, t"].params.shape == (4, 5)
    assert "GarchSelection(criterion='bic'" in repr(chosen)
    assert "<table" in chosen._repr_html_()


def test_one_series_by_akaike():
    returns = made(periods=600, seed=4)
    chosen = garch_select(returns, models=["GARCH"], criterion="aic")
    assert chosen.table.iloc[0, 0] == garch_fit(returns).aic


@pytest.mark.core
def test_options_are_checked():
    with pytest.raises(ValidationError, match="criterion must be"):
        garch_select(np.zeros(100), criterion="hqic")
    with pytest.raises(ValidationError, match="must hold some"):
        garch_select(np.zeros(100), models=())
    with pytest.raises(ValidationError, match="model must be one of"):
        garch_select(np.zeros(100), models=["ARIMA"])
