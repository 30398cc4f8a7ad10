"""Pictures of weights show each position, its risk, and shorts below zero."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from nanobook import GroupLimit, optimize
from nanobook.errors import ValidationError
from nanobook.report.drawing import new_picture
from nanobook.report.weights_plot import plot_weights, plot_weights_over_time

NAMES = ["a", "b", "c", "d"]
WEIGHTS = pd.Series([0.1, 0.7, 0.0, 0.2], index=NAMES)


def widths(axes):
    return [bar.get_width() for bar in axes.patches]


def test_the_largest_position_is_on_top_and_risk_beside_it():
    risk = pd.Series([0.3, 0.5, 0.0, 0.2], index=NAMES)
    left, right = plot_weights(WEIGHTS, risk).axes
    assert_allclose(widths(left), [70, 20, 10])
    assert_allclose(widths(right), [50, 20, 30])
    assert [text.get_text() for text in left.get_yticklabels()] == ["b", "d", "a"]
    assert left.yaxis_inverted()


def test_many_positions_are_drawn_as_the_largest_and_the_rest():
    weights = pd.Series(np.arange(1.0, 51.0) / 1275, index=range(50))
    (axes,) = plot_weights(weights, most=10).axes
    assert len(widths(axes)) == 10
    assert [text.get_text() for text in axes.get_yticklabels()][-1] == "41 others"
    assert sum(widths(axes)) == pytest.approx(100)


def test_shorts_are_left_of_zero():
    (axes,) = plot_weights(pd.Series([1.2, -0.2], index=["$a", "b"])).axes
    assert_allclose(widths(axes), [120, -20])
    assert axes.get_xlim()[0] < -20


def test_nothing_held_cant_be_drawn():
    with pytest.raises(ValidationError, match="nothing to draw"):
        plot_weights(WEIGHTS * 0)
    with pytest.raises(ValidationError, match="nothing to draw"):
        plot_weights_over_time(pd.DataFrame({"a": [np.nan]}))


def test_an_optimum_draws_itself(tmp_path):
    returns = np.random.default_rng(0).normal(0.001, 0.01, (60, 5))
    best = optimize(returns, constraints=[GroupLimit([0, 0, 1, 1, 1], upper=0.7)])
    figure = best.plot_weights(tmp_path / "weights.png")
    left, right = figure.axes
    assert left.get_title(loc="left") == "min_variance: 5 of 5 assets held"
    assert sum(widths(left)) == pytest.approx(100)
    assert sum(widths(right)) == pytest.approx(100)
    assert (tmp_path / "weights.png").read_bytes().startswith(b"\x89PNG")


def test_weights_over_time_are_areas_that_add_up():
    dates = pd.date_range("2020-01-31", periods=3, freq="ME")
    frame = pd.DataFrame([[0.5, 0.5, np.nan], [0.2, 0.3, 0.5], [1.2, -0.2, 0.0]], dates, NAMES[:3])
    axes = plot_weights_over_time(frame, most=2).axes[0]
    names = [text.get_text() for text in axes.get_legend().get_texts()]
    assert names == ["1 other", "b", "a"]
    assert axes.get_ylim()[0] == pytest.approx(-20.4)
    assert axes.get_ylim()[1] == pytest.approx(122.4)
    other = new_picture(4.0, 3.0)
    assert plot_weights_over_time(frame, ax=other.subplots()) is other
    assert plot_weights_over_time(frame.reset_index(drop=True)).to_png().startswith(b"\x89PNG")
