"""Bars along the x axis of a picture: by date where they have one, else by number."""

import numpy as np

from nanobook.report.drawing import INK

__all__ = ["ends_of", "label_bars", "place_bars"]


def place_bars(index):
    """Return where each bar stands on the x axis.

    Parameters
    ----------
    index : Index
        Of the bars.

    Returns
    -------
    ndarray
        Its date, as the clock there showed it, or its number.
    """
    if _dated(index):
        return index.tz_localize(None).to_numpy()
    return np.arange(len(index))


def ends_of(when):
    """Return the ends of the x axis, a little apart even if there's one bar only.

    Parameters
    ----------
    when : ndarray
        What `place_bars` returns.

    Returns
    -------
    tuple
        First and last.
    """
    if len(when) > 1:
        return when[0], when[-1]
    step = np.timedelta64(1, "D") if when.dtype.kind == "M" else 1
    return when[0] - step, when[0] + step


def label_bars(axes, index):
    """Label the x axis with dates, or say that it counts bars.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
        Changed in place.
    index : Index
        Of the bars.
    """
    if not _dated(index):
        axes.set_xlabel("bar", color=INK)
        return
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    locator = AutoDateLocator(minticks=4, maxticks=10)
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))


def _dated(index):
    return hasattr(index, "tz")
