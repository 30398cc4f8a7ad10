"""Problems handed to cvxpy once and filled anew: the same structure is canonicalised once.

A small cache keeps, for each structure, a cvxpy problem whose numbers are all parameters. A
thread that meets a problem in use waits for it.
"""

import collections
import dataclasses
import hashlib
import threading

import numpy as np

__all__ = ["Answer", "Standard", "cached_problems", "clear_problems", "solve_standard"]

#: Structures kept.
CAPACITY = 12

_problems = collections.OrderedDict()
_guard = threading.Lock()


@dataclasses.dataclass
class Standard:
    """Minimise ``1/2 ||R x[:k] - r||^2 + q'x - logs'log(x[:len(logs)])`` under rows and cones."""

    root: np.ndarray
    target: np.ndarray
    linear: np.ndarray
    logs: object
    matrix: object  # sparse rows
    row_lower: np.ndarray
    row_upper: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    cones: list

    @property
    def kind(self):
        """Which family of solvers it's for."""
        if self.logs is not None:
            return "exponential"
        if self.cones:
            return "cone"
        return "quadratic" if self.root.size else "linear"


@dataclasses.dataclass
class Answer:
    """What a solver found: variables, multipliers of rows, a vector of them for each cone."""

    status: str
    solver: str
    x: np.ndarray = None
    rows: np.ndarray = None
    cones: list = None
    iterations: int = 0


#: Solvers by family, the first first, each with what makes it exact.
_TIGHT = {"tol_gap_abs": 1e-12, "tol_gap_rel": 1e-12, "tol_feas": 1e-12, "max_iter": 200}
_PLAIN = {"tol_gap_abs": 1e-9, "tol_gap_rel": 1e-9, "tol_feas": 1e-9, "max_iter": 400}
_FINE = {"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10}
_SCS = ("SCS", {"eps_abs": 1e-9, "eps_rel": 1e-9, "max_iters": 50_000})
_OSQP = (
    "OSQP",
    {"eps_abs": 1e-9, "eps_rel": 1e-9, "max_iter": 50_000, "polishing": True},
)
_LADDER = {
    "linear": (("HIGHS", _FINE), ("CLARABEL", _TIGHT), ("CLARABEL", _PLAIN), _SCS),
    "quadratic": (("CLARABEL", _TIGHT), ("CLARABEL", _PLAIN), _OSQP, _SCS),
    "cone": (("CLARABEL", _TIGHT), ("CLARABEL", _PLAIN), _SCS),
    "exponential": (("CLARABEL", _TIGHT), ("CLARABEL", _PLAIN), _SCS),
}


def ladder(kind, first=None):
    """Return solvers and options for a family, in the order they're asked.

    Parameters
    ----------
    kind : {"linear", "quadratic", "cone", "exponential"}
        The family.
    first : str, optional
        The one to begin with.

    Returns
    -------
    list of tuple
        Names and options.
    """
    rungs = list(_LADDER[kind])
    if first is not None:
        known = dict((*rungs, _OSQP, _SCS))
        options = _FINE if first.upper() == "HIGHS" else known.get(first.upper(), {})
        rungs.insert(0, (first.upper(), _TIGHT if first.upper() == "CLARABEL" else options))
    return rungs


def solve_standard(standard, solver, options):
    """Solve a problem by one of cvxpy's solvers, in a problem made earlier where there is one.

    Parameters
    ----------
    standard : Standard
        The numbers.
    solver : str
        As cvxpy calls it.
    options : dict
        The solver's.

    Returns
    -------
    Answer
        Its status is cvxpy's, or "solver_error".
    """
    entry = _entry(standard)
    with entry.lock:
        return entry.solve(standard, solver, options)


def cached_problems():
    """Return how many structures are kept.

    Returns
    -------
    int
        At most `CAPACITY`.
    """
    return len(_problems)


def clear_problems():
    """Forget all structures."""
    with _guard:
        _problems.clear()


def _entry(standard):
    key = _structure(standard)
    with _guard:
        entry = _problems.pop(key, None)
        if entry is None:
            entry = _Parametric(standard)
            while len(_problems) >= CAPACITY:
                _problems.popitem(last=False)
        _problems[key] = entry
    return entry


def _structure(standard):
    words = hashlib.sha1(usedforsecurity=False)
    for array in (
        standard.root != 0,
        standard.matrix.indptr,
        standard.matrix.indices,
        *_masks(standard),
    ):
        words.update(np.ascontiguousarray(array).tobytes())
    cones = tuple(
        (cone.matrix.shape, cone.columns.tobytes(), bool(cone.slope.size))
        for cone in standard.cones
    )
    logs = None if standard.logs is None else standard.logs.size
    return (
        *(standard.linear.size, standard.root.shape, standard.matrix.shape, cones, logs),
        words.hexdigest(),
    )


def _masks(standard):
    equal = standard.row_lower == standard.row_upper
    fixed = standard.lower == standard.upper
    return (
        equal,
        np.isfinite(standard.row_lower) & ~equal,
        np.isfinite(standard.row_upper) & ~equal,
        fixed,
        np.isfinite(standard.lower) & ~fixed,
        np.isfinite(standard.upper) & ~fixed,
    )


class _Parametric:
    """A cvxpy problem of one structure, all of whose numbers are parameters."""

    def __init__(self, standard):
        import cvxpy

        self.lock = threading.Lock()
        self._fill = []
        n = standard.linear.size
        self._x = x = cvxpy.Variable(n)
        slope = self._vector(lambda new: new.linear, n)
        terms = [slope @ x]
        if len(standard.root):
            root = self._matrix(lambda new: new.root, standard)
            target = self._vector(lambda new: new.target, len(standard.root))
            terms.append(0.5 * cvxpy.sum_squares(root @ x[: standard.root.shape[1]] - target))
        if standard.logs is not None:
            logs = self._vector(lambda new: new.logs, standard.logs.size, nonneg=True)
            terms.append(-(logs @ cvxpy.log(x[: standard.logs.size])))
        self._rows, self._conic, rules = [], [], []
        equal, least, most, fixed, floor, ceiling = _masks(standard)
        for mask, limit, sign in (
            (equal, "row_lower", 0),
            (most, "row_upper", 1),
            (least, "row_lower", -1),
        ):
            if mask.any():
                matrix = self._matrix(lambda new, mask=mask: new.matrix[mask], standard)
                side = self._vector(
                    lambda new, mask=mask, limit=limit: getattr(new, limit)[mask], mask.sum()
                )
                rule = self._compare(matrix @ x, side, sign)
                rules.append(rule)
                self._rows.append((mask, rule, sign or 1))
        for mask, limit, sign in (
            (fixed, "lower", 0),
            (ceiling, "upper", 1),
            (floor, "lower", -1),
        ):
            if mask.any():
                side = self._vector(
                    lambda new, mask=mask, limit=limit: getattr(new, limit)[mask], mask.sum()
                )
                rules.append(self._compare(x[np.flatnonzero(mask)], side, sign))
        for at, cone in enumerate(standard.cones):
            rule = self._cone(at, cone, x)
            rules.append(rule)
            self._conic.append(rule)
        self._problem = cvxpy.Problem(cvxpy.Minimize(sum(terms)), rules)

    def solve(self, standard, solver, options):
        """Fill in the numbers and solve."""
        from cvxpy.error import SolverError

        for fill in self._fill:
            fill(standard)
        try:
            data, chain, inverse = self._problem.get_problem_data(solver, solver_opts={})
            raw = chain.solve_via_data(self._problem, data, solver_opts=dict(options))
            solution = chain.invert(raw, inverse)
        except (SolverError, ArithmeticError) as error:
            return Answer(f"solver_error: {error}", solver)
        if solution.status not in ("optimal", "optimal_inaccurate"):
            return Answer(solution.status, solver)
        self._problem.unpack(solution)
        rows = np.zeros(len(standard.row_lower))
        for mask, rule, sign in self._rows:
            rows[mask] += sign * np.ravel(rule.dual_value)
        cones = [-np.ravel(rule.dual_value[1]) for rule in self._conic]
        count = solution.attr.get("num_iters", 0) or 0
        return Answer(
            solution.status, solver, np.array(self._x.value), rows, cones, int(np.max(count))
        )

    @staticmethod
    def _compare(left, right, sign):
        if sign == 0:
            return left == right
        return left <= right if sign > 0 else left >= right

    def _vector(self, read, count, **signs):
        import cvxpy

        parameter = cvxpy.Parameter(int(count), **signs)
        self._fill.append(lambda new: setattr(parameter, "value", read(new)))
        return parameter

    def _matrix(self, read, standard):
        from scipy.sparse import coo_array

        first = coo_array(read(standard))
        keep = np.flatnonzero(first.data)
        places = first.row[keep], first.col[keep]
        parameter = _sparse_parameter()(first.shape, sparsity=places)
        order = parameter.sparse_idx

        def fill(new):
            values = read(new)
            found = values[order] if isinstance(values, np.ndarray) else values.toarray()[order]
            parameter.value_sparse = coo_array((found, order), shape=first.shape)

        self._fill.append(fill)
        return parameter

    def _cone(self, at, cone, x):
        import cvxpy

        # Slices, not a choice of columns: that would be a matrix product for each parameter.
        ends = np.flatnonzero(np.diff(cone.columns) != 1) + 1
        aside = 0.0
        for run in np.split(np.arange(cone.columns.size), ends):
            matrix = cvxpy.Parameter((len(cone.target), run.size))
            self._fill.append(
                lambda new, matrix=matrix, run=run: setattr(
                    matrix, "value", new.cones[at].matrix[:, run]
                )
            )
            first, last = cone.columns[run[0]], cone.columns[run[-1]]
            aside = aside + matrix @ x[int(first) : int(last) + 1]
        target = self._vector(lambda new: new.cones[at].target, len(cone.target))
        limit = self._vector(lambda new: [new.cones[at].limit], 1)
        right = limit[0]
        if cone.slope.size:
            slope = self._vector(lambda new: new.cones[at].slope, cone.slope.size)
            right = right + slope @ x
        return cvxpy.SOC(right, aside - target)


def _sparse_parameter():
    """Return cvxpy's Parameter, which reads its own sparse values without a warning."""
    global _Quiet
    if _Quiet is None:
        import cvxpy

        class Quiet(cvxpy.Parameter):
            """A parameter with few entries."""

            @property
            def value(self):
                found = self.value_sparse
                return None if found is None else found.toarray()

            @value.setter
            def value(self, new):
                cvxpy.Parameter.value.fset(self, new)

        _Quiet = Quiet
    return _Quiet


_Quiet = None
