"""Pictures of sweeps show what they're given, whatever the parameters are."""

import sys
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from matplotlib.collections import LineCollection
from numpy.testing import assert_allclose

from nanobook import CostModel, Stops
from nanobook.errors import MissingDependencyError, ValidationError
from nanobook.report.drawing import number, plain, short
from nanobook.report.overfitting_plots import plot_logits, plot_luck, plot_splits
from nanobook.report.scales import category_order, place_axis, shown_ticks
from nanobook.report.sweep_plots import (
    plot_heatmap,
    plot_parallel,
    plot_profile,
    plot_walk_forward,
)
from nanobook.report.sweep_tables import heat_table, influence

PNG = b"\x89PNG"


def grid(values, columns, rows):
    values = np.asarray(values, dtype=float)
    return pd.DataFrame(values, pd.Index(rows, name="slow"), pd.Index(columns, name="fast"))


def title(figure):
    return figure.axes[0].get_title(loc="left")


def frames(figure):
    """Return the middles of the frames drawn around cells."""
    return {
        (patch.get_x() + patch.get_width() / 2, patch.get_y() + patch.get_height() / 2)
        for patch in figure.axes[0].patches
    }


def texts(axis):
    return [label.get_text() for label in axis.get_ticklabels()]


# ---- heat map --------------------------------------------------------------------------------


def test_the_best_cell_is_marked_and_named():
    cells = grid([[0.1, 0.2, np.nan], [0.3, -0.5, 0.25]], [5, 10, 20], [50, 100])
    figure = plot_heatmap(cells, "sharpe")
    assert frames(figure) == {(0.0, 1.0)}
    assert title(figure) == "Sharpe: best 0.30 at fast 5, slow 100"
    least = plot_heatmap(cells.abs(), "max_drawdown", smaller=True)
    assert frames(least) == {(0.0, 0.0)}
    assert title(least) == "Max drawdown: best 10.00% at fast 5, slow 50"


def test_values_of_both_signs_have_zero_in_the_middle():
    image = plot_heatmap(grid([[-0.1, 0.9]], [1, 2], [1]), "sharpe").axes[0].collections[0]
    assert image.norm(0.0) == 0.5
    assert image.cmap.name == "RdBu"
    image = plot_heatmap(grid([[0.1, 0.9]], [1, 2], [1]), "sharpe").axes[0].collections[0]
    assert image.get_clim() == (0.1, 0.9)


def test_the_better_end_has_the_same_colour():
    cells = grid([[0.1, 0.9]], [1, 2], [1])
    more = plot_heatmap(cells, "sharpe").axes[0].collections[0].to_rgba([0.1, 0.9])
    less = plot_heatmap(cells, "max_drawdown", smaller=True).axes[0].collections[0]
    assert_allclose(less.to_rgba([0.9, 0.1]), more, atol=0.02)


def test_one_odd_value_does_not_fade_all_others():
    values = np.linspace(0.0, 1.0, 400).reshape(20, 20)
    values[3, 3] = 1e6
    image = plot_heatmap(grid(values, range(20), range(20)), "sharpe").axes[0].collections[0]
    assert image.get_clim()[1] < 1.1


def test_fifty_values_have_few_round_labels():
    cells = grid(np.zeros((50, 50)), np.arange(5, 255, 5), np.arange(50) / 100)
    axes = plot_heatmap(cells, "sharpe").axes[0]
    assert len(texts(axes.xaxis)) <= 14
    assert len(texts(axes.yaxis)) <= 16
    assert texts(axes.xaxis)[:3] == ["20", "40", "60"]
    assert list(axes.get_xticks()[:2]) == [3, 7]


@pytest.mark.parametrize(
    "labels",
    [
        ["W", "M", None],
        [True, False, "a $ and $ b"],
        [0.001, 0.0305, 1e9],
        [("a", 1), "x" * 90, 3],
        [np.nan, 1.0, 2.0],
    ],
)
def test_any_labels_can_be_drawn(labels):
    cells = grid(np.eye(3), pd.Index(labels, dtype=object), labels)
    assert plot_heatmap(cells, "sharpe").to_png().startswith(PNG)


def test_infinite_cells_and_constant_ones_can_be_drawn():
    plot_heatmap(grid([[np.inf, 1.0, -np.inf]], [1, 2, 3], [1]), "profit_factor").to_png()
    plot_heatmap(grid([[np.inf]], [1], [1]), "profit_factor").to_png()
    plot_heatmap(grid([[0.0, 0.0]], [1, 2], [1]), "sharpe").to_png()


def test_small_maps_have_their_values_written_into_them():
    axes = plot_heatmap(grid([[0.123, np.nan]], [1, 2], [1]), "cagr").axes[0]
    assert [text.get_text() for text in axes.texts] == ["12.3%"]
    assert not plot_heatmap(grid(np.ones((30, 30)), range(30), range(30)), "cagr").axes[0].texts


def test_a_map_without_values_is_refused():
    with pytest.raises(ValidationError, match="sharpe"):
        plot_heatmap(grid([[np.nan]], [1], [1]), "sharpe")


# ---- the table behind it ---------------------------------------------------------------------


def test_a_heat_table_holds_the_median_of_each_cell():
    table = pd.DataFrame({"a": [1, 1, 1, 2], "b": ["x", "x", "y", "y"]})
    found = heat_table(table, [1.0, 3.0, 5.0, np.nan], "a", "b")
    assert found.index.tolist() == ["x", "y"]
    assert (found.columns.name, found.index.name) == ("a", "b")
    assert_allclose(found.to_numpy(), [[2.0, np.nan], [5.0, np.nan]])
    assert heat_table(table, [1.0, 3.0, 5.0, 2.0], "a", "b", "max").loc["x", 1] == 3.0


def test_nothing_is_a_category_too():
    table = pd.DataFrame({"a": [1, 2], "b": pd.Series([None, "M"], dtype=object)})
    assert heat_table(table, [1.0, 2.0], "a", "b").shape == (2, 2)


def test_an_axis_of_many_numbers_is_cut_into_stretches():
    numbers = np.linspace(0.0, 10.0, 1000)
    wide = 10.0 ** np.linspace(-2.0, 3.0, 1000)
    found = heat_table(pd.DataFrame({"a": numbers, "b": wide}), numbers, "a", "b", "mean")
    assert found.shape == (24, 24)
    assert_allclose(np.diag(found), found.columns.to_numpy(), rtol=0.02)
    assert_allclose(np.diff(np.log10(found.index.to_numpy())), 5 / 24, rtol=0.02)


def test_influence_finds_what_matters():
    rng = np.random.default_rng(0)
    table = pd.DataFrame(
        {
            "idle": rng.random(400),
            "main": rng.integers(0, 5, 400),
            "word": rng.choice(["a", "b"], 400),
        }
    )
    table["fixed"] = 1
    values = table["main"] ** 2 + 3.0 * (table["word"] == "a") + rng.normal(0, 0.1, 400)
    shares = influence(table, values)
    assert list(shares.index[:2]) == ["main", "word"]
    assert shares["idle"] < 0.05 < shares["word"] < shares["main"] < 1.0
    assert "fixed" not in shares
    assert influence(table[["main"]], np.ones(400))["main"] == 0.0
    assert influence(table[["main"]][:1], [1.0]).empty


# ---- parallel coordinates --------------------------------------------------------------------


def candidates():
    return pd.DataFrame(
        {
            "fast": [5, 10, 20, 5],
            "cost": [0.1, 1.0, 10.0, 100.0],
            "rule": pd.Series(["M", None, "W", "W"], dtype=object),
            "short": pd.Series([True, False, True, False], dtype=object),
        }
    )


def test_the_best_is_the_line_on_top():
    figure = plot_parallel(candidates(), [4.0, 3.0, 2.0, 1.0], "sharpe")
    axes = figure.axes[0]
    best = axes.lines[-1] if len(axes.lines[-1].get_xdata()) == 5 else axes.lines[1]
    assert_allclose(best.get_ydata(), [0.0, 0.0, 0.5, 0.75, 1.0], atol=1e-12)
    (bundle,) = [one for one in axes.collections if isinstance(one, LineCollection)]
    heights = [segment[-1, 1] for segment in bundle.get_segments()]
    assert heights == sorted(heights)
    words = [text.get_text() for text in axes.texts]
    for word in ("fast", "cost", "rule", "short", "Sharpe", "none", "W", "True", "4.00"):
        assert word in words
    assert title(figure) == "4 candidates; the best by Sharpe is red"


def test_where_less_is_better_less_is_up():
    axes = plot_parallel(candidates(), [0.1, 0.2, 0.3, 0.4], "max_drawdown", smaller=True).axes[0]
    assert any(np.allclose(line.get_ydata()[-1], 1.0) for line in axes.lines)


@pytest.mark.parametrize("values", [[1.0], [np.inf], [-0.5]])
def test_one_candidate_can_be_drawn(values):
    assert plot_parallel(candidates()[:1], values, "sharpe").to_png().startswith(PNG)


def test_equal_and_infinite_figures_can_be_drawn():
    plot_parallel(candidates(), [1.0] * 4, "sharpe").to_png()
    plot_parallel(candidates(), [np.inf, np.inf, 2.0, 1.0], "profit_factor").to_png()
    plot_parallel(candidates(), [np.inf, 3.0, 2.0, -np.inf], "calmar").to_png()


def test_numbers_that_spread_by_factors_have_a_logarithmic_axis():
    assert_allclose(place_axis(pd.Series([0.1, 1.0, 10.0, 100.0])).places, [0, 1 / 3, 2 / 3, 1])
    assert_allclose(place_axis(pd.Series([0, 1, 2, 4])).places, [0, 0.25, 0.5, 1])
    assert_allclose(place_axis(pd.Series([5, 50, 100, 150])).places, [0, 45 / 145, 95 / 145, 1])
    many = place_axis(pd.Series(10.0 ** np.linspace(-1, 3, 300)))
    assert [word for _, word in many.ticks][:3] == ["0.1", "0.2", "0.5"]


def test_categories_are_ordered_and_crowded_ones_lose_labels():
    places, found = category_order(pd.Series(["b", 2, None, "a", True, 10], dtype=object))
    assert found == [None, True, 2, 10, "a", "b"]
    assert places.tolist() == [5, 2, 0, 4, 1, 3]
    crowded = place_axis(pd.Series([f"name {at}" for at in range(200)]))
    assert len(crowded.ticks) < 25


def test_no_candidates_are_refused():
    for plot in (plot_parallel, plot_profile):
        with pytest.raises(ValidationError, match="sharpe"):
            plot(candidates()[:0], [], "sharpe")


# ---- the others ------------------------------------------------------------------------------


def test_a_profile_has_a_panel_for_each_parameter():
    figure = plot_profile(candidates(), [4.0, 3.0, 2.0, 1.0], "sharpe")
    names = [axes.get_xlabel() for axes in figure.axes if axes.axison]
    assert names == ["fast", "cost", "rule", "short"]
    middle = figure.axes[0].lines[-1]
    assert_allclose(middle.get_ydata(), [2.5, 3.0, 2.0])
    plot_profile(candidates(), [np.inf, 3.0, 2.0, 1.0], "sharpe").to_png()
    plot_profile(candidates(), [np.inf] * 4, "profit_factor").to_png()


def test_luck_is_beside_the_best():
    figure = plot_luck([0.1, 0.2, 0.5, np.nan], 0.3)
    assert title(figure) == "3 candidates, the best 0.50; luck alone would reach 0.30"
    assert [line.get_xdata()[0] for line in figure.axes[0].lines] == [0.3, 0.5]
    plot_luck([0.5, 0.5], 0.9).to_png()
    assert "luck" not in title(plot_luck([0.5], np.nan))
    with pytest.raises(ValidationError, match="finite"):
        plot_luck([np.nan], 0.1)


def test_a_logit_of_zero_counts_as_overfit():
    figure = plot_logits([-1.0, 0.0, 0.0, 1.0])
    red = sum(bar.get_height() for bar in figure.axes[0].patches if bar.get_x() < -1e-6)
    assert red == pytest.approx(75.0)
    assert title(figure).startswith("75%")
    assert sum(bar.get_height() for bar in figure.axes[0].patches) == pytest.approx(100.0)
    plot_logits([0.0]).to_png()
    with pytest.raises(ValidationError, match="splits"):
        plot_logits([])


@pytest.mark.parametrize("count", [1, 2, 500, 5000])
def test_any_number_of_splits_can_be_drawn(count):
    x = np.random.default_rng(0).normal(size=count)
    assert plot_splits(x, -x).to_png().startswith(PNG)
    plot_splits(x, np.zeros(count)).to_png()
    with pytest.raises(ValidationError, match="splits"):
        plot_splits([], [])


# ---- words -----------------------------------------------------------------------------------


def test_numbers_are_short():
    values = [1.0, 0.25, 1234.5, -0.5, 12345678.0, 1e-7, np.inf, np.nan, 0.0]
    shown = ["1", "0.25", "1,234", "-0.5", "12,345,678", "1e-07", "infinite", "n/a", "0"]
    assert [number(value).replace("\N{MINUS SIGN}", "-") for value in values] == shown
    assert [short(value) for value in (True, None, np.nan, np.int64(5), "M")] == [
        *("True", "none", "none", "5", "M")
    ]
    assert short(CostModel(5)) == "commission_bps=5"
    assert short(Stops()) == "Stops()"
    assert plain("a $b$ c\n d") == r"a \$b\$ c d"
    assert len(plain("x" * 90)) == 24


def test_all_labels_are_shown_where_there_is_room():
    assert shown_ticks(pd.Index([1, 2, 3]), 3) == ([0, 1, 2], ["1", "2", "3"])
    places, words = shown_ticks(pd.Index([f"n{at}" for at in range(40)]), 10)
    assert places == list(range(0, 40, 4))
    assert words[1] == "n4"


@pytest.mark.parametrize("suffix", ["png", "svg"])
def test_they_are_saved_by_suffix(tmp_path, suffix):
    path = tmp_path / f"picture.{suffix}"
    x = np.arange(3.0)
    for draw in (
        lambda: plot_heatmap(grid([[1.0]], [1], [1]), "sharpe", path=path),
        lambda: plot_parallel(candidates(), np.ones(4), "sharpe", path=path),
        lambda: plot_profile(candidates(), np.ones(4), "sharpe", path=path),
        lambda: plot_luck(x, 0.5, path=path),
        lambda: plot_logits(x, path=path),
        lambda: plot_splits(x, x, path=path),
    ):
        draw()
        assert path.stat().st_size > 3000
        path.unlink()


def test_without_matplotlib_the_error_names_the_extra(monkeypatch):
    monkeypatch.delitem(sys.modules, "nanobook.report.picture", raising=False)
    for name in ["matplotlib", *(name for name in sys.modules if name.startswith("matplotlib."))]:
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(MissingDependencyError, match=r"nanobook\[plot\]"):
        plot_heatmap(grid([[1.0]], [1], [1]), "sharpe")


# ---- walk-forward ----------------------------------------------------------------------------


def forward(index, by="sharpe", rules=("M", None, "W")):
    """Return what the picture needs of a walk-forward over three windows of four bars."""
    frame = pd.DataFrame({"equity": np.linspace(100.0, 111.0, 12)}, index=index)
    label = index if hasattr(index, "tz") else pd.RangeIndex(50, 62)
    windows = pd.DataFrame(
        {
            "test_start": label[[0, 4, 8]],
            "fast": [5.0, np.nan, 20.0],
            "rule": pd.Series(rules, dtype=object).to_numpy(),
            "in_sample": [1.0, np.nan, 2.0],
            "out_of_sample": [0.5, 0.0, -1.0],
        }
    )
    result = SimpleNamespace(to_frame=lambda: frame, start_cash=100.0)
    return SimpleNamespace(result=result, windows=windows, by=by, parameter_names=("fast", "rule"))


@pytest.mark.parametrize(
    "index",
    [
        pd.bdate_range("2020-01-01", periods=12),
        pd.date_range("2020-01-01", periods=12, tz="America/New_York"),
        pd.RangeIndex(12),
    ],
)
def test_a_walk_forward_shows_what_was_chosen_and_what_it_came_to(index):
    figure = plot_walk_forward(forward(index))
    equity, fast, rule, bars = figure.axes
    assert title(figure) == "3 windows: mean Sharpe 1.50 in sample, \N{MINUS SIGN}0.17 out"
    assert_allclose(equity.lines[-1].get_ydata(), np.linspace(100.0, 111.0, 12))
    assert [line.get_ydata()[0] for line in fast.lines] == [0.0, 1.0]  # the second stayed flat
    assert (fast.get_ylabel(), rule.get_ylabel()) == ("fast", "rule")
    heights = [patch.get_height() for patch in bars.patches if patch.get_alpha() == 0.6]
    assert_allclose(heights, [0.5, 0.0, -1.0])
    assert figure.to_png().startswith(PNG)


def test_a_walk_forward_by_a_share_is_in_percent(tmp_path):
    figure = plot_walk_forward(forward(pd.RangeIndex(12), by="cagr"), path=tmp_path / "w.png")
    assert "150.00% in sample" in title(figure)
    assert (tmp_path / "w.png").exists()


def test_a_walk_forward_that_never_chose_can_be_drawn():
    flat = forward(pd.RangeIndex(12))
    flat.windows["in_sample"] = np.nan
    assert plot_walk_forward(flat).to_png().startswith(PNG)
