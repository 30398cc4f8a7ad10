"""Combinations of parameters: all of them, a list, or a sample, made only as they're needed."""

import hashlib
import itertools
import math
from collections.abc import Mapping

import numpy as np

from nanobook.errors import ArgumentTypeError, RangeError, ValidationError
from nanobook.panel.arrays import as_count
from nanobook.panel.frames import is_frame
from nanobook.sweep.axes import Uniform, as_axis, as_column

__all__ = ["Grid", "as_grid"]

#: Combinations that are made, and tested against the condition, at a time: a power of two, as
#: Sobol points come balanced in those.
BLOCK = 8192

#: A condition that refuses this many draws for each one asked for is given up on.
_PATIENCE = 1000

#: Up to how many combinations of listed values are all tested before a sample of them is drawn.
_MOST_TESTED = 2**26


class Grid:
    """Combinations of parameters, numbered from 0, that are made only as they're needed.

    `Grid.product` has all combinations of the axes, the last one turning fastest; `Grid.rows`
    those listed; `Grid.random` and `Grid.sobol` a sample. A condition keeps some of them.

    Attributes
    ----------
    names : tuple of str
        The parameters.
    seed : int or None
        What a sample was drawn with.
    """

    def __init__(self, axes, make, blocks, condition=None, *, size=None, kind, seed=None):
        """Use one of the class methods instead.

        Parameters
        ----------
        axes : dict
            Columns or intervals by name.
        make : callable
            Takes a block's number, gives its columns by name.
        blocks : int or None
            How many there are; None for as many as it takes.
        condition : callable, optional
            Takes columns by name, gives whether each row is kept.
        size : int, optional
            How many combinations are wanted at most.
        kind : str
            "product", "rows", "random" or "sobol".
        seed : int, optional
            What a sample is drawn with.
        """
        self.names = tuple(axes)
        self.kind, self.seed = kind, seed
        self._axes, self._make, self._condition = axes, make, condition
        self._last = None, None
        self._starts = self._count(blocks, size)

    # ---- making one --------------------------------------------------------------------------

    @classmethod
    def product(cls, axes, *, where=None):
        """Return all combinations of the axes' values.

        Parameters
        ----------
        axes : dict of str to sequence
            The values of each parameter.
        where : callable, optional
            Takes a dict of the parameters, returns whether a combination is kept. It's called
            with whole columns (``lambda p: p["fast"] < p["slow"]`` works on both), and one
            combination at a time if that fails.

        Returns
        -------
        Grid
            In the order of nested loops, the last axis innermost.

        Raises
        ------
        ArgumentTypeError
            If `axes` isn't a dict of sequences.
        ValidationError
            If an axis is empty, holds a value twice or is an interval, or if the condition keeps
            nothing.
        """
        axes = _read_axes(axes)
        for name, axis in axes.items():
            if isinstance(axis, Uniform):
                raise ValidationError(
                    f"grid[{name!r}] is an interval, which has no list of values; "
                    "draw from it with Grid.random or Grid.sobol"
                )
        total = _combinations(axes)

        def make(block):
            numbers = np.arange(block * BLOCK, min((block + 1) * BLOCK, total))
            return _digits(axes, numbers)

        return cls(axes, make, -(-total // BLOCK), where, kind="product")

    @classmethod
    def rows(cls, rows, *, where=None):
        """Return the combinations listed.

        Parameters
        ----------
        rows : list of dict, or DataFrame
            A dict, or a row, for each; all with the same names.
        where : callable, optional
            See `Grid.product`.

        Returns
        -------
        Grid
            In the order of the list.

        Raises
        ------
        ArgumentTypeError
            If `rows` isn't a list of dicts.
        ValidationError
            If it's empty, names differ, or the condition keeps nothing.
        """
        return cls.of_columns(_read_rows(rows), where=where)

    @classmethod
    def of_columns(cls, columns, *, where=None):
        """Return the combinations that stand side by side in columns.

        Parameters
        ----------
        columns : dict of str to ndarray
            Of the same length, at least 1.
        where : callable, optional
            See `Grid.product`.

        Returns
        -------
        Grid
            In the order of the columns.

        Raises
        ------
        ValidationError
            If the condition keeps nothing.
        """
        size = len(next(iter(columns.values())))

        def make(block):
            part = slice(block * BLOCK, (block + 1) * BLOCK)
            return {name: column[part] for name, column in columns.items()}

        return cls(columns, make, -(-size // BLOCK), where, kind="rows")

    @classmethod
    def random(cls, axes, n, *, seed=0, where=None):
        """Return combinations drawn at random.

        Parameters
        ----------
        axes : dict of str to sequence or Uniform
            Values or an interval for each parameter.
        n : int
            How many, at least 1.
        seed : int, default 0
            The same number gives the same combinations.
        where : callable, optional
            See `Grid.product`. Draws go on until `n` are kept.

        Returns
        -------
        Grid
            Where no axis is an interval, `n` different combinations, or all if there are fewer.

        Raises
        ------
        ArgumentTypeError
            If `axes` isn't a dict, or `n` or `seed` isn't an integer.
        RangeError
            If `n` is below 1 or `seed` below 0.
        ValidationError
            If an axis is empty or holds a value twice, or the condition keeps next to nothing.
        """
        axes, n, seed = _read_axes(axes), as_count("n", n, least=1), as_count("seed", seed)
        if not any(isinstance(axis, Uniform) for axis in axes.values()):
            return cls._distinct(axes, n, seed, where, _combinations(axes))

        def make(block):
            shares = np.random.default_rng([seed, block]).random((BLOCK, len(axes)))
            return _drawn(axes, shares)

        return cls(axes, make, None, where, size=n, kind="random", seed=seed)

    @classmethod
    def _distinct(cls, axes, n, seed, where, total):
        """Return a grid of `n` different combinations of listed values."""
        rng = np.random.default_rng(seed)
        if where is not None and total <= _MOST_TESTED:
            whole = cls.product(axes, where=where)
            chosen = whole._raw_numbers(rng.permutation(len(whole))[:n])
        elif total <= 2**24:
            chosen = rng.permutation(total)[:n]
        else:
            chosen = _different(rng, axes, total, min(n, total), where)

        def make(block):
            return _digits(axes, chosen[block * BLOCK : (block + 1) * BLOCK])

        return cls(axes, make, -(-len(chosen) // BLOCK), kind="random", seed=seed)

    @classmethod
    def sobol(cls, axes, n, *, seed=0, where=None):
        """Return combinations at the points of a scrambled Sobol sequence.

        They fill the space more evenly than random ones; a power of two of them best.

        Parameters
        ----------
        axes : dict of str to sequence or Uniform
            Values or an interval for each parameter. Listed values may come more than once.
        n : int
            How many, at least 1.
        seed : int, default 0
            The same number gives the same combinations.
        where : callable, optional
            See `Grid.product`. Points are taken until `n` are kept.

        Returns
        -------
        Grid
            In the sequence's order.

        Raises
        ------
        ArgumentTypeError
            If `axes` isn't a dict, or `n` or `seed` isn't an integer.
        RangeError
            If `n` is below 1 or `seed` below 0.
        ValidationError
            If an axis is empty or holds a value twice, or the condition keeps next to nothing.

        References
        ----------
        .. [1] Owen (1998), "Scrambling Sobol' and Niederreiter-Xing points".
        """
        axes, n, seed = _read_axes(axes), as_count("n", n, least=1), as_count("seed", seed)

        def make(block):
            from scipy.stats import qmc

            points = qmc.Sobol(len(axes), scramble=True, seed=np.random.default_rng(seed))
            if block:
                points.fast_forward(block * BLOCK)
            return _drawn(axes, points.random(BLOCK))

        return cls(axes, make, None, where, size=n, kind="sobol", seed=seed)

    # ---- reading it --------------------------------------------------------------------------

    def __len__(self):
        return int(self._starts[-1])

    def __getitem__(self, number):
        """Return one combination as a dict; a negative number counts from the end."""
        size = len(self)
        number = as_count("number", number + size if number < 0 else number)
        if number >= size:
            raise IndexError(f"the grid has {size} combinations, there's no number {number}")
        columns = self.columns(number, number + 1)
        return {name: _plain(column[0]) for name, column in columns.items()}

    def __iter__(self):
        for first in range(0, len(self), BLOCK):
            columns = self.columns(first, min(first + BLOCK, len(self)))
            lists = [column.tolist() for column in columns.values()]
            for values in zip(*lists, strict=True):
                yield dict(zip(self.names, values, strict=True))

    def __repr__(self):
        axes = ", ".join(f"{name}: {_shown(axis)}" for name, axis in self._axes.items())
        return f"Grid.{self.kind}({len(self):,} combinations of {axes})"

    def columns(self, first, last):
        """Return the combinations from number `first` to before `last` as columns.

        Parameters
        ----------
        first, last : int
            Numbers within the grid.

        Returns
        -------
        dict of str to ndarray
            A column for each parameter.
        """
        parts = []
        block = int(np.searchsorted(self._starts, first, side="right")) - 1
        while first < last:
            start, end = int(self._starts[block]), int(self._starts[block + 1])
            part = slice(first - start, min(last, end) - start)
            if end > first:
                kept = self._block(block)
                parts.append({name: column[part] for name, column in kept.items()})
                first = end
            block += 1
        if len(parts) == 1:
            return parts[0]
        return {name: np.concatenate([part[name] for part in parts]) for name in self.names}

    def coordinates(self, columns):
        """Return each combination's place along each axis.

        Parameters
        ----------
        columns : dict of str to ndarray
            Columns of the grid.

        Returns
        -------
        ndarray of shape (S, A)
            int64 of a product or a list, where neighbours along an axis are one apart; float64
            shares of the interval where an axis is one.
        """
        places = []
        for name, axis in self._axes.items():
            column = columns[name]
            if isinstance(axis, Uniform):
                places.append((column - axis.low) / (axis.high - axis.low))
            elif axis.dtype == object:
                known = list(dict.fromkeys(map(repr, axis.tolist())))
                at = {text: place for place, text in enumerate(known)}
                places.append(np.array([at[repr(value)] for value in column.tolist()]))
            else:
                places.append(np.searchsorted(np.unique(axis), column))
        whole = not any(isinstance(axis, Uniform) for axis in self._axes.values())
        return np.column_stack(places).astype(np.int64 if whole else np.float64)

    def values(self, name):
        """Return the different values that a parameter takes.

        Parameters
        ----------
        name : str
            The parameter.

        Returns
        -------
        list
            In the order of their first place on the axis.

        Raises
        ------
        ValidationError
            If the parameter is drawn from an interval.
        """
        axis = self._axes[name]
        if isinstance(axis, Uniform):
            raise ValidationError(f"grid[{name!r}] must list its values, got {axis}")
        found = {repr(value): value for value in reversed(axis.tolist())}
        return list(found.values())[::-1]

    def describe(self):
        """Return what tells this grid from another, as text.

        Returns
        -------
        str
            Kind, seed, axes, how many combinations there are and, of a sample or under a
            condition, a digest of them.
        """
        axes = {
            name: repr(axis) if isinstance(axis, Uniform) else repr(axis.tolist())
            for name, axis in self._axes.items()
        }
        kept = None
        if self._condition is not None or self.seed is not None:
            kept = hashlib.sha256()
            for first in range(0, len(self), BLOCK):
                for column in self.columns(first, min(first + BLOCK, len(self))).values():
                    numbers = column.dtype != object
                    kept.update(column.tobytes() if numbers else repr(column.tolist()).encode())
            kept = kept.hexdigest()
        return repr((self.kind, self.seed, len(self), axes, kept))

    # ---- blocks ------------------------------------------------------------------------------

    def _count(self, blocks, size):
        """Return the number at which each block starts, and the number of all at the end."""
        starts, block = [0], 0
        while blocks is None or block < blocks:
            if self._condition is None and blocks is not None and block < blocks - 1:
                kept = BLOCK  # a full block, not made to be counted
            elif self._condition is None and blocks is None:
                kept = BLOCK
            else:
                kept = len(next(iter(self._block(block).values())))
            starts.append(starts[-1] + kept)
            block += 1
            if size is not None and starts[-1] >= size:
                starts[-1] = size
                break
            if blocks is None and block * BLOCK > _PATIENCE * (size + BLOCK):
                raise ValidationError(_kept_too_few(block * BLOCK, starts[-1], size))
        if starts[-1] == 0:
            raise ValidationError("where must keep some combinations, but it kept none")
        return np.array(starts, dtype=np.int64)

    def _block(self, block):
        """Return the kept rows of a block; the last one asked for is remembered."""
        at, columns = self._last
        if at != block:
            columns = self._make(block)
            if self._condition is not None:
                keeps = _keeps(self._condition, columns)
                columns = {name: column[keeps] for name, column in columns.items()}
            self._last = block, columns
        return columns

    def _raw_numbers(self, kept_numbers):
        """Return the numbers in the product without a condition, of numbers in the one with it."""
        raw = np.empty(len(kept_numbers), dtype=np.int64)
        blocks = np.searchsorted(self._starts, kept_numbers, side="right") - 1
        for block in np.unique(blocks):
            keeps = np.flatnonzero(_keeps(self._condition, self._make(int(block))))
            here = blocks == block
            raw[here] = block * BLOCK + keeps[kept_numbers[here] - self._starts[block]]
        return raw


def as_grid(grid, where=None):
    """Return `grid` as a Grid: one as it is, a dict as a product, a list or frame as rows.

    Parameters
    ----------
    grid : Grid, dict, list of dict or DataFrame
        What the caller gave.
    where : callable, optional
        See `Grid.product`.

    Returns
    -------
    Grid
        The combinations.

    Raises
    ------
    ArgumentTypeError
        If it's none of those.
    ValidationError
        If it's empty or not well formed, or a condition comes beside a Grid.
    """
    if isinstance(grid, Grid):
        if where is not None:
            raise ValidationError("where must be given to the Grid itself, got one beside it")
        return grid
    if isinstance(grid, Mapping):
        if any(isinstance(axis, Uniform) for axis in grid.values()):
            raise ValidationError(
                "grid has an interval, which must be sampled: Grid.random(axes, n) or "
                "Grid.sobol(axes, n)"
            )
        return Grid.product(grid, where=where)
    if is_frame(grid) or isinstance(grid, list | tuple):
        return Grid.rows(grid, where=where)
    raise ArgumentTypeError(
        f"grid must be a dict of values, a list of dicts or a Grid, got {type(grid).__name__}"
    )


def _read_axes(axes):
    if not isinstance(axes, Mapping):
        raise ArgumentTypeError(f"axes must be a dict of name to values, got {type(axes).__name__}")
    if not axes:
        raise ValidationError("axes must name at least one parameter, got none")
    for name in axes:
        if not isinstance(name, str):
            raise ArgumentTypeError(f"parameters must be named by strings, got {name!r}")
    return {name: as_axis(name, values) for name, values in axes.items()}


def _read_rows(rows):
    if is_frame(rows):
        rows = rows.to_dict("records")
    if not isinstance(rows, list | tuple) or not all(isinstance(row, Mapping) for row in rows):
        raise ArgumentTypeError("rows must be a list of dicts or a DataFrame")
    if not rows or not rows[0]:
        raise ValidationError("rows must hold at least one dict with at least one parameter")
    names = list(rows[0])
    for number, row in enumerate(rows):
        if set(row) != set(names):
            raise ValidationError(
                f"rows must all name the same parameters, {names}, got {list(row)} in row {number}"
            )
    return {str(name): as_column([row[name] for row in rows]) for name in names}


def _combinations(axes):
    total = math.prod(axis.size for axis in axes.values())
    if total >= 2**62:
        raise RangeError(f"a grid must have fewer than 2**62 combinations, got {total}")
    return total


def _digits(axes, numbers):
    """Return the columns of numbered combinations: a number's digits, an axis each."""
    columns, rest = {}, np.asarray(numbers, dtype=np.int64)
    for name, axis in reversed(axes.items()):
        rest, digit = np.divmod(rest, axis.size)
        columns[name] = axis[digit]
    return {name: columns[name] for name in axes}


def _drawn(axes, shares):
    """Return the columns at points of the unit cube."""
    columns = {}
    for place, (name, axis) in enumerate(axes.items()):
        if isinstance(axis, Uniform):
            columns[name] = axis.at(shares[:, place])
        else:
            at = np.minimum((shares[:, place] * axis.size).astype(np.int64), axis.size - 1)
            columns[name] = axis[at]
    return columns


def _different(rng, axes, total, n, where):
    """Draw the numbers of `n` different combinations, of very many, that a condition keeps."""
    chosen, draws = np.zeros(0, dtype=np.int64), 0
    while chosen.size < n:
        more = rng.integers(0, total, size=max(BLOCK, n))
        draws += more.size
        if where is not None:
            more = more[_keeps(where, _digits(axes, more))]
        both = np.concatenate((chosen, more))
        chosen = both[np.sort(np.unique(both, return_index=True)[1])]
        if draws > _PATIENCE * (n + BLOCK):
            raise ValidationError(_kept_too_few(draws, chosen.size, n))
    return chosen[:n]


def _kept_too_few(draws, kept, n):
    return (
        f"where must keep some combinations, but of {draws:,} draws it kept {kept:,} of the "
        f"{n:,} asked for"
    )


def _keeps(condition, columns):
    """Return which rows a condition keeps: asked of whole columns, then row by row."""
    size = len(next(iter(columns.values())))
    if size > 1:
        try:
            answer = np.asarray(condition(columns))
            if answer.dtype == bool and answer.shape == (size,):
                return answer
        except Exception:  # asked again row by row, where a fault of its own shows
            pass
    rows = zip(*(column.tolist() for column in columns.values()), strict=True)
    return np.fromiter(
        (bool(condition(dict(zip(columns, row, strict=True)))) for row in rows), bool, size
    )


def _plain(value):
    return value.item() if isinstance(value, np.generic) else value


def _shown(axis):
    if isinstance(axis, Uniform):
        return repr(axis)
    shown = [repr(_plain(value)) for value in itertools.islice(axis, 4)]
    return "[" + ", ".join(shown) + (f", ... {axis.size} values]" if axis.size > 4 else "]")
