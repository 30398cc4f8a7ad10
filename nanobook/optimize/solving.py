"""One solve: solvers in turn until an answer proves itself, then its last digits."""

import dataclasses

import numpy as np

from nanobook.errors import ConvergenceError
from nanobook.optimize.parametric import ladder, solve_standard
from nanobook.optimize.polish import polish
from nanobook.optimize.proof import prove

__all__ = ["Solved", "solve_form"]

#: Gaps and violations up to these are an optimum.
GAP, VIOLATION = 1e-8, 1e-9

#: A gap that needs no second solver's opinion.
_GOOD = 1e-9


@dataclasses.dataclass
class Solved:
    """An answer in the programme's columns, with its proof."""

    x: np.ndarray
    gap: float
    residual: float
    violation: float
    iterations: int
    solver: str
    tried: list

    @property
    def fault(self):
        """One figure for how far from proven it is."""
        return max(self.gap / GAP, self.violation / VIOLATION)


def solve_form(form, lower=None, upper=None, first=None):
    """Solve a programme without integers.

    Parameters
    ----------
    form : Form
        The programme.
    lower, upper : ndarray, optional
        Other bounds than the programme's own.
    first : str, optional
        Which solver to ask first.

    Returns
    -------
    Solved or None
        None if it has no solution, say its solvers.

    Raises
    ------
    ConvergenceError
        If no solver gave an answer at all.
    """
    programme = form.programme
    lower = programme.lower if lower is None else lower
    upper = programme.upper if upper is None else upper
    standard = form.standard(lower, upper)
    best, tried = None, []
    for solver, options in ladder(standard.kind, first):
        answer = solve_standard(standard, solver, options)
        tried.append(f"{solver.lower()}: {answer.status}")
        if answer.status.startswith("infeasible") and best is None:
            return None
        if answer.x is None:
            continue
        candidates = [(answer.x, answer.rows, answer.cones)]
        if standard.kind != "linear":
            sharper = polish(standard, *candidates[0])
            if sharper is not None:
                candidates.append(sharper)
        for x, rows, bent in candidates:
            if form.homogeneous and not x[-1] > 0:
                continue
            own, multipliers, cones = form.read(x, rows, bent)
            own = np.clip(own, lower, upper)
            gap, residual = prove(form, own, multipliers, cones, lower, upper)
            found = Solved(
                own, gap, residual, _violation(form, own), answer.iterations, solver.lower(), tried
            )
            if best is None or found.fault < best.fault:
                best = found
        if best is not None and best.gap <= _GOOD and best.violation <= VIOLATION:
            break
    if best is None:
        raise ConvergenceError(f"no solver gave an answer: {'; '.join(tried)}")
    return best


def _violation(form, x):
    matrix, least, most, _ = form.rows
    sums = matrix @ x
    worst = max(np.max(least - sums, initial=0.0), np.max(sums - most, initial=0.0))
    for cone in form.cones:
        aside = cone.matrix @ x[cone.columns] - cone.target
        limit = cone.limit + (cone.slope @ x if cone.slope.size else 0.0)
        worst = max(worst, np.linalg.norm(aside) - limit)
    return float(worst)
