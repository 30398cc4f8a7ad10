"""Tighter bounds for choices: the part of a variance that's each asset's own, over its choice.

Relaxed, a choice of 0.1 lets an asset be held as if it were chosen. What's separable of the
quadratic, ``d w^2``, may be written ``d w^2/z`` with z the choice: the same where z is 0 or 1, and
more in between (Frangioni, Gentile 2006; Guenluek, Linderoth 2010).
"""

import dataclasses

import numpy as np

from nanobook.optimize.programme import Cone

__all__ = ["Tightened", "separable_part"]

#: Up to so many assets the separable part is the largest there is, by a semidefinite programme.
_MOST = 60


def separable_part(quadratic):
    """Return a diagonal that can be taken off a matrix, so that it stays semidefinite.

    Parameters
    ----------
    quadratic : ndarray of shape (N, N)
        Positive semidefinite.

    Returns
    -------
    ndarray of shape (N,)
        Not negative; its sum is the largest where N is small.
    """
    own = np.diag(quadratic).copy()
    scale = np.sqrt(np.where(own > 0, own, 1.0))
    least = np.linalg.eigvalsh(quadratic / np.outer(scale, scale))[0]
    simple = max(least - 1e-9, 0.0) * own
    if len(quadratic) > _MOST or least <= 1e-9:
        return simple
    import cvxpy

    part = cvxpy.Variable(len(quadratic), nonneg=True)
    unit = own.max()
    rule = quadratic / unit - cvxpy.diag(part) >> 0
    problem = cvxpy.Problem(cvxpy.Maximize(cvxpy.sum(part)), [rule])
    try:
        problem.solve(solver="CLARABEL")
    except cvxpy.error.SolverError:
        return simple
    if part.value is None:
        return simple
    found = np.maximum(part.value, 0.0) * unit
    short = np.linalg.eigvalsh(quadratic - np.diag(found))[0]
    found = np.maximum(found + min(short, 0.0) - 1e-9 * unit, 0.0)
    return found if found.sum() > simple.sum() else simple


class Tightened:
    """A programme's relaxation with the separable part over the choices.

    Parameters
    ----------
    form : Form
        Plain, with a quadratic objective and choices of positions.
    """

    homogeneous = False

    def __init__(self, form):
        self.programme, self._form = form.programme, form
        programme = form.programme
        n = programme.assets
        quadratic = programme.root.T @ programme.root
        part = separable_part(quadratic)
        values, vectors = np.linalg.eigh(quadratic - np.diag(part))
        self._root = np.sqrt(np.maximum(values, 0.0))[:, None] * vectors.T
        self.offset = 0.5 * programme.target @ programme.target
        self._chosen = np.flatnonzero(part > 0)
        linear = programme.linear.copy()
        linear[:n] -= programme.root.T @ programme.target
        self._linear = np.append(linear, 0.5 * part[self._chosen])

    def standard(self, lower, upper):
        """Return the relaxation between bounds.

        Parameters
        ----------
        lower, upper : ndarray
            Of the programme's columns.

        Returns
        -------
        Standard
            With a column more for each asset that has a part of its own.
        """
        from scipy.sparse import csr_array, hstack

        plain = self._form.standard(lower, upper)
        columns, count = lower.size, self._chosen.size
        nothing = np.zeros(count)
        held = [columns_ for _, columns_ in self.programme.holds[: self.programme.sided]]
        cones = [self._longer(cone, count) for cone in plain.cones]
        top = np.full(count, np.inf)
        for at, asset in enumerate(self._chosen):
            choices = [choice[asset] for choice in held]
            if all(upper[choice] == 0 for choice in choices):
                top[at] = 0.0  # not held, so there's nothing to bound
                continue
            slope = np.zeros(columns + count)
            slope[[columns + at, *choices]] = 1.0
            matrix = np.zeros((2, 2 + len(choices)))
            matrix[0, 0], matrix[1, 1], matrix[1, 2:] = 2.0, 1.0, -1.0
            places = np.array([asset, columns + at, *choices])
            cones.append(Cone(None, places, matrix, np.zeros(2), slope, 0.0))
        return dataclasses.replace(
            plain,
            root=self._root,
            target=np.zeros(len(self._root)),
            linear=self._linear,
            matrix=csr_array(hstack([plain.matrix, csr_array((plain.matrix.shape[0], count))])),
            lower=np.append(lower, nothing),
            upper=np.append(upper, top),
            cones=cones,
        )

    @staticmethod
    def _longer(cone, count):
        slope = np.append(cone.slope, np.zeros(count)) if cone.slope.size else cone.slope
        return dataclasses.replace(cone, slope=slope)
