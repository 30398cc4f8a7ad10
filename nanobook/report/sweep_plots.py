"""Pictures of a sweep: a figure over two parameters, candidates as lines over all of them, and
what the best of each window came to in the next.
"""

import numpy as np

from nanobook.errors import ValidationError
from nanobook.report.drawing import (
    BLUE,
    GREY,
    INK,
    RED,
    headline,
    minus,
    new_picture,
    number,
    plain,
    short,
    tidy,
)
from nanobook.report.figures import figure_label, figure_text, is_share
from nanobook.report.scales import place_axis, shown_ticks
from nanobook.report.walk_forward_plot import plot_walk_forward

__all__ = ["plot_heatmap", "plot_parallel", "plot_profile", "plot_walk_forward"]

#: From white over green to blue, and from red over white to blue: both read without colour
#: vision, and the end that is better is the dark blue one.
_ONE_WAY, _TWO_WAYS, _EMPTY = "YlGnBu", "RdBu", "#e9e9e9"

#: Cells whose values are written into them: up to so many columns, and rows.
_WRITTEN = (12, 16)

#: Where the axes of parallel coordinates end, a little above the best.
_TOP = 1.07

#: Shares of the values at which colours may end, so that one odd value doesn't fade all others.
_TAILS = (0.01, 0.99)


def plot_heatmap(grid, metric, *, smaller=False, path=None):
    """Draw a figure over two parameters, and mark the best cell.

    Parameters
    ----------
    grid : DataFrame
        The figure: a row for each value of one parameter, a column for each of another, both
        named by their index. A cell without a candidate is NaN.
    metric : str
        What the figure is called.
    smaller : bool, default False
        Whether small values are better.
    path : str or PathLike, optional
        Where to save the picture; its suffix decides the format.

    Returns
    -------
    matplotlib.figure.Figure
        Rows go upwards. Values of both signs have zero as white; the better end is blue.

    Raises
    ------
    MissingDependencyError
        If matplotlib isn't installed.
    ValidationError
        If no cell has a value, or `path` ends in no suffix that matplotlib knows.
    """
    values = grid.to_numpy(dtype=np.float64)
    if not (~np.isnan(values)).any():
        raise ValidationError(f"there is nothing to draw: no cell has a {metric}")
    rows, columns = values.shape
    figure = new_picture(8.6, float(np.clip(1.6 + 0.34 * rows, 2.6, 6.4)))
    axes = figure.subplots()
    axes.set_facecolor(_EMPTY)
    norm, colours, extend = _colours(values, smaller)
    image = axes.pcolormesh(
        np.arange(columns + 1) - 0.5,
        np.arange(rows + 1) - 0.5,
        np.ma.masked_invalid(_bounded(values, norm)),
        cmap=colours,
        norm=norm,
        edgecolors="white",
        linewidth=0.6 if rows * columns <= 900 else 0.0,
    )
    best = _best_cell(values, smaller)
    _mark(axes, best, values.shape)
    if columns <= _WRITTEN[0] and rows <= _WRITTEN[1]:
        _write_cells(axes, values, metric, image)
    for axis, labels, most in ((axes.xaxis, grid.columns, 14), (axes.yaxis, grid.index, 16)):
        places, words = shown_ticks(labels, most)
        axis.set_ticks(places, words)
        axis.set_label_text(plain(labels.name or ""), color=INK)
    _turn_long_labels(axes.xaxis)
    for side in axes.spines.values():
        side.set_visible(False)
    axes.tick_params(length=0, labelsize=9, labelcolor=INK)
    bar = figure.colorbar(image, ax=axes, pad=0.02, aspect=28, extend=extend)
    bar.outline.set_visible(False)
    bar.ax.tick_params(length=0, labelsize=9, labelcolor=INK)
    bar.ax.yaxis.set_major_formatter(lambda value, _: _tick(metric, value))
    bar.set_label(plain(figure_label(metric)), color=INK)
    headline(axes, _heat_headline(grid, metric, values, best))
    if path is not None:
        figure.save(path)
    return figure


def plot_parallel(table, values, by, *, smaller=False, path=None):
    """Draw each candidate as a line over its parameters, coloured by a figure.

    Parameters
    ----------
    table : DataFrame
        A row of parameters for each candidate, best first. Numbers have a scale, logarithmic
        where they spread like that; all else are categories.
    values : array_like of shape (S,)
        The figure of each.
    by : str
        What it's called.
    smaller : bool, default False
        Whether small values are better; the better end is up.
    path : str or PathLike, optional
        Where to save the picture; its suffix decides the format.

    Returns
    -------
    matplotlib.figure.Figure
        The best candidate is the red line, its values stand above the axes.

    Raises
    ------
    MissingDependencyError
        If matplotlib isn't installed.
    ValidationError
        If there's no candidate, or `path` ends in no suffix that matplotlib knows.
    """
    values = np.asarray(values, dtype=np.float64)
    if not len(table) or np.isnan(values).all():
        raise ValidationError(f"there is nothing to draw: no candidate has a {by}")
    names = list(table.columns)
    figure = new_picture(float(np.clip(2.2 + 1.5 * len(names), 8.6, 16.0)), 4.6)
    axes = figure.subplots()
    scales = [place_axis(table[name]) for name in names]
    norm, colours, _ = _colours(values, smaller, one_way=True)
    heights = np.clip(norm(_bounded(values, norm)), 0.0, 1.0)
    heights = 1.0 - heights if smaller else heights
    lines = np.column_stack([*(_fanned(scale.places) for scale in scales), heights])
    _draw_lines(axes, lines, colours(norm(_bounded(values, norm))))
    for at, (name, scale) in enumerate(zip(names, scales, strict=True)):
        axes.axvline(at, color=GREY, linewidth=0.9, zorder=5)
        for place, word in scale.ticks:
            _write_tick(axes, at, place, word)
        _write_head(axes, at, plain(name), plain(short(table[name].iloc[0]), 16))
    _colour_axis(axes, len(names), norm, colours, by, smaller)
    _write_head(axes, len(names), plain(figure_label(by)), figure_text(by, values[0]))
    axes.set_xlim(-0.42, len(names) + 0.36)
    axes.set_ylim(1.0 - _TOP, _TOP)
    axes.set_axis_off()
    headline(axes, _parallel_headline(len(table), by), pad=46)
    if path is not None:
        figure.save(path)
    return figure


def plot_profile(table, values, by, *, smaller=False, most=6, path=None):
    """Draw a figure over each parameter by itself: all candidates, and their median.

    Parameters
    ----------
    table : DataFrame
        A row of parameters for each candidate, best first.
    values : array_like of shape (S,)
        The figure of each.
    by : str
        What it's called.
    smaller : bool, default False
        Whether small values are better.
    most : int, default 6
        Only so many parameters, the first ones, are drawn.
    path : str or PathLike, optional
        Where to save the picture; its suffix decides the format.

    Returns
    -------
    matplotlib.figure.Figure
        A panel a parameter; the best candidate is the red dot. Infinities stand at the edge.

    Raises
    ------
    MissingDependencyError
        If matplotlib isn't installed.
    ValidationError
        If there's no candidate, or `path` ends in no suffix that matplotlib knows.
    """
    values = np.asarray(values, dtype=np.float64)
    if not len(table) or np.isnan(values).all():
        raise ValidationError(f"there is nothing to draw: no candidate has a {by}")
    names = list(table.columns)[:most]
    across = min(len(names), 3)
    down = -(-len(names) // across)
    figure = new_picture(8.6, 2.7 * down + 0.3)
    panels = figure.subplots(down, across, sharey=True, squeeze=False).ravel()
    values = _bounded(values, _colours(values, smaller, one_way=True)[0])
    known = ~np.isnan(values)
    for panel, name in zip(panels, names, strict=False):
        scale = place_axis(table[name])
        dots = panel.scatter(scale.places[known], values[known], s=9, color=BLUE)
        dots.set(alpha=_faint(known.sum()), linewidths=0, zorder=2)
        _middle(panel, scale.places[known], values[known])
        if known[0]:
            panel.scatter(scale.places[:1], values[:1], s=42, color=RED, zorder=5)
        panel.set_xticks([place for place, _ in scale.ticks], [word for _, word in scale.ticks])
        _turn_long_labels(panel.xaxis)
        panel.set_xlim(-0.06, 1.06)
        panel.set_xlabel(plain(name), color=INK)
        panel.yaxis.set_major_formatter(lambda value, _: _tick(by, value))
        tidy(panel)
    for panel in panels[len(names) :]:
        panel.set_axis_off()
    for panel in panels[::across]:
        panel.set_ylabel(plain(figure_label(by)), color=INK)
    headline(panels[0], f"{plain(figure_label(by))} by parameter; the line is the median")
    if path is not None:
        figure.save(path)
    return figure


# ---- colours ---------------------------------------------------------------------------------


def _colours(values, smaller, one_way=False):
    """Return a scale of colours, its map, and at which ends values lie beyond it."""
    import matplotlib
    from matplotlib.colors import LinearSegmentedColormap, Normalize

    finite = values[np.isfinite(values)]
    if not finite.size:
        finite = np.zeros(1)
    low, high = np.quantile(finite, _TAILS) if finite.size >= 100 else (finite.min(), finite.max())
    least, greatest = finite.min(), finite.max()
    if low - least < 0.25 * (high - low):
        low = least
    if greatest - high < 0.25 * (high - low):
        high = greatest
    both = low < 0.0 < high and not one_way
    if both:
        high = max(-low, high)
        low = -high
    elif not high > low:
        low, high = low - 0.5, high + 0.5
    below, above = values.min(initial=low, where=~np.isnan(values)) < low, (values > high).any()
    extend = {(0, 0): "neither", (1, 0): "min", (0, 1): "max", (1, 1): "both"}[
        int(below), int(above)
    ]
    colours = matplotlib.colormaps[_TWO_WAYS if both else _ONE_WAY]
    colours = colours.reversed() if smaller else colours
    if one_way:  # the palest wouldn't be seen as a line
        ends = np.linspace(0.0, 0.72, 256) if smaller else np.linspace(0.28, 1.0, 256)
        colours = LinearSegmentedColormap.from_list("lines", colours(ends))
    return Normalize(low, high), colours, extend


def _bounded(values, norm):
    """Return infinities as the ends of a scale; NaN stays."""
    return np.where(np.isinf(values), np.where(values > 0, norm.vmax, norm.vmin), values)


def _faint(count):
    return float(np.clip(10.0 / np.sqrt(max(count, 1)), 0.12, 0.9))


# ---- heat map --------------------------------------------------------------------------------


def _best_cell(values, smaller):
    worst = np.inf if smaller else -np.inf
    filled = np.where(np.isnan(values), worst, values)
    at = filled.argmin() if smaller else filled.argmax()
    return np.unravel_index(at, values.shape)


def _mark(axes, cell, shape):
    """Frame a cell; a small one from outside, so that its colour is seen."""
    from matplotlib.patches import Rectangle

    ends = []
    for at, count in zip(cell, shape, strict=True):
        out = 0.5 if count <= 30 else 0.85
        ends.append((max(at - out, -0.5), min(at + out, count - 0.5)))
    (bottom, top), (left, right) = ends
    for width, colour in ((4.2, "white"), (2.2, RED)):
        frame = Rectangle((left, bottom), right - left, top - bottom)
        frame.set(fill=False, edgecolor=colour, linewidth=width, zorder=4, clip_on=False)
        axes.add_patch(frame)
    axes.set(xlim=(-0.5, shape[1] - 0.5), ylim=(-0.5, shape[0] - 0.5))


def _write_cells(axes, values, metric, image):
    """Write each cell's value into it, in what can be read on its colour."""
    colours = image.to_rgba(_bounded(values, image.norm))
    light = colours[..., :3] @ (0.299, 0.587, 0.114)
    size = 9 if values.shape[1] <= 9 else 8
    for (row, column), value in np.ndenumerate(values):
        if value == value:
            text = axes.text(column, row, _cell(metric, value), ha="center", va="center")
            text.set(fontsize=size, color=INK if light[row, column] > 0.55 else "white", zorder=3)


def _heat_headline(grid, metric, values, best):
    row, column = best
    where = [
        f"{plain(axis.name or '')} {plain(short(axis[at]))}".strip()
        for axis, at in ((grid.columns, column), (grid.index, row))
    ]
    value = figure_text(metric, values[best])
    return f"{plain(figure_label(metric))}: best {value} at {', '.join(where)}"


def _turn_long_labels(axis):
    """Turn labels that wouldn't fit beside each other."""
    words = [text.get_text() for text in axis.get_ticklabels()]
    if sum(map(len, words)) + 2 * len(words) > 84 or max(map(len, words), default=0) > 14:
        for text in axis.get_ticklabels():
            text.set(rotation=35, ha="right", rotation_mode="anchor")


# ---- parallel coordinates --------------------------------------------------------------------


def _draw_lines(axes, lines, colours):
    """Draw the worst first and faint, and the best, thick and red, on top."""
    from matplotlib.collections import LineCollection

    across = np.arange(lines.shape[1], dtype=np.float64)
    segments = np.stack([np.broadcast_to(across, lines.shape), lines], axis=2)
    faint = _faint(len(lines))
    colours[:, 3] = faint + (0.85 - faint) * np.linspace(1.0, 0.0, len(lines)) ** 6
    axes.add_collection(LineCollection(segments[::-1], colors=colours[::-1], linewidths=1.1))
    axes.plot(across, lines[0], color="white", linewidth=4.4, zorder=6, solid_joinstyle="round")
    (line,) = axes.plot(across, lines[0], color=RED, linewidth=2.4, marker="o", markersize=5.5)
    line.set(zorder=7, solid_joinstyle="round")


def _fanned(places):
    """Spread candidates that share a place, the best on top, so that each line is seen."""
    known = np.unique(places)
    if places.size <= 4 * known.size or known.size > 12:
        return places
    wide = min(0.1, 0.5 * np.diff(known).min()) if known.size > 1 else 0.1
    return places + wide * np.linspace(0.5, -0.5, places.size)


def _write_tick(axes, at, place, word):
    beneath = {"boxstyle": "round,pad=0.15", "facecolor": "white", "alpha": 0.78, "linewidth": 0}
    text = _beside(axes, word, (at, place), (-6, 0))
    text.set(ha="right", va="center", fontsize=8.5, zorder=8, bbox=beneath)


def _write_head(axes, at, name, value):
    for height, word, colour in ((24, name, INK), (9, value, RED)):
        text = _beside(axes, word, (at, _TOP), (0, height))
        text.set(ha="center", va="bottom", fontsize=9.5, fontweight="bold", color=colour)


def _beside(axes, text, point, away):
    """Write a text so many points to the right of and above a point."""
    return axes.annotate(
        text, point, away, textcoords="offset points", color=INK, annotation_clip=False
    )


def _colour_axis(axes, at, norm, colours, by, smaller):
    """Draw the last axis, which is the scale of colours too."""
    from matplotlib.ticker import MaxNLocator

    shares = np.linspace(0.0, 1.0, 256)
    strip = colours(1.0 - shares if smaller else shares)[:, None, :]
    extent = (at + 0.015, at + 0.075, 0.0, 1.0)
    axes.imshow(strip, extent=extent, origin="lower", aspect="auto", zorder=4)
    axes.axvline(at, color=GREY, linewidth=0.9, zorder=5)
    for value in MaxNLocator(6).tick_values(norm.vmin, norm.vmax):
        place = float(norm(value))
        if -1e-9 <= place <= 1.0 + 1e-9:
            height = 1.0 - place if smaller else place
            text = _beside(axes, _tick(by, value), (at + 0.075, height), (5, 0))
            text.set(va="center", fontsize=8.5)


def _parallel_headline(count, by):
    name = plain(figure_label(by))
    if count == 1:
        return f"One candidate, and its figure: {name}"
    return f"{count:,} candidates; the best by {name} is red"


# ---- profile ---------------------------------------------------------------------------------


def _middle(axes, places, values, bins=12):
    """Draw the median over each place, or over stretches where there are many places."""
    known = np.unique(places)
    if len(known) > 3 * bins:
        edges = np.quantile(places, np.linspace(0.0, 1.0, bins + 1))
        groups = np.clip(np.searchsorted(edges, places, side="right") - 1, 0, bins - 1)
    else:
        groups = np.searchsorted(known, places)
    found = np.unique(groups)
    middles = [np.median(values[groups == group]) for group in found]
    centres = [np.median(places[groups == group]) for group in found]
    axes.plot(centres, middles, color="white", linewidth=3.6, zorder=3)
    axes.plot(centres, middles, color=INK, linewidth=1.7, zorder=4)


# ---- words -----------------------------------------------------------------------------------


def _tick(metric, value):
    if is_share(metric) and np.isfinite(value):
        return f"{number(100.0 * value)}%"
    return number(value)


def _cell(metric, value):
    """Write a cell with as many decimals as the next one has."""
    if not np.isfinite(value) or abs(value) >= 100:
        return _tick(metric, value)
    return minus(f"{100.0 * value:.1f}%" if is_share(metric) else f"{value:.2f}")
