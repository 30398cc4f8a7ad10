"""Cost models: the original's figures, both kernels' formula, and what is refused."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import nanobook as nb
from nanobook.portfolio.costs import charge_one

cents = st.integers(-(2**53), 2**53)


@pytest.mark.parametrize(
    ("notional", "cost"), [(666, 0), (667, 1), (1333, 1), (1334, 2), (-667, 1), (0, 0)]
)
def test_the_originals_figures(notional, cost):
    assert nb.CostModel(commission_bps=15).compute_cost(notional) == cost


def test_the_fee_is_a_minimum_and_bps_are_added_before_the_floor():
    assert nb.CostModel(1, 2, 3).compute_cost(0) == 3
    assert nb.CostModel(7, 8).compute_cost(667) == 1
    assert nb.CostModel(1, min_trade_fee=-5).compute_cost(100) == 0
    assert nb.CostModel(10_000).compute_cost(2**62) == 2**62
    assert nb.CostModel(20_000).compute_cost(2**62) == 2**63 - 1  # capped


@pytest.mark.core
@given(cents, st.integers(0, 10_000), st.integers(0, 500))
def test_the_kernel_charges_what_compute_cost_says(notional, bps, fee):
    model = nb.CostModel(commission_bps=bps, min_trade_fee=fee)
    charge = np.zeros(1, np.int64)
    charge_one(charge, 0, abs(notional), 1, model.rates(cents=True))
    assert charge[0] == model.compute_cost(notional)


@given(
    st.floats(0, 1e9), st.floats(0, 100), st.floats(0, 10), st.floats(0, 1), st.integers(0, 10**6)
)
def test_in_floats_it_is_the_formula(notional, bps, fee, per_share, shares):
    model = nb.CostModel(bps, min_trade_fee=fee, per_share=per_share)
    charge = np.zeros(1)
    charge_one(charge, 0, notional, float(shares), model.rates(cents=False))
    expected = max(notional * bps / 1e4 + shares * per_share, fee)
    assert charge[0] == pytest.approx(expected, rel=1e-12)


@given(st.floats(0, 100), st.integers(0, 10**9), st.floats(0, 5), st.integers(0, 1000))
def test_parts_of_a_basis_point_floor_once(bps, notional, per_share, shares):
    model = nb.CostModel(bps, per_share=per_share)
    charge = np.zeros(1, np.int64)
    charge_one(charge, 0, notional, shares, model.rates(cents=True))
    assert charge[0] == model.compute_cost(notional, shares)


@pytest.mark.parametrize(
    ("arguments", "kind"),
    [
        ({"commission_bps": -1}, OverflowError),
        ({"commission_bps": math.nan}, ValueError),
        ({"slippage_bps": "3"}, TypeError),
        ({"min_trade_fee": math.inf}, ValueError),
        ({"per_share": None}, TypeError),
    ],
)
def test_what_is_no_cost_is_refused(arguments, kind):
    with pytest.raises(kind):
        nb.CostModel(**arguments)
    with pytest.raises(TypeError):
        nb.CostModel().compute_cost(1.5)


def test_it_looks_like_the_original():
    assert repr(nb.CostModel(1, 2, 3)) == (
        "CostModel(commission_bps=1, slippage_bps=2, min_trade_fee=3)"
    )
    assert nb.CostModel.zero() == nb.CostModel()
