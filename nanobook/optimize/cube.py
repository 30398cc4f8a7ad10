"""`weight_cube`: weights for every date, asset and combination of parameters, in one call."""

import itertools
from collections.abc import Mapping

import numpy as np

from nanobook.errors import ArgumentTypeError, ValidationError
from nanobook.optimize.certificate import STATUS, status_word
from nanobook.optimize.rolling import RollingWeights
from nanobook.panel.arrays import as_integer

__all__ = ["WeightCube", "weight_cube"]


class WeightCube:
    """Weights of S candidates at D dates, as `weight_cube` returns them; `sweep` takes it.

    Parameters
    ----------
    panel : Panel
        The returns' labels, and the rows that decide.
    fixed : dict
        What all candidates share.
    params : list of dict
        What each has of its own.
    weights : ndarray of shape (S, D, N)
        NaN in a row whose solve failed, 0 for an asset that wasn't in.
    numbers : ndarray of shape (S, D, FIELDS)
        As `nanobook.optimize.certificate` places them.
    """

    def __init__(self, panel, fixed, params, weights, numbers):
        self._panel, self._fixed, self._params = panel, fixed, params
        #: The weights, of shape (S, D, N).
        self.weights = weights
        self._numbers = numbers

    @property
    def params(self):
        """A frame with a row for each candidate."""
        from pandas import DataFrame

        return DataFrame(self._params)

    @property
    def dates(self):
        """The dates that decide: labels of the returns' index, or row numbers."""
        return self._panel.dates

    @property
    def columns(self):
        """The assets."""
        return self._panel.columns

    @property
    def numbers(self):
        """The certificates' figures, of shape (S, D, FIELDS)."""
        return self._numbers

    @property
    def status(self):
        """A frame of how each solve ended: candidates by dates."""
        from pandas import DataFrame

        codes = self._numbers[:, :, STATUS].astype(np.int64)
        words = np.array([status_word(code) for code in range(codes.max() + 1)], dtype=object)
        return DataFrame(words[codes], columns=self.dates)

    @property
    def grid(self):
        """The candidates' parameters as columns by name, for `sweep`."""
        return {name: [params[name] for params in self._params] for name in self._params[0]}

    def __len__(self):
        return len(self._params)

    def __getitem__(self, number):
        """Return one candidate's `RollingWeights`."""
        at = as_integer("candidate", number, least=-len(self), most=len(self) - 1)
        params = {**self._fixed, **self._params[at]}
        return RollingWeights(self._panel, params, self.weights[at], self._numbers[at])

    def __iter__(self):
        return (self[at].weights for at in range(len(self)))

    def __repr__(self):
        candidates, dates, assets = self.weights.shape
        failed = int(np.isnan(self.weights[:, :, 0]).sum())
        return (
            f"WeightCube({candidates} candidates over {', '.join(self._params[0])}; "
            f"{dates} dates, {assets} assets, {failed} failed solves)"
        )


def weight_cube(
    returns, method="min_variance", grid=None, *, rebalance="M", progress=None, **options
):
    """Return weights for every date, asset and combination of parameters.

    Candidates with the same window share its moments, which move from date to date by adding and
    taking away rows; each candidate starts from its own solution at the date before.

    Parameters
    ----------
    returns : DataFrame or array_like of shape (T, N)
        As in `rolling_weights`.
    method : str, default "min_variance"
        As in `rolling_weights`; "method" may stand in the grid instead.
    grid : dict of str to sequence, list of dict, DataFrame or Grid, optional
        Needed: values of parameters, all combinations of a dict's, the last turning fastest, or
        those listed. Any option of `rolling_weights` but `rebalance`.
    rebalance : {"W", "M", "Q", "Y"} or int, default "M"
        As in `rolling_weights`.
    progress : bool, optional
        As in `rolling_weights`.
    **options
        What all candidates share; as in `rolling_weights`.

    Returns
    -------
    WeightCube
        `sweep(prices, cube)` runs all of them. Dates begin where every candidate has enough
        rows, so that all are judged by the same ones.

    Raises
    ------
    ArgumentTypeError
        If an argument is of another kind.
    ValidationError
        If the grid is missing or empty, a parameter isn't known or out of its range, or no date
        has enough rows.

    Examples
    --------
    >>> returns = np.random.default_rng(1).normal(0.0, 0.01, (300, 3))
    >>> cube = weight_cube(returns, grid={"window": [60, 120], "upper": [0.5, 1]}, rebalance=50)
    >>> cube.weights.shape
    (4, 3, 3)
    """
    from nanobook.optimize.panels import run_candidates

    axes = _combinations(grid)
    fixed = options if "method" in axes[0] else {"method": method, **options}
    panel, params, weights, numbers = run_candidates(returns, fixed, axes, rebalance, progress)
    return WeightCube(panel, fixed, params, weights, numbers)


def _combinations(grid):
    """Return a list of dicts with the same names, at least one of each."""
    if isinstance(grid, Mapping):
        lists = {name: _values(name, values) for name, values in grid.items()}
        rows = [
            dict(zip(lists, chosen, strict=True)) for chosen in itertools.product(*lists.values())
        ]
    elif hasattr(grid, "to_dict") and hasattr(grid, "columns"):
        rows = grid.to_dict("records")
    elif hasattr(grid, "names") and hasattr(grid, "__getitem__"):
        rows = [grid[at] for at in range(len(grid))]
    elif isinstance(grid, list | tuple) and all(isinstance(row, Mapping) for row in grid):
        rows = [dict(row) for row in grid]
    else:
        raise ArgumentTypeError(
            f"grid must be a dict of lists, a list of dicts, a DataFrame or a Grid, got {grid!r}"
        )
    if not rows or not rows[0]:
        raise ValidationError("grid must have at least one combination of at least one parameter")
    if any(set(row) != set(rows[0]) for row in rows):
        raise ValidationError("grid must have the same parameters in every row")
    return rows


def _values(name, values):
    if isinstance(values, str | Mapping) or not hasattr(values, "__iter__"):
        raise ArgumentTypeError(f"grid[{name!r}] must be a list of values, got {values!r}")
    return [value.item() if isinstance(value, np.generic) else value for value in values]
