"""Pictures of weights: of one date as bars beside what they bring in of risk, of many as areas."""

import numpy as np

from nanobook.errors import ValidationError
from nanobook.report.drawing import BLUE, GREY, INK, RED, headline, minus, new_picture, plain, tidy
from nanobook.report.time_axis import ends_of, label_bars, place_bars

__all__ = ["plot_weights", "plot_weights_over_time"]

#: Colours of areas, from the largest on: neighbours differ, none is a signal.
_AREAS = (
    *("#1f5a94", "#6fa8dc", "#2f7f79", "#93c7b5", "#8a6d3b", "#d9b66f", "#7a4f8a", "#c3a5d1"),
    *("#5d6d7e", "#b8c2cc", "#a65e4e", "#e0b0a4"),
)
_REST = "#dedede"


def plot_weights(weights, risk=None, *, most=30, title=None, path=None):
    """Draw weights as bars, the largest on top, and risk contributions beside them.

    Parameters
    ----------
    weights : Series
        By asset; those that are exactly 0 aren't drawn.
    risk : Series, optional
        Each asset's share of the variance, by the same index.
    most : int, default 30
        Of more positions than these the largest are drawn, and the rest as one.
    title : str, optional
        The headline.
    path : str or PathLike, optional
        Where to save the picture; its suffix decides the format.

    Returns
    -------
    matplotlib.figure.Figure
        The picture, made without pyplot; a notebook shows it.

    Raises
    ------
    MissingDependencyError
        If matplotlib isn't installed.
    ValidationError
        If no weight is other than 0, or `path` ends in no suffix that matplotlib knows.
    """
    sizes = weights.to_numpy(np.float64)
    shares = None if risk is None else risk.to_numpy(np.float64)
    held = np.flatnonzero(np.nan_to_num(sizes))
    if not held.size:
        raise ValidationError("there is nothing to draw: no weight is other than 0")
    order = held[np.argsort(-np.abs(sizes[held]), kind="stable")]
    shown = order if order.size <= most else order[: most - 1]
    rest = order[shown.size :]
    names = [plain(weights.index[at]) for at in shown]
    rows = [(sizes[shown], BLUE)]
    if shares is not None:
        rows.append((shares[shown], GREY))
    if rest.size:
        names.append(_others(rest.size))
        rows = [
            (np.append(values, whole[rest].sum()), colour)
            for (values, colour), whole in zip(rows, (sizes, shares), strict=False)
        ]
    figure = new_picture(8.6, 1.5 + 0.23 * len(names))
    panels = np.atleast_1d(figure.subplots(1, len(rows), sharey=True))
    places = np.arange(len(names))
    for axes, (values, colour), word in zip(
        panels, rows, ("weight", "share of variance"), strict=False
    ):
        _bars(axes, places, 100.0 * values, colour)
        axes.set_xlabel(word, color=INK)
    panels[0].set_yticks(places, names)
    panels[0].invert_yaxis()
    headline(panels[0], title or f"{held.size} positions")
    if path is not None:
        figure.save(path)
    return figure


def _others(count):
    return f"{count} others" if count > 1 else "1 other"


def _bars(axes, places, values, colour):
    """Draw bars with their figures at their ends; shorts in red."""
    colours = [RED if value < 0 else colour for value in values]
    axes.barh(places, values, height=0.68, color=colours, zorder=3)
    reach = np.abs(values).max() or 1.0
    for place, value in zip(places, values, strict=True):
        axes.text(
            value + np.copysign(0.015 * reach, value),
            place,
            minus(f"{value:.1f}%"),
            va="center",
            ha="left" if value >= 0 else "right",
            fontsize=8,
            color=INK,
        )
    tidy(axes)
    axes.grid(axis="y", visible=False)
    axes.grid(axis="x", color="#e6e6e6", linewidth=0.8)
    axes.axvline(0.0, color=INK, linewidth=0.8, zorder=4)
    low, high = min(values.min(), 0.0), max(values.max(), 0.0)
    axes.set_xlim(low - (0.3 * reach if low else 0.0), high + (0.2 * reach if high else 0.0))
    axes.xaxis.set_major_formatter(lambda value, _: minus(f"{value:g}%"))


def plot_weights_over_time(frame, *, most=10, title=None, path=None, ax=None):
    """Draw weights over time as areas on top of each other, shorts below zero.

    Parameters
    ----------
    frame : DataFrame
        Dates by assets; a weight holds until the next date, NaN is none.
    most : int, default 10
        Assets with a colour of their own, the largest on average; the rest is one area.
    title : str, optional
        The headline.
    path : str or PathLike, optional
        Where to save the picture; its suffix decides the format.
    ax : matplotlib.axes.Axes, optional
        Where to draw, in a figure of the caller's; a new one by default.

    Returns
    -------
    matplotlib.figure.Figure
        The picture, made without pyplot; a notebook shows it. With `ax`, the figure it's in.

    Raises
    ------
    MissingDependencyError
        If matplotlib isn't installed.
    ValidationError
        If `frame` is empty or holds no weight, or `path` ends in no suffix that matplotlib knows.
    """
    values = np.nan_to_num(frame.to_numpy(np.float64))
    if not values.size or not values.any():
        raise ValidationError("there is nothing to draw: no weight is other than 0")
    sizes = np.abs(values).mean(axis=0)
    order = np.argsort(-sizes, kind="stable")
    order = order[sizes[order] > 0]
    shown, rest = order[:most], order[most:]
    layers = [(plain(frame.columns[at]), values[:, at]) for at in shown]
    colours = [_AREAS[at % len(_AREAS)] for at in range(len(layers))]
    if rest.size:
        layers.append((_others(rest.size), values[:, rest]))
        colours.append(_REST)
    figure = new_picture(9.0, 4.2) if ax is None else ax.figure
    axes = figure.subplots() if ax is None else ax
    when = place_bars(frame.index)
    if len(when) > 1:  # the last weights hold for as long as those before did
        when = np.append(when, when[-1] + (when[-1] - when[-2]))
        values = np.vstack([values, values[-1:]])
        layers = [(name, np.concatenate([part, part[-1:]])) for name, part in layers]
    above, below = np.zeros(len(values)), np.zeros(len(values))
    for (name, part), colour in zip(layers, colours, strict=True):
        columns = part.reshape(len(values), -1)
        long = 100.0 * np.maximum(columns, 0.0).sum(axis=1)
        short = 100.0 * np.minimum(columns, 0.0).sum(axis=1)
        style = {"step": "post", "linewidth": 0.3, "facecolor": colour, "edgecolor": "white"}
        axes.fill_between(when, above, above + long, label=name, **style)
        if short.any():
            axes.fill_between(when, below + short, below, **style)
        above, below = above + long, below + short
    if below.any():
        axes.axhline(0.0, color=INK, linewidth=0.9)
    tidy(axes)
    axes.grid(visible=False)
    axes.yaxis.set_major_formatter(lambda value, _: minus(f"{value:g}%"))
    label_bars(axes, frame.index)
    axes.set_xlim(*ends_of(when))
    axes.set_ylim(below.min() * 1.02, above.max() * 1.02)
    # The topmost area is the last one, so the legend reads as the picture does.
    handles, names = axes.get_legend_handles_labels()
    axes.legend(
        handles[::-1],
        names[::-1],
        loc="center left",
        bbox_to_anchor=(1.0, 0.5),
        frameon=False,
        fontsize=9,
        labelcolor=INK,
    )
    headline(axes, title or f"weights of {order.size} assets")
    if path is not None:
        (figure.save if ax is None else figure.savefig)(path)
    return figure
