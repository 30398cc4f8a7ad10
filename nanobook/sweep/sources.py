"""Where a sweep's candidates come from, in batches that the kernel takes."""

import hashlib
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from typing import NamedTuple

import numpy as np

from nanobook.errors import ArgumentTypeError, ValidationError
from nanobook.optimize.cube import WeightCube
from nanobook.panel.arrays import as_integer
from nanobook.panel.frames import is_frame
from nanobook.panel.legal import first_illegal
from nanobook.portfolio.inputs import read_weights, rows_of_array
from nanobook.sweep.axes import as_column
from nanobook.sweep.grid import Grid
from nanobook.sweep.settings import OPTION_NAMES, option_rows, settings_of

__all__ = ["Chunk", "Market", "source_of", "targets_of"]


class Chunk(NamedTuple):
    """Some candidates, as `run_batch` takes them."""

    params: np.ndarray  # (S, P)
    options: np.ndarray  # (S, OPTIONS)
    given: tuple | None  # weights and rows, where no strategy makes them


class Described:
    """The candidates of a grid, and what all of them are run with."""

    #: Whether candidates can be asked for in any order, more than once.
    random_access = True

    def __init__(self, grid, base, rules, market):
        """Keep what candidates are made of.

        Parameters
        ----------
        grid : Grid
            The combinations.
        base : dict
            Values of `Settings`.
        rules : list
            Rebalance rules.
        market : Market
            Shape, index, columns and the bars that decide.
        """
        self.grid, self.base, self.rules, self.market = grid, base, rules, market
        self._known = {}

    @property
    def names(self):
        """The parameters."""
        return self.grid.names

    def __len__(self):
        return len(self.grid)

    def params_of(self, number):
        """Return one candidate's parameters by name."""
        return self.grid[number]

    def columns(self, first, last):
        """Return the parameters of some candidates as columns by name."""
        return self.grid.columns(first, last)

    def settings(self, params):
        """Return the settings that parameters ask for."""
        chosen = {name: value for name, value in params.items() if name in OPTION_NAMES}
        return settings_of(self.base, chosen)

    def _options(self, columns, size):
        return option_rows(self.base, columns, size, self.rules, self._known)


class Market(NamedTuple):
    """What weights are brought onto."""

    shape: tuple
    index: object
    columns: object
    decides: np.ndarray  # (Q, T)


class Compiled(Described):
    """Candidates of a compiled strategy."""

    def __init__(self, strategy, grid, base, rules, market):
        """Check that the grid's parameters are the strategy's, or the simulator's."""
        super().__init__(grid, base, rules, market)
        self.strategy = strategy
        for name in strategy.parameters:
            if name in OPTION_NAMES:
                raise ValidationError(
                    f"{strategy.name} has a parameter {name!r}, which is an option of the "
                    "simulator; give it another name"
                )
        strategy.check_names([name for name in grid.names if name not in OPTION_NAMES])
        _ = strategy.pointer  # compiles, or says why not, before anything runs

    def chunk(self, first, last):
        """Return candidates `first` to before `last`."""
        columns = self.grid.columns(first, last)
        size = last - first
        params = np.empty((size, len(self.strategy.parameters)))
        for place, name in enumerate(self.strategy.parameters):
            if name not in columns:
                params[:, place] = self.strategy.defaults[name]
                continue
            try:
                params[:, place] = columns[name]
            except (TypeError, ValueError):
                odd = next(value for value in columns[name] if not _is_number(value))
                raise ArgumentTypeError(
                    f"{self.strategy.name} takes numbers, but {name} is {odd!r}"
                ) from None
        return Chunk(params, self._options(columns, size), None)

    def weights(self, params, prices):
        """Return a candidate's weights, as `backtest` takes them."""
        own = {name: value for name, value in params.items() if name not in OPTION_NAMES}
        return self.strategy.weights(prices, rebalance=self.settings(params).rebalance, **own)

    def fingerprint(self):
        """Return what tells this strategy from another."""
        rule = self.strategy
        parts = rule.name, rule.parameters, rule.defaults, rule.every_bar
        return f"{parts} {_code_hash(rule.function)}"


class Listed(Described):
    """Candidates whose weights a Python function makes from their parameters."""

    strategy = None

    def __init__(self, function, grid, base, rules, market):
        """Keep the function."""
        super().__init__(grid, base, rules, market)
        self._function = function

    def chunk(self, first, last):
        """Return candidates `first` to before `last`; calls the function for each."""
        columns = self.grid.columns(first, last)
        options = self._options(columns, last - first)
        pairs = []
        for number in range(first, last):
            params = self.grid[number]
            try:
                weights = self.weights(params, None)
                pairs.append(targets_of(weights, self.settings(params), self.rules, self.market))
            except Exception as error:
                error.add_note(f"raised by the strategy, or by its weights, with {params}")
                raise
        return Chunk(np.empty((last - first, 0)), options, _stacked(pairs, self.market.shape))

    def weights(self, params, prices):
        """Return a candidate's weights: what the function gives."""
        return self._function(dict(params))

    def fingerprint(self):
        """Return what tells this function from another."""
        name = getattr(self._function, "__qualname__", type(self._function).__name__)
        return f"{name} {_code_hash(self._function)}"


class Cubed(Listed):
    """Candidates whose weights an optimizer has made for every date."""

    def __init__(self, cube, base, rules, market):
        """Take the cube's parameters as the grid."""
        columns = {name: as_column(values) for name, values in cube.grid.items()}
        super().__init__(None, Grid.of_columns(columns), base, rules, market)
        self._cube = cube
        self._place = {_key(self.grid[at]): at for at in range(len(cube))}

    def settings(self, params):
        """Return the settings, the same for all: the parameters are the optimizer's."""
        return settings_of(self.base, {})

    def weights(self, params, prices):
        """Return a candidate's weights."""
        return self._cube[self._place[_key(params)]].weights

    def _options(self, columns, size):
        return option_rows(self.base, {}, size, self.rules, self._known)

    def fingerprint(self):
        """Return a digest of the weights."""
        return _digest(self._cube.weights)


class Stacked(Described):
    """Candidates that are matrices of weights in one array, numbered from 0."""

    strategy = None

    def __init__(self, stack, base, rules, market):
        """Check the array."""
        super().__init__(None, base, rules, market)
        if stack.dtype.kind not in "fiub":
            raise ArgumentTypeError(f"weights must be numbers, got an array of {stack.dtype}")
        if stack.shape[1:] != market.shape or not len(stack):
            raise ValidationError(
                f"a stack of weights must have the shape (S, {market.shape[0]}, "
                f"{market.shape[1]}), got {stack.shape}"
            )
        self._stack = stack
        self._settings = settings_of(base, {})

    names = ("candidate",)

    def __len__(self):
        return len(self._stack)

    def params_of(self, number):
        """Return the candidate's number by name."""
        return {"candidate": int(number)}

    def columns(self, first, last):
        """Return the candidates' numbers."""
        return {"candidate": np.arange(first, last)}

    def settings(self, params):
        """Return the settings, the same for all."""
        return self._settings

    def chunk(self, first, last):
        """Return candidates `first` to before `last`."""
        part = np.array(self._stack[first:last], dtype=np.float64, order="C")
        illegal = first_illegal(part.reshape(-1, part.shape[2]), -np.inf)
        if illegal is not None:
            candidate, row = divmod(illegal[0], part.shape[1])
            raise ValidationError(
                "weights must be finite, or NaN to keep a position, got "
                f"{part[candidate, row, illegal[1]]} of candidate {first + candidate} in row {row}"
            )
        decides = self.market.decides[self.rules.index(self._settings.rebalance)]
        row_at = np.array([rows_of_array(one, self._settings.lag, decides) for one in part])
        options = option_rows(self.base, {}, last - first, self.rules, self._known)
        return Chunk(np.empty((last - first, 0)), options, (part, row_at))

    def weights(self, params, prices):
        """Return a candidate's weights."""
        number = as_integer("candidate", params["candidate"], least=0, most=len(self) - 1)
        weights = np.array(self._stack[number], dtype=np.float64)
        if not is_frame(prices):
            return weights
        from pandas import DataFrame

        return DataFrame(weights, index=prices.index, columns=prices.columns)

    def fingerprint(self):
        """Return a digest of the weights."""
        return _digest(self._stack)


class Streamed(Described):
    """Candidates that are matrices or frames of weights, made one after the other."""

    random_access = False
    strategy = None
    names = ("candidate",)

    def __init__(self, matrices, base, rules, market):
        """Keep the iterator."""
        super().__init__(None, base, rules, market)
        self._matrices = iter(matrices)
        self._settings = settings_of(base, {})
        #: The weights of the latest chunk, by candidate.
        self.latest = {}

    def __len__(self):
        raise TypeError("nobody knows how many matrices will come")

    def params_of(self, number):
        """Return the candidate's number by name."""
        return {"candidate": int(number)}

    def columns(self, first, last):
        """Return the candidates' numbers."""
        return {"candidate": np.arange(first, last)}

    def settings(self, params):
        """Return the settings, the same for all."""
        return self._settings

    def chunk(self, first, last):
        """Return the next matrices, at most up to number `last`; None after the end."""
        pairs, self.latest = [], {}
        for number, weights in zip(range(first, last), self._matrices, strict=False):
            weights = weights.copy() if hasattr(weights, "copy") else weights  # may be reused
            try:
                pairs.append(targets_of(weights, self._settings, self.rules, self.market))
            except Exception as error:
                error.add_note(f"raised by the weights of candidate {number}")
                raise
            self.latest[number] = weights
        if not pairs:
            return None
        options = option_rows(self.base, {}, len(pairs), self.rules, self._known)
        return Chunk(np.empty((len(pairs), 0)), options, _stacked(pairs, self.market.shape))

    def weights(self, params, prices):
        """Raise: a stream can't be read again."""
        raise ValidationError(
            f"the weights of candidate {params['candidate']} came from an iterator and are gone; "
            "ask for it with keep=, or give the weights as an array"
        )

    def fingerprint(self):
        """Return a word; what an iterator gives nobody can tell."""
        return "iterator"


def source_of(strategy, compiled, grid, base, rules, market):
    """Return where candidates come from.

    Parameters
    ----------
    strategy : callable, array or iterable
        What the caller gave.
    compiled : Strategy or None
        The same, if it compiles.
    grid : Grid or None
        The combinations; None for weights that are there already.
    base : dict
        Values of `Settings`.
    rules : list
        Rebalance rules.
    market : Market
        What weights are brought onto.

    Returns
    -------
    Described
        One of its children.

    Raises
    ------
    ValidationError
        If parameters or weights aren't right, or a grid is missing or too much.
    ArgumentTypeError
        If `strategy` is nothing a sweep knows.
    """
    if compiled is not None:
        return Compiled(compiled, grid, base, rules, market)
    if callable(strategy):
        return Listed(strategy, grid, base, rules, market)
    if grid is not None:
        raise ArgumentTypeError(
            "strategy must be a Strategy, its name, an @njit function or a function from "
            f"parameters to weights where there is a grid, got {type(strategy).__name__}"
        )
    if isinstance(strategy, WeightCube):
        return Cubed(strategy, base, rules, market)
    if isinstance(strategy, np.ndarray):
        if strategy.ndim != 3:
            raise ValidationError(
                f"a stack of weights must have three axes, (S, T, N), got {strategy.shape}"
            )
        return Stacked(strategy, base, rules, market)
    if isinstance(strategy, Iterator | list | tuple) or hasattr(strategy, "__iter__"):
        return Streamed(strategy, base, rules, market)
    raise ArgumentTypeError(
        "strategy must be a Strategy, its name, a function, a stack of weights (S, T, N) or an "
        f"iterable of them, got {type(strategy).__name__}"
    )


def targets_of(weights, settings, rules, market):
    """Return one candidate's weights in the prices' columns, and the row that trades at a bar.

    Parameters
    ----------
    weights : DataFrame or array_like
        As `backtest` takes them.
    settings : Settings
        The candidate's.
    rules : list
        Rebalance rules.
    market : Market
        What they're brought onto.

    Returns
    -------
    targets : ndarray of shape (R, N)
        The weights.
    row_at : ndarray of shape (T,)
        -1 where nothing trades.
    """
    decides = market.decides[rules.index(settings.rebalance)] if settings.rebalance else None
    return read_weights(weights, market.shape, market.index, market.columns, settings.lag, decides)


def _stacked(pairs, shape):
    rows = max(1, max(len(targets) for targets, _ in pairs))
    stack = np.full((len(pairs), rows, shape[1]), np.nan)
    row_at = np.empty((len(pairs), shape[0]), dtype=np.int64)
    for place, (targets, rows_at) in enumerate(pairs):
        stack[place, : len(targets)] = targets
        row_at[place] = rows_at
    return stack, row_at


def _digest(stack):
    digest = hashlib.sha256(str(stack.shape).encode())
    for matrix in stack:
        digest.update(np.ascontiguousarray(matrix, dtype=np.float64))
    return digest.hexdigest()


def _key(params):
    """Return what finds a candidate by its parameters; a vector is found by the object it is."""
    return tuple(
        value if value is None or np.ndim(value) == 0 else id(value) for value in params.values()
    )


def _is_number(value):
    try:
        float(value)
    except (TypeError, ValueError):
        return False
    return True


def _code_hash(function):
    """Return a digest of a function's code, and of the plain values it has or closes over."""
    if isinstance(function, partial):
        return f"{_code_hash(function.func)} {function.args} {sorted(function.keywords.items())}"
    code = getattr(getattr(function, "py_func", function), "__code__", None)
    if code is None:
        return repr(function) if "at 0x" not in repr(function) else type(function).__name__
    digest = hashlib.sha256()

    def take(code):
        digest.update(code.co_code + repr(code.co_names).encode())
        for constant in code.co_consts:
            if hasattr(constant, "co_code"):
                take(constant)
            else:
                digest.update(repr(constant).encode())

    take(code)
    function = getattr(function, "py_func", function)
    values = [*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values()]
    for cell in function.__closure__ or ():
        with suppress(ValueError):  # nothing stands in it yet
            values.append(cell.cell_contents)
    for value in values:
        if isinstance(value, int | float | str | bytes | bool | tuple | None):
            digest.update(repr(value).encode())
    return digest.hexdigest()[:16]
