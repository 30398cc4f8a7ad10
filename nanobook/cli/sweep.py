"""A sweep over a file of prices: its grid read from words, and its outcome as files."""

import operator
import re

import numpy as np

from nanobook.cli.files import read_wide_table, require_writer, write_table
from nanobook.errors import RangeError, ValidationError
from nanobook.panel.arrays import as_count

__all__ = ["check_outputs", "read_condition", "read_grid", "read_rule", "save_sweep", "sweep_file"]

#: Suffixes that a sweep can be saved with; all but csv can be loaded again.
FORMATS = ("csv", "parquet", "npz")

#: More values than this on one axis are a slip of the pen.
_MOST = 1_000_000

_COMPARES = {
    "<=": operator.le,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    ">": operator.gt,
}


def sweep_file(prices, strategy, grid, conditions, *, date_format=None, random=None, **options):
    """Read prices and sweep over them.

    Parameters
    ----------
    prices : str or PathLike
        A file as `read_wide_table` takes it.
    strategy : str
        One of `nanobook.sweep.strategies`.
    grid : list of str
        As `read_grid` takes them.
    conditions : list of str
        As `read_condition` takes them; all must hold.
    date_format : str, optional
        How dates are written; by default as ISO 8601 has it.
    random : int, optional
        Draw so many combinations instead of running all.
    **options
        More arguments of `sweep`.

    Returns
    -------
    result : SweepResult
        The outcome.
    table : DataFrame
        The prices.

    Raises
    ------
    ValidationError
        If words can't be read, or the sweep refuses them.
    RangeError
        If `random` is below 1.
    """
    from nanobook.sweep import Grid, sweep

    if random is not None:
        random = as_count("random", random, least=1)
    axes = read_grid(grid)
    tests = [read_condition(text, axes) for text in conditions]

    def where(params):
        holds = True
        for test in tests:
            holds = holds & test(params)
        return holds

    combinations = None
    if axes and random is not None:
        seed = options.get("seed", 0)
        combinations = Grid.random(axes, random, seed=seed, where=where if tests else None)
    elif axes:
        combinations = Grid.product(axes, where=where if tests else None)
    elif random is not None:
        raise ValidationError("random needs a grid to draw from")
    table = read_wide_table(prices, date_format)
    return sweep(table, strategy, combinations, **options), table


def read_grid(words):
    """Return the axes that words such as ``fast=5:50:5`` and ``rebalance=W,M,none`` say.

    Parameters
    ----------
    words : list of str
        A name, an equals sign, and values between commas: numbers, stretches from first to last
        by a step, none, or anything else, which is text. A stretch has its last value if steps
        come out there.

    Returns
    -------
    dict of str to list
        Values by name.

    Raises
    ------
    ValidationError
        If one can't be read, or a name comes twice.
    RangeError
        If a stretch leads nowhere, or is endless.
    """
    axes = {}
    for text in words:
        name, equals, values = (part.strip() for part in text.partition("="))
        if not (name and equals and values):
            raise ValidationError(f"grid must be like fast=5:50:5 or slow=50,100, got {text!r}")
        if name in axes:
            raise ValidationError(f"grid must name each parameter once, got {name!r} twice")
        axes[name] = [value for part in values.split(",") for value in _values(part.strip(), text)]
    return axes


def _values(part, text):
    if ":" not in part:
        return [_value(part, text)]
    ends = [_number(one) for one in part.split(":")]
    if len(ends) not in (2, 3) or None in ends:
        raise ValidationError(f"a stretch must be like 5:50:5, first:last:step, got {text!r}")
    first, last, step = (*ends, 1)[:3]
    if step <= 0 or last < first:
        raise RangeError(f"a stretch must go up by a step above 0, got {text!r}")
    count = np.floor((last - first) / step + 1e-9) + 1
    if count > _MOST:
        raise RangeError(f"a stretch may have {_MOST:,} values at most, got {count:,.0f}: {text!r}")
    values = [first + at * step for at in range(int(count))]
    return [round(value, 12) if isinstance(value, float) else value for value in values]


def _value(part, text):
    if not part:
        raise ValidationError(f"grid must have a value between commas, got {text!r}")
    number = _number(part)
    if number is not None:
        return number
    return None if part.lower() == "none" else part


def _number(text):
    """Return a whole number, a finite one, or None."""
    for kind in (int, float):
        try:
            number = kind(text)
        except ValueError:
            continue
        return number if np.isfinite(number) else None
    return None


def read_condition(text, axes):
    """Return the test that words such as ``fast<slow`` say.

    Parameters
    ----------
    text : str
        Two parameters, or one and a number, and <, <=, >, >=, == or != between them.
    axes : dict of str to list
        The grid.

    Returns
    -------
    callable
        Takes parameters by name, values or columns of them.

    Raises
    ------
    ValidationError
        If it can't be read, or a parameter isn't in the grid or takes other values than numbers.
    """
    match = re.fullmatch(r"\s*([^\s<>=!]+)\s*(<=|>=|==|!=|<|>)\s*([^\s<>=!]+)\s*", text)
    if match is None:
        raise ValidationError(f"where must be like fast<slow or slow>=50, got {text!r}")
    left, compare, right = match.groups()
    sides = []
    for word in (left, right):
        number = _number(word)
        if number is None and word not in axes:
            raise ValidationError(
                f"where must compare {', '.join(axes) or 'parameters'} and numbers, got {text!r}"
            )
        if number is None and not all(isinstance(value, int | float) for value in axes[word]):
            raise ValidationError(f"where must compare numbers, and {word!r} has others: {text!r}")
        sides.append((word, number))

    def test(params):
        one, other = (params[word] if number is None else number for word, number in sides)
        return _COMPARES[compare](one, other)

    return test


def read_rule(text):
    """Return a rebalance rule as `sweep` takes it.

    Parameters
    ----------
    text : str or None
        A letter, or a number of bars.

    Returns
    -------
    str, int or None
        The rule.
    """
    return int(text) if text is not None and text.isdecimal() else text


def check_outputs(folder, suffix):
    """Raise unless `save_sweep` could write such files, before any work is done.

    Parameters
    ----------
    folder : Path
        Where they shall be.
    suffix : str
        csv, parquet or npz.

    Raises
    ------
    ValidationError
        If the suffix is another.
    MissingDependencyError
        If it's parquet and pyarrow isn't installed.
    """
    if suffix not in FORMATS:
        raise ValidationError(f"format must be csv, parquet or npz, got {suffix!r}")
    if suffix != "npz":
        require_writer(folder / f"sweep.{suffix}")


def save_sweep(result, folder, suffix, *, by, title):
    """Write all candidates' figures and a page about them to a folder, made if need be.

    Parameters
    ----------
    result : SweepResult
        The outcome.
    folder : Path
        The folder.
    suffix : str
        csv, parquet or npz.
    by : str
        The figure that the page ranks by.
    title : str
        The page's headline.

    Returns
    -------
    list of Path
        The files written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    table, page = folder / f"sweep.{suffix}", folder / "report.html"
    if suffix == "csv":
        write_table(result.metrics.reset_index(allow_duplicates=True), table)
    else:
        result.save(table)
    result.report(page, by=by, title=title)
    return [table, page]
