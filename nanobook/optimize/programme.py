"""A quadratic programme over weights and their helpers, whose rows know whom they belong to.

Columns are the N weights first, then helpers: purchases and sales, long and short parts, losses
in the tail. Rows say ``lower <= A x <= upper``; cones say ``||M x - m|| <= c'x + d``. The
objective is ``1/2 ||R w - r||^2 + q'x - budgets'log(w)``, to be minimised.
"""

import dataclasses

import numpy as np

__all__ = ["Cone", "Programme"]


@dataclasses.dataclass
class Cone:
    """``||M x[columns] - m|| <= c'x + d``."""

    item: int
    columns: np.ndarray
    matrix: np.ndarray
    target: np.ndarray
    slope: np.ndarray
    limit: float


class Programme:
    """The programme under construction.

    Parameters
    ----------
    lower, upper : ndarray of shape (N,)
        Bounds of the weights, finite.
    """

    def __init__(self, lower, upper):
        self.assets = lower.size
        self.lower, self.upper = lower.copy(), upper.copy()
        #: Values that helpers don't leave anyway: for dual bounds only.
        self.floor, self.ceiling = lower.copy(), upper.copy()
        self.items = []  # what a conflict names; None owns rows that merely define helpers
        self.cones = []
        self._blocks, self._trades, self._sides = [], None, None
        self.root = self.target = None
        self.linear = np.zeros(self.assets)
        self.logs = None
        self.integers = np.zeros(0, np.int64)  # columns that are 0 or 1
        self.holds = []  # pairs of columns: the first are 0 where the second, integers, are
        self.most, self.sided = None, 0  # assets held at most; pairs above that are positions

    @property
    def columns(self):
        """How many variables there are."""
        return self.lower.size

    def add_item(self, words, **about):
        """Note a requirement that has a name.

        Parameters
        ----------
        words : str
            What a conflict calls it.
        **about
            Its unit, and its row of weights where it's one.

        Returns
        -------
        int
            Its number.
        """
        self.items.append({"words": words, **about})
        return len(self.items) - 1

    def add_columns(self, count, lower, upper, floor=None, ceiling=None):
        """Add helpers.

        Parameters
        ----------
        count : int
            How many.
        lower, upper : float or ndarray
            Their bounds.
        floor, ceiling : float or ndarray, optional
            Finite values that they don't leave anyway; by default the bounds.

        Returns
        -------
        ndarray of int64
            Their columns.
        """
        first = self.columns
        for name, value in (
            ("lower", lower),
            ("upper", upper),
            ("floor", lower if floor is None else floor),
            ("ceiling", upper if ceiling is None else ceiling),
            ("linear", 0.0),
        ):
            setattr(self, name, np.append(getattr(self, name), np.broadcast_to(value, count)))
        return np.arange(first, first + count)

    def add_choices(self, count):
        """Add columns that are 0 or 1.

        Parameters
        ----------
        count : int
            How many.

        Returns
        -------
        ndarray of int64
            The columns.
        """
        columns = self.add_columns(count, 0.0, 1.0)
        self.integers = np.append(self.integers, columns)
        return columns

    def add_rows(self, item, parts, lower, upper):
        """Add rows ``lower <= sum of matrix @ x[columns] <= upper``.

        Parameters
        ----------
        item : int or None
            The requirement they belong to; None if they only define helpers.
        parts : list of tuple
            Columns, and their matrix.
        lower, upper : float or ndarray
            Limits, infinite where there's none.
        """
        count = parts[0][1].shape[0]
        self._blocks.append(
            (item, parts, np.broadcast_to(lower, count), np.broadcast_to(upper, count))
        )

    def add_cone(self, item, matrix, target, limit, column=None):
        """Add ``||M w - m|| <= limit``, or limit plus a helper.

        Parameters
        ----------
        item : int or None
            The requirement it belongs to.
        matrix : ndarray of shape (K, N)
            Of the weights.
        target : ndarray of shape (K,)
            What's taken off.
        limit : float
            The largest length.
        column : ndarray, optional
            The helper's.
        """
        weights = np.arange(self.assets)
        self.cones.append(Cone(item, weights, matrix, target, column, float(limit)))

    def bent(self):
        """Return the cones, once all columns are there.

        Returns
        -------
        list of Cone
            With slopes over all columns.
        """
        found = []
        for cone in self.cones:
            slope = np.zeros(0)
            if cone.slope is not None:
                slope = np.zeros(self.columns)
                slope[cone.slope] = 1.0
            found.append(dataclasses.replace(cone, slope=slope))
        return found

    def trades(self, current):
        """Return the columns of purchases and of sales: ``w - purchases + sales = current``.

        Parameters
        ----------
        current : ndarray of shape (N,)
            Weights held now.

        Returns
        -------
        buys, sells : ndarray of int64
            Added when first asked for.
        """
        from scipy.sparse import eye_array

        if self._trades is None:
            n, most = self.assets, np.abs(current)
            bought = np.maximum(self.upper[:n] - current, 0.0) + most + 1.0
            sold = np.maximum(current - self.lower[:n], 0.0) + most + 1.0
            buys = self.add_columns(n, 0.0, np.inf, 0.0, bought)
            sells = self.add_columns(n, 0.0, np.inf, 0.0, sold)
            one = eye_array(n)
            parts = [(np.arange(n), one), (buys, -one), (sells, one)]
            self.add_rows(None, parts, current, current)
            self._trades = buys, sells
        return self._trades

    def sides(self):
        """Return the columns of long and of short parts: ``w - long + short = 0``.

        Returns
        -------
        long, short : ndarray of int64
            Added when first asked for.
        """
        from scipy.sparse import eye_array

        if self._sides is None:
            n = self.assets
            most = np.maximum(np.abs(self.lower[:n]), np.abs(self.upper[:n])) + 1.0
            long = self.add_columns(n, 0.0, np.inf, 0.0, most)
            short = self.add_columns(n, 0.0, np.inf, 0.0, most)
            one = eye_array(n)
            self.add_rows(None, [(np.arange(n), one), (long, -one), (short, one)], 0.0, 0.0)
            self._sides = long, short
        return self._sides

    def rows(self):
        """Return all rows.

        Returns
        -------
        matrix : csr_array
            Rows by columns.
        lower, upper : ndarray
            Limits.
        owners : ndarray of int64
            The requirement that each row belongs to, -1 for none.
        """
        from scipy.sparse import coo_array, csr_array

        places, columns, values, lowers, uppers, owners = [], [], [], [], [], []
        first = 0
        for item, parts, lower, upper in self._blocks:
            for which, matrix in parts:
                found = coo_array(matrix)
                keep = np.flatnonzero(found.data)
                places.append(found.row[keep] + first)
                columns.append(which[found.col[keep]])
                values.append(found.data[keep])
            lowers.append(lower)
            uppers.append(upper)
            owners.append(np.full(len(lower), -1 if item is None else item))
            first += len(lower)
        if not first:
            nothing = np.zeros(0)
            return csr_array((0, self.columns)), nothing, nothing, np.zeros(0, np.int64)
        joined = [np.concatenate(part) for part in (values, places, columns)]
        matrix = csr_array((joined[0], (joined[1], joined[2])), shape=(first, self.columns))
        return matrix, np.concatenate(lowers), np.concatenate(uppers), np.concatenate(owners)
