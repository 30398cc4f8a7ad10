"""A picture of a walk-forward: equity out of sample, what was chosen, and what that came to."""

import itertools

import numpy as np

from nanobook.report.drawing import (
    BLUE,
    GREY,
    INK,
    RED,
    headline,
    minus,
    money,
    new_picture,
    number,
    plain,
    tidy,
)
from nanobook.report.figures import figure_label, is_share
from nanobook.report.scales import place_axis, spaced
from nanobook.report.time_axis import ends_of, label_bars, place_bars

__all__ = ["plot_walk_forward"]

#: Of more parameters than these, the first are drawn.
_MOST = 5

_PALE = "#f3f5f8"


def plot_walk_forward(forward, path=None):
    """Draw equity over all test windows, the parameters that traded them, and their figures.

    Parameters
    ----------
    forward : WalkForwardResult
        Or whatever has its attributes.
    path : str or PathLike, optional
        Where to save the picture; its suffix decides the format.

    Returns
    -------
    matplotlib.figure.Figure
        Every second window is shaded. At the bottom, a dot for the figure in the training
        window, and a bar for that in the test window.

    Raises
    ------
    MissingDependencyError
        If matplotlib isn't installed.
    ValidationError
        If `path` ends in no suffix that matplotlib knows.
    """
    frame, windows = forward.result.to_frame(), forward.windows
    names = list(forward.parameter_names)[:_MOST]
    figure = new_picture(9.0, 4.6 + 0.95 * len(names))
    heights = (3.0, *[0.85] * len(names), 1.5)
    panels = figure.subplots(len(heights), 1, sharex=True, height_ratios=heights)
    when = place_bars(frame.index)
    edges = _edges(frame.index, when, windows)
    for axes in panels:
        for first, last in list(itertools.pairwise(edges))[1::2]:
            axes.axvspan(first, last, color=_PALE, linewidth=0, zorder=0)
        tidy(axes)
    chosen = windows["in_sample"].notna().to_numpy()
    _equity(panels[0], when, frame["equity"].to_numpy(), forward.result.start_cash)
    for axes, name in zip(panels[1:], names, strict=False):
        _steps(axes, edges, windows[name], chosen, name)
    _figures(panels[-1], edges, windows, forward.by)
    label_bars(panels[-1], frame.index)
    panels[-1].set_xlim(*ends_of(when))
    figure.align_ylabels()
    headline(panels[0], _words(forward, windows))
    if path is not None:
        figure.save(path)
    return figure


def _edges(index, when, windows):
    """Return where each window begins, and the last one ends."""
    starts = windows["test_start"].to_numpy()
    if when.dtype.kind == "M":
        places = index.get_indexer(windows["test_start"])
    else:
        places = starts.astype(np.int64) - int(starts[0])
    return [*when[places], when[-1]]


def _equity(axes, when, equity, start):
    axes.axhline(start, color=GREY, linewidth=0.8, linestyle=(0, (4, 3)), zorder=1)
    axes.plot(when, equity, color=BLUE, linewidth=1.5, zorder=3)
    axes.set_ylabel("equity", color=INK)
    axes.yaxis.set_major_formatter(money)


def _steps(axes, edges, chosen, known, name):
    """Draw the value of a parameter as a line over each window; none where nothing was chosen."""
    if known.any():
        scale = place_axis(chosen[known].infer_objects())
        for at, place in zip(np.flatnonzero(known), scale.places, strict=True):
            span = (edges[at], edges[at + 1])
            axes.plot(span, (place, place), color=BLUE, linewidth=3.2, solid_capstyle="butt")
        ticks = spaced(scale.ticks, 0.24)
        axes.set_yticks([place for place, _ in ticks], [word for _, word in ticks])
    axes.set_ylim(-0.18, 1.18)
    axes.set_ylabel(plain(name, 14), color=INK, rotation=0, ha="right", va="center")


def _figures(axes, edges, windows, by):
    """Draw a bar for each window's figure out of sample, and a dot for the one in sample."""
    unit = 100.0 if is_share(by) else 1.0
    inside = unit * windows["in_sample"].to_numpy(np.float64)
    outside = unit * windows["out_of_sample"].to_numpy(np.float64)
    starts, ends = np.array(edges[:-1]), np.array(edges[1:])
    widths = ends - starts
    middles = starts + widths // 2 if widths.dtype.kind == "m" else starts + widths / 2.0
    colours = np.where(outside < 0.0, RED, BLUE)
    drawn = np.isfinite(outside)
    axes.bar(
        starts[drawn], outside[drawn], widths[drawn], align="edge", color=colours[drawn], alpha=0.6
    )
    axes.scatter(middles, np.where(np.isfinite(inside), inside, np.nan), s=26, color=INK, zorder=4)
    axes.axhline(0.0, color=GREY, linewidth=0.8)
    axes.set_ylabel(plain(figure_label(by)), color=INK)
    sign = "%" if unit > 1.0 else ""
    axes.yaxis.set_major_formatter(lambda value, _: f"{number(value, 3)}{sign}")
    note = "dots: in the training window, bars: in the test window"
    axes.annotate(
        note, (1.0, 1.0), (0, 3), xycoords="axes fraction", textcoords="offset points",
        ha="right", va="bottom", fontsize=8.5, color="#6b6b6b",
    )  # fmt: skip


def _words(forward, windows):
    name = plain(figure_label(forward.by))
    unit = 100.0 if is_share(forward.by) else 1.0
    inside, outside = (unit * windows[side].mean() for side in ("in_sample", "out_of_sample"))
    sign = "%" if unit > 1.0 else ""
    count = f"{len(windows)} window{'' if len(windows) == 1 else 's'}"
    return minus(f"{count}: mean {name} {inside:.2f}{sign} in sample, {outside:.2f}{sign} out")
