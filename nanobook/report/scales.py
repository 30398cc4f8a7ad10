"""Where a parameter's values stand on an axis, and which of them are written beside it."""

from typing import NamedTuple

import numpy as np

from nanobook.report.drawing import number, plain, short

__all__ = ["Scale", "category_order", "is_numeric", "looks_logarithmic", "place_axis"]
__all__ += ["shown_ticks", "spaced"]

#: Up to so many values, each has its label.
_EACH = 8

#: A scale is logarithmic if its values spread further than this, most of them at its low end.
_WIDE, _LOW = 20.0, 0.25


class Scale(NamedTuple):
    """Places along an axis from 0 to 1, and ticks: pairs of a place and a word."""

    places: np.ndarray
    ticks: list


def is_numeric(values):
    """Return whether a column holds numbers that can be measured.

    Parameters
    ----------
    values : Series or Index
        A column.

    Returns
    -------
    bool
        False of booleans, of objects, and where one isn't finite.
    """
    return values.dtype.kind in "iuf" and bool(np.isfinite(values.to_numpy(np.float64)).all())


def place_axis(values):
    """Return where values stand on an axis.

    Parameters
    ----------
    values : Series
        Numbers, or anything else, which are categories.

    Returns
    -------
    Scale
        A place for each value.
    """
    return _measured(values.to_numpy(np.float64)) if is_numeric(values) else _evenly(values)


def _measured(values):
    distinct = np.unique(values)
    if distinct.size == 1:
        return Scale(np.full(values.size, 0.5), [(0.5, number(distinct[0], 5))])
    logarithmic = looks_logarithmic(distinct)
    low, high = distinct[0], distinct[-1]

    def place(value):
        if logarithmic:
            return np.log(value / low) / np.log(high / low)
        return (value - low) / (high - low)

    shown = distinct if distinct.size <= _EACH else _round_values(low, high, logarithmic)
    return Scale(place(values), spaced([(float(place(at)), number(at, 5)) for at in shown]))


def looks_logarithmic(distinct):
    """Return whether numbers spread as if their logarithms were meant.

    Parameters
    ----------
    distinct : ndarray
        Different numbers, ascending.

    Returns
    -------
    bool
        True if they're far apart, and most of them at the low end.
    """
    low, high = distinct[0], distinct[-1]
    if distinct.size < 3 or low <= 0 or high < _WIDE * low:
        return False
    return bool((np.median(distinct) - low) / (high - low) < _LOW)


def _round_values(low, high, logarithmic):
    from matplotlib.ticker import LogLocator, MaxNLocator

    locator = LogLocator(subs=(1, 2, 5)) if logarithmic else MaxNLocator(7)
    ticks = np.asarray(locator.tick_values(low, high))
    ticks = ticks[(ticks >= low) & (ticks <= high)]
    return ticks if ticks.size >= 2 else np.array([low, high])


def category_order(values):
    """Return the order of categories: nothing first, then booleans and numbers, then text.

    Parameters
    ----------
    values : Series
        Anything.

    Returns
    -------
    places : ndarray of int64
        The place of each value's category.
    categories : list
        A value of each, in order.
    """
    found = {}
    keys = [_key(value) for value in values.tolist()]
    for key, value in zip(keys, values.tolist(), strict=True):
        found.setdefault(key, value)
    order = {key: at for at, key in enumerate(sorted(found))}
    return np.array([order[key] for key in keys], dtype=np.int64), [found[key] for key in order]


def _evenly(values):
    places, categories = category_order(values)
    count = len(categories)
    ticks = [((at + 0.5) / count, _word(value, 20)) for at, value in enumerate(categories)]
    return Scale((places + 0.5) / count, spaced(ticks))


def _key(value):
    if value is None or value != value:
        return (0, 0.0, "")
    if isinstance(value, int | float | np.number):
        return (1, float(value), "")
    return (2, 0.0, str(value))


def spaced(ticks, least=0.045):
    """Leave out ticks that would run into the one below.

    Parameters
    ----------
    ticks : list of tuple
        Places, ascending, and words.
    least : float, default 0.045
        How far apart they must be.

    Returns
    -------
    list of tuple
        Some of them, the first always.
    """
    kept = []
    for place, word in ticks:
        if not kept or place - kept[-1][0] >= least:
            kept.append((place, word))
    return kept


def shown_ticks(labels, most):
    """Return which cells of a heat map are labelled: all, or every so many.

    Of numbers those are labelled that are round.

    Parameters
    ----------
    labels : Index
        The values of a parameter, a cell each.
    most : int
        Labels that there's room for.

    Returns
    -------
    places : list of int
        Cells.
    words : list of str
        Their labels.
    """
    words = [_word(label, 24) for label in labels.tolist()]
    if len(words) <= most:
        return list(range(len(words))), words
    step = -(-len(words) // most)
    choices = [range(at, len(words), wide) for wide in (step, step + 1) for at in range(wide)]
    if is_numeric(labels):
        chosen = min(choices, key=lambda cells: np.mean([_digits(words[at]) for at in cells]))
    else:
        chosen = choices[0]
    return list(chosen), [words[at] for at in chosen]


def _word(label, most):
    numeric = isinstance(label, int | float | np.number) and label == label
    if numeric and not isinstance(label, bool | np.bool_):
        return number(float(label), 5)
    return plain(short(label), most)


def _digits(word):
    """Count the digits that matter: 2 of 250, 3 of 0.125."""
    digits = "".join(letter for letter in word if letter.isdigit()).lstrip("0")
    return len(digits.rstrip("0") if "." not in word else digits)
