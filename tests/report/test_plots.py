"""Pictures show what the frame holds, without pyplot, and say what's missing."""

import io
import pickle
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from numpy.testing import assert_allclose

from nanobook.errors import MissingDependencyError, ValidationError
from nanobook.report.plots import plot_equity, plot_rolling

EQUITY = [100.0, 120.0, 90.0, 150.0]
FALL = [0.0, 0.0, 0.25, 0.0]
DATES = pd.date_range("2020-01-01", periods=4, name="date")


def frame(index=DATES, dtype=float):
    return pd.DataFrame({"equity": np.array(EQUITY, dtype), "drawdown": FALL}, index=index)


def lines(axes):
    return {line.get_label(): line.get_ydata() for line in axes.lines}


def test_equity_is_above_and_drawdown_in_percent_below_zero():
    figure = plot_equity(frame(), start=100.0)
    above, below = figure.axes
    assert isinstance(figure, Figure)
    assert_allclose(lines(above)["portfolio"], EQUITY)
    assert_allclose(below.lines[-1].get_ydata(), [0, 0, -25, 0])
    assert below.get_ylim()[1] == 0
    assert above.get_xlim() == below.get_xlim()


def test_the_headline_says_what_was_earned_and_lost():
    above = plot_equity(frame(), start=100.0).axes[0]
    assert above.get_title(loc="left") == "+50.0% in all, 25.0% below the peak at worst"
    above = plot_equity(frame(), start=100.0, title="Mine").axes[0]
    assert above.get_title(loc="left") == "Mine"


def test_cents_are_drawn_as_currency():
    above = plot_equity(frame(dtype=np.int64), start=100).axes[0]
    assert_allclose(lines(above)["portfolio"], np.array(EQUITY) / 100)


def test_a_benchmark_has_its_name_and_its_own_drawdown():
    other = pd.Series([50.0, 100.0, 150.0, 75.0], index=DATES, name="index")
    above, below = plot_equity(frame(), start=100.0, name="mine", benchmark=other).axes
    texts = [text.get_text() for text in above.get_legend().get_texts()]
    assert texts == ["mine", "index"]
    assert any(np.allclose(line.get_ydata(), [-50, 0, 0, -50]) for line in below.lines)


@pytest.mark.parametrize(
    "index",
    [
        pd.RangeIndex(4),
        DATES.tz_localize("America/New_York"),
        pd.date_range("2020-01-01 09:30", periods=4, freq="min"),
        pd.Index(["a", "b", "c", "d"]),
    ],
)
def test_any_index_can_be_drawn(index):
    figure = plot_equity(frame(index), start=100.0)
    assert figure.to_png().startswith(b"\x89PNG")


def test_one_bar_a_flat_line_and_ruin_can_be_drawn():
    plot_equity(frame().iloc[:1], start=100.0).to_png()
    flat = pd.DataFrame({"equity": [5.0, 5.0], "drawdown": [0.0, 0.0]})
    plot_equity(flat, start=5.0).to_png()
    ruin = pd.DataFrame({"equity": [5.0, -5.0], "drawdown": [0.0, 2.0]})
    plot_equity(ruin, start=5.0).to_png()


def test_no_bars_are_refused():
    with pytest.raises(ValidationError, match="no bars"):
        plot_equity(frame().iloc[:0], start=100.0)
    with pytest.raises(ValidationError, match="no bars"):
        plot_rolling(pd.Series([], dtype=float), title="Sharpe")


@pytest.mark.parametrize(("suffix", "start"), [("png", b"\x89PNG"), ("PDF", b"%PDF")])
def test_the_suffix_decides_the_format(tmp_path, suffix, start):
    path = tmp_path / f"equity.{suffix}"
    plot_equity(frame(), start=100.0, path=path)
    assert path.read_bytes().startswith(start)
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


def test_a_strange_suffix_is_refused(tmp_path):
    with pytest.raises(ValidationError, match=r"\.png"):
        plot_equity(frame(), start=100.0, path=tmp_path / "equity.xyz")
    assert not list(tmp_path.iterdir())


def test_notebooks_get_a_png_and_pickle_keeps_the_picture():
    figure = plot_equity(frame(), start=100.0)
    assert figure._repr_png_().startswith(b"\x89PNG")
    pytest.importorskip("IPython", reason="comes with the extra notebooks")
    with pytest.MonkeyPatch.context() as patch:
        shown = []
        patch.setattr("IPython.display.publish_display_data", shown.append)
        figure._ipython_display_()
    assert shown[0]["image/png"] == figure.to_png()
    copy = pickle.loads(pickle.dumps(figure))
    assert len(copy.axes) == 2


def test_a_large_picture_keeps_fewer_colours_on_a_page_than_in_a_file(tmp_path):
    figure = plot_equity(frame(), start=100.0)
    shades = np.random.default_rng(0).random((300, 300, 3))
    figure.axes[0].imshow(shades, extent=(*figure.axes[0].get_xlim(), 0, 100), aspect="auto")
    figure.save(tmp_path / "equity.png")
    assert len(figure.to_png()) < 0.6 * (tmp_path / "equity.png").stat().st_size


def test_rolling_figures_leave_gaps(tmp_path):
    path = tmp_path / "rolling.png"
    axes = plot_rolling(pd.Series([np.nan, 1.0, -1.0]), title="Sharpe", path=path).axes[0]
    assert_allclose(axes.lines[-1].get_ydata(), [np.nan, 1.0, -1.0])
    assert path.exists()


def test_neither_pyplot_nor_a_display_is_needed():
    code = (
        "import sys, os; os.environ.pop('DISPLAY', None); os.environ['MPLBACKEND'] = 'tkagg'\n"
        "import pandas as pd; from nanobook.report.plots import plot_equity\n"
        "f = pd.DataFrame({'equity': [1.0, 2.0], 'drawdown': [0.0, 0.0]})\n"
        "plot_equity(f, start=1.0).to_png(); print('matplotlib.pyplot' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_without_matplotlib_the_error_names_the_extra(monkeypatch):
    monkeypatch.delitem(sys.modules, "nanobook.report.picture", raising=False)
    for name in ["matplotlib", *(name for name in sys.modules if name.startswith("matplotlib."))]:
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(MissingDependencyError, match=r"pip install 'nanobook\[plot\]'"):
        plot_equity(frame(), start=100.0, path=io.BytesIO())
