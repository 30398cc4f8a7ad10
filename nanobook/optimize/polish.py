"""The last digits of an interior point's answer: its active rows as equations, by Newton steps."""

import numpy as np

__all__ = ["polish"]

#: More unknowns than these aren't worth a dense factorisation.
_MOST = 1500

#: Largest violation, in scaled units, that a polished answer may have.
_CLOSE = 1e-13

#: What's added to a singular system's diagonal, relative; least squares serve up to a size.
_SHIFT, _SMALL = 1e-9, 400

#: How often the active set may change, and the steps that Newton's method may take in each.
_CHANGES, _STEPS = 12, 12


def polish(standard, x, multipliers, pushes):
    """Sharpen an answer, where its active set is clear.

    Parameters
    ----------
    standard : Standard
        What was solved.
    x, multipliers : ndarray
        The answer: variables, multipliers of rows.
    pushes : sequence of ndarray
        Multipliers of cones.

    Returns
    -------
    tuple or None
        The same three; None where no active set was found within a few changes.
    """
    active = _Active(standard, x, multipliers, pushes)
    if active.size > _MOST:
        return None
    with np.errstate(all="ignore"):  # what a singular system overflows to is refused
        for _ in range(_CHANGES):
            answer = active.solve()
            if answer is None:
                return None
            if not active.repair(*answer):
                x, multipliers, squares = answer
                inside = np.clip(x, standard.lower, standard.upper)
                sides = zip(standard.cones, squares, strict=True)
                return inside, multipliers, [square * _aside(cone, x) for cone, square in sides]
    return None


class _Active:
    """A guess at which limits bind: sides of variables and rows, and cones."""

    def __init__(self, standard, x, multipliers, pushes):
        self.standard, self.width = standard, standard.root.shape[1]
        sums = standard.matrix @ x
        slope = self.slope(x)[0] + standard.matrix.T @ multipliers
        for cone, push in zip(standard.cones, pushes, strict=True):
            slope[cone.columns] += cone.matrix.T @ push
            if cone.slope.size:
                slope -= np.linalg.norm(push) * cone.slope
        self.side = np.zeros(x.size, np.int8)
        self.side[slope > x - standard.lower] = -1
        self.side[-slope > standard.upper - x] = 1
        self.fixed = standard.lower == standard.upper
        self.side[self.fixed] = -1
        self.equal = standard.row_lower == standard.row_upper
        self.rows = np.zeros(sums.size, np.int8)
        self.rows[multipliers > standard.row_upper - sums] = 1
        self.rows[-multipliers > sums - standard.row_lower] = -1
        self.rows[self.equal] = 1
        slack = [cone.limit + _along(cone, x) - _length(cone, x) for cone in standard.cones]
        weights = np.array([np.linalg.norm(push) for push in pushes])
        self.cones = np.array(weights > np.array(slack), bool)
        self.start = x, np.where(self.cones, weights / np.maximum(self.lengths(x), 1e-300), 0.0)

    @property
    def size(self):
        """Unknowns."""
        return np.count_nonzero(self.side == 0) + np.count_nonzero(self.rows)

    def lengths(self, x):
        """Return the lengths that the cones limit."""
        return np.array([_length(cone, x) for cone in self.standard.cones])

    def slope(self, x):
        """Return the objective's slope, and the size of its terms."""
        standard, width = self.standard, self.width
        slope = standard.linear.copy()
        size = np.abs(slope).max(initial=0.0)
        if len(standard.root):
            curved = standard.root.T @ (standard.root @ x[:width])
            slope[:width] += curved - standard.root.T @ standard.target
            size = max(size, np.abs(curved).max())
        if standard.logs is not None:
            steep = standard.logs / x[: standard.logs.size]
            slope[: steep.size] -= steep
            size = max(size, np.abs(steep).max())
        return slope, size or 1.0

    def solve(self):
        """Return variables, and multipliers of rows and of squared cones, or None."""
        standard, side = self.standard, self.side
        x, squares = self.start[0].copy(), self.start[1].copy()
        x = np.where(side < 0, standard.lower, np.where(side > 0, standard.upper, x))
        if not np.isfinite(x).all():
            return None
        free, rows = np.flatnonzero(side == 0), np.flatnonzero(self.rows)
        bent = np.flatnonzero(self.cones)
        limits = np.where(self.rows > 0, standard.row_upper, standard.row_lower)[rows]
        block = standard.matrix[rows]
        dense = block[:, free].toarray()
        inner = np.count_nonzero(free < self.width)
        root = standard.root[:, free[:inner]]
        gram = root.T @ root
        straight = not bent.size and standard.logs is None
        multipliers = np.zeros(self.rows.size)
        for _ in range(2 if straight else _STEPS):
            curve = np.zeros((free.size, free.size))
            curve[:inner, :inner] = gram
            if standard.logs is not None:
                count = np.count_nonzero(free < standard.logs.size)
                at = free[:count]
                if (x[at] <= 0).any():
                    return None
                curve[range(count), range(count)] += standard.logs[at] / x[at] ** 2
            pushes, heights = [], []
            for at in bent:
                height, push, bend = _bend(standard.cones[at], x)
                curve += squares[at] * bend(free)
                pushes.append(push[free])
                heights.append(height)
            normals = np.vstack([dense, *pushes]) if pushes else dense
            count = len(normals)
            system = np.block([[curve, normals.T], [normals, np.zeros((count, count))]])
            right = np.concatenate(
                [-self.slope(x)[0][free], limits - block @ x, -np.array(heights)]
            )
            found = _dense_solve(system, right, count)
            if found is None:
                return None
            step = found[: free.size]
            x[free] += step
            multipliers[rows] = found[free.size : free.size + rows.size]
            squares[:] = 0.0
            squares[bent] = found[free.size + rows.size :]
            if np.abs(step).max(initial=0.0) <= 1e-15 * max(np.abs(x).max(), 1.0):
                break
        return x, multipliers, squares

    def repair(self, x, multipliers, squares):
        """Change the set where the answer breaks it; return whether anything changed."""
        standard, side, rows = self.standard, self.side, self.rows
        free = side == 0
        below, above = (x < standard.lower - _CLOSE), (x > standard.upper + _CLOSE)
        sums = standard.matrix @ x
        short = (rows == 0) & (sums < standard.row_lower - _CLOSE)
        past = (rows == 0) & (sums > standard.row_upper + _CLOSE)
        slack = [cone.limit + _along(cone, x) - _length(cone, x) for cone in standard.cones]
        outside = ~self.cones & (np.array(slack) < -_CLOSE)
        if (free & (below | above)).any() or short.any() or past.any() or outside.any():
            side[free & below], side[free & above] = -1, 1
            rows[short], rows[past] = -1, 1
            self.cones[outside] = True
            return True
        slope, size = self.slope(x)
        reduced = slope + standard.matrix.T @ multipliers
        for cone, square in zip(standard.cones, squares, strict=True):
            reduced += square * _bend(cone, x)[1]
        least = -1e-11 * size
        wrong = ~self.fixed & (-side * reduced < least)
        released = ~self.equal & (rows * multipliers < least)
        inward = self.cones & (squares < least)
        side[wrong], rows[released], self.cones[inward] = 0, 0, False
        return bool(wrong.any() or released.any() or inward.any())


def _along(cone, x):
    return cone.slope @ x if cone.slope.size else 0.0


def _aside(cone, x):
    return cone.matrix @ x[cone.columns] - cone.target


def _length(cone, x):
    return float(np.linalg.norm(_aside(cone, x)))


def _bend(cone, x):
    """Return half the square of a cone's excess, its slope, and its curvature over columns."""
    aside = _aside(cone, x)
    limit = cone.limit + _along(cone, x)
    push = np.zeros(x.size)
    push[cone.columns] = cone.matrix.T @ aside
    if cone.slope.size:
        push -= limit * cone.slope

    def curvature(free):
        full = np.zeros((len(cone.target), x.size))
        full[:, cone.columns] = cone.matrix
        chosen = full[:, free]
        bend = chosen.T @ chosen
        if cone.slope.size:
            bend -= np.outer(cone.slope[free], cone.slope[free])
        return bend

    return 0.5 * (aside @ aside - limit * limit), push, curvature


def _dense_solve(system, right, rows):
    """Solve a symmetric system whose last `rows` unknowns are multipliers; it may be singular.

    A little is added to the diagonal, with the sign that keeps each part definite, and refined
    away again: where many answers solve the system, one of them is found.
    """
    if not right.size:
        return right
    size = max(np.abs(right).max(), 1e-300)
    shift = np.full(right.size, _SHIFT * max(np.abs(system).max(), 1e-300))
    shift[right.size - rows :] *= -1.0
    for added in (0.0, 1.0):
        try:
            inverse = np.linalg.inv(system + np.diag(added * shift) if added else system)
        except np.linalg.LinAlgError:
            continue
        found = inverse @ right
        for _ in range(2 if not added else 12):
            left = right - system @ found
            if np.abs(left).max() <= 1e-15 * size:
                break
            found += inverse @ left
        if np.abs(system @ found - right).max() <= 1e-12 * size + 1e-16:
            return found
    if right.size > _SMALL:
        return None
    try:
        found = np.linalg.lstsq(system, right, rcond=1e-13)[0]
        found += np.linalg.lstsq(system, right - system @ found, rcond=1e-13)[0]
    except np.linalg.LinAlgError:
        return None
    return found if np.abs(system @ found - right).max() <= 1e-10 * size else None
