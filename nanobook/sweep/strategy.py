"""A trading rule that compiles: from the prices so far to target weights, bar by bar."""

import inspect
from collections.abc import Mapping

import numba
import numpy as np

from nanobook.errors import ArgumentTypeError, ValidationError
from nanobook.jit import function_pointer
from nanobook.panel.arrays import as_count, as_float

__all__ = ["DONE", "Strategy", "as_strategy"]

#: What a compiled rule returns: it filled the weights, or it raised.
DONE, RAISED = 0, 1

_SIGNATURE = numba.types.int64(
    numba.types.int64,
    numba.types.float64[:, ::1],
    numba.types.float64[::1],
    numba.types.float64[::1],
    numba.types.float64[::1],
)

_ARGUMENTS = ("t", "prices", "params", "state", "out")


class Strategy:
    """A function that fills a row of target weights from the prices up to its bar.

    Parameters
    ----------
    function : callable
        Takes ``(t, prices, params, state, out)``: the bar's number; the prices of bars 0 to t, a
        float64 matrix of shape (t + 1, N) whose last row is the bar itself, so that it can't look
        ahead; the parameters and its own memory, both float64 vectors; and the row of weights of
        shape (N,) to fill, zeros when it gets it. What it returns doesn't matter. Plain Python
        that Numba compiles, or an ``@njit`` function, of which the plain one is taken.
    parameters : sequence of str or dict of str to float, default ()
        What ``params`` holds, in order; a dict has defaults.
    state : int or callable, default 0
        The size of its memory, which is zeros before the first bar; or a function from the
        number of assets to that size.
    every_bar : bool, optional
        Whether it's called at every bar from the first on, in order, though only some rebalance;
        by default if it has a memory. Otherwise it's called at rebalancing bars alone.
    name : str, optional
        By default the function's.

    Raises
    ------
    ArgumentTypeError
        If the function can't be called or takes other arguments, or an argument is of another
        kind.
    ValidationError
        If a parameter's name comes twice.

    Examples
    --------
    >>> def cheapest(t, prices, params, state, out):
    ...     out[np.argmin(prices[t])] = params[0]
    >>> Strategy(cheapest, ["weight"]).weights(np.array([[2.0, 1.0], [1.0, 3.0]]), weight=0.5)
    array([[0. , 0.5],
           [0.5, 0. ]])
    """

    def __init__(self, function, parameters=(), *, state=0, every_bar=None, name=None):
        function = getattr(function, "py_func", function)
        _check_function(function)
        if isinstance(parameters, str) or not hasattr(parameters, "__iter__"):
            raise ArgumentTypeError(f"parameters must be a list of names, got {parameters!r}")
        names = tuple(parameters)
        for one in names:
            if not isinstance(one, str):
                raise ArgumentTypeError(f"parameters must be named by strings, got {one!r}")
            if names.count(one) > 1:
                raise ValidationError(f"parameters must have distinct names, got {one!r} twice")
        self.function = function
        self.parameters = names
        self.defaults = {}
        if isinstance(parameters, Mapping):
            self.defaults = {
                one: as_float(f"parameters[{one!r}]", value) for one, value in parameters.items()
            }
        self.name = name or function.__name__
        self._state = state if callable(state) else as_count("state", state)
        self.every_bar = bool(self._state) if every_bar is None else bool(every_bar)
        self._ours = False
        self._pointer = None
        self.__doc__ = function.__doc__ or self.__doc__

    def __repr__(self):
        named = [
            f"{name}={self.defaults[name]:g}" if name in self.defaults else name
            for name in self.parameters
        ]
        return f"Strategy({', '.join([self.name, *named])})"

    def __getstate__(self):
        """Leave the compiled form out: it's made anew where the strategy arrives."""
        return {**self.__dict__, "_pointer": None}

    def state_size(self, assets):
        """Return how many float64 its memory holds.

        Parameters
        ----------
        assets : int
            Columns of the prices.

        Returns
        -------
        int
            At least 0.
        """
        size = self._state(assets) if callable(self._state) else self._state
        return as_count("state", size)

    @property
    def pointer(self):
        """The compiled function, as kernels take it.

        It raises ValidationError if the function doesn't compile.
        """
        if self._pointer is None:
            function = self.function if self._ours else _guarded(self.function)
            try:
                self._pointer = function_pointer(function, _SIGNATURE, cached=self._ours)
            except numba.core.errors.NumbaError as error:
                raise ValidationError(f"{self.name} doesn't compile: {error}") from error
        return self._pointer

    def vector(self, params):
        """Return parameters in the order the function takes them.

        Parameters
        ----------
        params : dict of str to float
            By name; those left out have their default.

        Returns
        -------
        ndarray
            float64.

        Raises
        ------
        ValidationError
            If one isn't known, or is missing and has no default.
        ArgumentTypeError
            If one isn't a number.
        """
        self.check_names(params)
        return np.array(
            [as_float(name, params.get(name, self.defaults.get(name))) for name in self.parameters],
            dtype=np.float64,
        )

    def check_names(self, names):
        """Raise unless all parameters have a value, and no other is named.

        Parameters
        ----------
        names : iterable of str
            Those that are given.

        Raises
        ------
        ValidationError
            The message names the first one that's unknown or missing.
        """
        unknown = [name for name in names if name not in self.parameters]
        if unknown:
            raise ValidationError(
                f"{self.name} has no parameter {unknown[0]!r}; it has "
                f"{', '.join(self.parameters) or 'none'}"
            )
        missing = [
            name for name in self.parameters if name not in names and name not in self.defaults
        ]
        if missing:
            raise ValidationError(f"{self.name} needs a value for its parameter {missing[0]!r}")

    def weights(self, prices, *, rebalance=None, **params):
        """Return the weights that the rule asks for at each bar.

        Parameters
        ----------
        prices : DataFrame or array_like of shape (T, N)
            As `backtest` takes them.
        rebalance : {"W", "M", "Q", "Y"} or int, optional
            As `backtest` takes it; rows of other bars are NaN, which keeps positions.
        **params : float
            The parameters by name.

        Returns
        -------
        DataFrame or ndarray of shape (T, N)
            What `backtest` takes as weights: each row knows the prices up to its own bar.

        Raises
        ------
        ValidationError
            If prices aren't well formed, or a parameter isn't known or missing.
        ArgumentTypeError
            If an argument is of another kind.
        """
        from nanobook.sweep.weights import weights_of

        return weights_of(self, prices, rebalance, params)


def _check_function(function):
    if not callable(function):
        raise ArgumentTypeError(f"function must be callable, got {function!r}")
    try:
        count = len(inspect.signature(function).parameters)
    except (TypeError, ValueError):
        return
    if count != len(_ARGUMENTS):
        raise ArgumentTypeError(
            f"function must take {len(_ARGUMENTS)} arguments, ({', '.join(_ARGUMENTS)}), "
            f"but {getattr(function, '__name__', function)} takes {count}"
        )


def _guarded(function):
    """Wrap a user's function so that what it raises is told by a number.

    An exception can't leave a C callback: it would be printed, and the run would go on.
    """
    inner = numba.njit(error_model="numpy")(function)

    def guarded(t, prices, params, state, out):
        try:
            inner(t, prices, params, state, out)
        except Exception:
            return RAISED
        return DONE

    return guarded


def as_strategy(strategy, names):
    """Return `strategy` as a Strategy, if it compiles.

    Parameters
    ----------
    strategy : Strategy, str or njit function
        A name is one of `nanobook.sweep.strategies`.
    names : sequence of str
        The grid's parameters, which an ``@njit`` function without names of its own takes in
        this order.

    Returns
    -------
    Strategy or None
        None for anything that isn't one of these.

    Raises
    ------
    ValidationError
        If a name isn't known.
    """
    if isinstance(strategy, Strategy):
        return strategy
    if isinstance(strategy, str):
        from nanobook.sweep import strategies

        if strategy not in strategies.__all__:
            raise ValidationError(
                f"strategy must be one of {', '.join(strategies.__all__)}, got {strategy!r}"
            )
        return getattr(strategies, strategy)
    if hasattr(strategy, "py_func"):
        return Strategy(strategy, names)
    return None
