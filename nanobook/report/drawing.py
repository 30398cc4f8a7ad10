"""What all pictures share: the house's colours, plain axes, a headline, numbers as words."""

import dataclasses

import numpy as np

from nanobook.errors import MissingDependencyError

__all__ = ["BLUE", "GREY", "INK", "RED", "headline", "minus", "money", "new_picture"]
__all__ += ["number", "plain", "short", "tidy"]

BLUE, GREY, RED, INK = "#1f5a94", "#8c8c8c", "#b3392f", "#2b2b2b"


def new_picture(width, height):
    """Return an empty figure.

    Parameters
    ----------
    width, height : float
        Inches.

    Returns
    -------
    Picture
        Made without pyplot.

    Raises
    ------
    MissingDependencyError
        If matplotlib isn't installed.
    """
    try:
        from nanobook.report.picture import Picture
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "matplotlib":
            raise
        raise MissingDependencyError(
            "pictures need matplotlib, which isn't installed: pip install 'nanobook[plot]'"
        ) from None
    return Picture(width, height)


def tidy(axes):
    """Take away what isn't needed, and leave light lines across.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
        Changed in place.
    """
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color("#c8c8c8")
    axes.grid(axis="y", color="#e6e6e6", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.tick_params(length=0, labelsize=9, labelcolor=INK)


def headline(axes, title, pad=12):
    """Write a headline above the axes, from their left edge on.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
        Changed in place.
    title : str
        Between dollars stands a formula.
    pad : float, default 12
        Points between them.
    """
    axes.set_title(title, loc="left", fontsize=12, fontweight="bold", color=INK, pad=pad)


def money(value, place=None):
    """Write an amount with its magnitude as a letter, so that ticks stay narrow.

    Parameters
    ----------
    value : float
        Currency.
    place : int, optional
        The tick's number, which matplotlib hands over.

    Returns
    -------
    str
        Say "1.25m".
    """
    for least, unit, letter in ((1e9, 1e9, "bn"), (1e6, 1e6, "m"), (1e4, 1e3, "k")):
        if abs(value) >= least:
            return minus(f"{value / unit:.4g}{letter}")
    return minus(f"{value:,.4g}")


def number(value, digits=4):
    """Write a number as short as it's read, with a real minus.

    Parameters
    ----------
    value : float
        NaN and infinities have words.
    digits : int, default 4
        That count.

    Returns
    -------
    str
        Say "0.593" or "1,250,000".
    """
    if value != value:
        return "n/a"
    if value in (float("inf"), float("-inf")):
        return minus("infinite" if value > 0 else "-infinite")
    if value and abs(value) < 1e-4:
        return minus(f"{value:.{digits - 1}g}")
    whole = abs(value) >= 10.0 ** (digits - 1)
    return minus(f"{value:,.0f}" if whole else f"{value:.{digits}g}")


def short(value):
    """Write a parameter: numbers short, records by what's changed in them.

    Parameters
    ----------
    value : object
        Anything; None and NaN have a word.

    Returns
    -------
    str
        Say "0.05" or "weekly".
    """
    if value is None or value != value:
        return "none"
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return _changed(value)
    if isinstance(value, bool | np.bool_) or not isinstance(value, int | float | np.number):
        return str(value)
    return number(float(value))


def _changed(record):
    """Write the fields of a dataclass that aren't as they are by default."""
    fields = [field for field in dataclasses.fields(record) if field.repr]
    pairs = [(field.name, getattr(record, field.name), field.default) for field in fields]
    words = [f"{name}={value}" for name, value, default in pairs if value != default]
    return ", ".join(words) or f"{type(record).__name__}()"


def plain(value, most=24):
    """Return a value as text that fits beside an axis, in which a dollar begins no formula.

    Parameters
    ----------
    value : object
        Anything.
    most : int, default 24
        Characters; what is longer is cut.

    Returns
    -------
    str
        One line.
    """
    text = " ".join(str(value).split())
    text = text if len(text) <= most else text[: most - 1] + "\N{HORIZONTAL ELLIPSIS}"
    return text.replace("$", r"\$")


def minus(text):
    """Return a text with its hyphens as minus signs.

    Parameters
    ----------
    text : str
        A number.

    Returns
    -------
    str
        The same, as it's printed.
    """
    return text.replace("-", "\N{MINUS SIGN}")
