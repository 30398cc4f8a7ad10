"""Stops: what they accept, and levels against the definition."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import nanobook as nb
from nanobook.portfolio.seed import cents_rules
from nanobook.portfolio.stops import as_stops, start_tracker, stop_level, update_tracker
from nanobook.types.codes import REASONS, UNTIL_SIGNAL
from nanobook.types.records import STOP_TRACKER


@pytest.mark.parametrize(
    ("arguments", "kind", "message"),
    [
        ({"fixed_stop_pct": 1.0}, nb.RangeError, "fixed_stop_pct must be below 1, got 1.0"),
        ({"trailing_stop_pct": -0.1}, nb.RangeError, "trailing_stop_pct must be at least 0"),
        ({"trailing_stop_pct": math.nan}, nb.ValidationError, "trailing_stop_pct must be finite"),
        ({"atr_multiple": 0.0}, nb.RangeError, "atr_multiple must be above 0"),
        ({"atr_multiple": "3"}, nb.ArgumentTypeError, "atr_multiple must be a number"),
        ({"atr_period": 0}, nb.RangeError, "atr_period must lie between 1"),
        ({"atr_period": 2.5}, nb.ArgumentTypeError, "atr_period must be an integer"),
        ({"reentry": "never"}, nb.ValidationError, "reentry must be 'rebalance', 'signal'"),
        ({"reentry": -1}, nb.RangeError, "reentry must lie"),
    ],
)
def test_what_is_no_stop_is_refused(arguments, kind, message):
    with pytest.raises(kind, match=message):
        nb.Stops(**arguments)


def test_off_is_false():
    assert not nb.Stops()
    assert not as_stops("stop_cfg", {"atr_period": 3})
    assert not as_stops("stop_cfg", None)
    assert nb.Stops(fixed_stop_pct=0.1)
    assert as_stops("stop_cfg", {"atr_multiple": 2, "unknown": "ignored"}).atr_multiple == 2


def test_reentry_in_bars():
    assert nb.Stops(reentry="rebalance").lock_bars == 0
    assert nb.Stops(reentry="signal").lock_bars == UNTIL_SIGNAL
    assert nb.Stops(reentry=5).lock_bars == 5


@pytest.mark.core
@given(
    side=st.sampled_from([1, -1]),
    prices=st.lists(st.integers(1, 500), min_size=1, max_size=30),
    fixed=st.sampled_from([0.0, 0.05, 0.2]),
    trailing=st.sampled_from([0.0, 0.05, 0.2]),
    multiple=st.sampled_from([None, 0.5, 3.0]),
    period=st.integers(1, 5),
)
def test_the_level_is_the_tightest_rule(side, prices, fixed, trailing, multiple, period):
    """Rounded to cents, as at the seed's door; rules in order, so ties can be told apart."""
    stops = nb.Stops(fixed, trailing, multiple, period)
    trackers = np.zeros(1, STOP_TRACKER)
    changes = np.zeros((1, period if multiple else 0))
    start_tracker(trackers, 0, side, prices[0])
    for price in prices[1:]:
        update_tracker(trackers, changes, 0, price)

    best = max(prices) if side > 0 else min(prices)
    moves = [abs(b - a) for a, b in itertools.pairwise(prices)][-period:]
    levels = []
    if fixed:
        levels.append((prices[0] * (1 - side * fixed), "fixed"))
    if trailing:
        levels.append((best * (1 - side * trailing), "trailing"))
    if multiple and moves:
        levels.append((best - side * multiple * (sum(moves) / len(moves)), "atr"))
    rounded = [(max(1, math.floor(level + 0.5)), why) for level, why in levels]
    level, reason = stop_level(trackers, changes, 0, cents_rules(stops))
    if not rounded:
        assert reason == -1
        return
    tightest = max(rounded)[0] if side > 0 else min(rounded)[0]
    ties = [why for value, why in rounded if value == tightest]
    assert level == tightest
    assert REASONS[reason] == (ties[-1] if side > 0 else ties[0])
