"""One node of a search: a quadratic programme with some columns fixed, straight to Clarabel.

A search solves hundreds of programmes that differ in their bounds alone, so fixed columns are
left out and cvxpy's bookkeeping is spared.
"""

import numpy as np

__all__ = ["solve_node"]


def solve_node(standard):
    """Solve a quadratic programme, perhaps with cones.

    Parameters
    ----------
    standard : Standard
        Without logarithms.

    Returns
    -------
    x : ndarray or None
        None if there's no solution.
    value : float
        A bound below the optimum, the solver's dual objective; infinite if there's no solution.
    """
    import clarabel
    from scipy.sparse import csc_matrix, eye_array, vstack

    fixed = standard.lower == standard.upper
    free = np.flatnonzero(~fixed)
    x = np.where(fixed, standard.lower, 0.0)
    width = standard.root.shape[1]
    inside = free[free < width]
    bent = standard.root @ x[:width] - standard.target
    root = standard.root[:, inside]
    quadratic = np.zeros((free.size, free.size))
    quadratic[: inside.size, : inside.size] = np.triu(root.T @ root)
    linear = standard.linear[free].copy()
    linear[: inside.size] += root.T @ bent
    constant = 0.5 * bent @ bent + standard.linear @ x
    rows = standard.matrix[:, free]
    shift = standard.matrix @ x
    low, high = standard.row_lower - shift, standard.row_upper - shift
    equal = low == high
    above, below = np.isfinite(high) & ~equal, np.isfinite(low) & ~equal
    one = eye_array(free.size, format="csr")
    floor, ceiling = standard.lower[free], standard.upper[free]
    bounded, capped = np.isfinite(floor), np.isfinite(ceiling)
    blocks = [rows[equal], rows[above], -rows[below], one[capped], -one[bounded]]
    sides = [high[equal], high[above], -low[below], ceiling[capped], -floor[bounded]]
    cones = [clarabel.ZeroConeT(int(equal.sum()))] if equal.any() else []
    count = sum(map(len, sides)) - int(equal.sum())
    if count:
        cones.append(clarabel.NonnegativeConeT(count))
    for cone in standard.cones:
        block, side = _cone_rows(cone, x, free)
        blocks.append(block)
        sides.append(side)
        cones.append(clarabel.SecondOrderConeT(len(side)))
    settings = clarabel.DefaultSettings()
    settings.verbose = False
    settings.tol_gap_abs = settings.tol_gap_rel = settings.tol_feas = 1e-9
    solver = clarabel.DefaultSolver(
        csc_matrix(quadratic),
        linear,
        csc_matrix(vstack(blocks)),
        np.concatenate(sides),
        cones,
        settings,
    )
    answer = solver.solve()
    if "Infeasible" in str(answer.status):
        return None, np.inf
    x[free] = answer.x
    bound = min(answer.obj_val, answer.obj_val_dual) + constant
    return x, bound if np.isfinite(bound) else -np.inf


def _cone_rows(cone, x, free):
    """Return ``A, b`` of ``b - A x`` in the cone: ``(c'x + d, M x - m)``."""
    from scipy.sparse import csr_array

    full = np.zeros((len(cone.target) + 1, x.size))
    if cone.slope.size:
        full[0] = -cone.slope
    full[1:, cone.columns] = -cone.matrix
    side = np.concatenate([[cone.limit], -cone.target]) - full @ x
    return csr_array(full[:, free]), side
