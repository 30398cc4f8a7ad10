"""A programme as solvers take it: as it stands, or in weights times a scale for ratios."""

import numpy as np

from nanobook.optimize.objectives import RATIOS, ratio_terms
from nanobook.optimize.parametric import Standard
from nanobook.optimize.programme import Cone

__all__ = ["Form", "form_of"]


class Form:
    """How a programme is handed over, and how what comes back is read.

    Parameters
    ----------
    programme : Programme
        With its objective, already scaled.
    normal : ndarray or None
        Of a ratio, the numerator's slope over all columns; a ratio has weights times a scale.
    constant : float
        What's taken off the numerator.
    """

    def __init__(self, programme, normal=None, constant=0.0):
        self.programme, self.normal, self.constant = programme, normal, constant
        self.rows = programme.rows()
        self.cones = programme.bent()
        self.homogeneous = normal is not None or programme.logs is not None

    def standard(self, lower=None, upper=None):
        """Return the numbers for a solver.

        Parameters
        ----------
        lower, upper : ndarray, optional
            Other bounds than the programme's.

        Returns
        -------
        Standard
            In the programme's columns, and a last one for the scale of a ratio.
        """
        lower = self.programme.lower if lower is None else lower
        upper = self.programme.upper if upper is None else upper
        return self._scaled(lower, upper) if self.homogeneous else self._plain(lower, upper)

    def read(self, x, multipliers, cones):
        """Return an answer in the programme's own columns and rows.

        Parameters
        ----------
        x, multipliers : ndarray
            A solver's variables, and multipliers of its rows.
        cones : sequence of ndarray
            Multipliers of cones.

        Returns
        -------
        x, multipliers : ndarray
            The programme's.
        cones : list of ndarray
            The same.
        """
        if not self.homogeneous:
            return x, multipliers, cones
        scale = x[-1]
        place, count = self._origin, len(self.rows[1])
        y = np.zeros(count)
        np.add.at(y, place[place >= 0], multipliers[: place.size][place >= 0])
        if self.normal is None:  # slope of log sqrt(w'Cw) - b'log w is `scale` times that of x
            factor = scale
        else:  # 1/(2 f), f being half of what's squared; see `slope`
            squares = self.programme.root @ x[: self.programme.assets]
            factor = 1.0 / (squares @ squares)
        return x[:-1] / scale, y * factor, [cone * factor for cone in cones]

    def slope(self, x):
        """Return the objective's slope; of a ratio, that of its linearised form.

        Parameters
        ----------
        x : ndarray
            The programme's variables.

        Returns
        -------
        slope : ndarray
            Over all columns.
        size : float
            Of the objective's terms.
        unit : float
            Of the slope's terms.
        """
        programme, n = self.programme, self.programme.assets
        bent = programme.root @ x[:n] - programme.target
        curved = programme.root.T @ bent
        slope = np.zeros(programme.columns)
        if not self.homogeneous:
            slope[:n] = curved
            slope += programme.linear
            size = 0.5 * bent @ bent + np.abs(programme.linear * x).sum()
            parts = np.abs(programme.root).T @ np.abs(programme.target)
            parts = max(np.abs(curved).max(), parts.max(), np.abs(programme.linear).max())
            return slope, size, parts or 1.0
        square = bent @ bent
        slope[:n] = curved / square
        if self.normal is None:
            steep = programme.logs / x[:n]
            slope[:n] -= steep
            return slope, 1.0, np.abs(steep).max()
        excess = self.normal @ x - self.constant
        slope *= excess
        parts = max(np.abs(slope).max(), np.abs(self.normal).max())
        return slope - self.normal, abs(excess), parts

    def _plain(self, lower, upper):
        matrix, least, most, _ = self.rows
        programme = self.programme
        return Standard(
            *(programme.root, programme.target, programme.linear, programme.logs),
            *(matrix, least, most, lower, upper, self.cones),
        )

    def _scaled(self, lower, upper):
        """Every limit times the last column, the scale."""
        from scipy.sparse import csr_array, eye_array, hstack, vstack

        matrix, least, most, _ = self.rows
        programme, columns = self.programme, self.programme.columns
        equal = least == most
        blocks, origin, down, up = [], [], [], []

        def add(rows, limits, places, sign):
            if len(limits):
                blocks.append(hstack([rows, csr_array(-limits[:, None])]))
                origin.append(places)
                down.append(np.full(len(limits), 0.0 if sign <= 0 else -np.inf))
                up.append(np.full(len(limits), 0.0 if sign >= 0 else np.inf))

        for mask, limits, sign in (
            (equal, least, 0),
            (np.isfinite(most) & ~equal, most, 1),
            (np.isfinite(least) & ~equal, least, -1),
        ):
            add(matrix[mask], limits[mask], np.flatnonzero(mask), sign)
        one = eye_array(columns, format="csr")
        zero_low, zero_up = lower == 0.0, upper == 0.0
        pinned = (lower == upper) & ~zero_low
        for mask, limits, sign in (
            (pinned, lower, 0),
            (np.isfinite(upper) & ~zero_up & ~pinned, upper, 1),
            (np.isfinite(lower) & ~zero_low & ~pinned, lower, -1),
        ):
            add(one[mask], limits[mask], np.full(mask.sum(), -1), sign)
        if self.normal is not None:
            row = np.append(self.normal, -self.constant)[None, :]
            blocks.append(csr_array(row))
            origin.append(np.array([-1]))
            down.append(np.ones(1))
            up.append(np.ones(1))
        self._origin = np.concatenate(origin)
        return Standard(
            *(programme.root, programme.target, np.zeros(columns + 1), programme.logs),
            *(csr_array(vstack(blocks)), np.concatenate(down), np.concatenate(up)),
            np.append(np.where(zero_low, 0.0, -np.inf), 0.0),
            np.append(np.where(zero_up, 0.0, np.inf), np.inf),
            [self._scaled_cone(cone) for cone in self.cones],
        )

    def _scaled_cone(self, cone):
        columns = self.programme.columns
        slope = np.zeros(columns + 1)
        slope[-1] = cone.limit
        matrix = np.column_stack([cone.matrix, -cone.target])
        nothing = np.zeros(len(cone.target))
        return Cone(cone.item, np.append(cone.columns, columns), matrix, nothing, slope, 0.0)


def form_of(name, programme, setting):
    """Bring an objective's terms to size 1, and return how the programme is handed over.

    Parameters
    ----------
    name : str
        The objective.
    programme : Programme
        Complete; its objective's terms are divided by their size.
    setting : Setting
        Moments and options.

    Returns
    -------
    Form
        Plain, or in weights times a scale.
    """
    squares = (programme.root**2).sum(axis=0).max() if programme.root.size else 0.0
    if name in RATIOS:
        slope, constant = ratio_terms(name, setting)
        normal = -programme.linear
        normal[: programme.assets] += slope
        size = np.abs(slope - constant).max() or 1.0
        programme.root = programme.root / (np.sqrt(squares) or 1.0)
        return Form(programme, normal / size, constant / size)
    unit = squares if programme.logs is not None else max(squares, np.abs(programme.linear).max())
    unit = unit or 1.0
    programme.root, programme.target = (
        programme.root / np.sqrt(unit),
        programme.target / np.sqrt(unit),
    )
    programme.linear = programme.linear / unit
    return Form(programme)
