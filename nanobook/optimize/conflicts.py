"""Which constraints can't be kept together: a smallest set of them, and by how much.

A deletion filter (Chinneck 2008): each requirement in turn is left out; where the rest still
can't be kept, it wasn't needed for the conflict. What remains is irreducible: any of its members
away, and the others can be kept.
"""

import numpy as np

from nanobook.errors import InfeasibleError
from nanobook.optimize.parametric import Standard, solve_standard
from nanobook.optimize.programme import Cone

__all__ = ["is_feasible", "raise_conflict"]

#: What rounding may leave.
_TOLERANCE = 1e-8

_LOWER, _UPPER = -2, -3  # the bounds' numbers among the requirements
_WORDS = {_LOWER: "lower bounds", _UPPER: "upper bounds"}


def is_feasible(programme):
    """Return whether some weights keep all of a programme's requirements.

    Parameters
    ----------
    programme : Programme
        Its objective doesn't matter.

    Returns
    -------
    bool
        Within 1e-8.
    """
    return _System(programme).missed(_everything(programme)) <= _TOLERANCE


def raise_conflict(programme, current=None):
    """Raise the error that names a smallest set of requirements in conflict.

    Parameters
    ----------
    programme : Programme
        One that can't be satisfied.
    current : ndarray of shape (N,), optional
        Weights held now.

    Raises
    ------
    InfeasibleError
        In any case.
    """
    system = _System(programme)
    conflict = list(_everything(programme))
    for item in tuple(conflict):
        rest = [one for one in conflict if one != item]
        if system.missed(rest) > _TOLERANCE:
            conflict = rest
    conflict.sort(key=lambda item: (item < 0, abs(item)))
    words = [_WORDS.get(item) or programme.items[item]["words"] for item in conflict]
    pairs = zip(conflict, words, strict=True)
    figures = [_figure(system, item, name, conflict) for item, name in pairs]
    if len(words) == 1:
        text = f"{words[0]} can't be kept"
    else:
        text = f"{', '.join(words[:-1])} and {words[-1]} can't be kept together"
    text += f"; {' or '.join(figures)} has to give way, all else kept"
    if current is not None:
        held = [
            f"{words[at]} is at {float(programme.items[item]['row'] @ current):.6g} now"
            for at, item in enumerate(conflict)
            if item >= 0 and "row" in programme.items[item]
        ]
        text += f" ({', '.join(held)})" if held else ""
    error = InfeasibleError(text)
    error.conflict = tuple(words)
    raise error


def _figure(system, item, name, conflict):
    """Word by how much an item has to give way so that all others, or the conflict's, can stay."""
    missed = system.missed(_everything(system.programme), relaxed=(item,))
    if not np.isfinite(missed):
        missed = system.missed(conflict, relaxed=(item,))
    if not np.isfinite(missed):
        return name
    unit = system.programme.items[item].get("unit", 1.0) if item >= 0 else 1.0
    return f"{name} by {missed * unit:.6g}"


def _everything(programme):
    # Bounds first: a conflict among what the caller wrote down is named before one with them.
    return (_LOWER, _UPPER, *range(len(programme.items)))


class _System:
    """Rows and bounds of a programme, any of which can be left out or relaxed."""

    def __init__(self, programme):
        self.programme = programme
        self.matrix, self.least, self.most, self.owners = programme.rows()

    def missed(self, kept, relaxed=None):
        """Return the least violation of requirements `kept`, all or those `relaxed`."""
        relaxed = set(kept if relaxed is None else relaxed)
        kept = set(kept)
        programme, n = self.programme, self.programme.assets
        standing = np.array([owner == -1 or owner in kept for owner in self.owners], bool)
        soft = np.array([float(owner in relaxed) for owner in self.owners])
        lower, upper = programme.lower.copy(), programme.upper.copy()
        rows = [(self.matrix[standing], self.least[standing], self.most[standing], soft[standing])]
        from scipy.sparse import csr_array, eye_array, hstack, vstack

        one = eye_array(n, programme.columns, format="csr")
        for item, bound, other in ((_LOWER, lower, np.inf), (_UPPER, upper, -np.inf)):
            limits = bound[:n].copy()
            bound[:n] = -other
            if item in kept:
                away = np.full(n, other)
                pair = (limits, away) if item == _LOWER else (away, limits)
                rows.append((one, *pair, np.full(n, float(item in relaxed))))
        # a x + t >= least, a x - t <= most
        blocks, least, most = [], [], []
        for matrix, low, high, weight in rows:
            for sign, limit in ((1.0, low), (-1.0, high)):
                mask = np.isfinite(limit)
                blocks.append(hstack([matrix[mask], csr_array(sign * weight[mask][:, None])]))
                least.append(limit[mask] if sign > 0 else np.full(mask.sum(), -np.inf))
                most.append(limit[mask] if sign < 0 else np.full(mask.sum(), np.inf))
        matrix, least, most = csr_array(vstack(blocks)), np.concatenate(least), np.concatenate(most)
        linear = np.append(np.zeros(programme.columns), 1.0)
        lower, upper = np.append(lower, 0.0), np.append(upper, np.inf)
        cones = [cone for cone in programme.bent() if cone.item in kept]
        if cones:
            return self._with_cones(matrix, least, most, lower, upper, linear, cones, relaxed)
        if programme.integers.size:
            return _search(matrix, least, most, lower, upper, linear, programme.integers)
        return _programme(matrix, least, most, lower, upper, linear)

    def _with_cones(self, matrix, least, most, lower, upper, linear, cones, relaxed):
        bent = []
        for cone in cones:
            slope = np.zeros(linear.size)
            slope[-1] = float(cone.item in relaxed)
            bent.append(Cone(cone.item, cone.columns, cone.matrix, cone.target, slope, cone.limit))
        nothing = np.zeros((0, self.programme.assets))
        standard = Standard(
            *(nothing, np.zeros(0), linear, None, matrix, least, most, lower, upper, bent)
        )
        options = {"tol_gap_abs": 1e-10, "tol_gap_rel": 1e-10, "tol_feas": 1e-10}
        answer = solve_standard(standard, "CLARABEL", options)
        return np.inf if answer.x is None else float(answer.x[-1])


def _search(matrix, least, most, lower, upper, linear, integers):
    from scipy.optimize import Bounds, LinearConstraint, milp

    whole = np.zeros(lower.size)
    whole[integers] = 1
    result = milp(
        linear,
        integrality=whole,
        bounds=Bounds(lower, upper),
        constraints=LinearConstraint(matrix, least, most),
        options={"mip_rel_gap": 0.0},
    )
    return np.inf if result.x is None else _settled(result.x[-1], 1e-6)


def _programme(matrix, least, most, lower, upper, linear):
    from scipy.optimize import linprog
    from scipy.sparse import csr_array, vstack

    above, below = np.isfinite(most), np.isfinite(least)
    result = linprog(
        linear,
        A_ub=csr_array(vstack([matrix[above], -matrix[below]])),
        b_ub=np.concatenate([most[above], -least[below]]),
        bounds=np.column_stack([lower, upper]),
        method="highs",
        options={"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10},
    )
    return np.inf if result.x is None else _settled(result.x[-1], 1e-9)


def _settled(value, noise):
    return float(value) if value > noise else 0.0
