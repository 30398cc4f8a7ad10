"""Cholesky factors of a few rows and columns of a matrix, and solutions by them.

Loops run along rows and add multiples of rows, which compiles to vector instructions without
reordering any sum; four rows are taken in one pass, so that big matrices are read less often.
"""

import numpy as np

from nanobook.jit import njit

__all__ = ["NO_BASE", "condition_by", "factorise", "solve_by"]

#: A pivot below this much of its diagonal, for each row, is taken for rounding of zero.
_WEAK = 2e-15

#: In the place of a row that others are seen against.
NO_BASE = np.int64(-1)


@njit
def factorise(matrix, base, chosen, count, root, weak):
    """Fill ``root`` with the upper R of ``R'R``, the matrix on the chosen rows and columns.

    With a ``base`` other than NO_BASE it's the matrix of differences to that row: the
    covariance of ``x_i - x_base``. A row that depends on those before it is marked in ``weak``
    and left out: its row of ``root`` is zero. Returns how many were.
    """
    least = _WEAK * (20.0 + count)
    size = np.empty(count)
    for p in range(count):
        i = chosen[p]
        source = matrix[i]
        row = root[p]
        if base < 0:
            for q in range(p, count):
                row[q] = source[chosen[q]]
            size[p] = row[p]
        else:
            from_base = matrix[base]
            both = source[base] - from_base[base]
            for q in range(p, count):
                row[q] = (source[chosen[q]] - from_base[chosen[q]]) - both
            size[p] = source[i] + from_base[base]
        weak[p] = 0
    found = 0
    first = 0
    while first < count:
        last = min(first + 4, count)
        for p in range(first, last):
            row = root[p]
            for above in range(first, p):
                known = root[above]
                times = known[p]
                for q in range(p, count):
                    row[q] -= times * known[q]
            if row[p] > least * size[p]:
                scale = 1.0 / np.sqrt(row[p])
                for q in range(p, count):
                    row[q] *= scale
            else:
                weak[p] = 1
                found += 1
                for q in range(p, count):
                    row[q] = 0.0
        if last < count:
            one, two, three, four = root[first], root[first + 1], root[first + 2], root[first + 3]
            for p in range(last, count):
                row = root[p]
                a, b, c, d = one[p], two[p], three[p], four[p]
                for q in range(p, count):
                    row[q] -= a * one[q] + b * two[q] + c * three[q] + d * four[q]
        first = last
    return found


@njit
def solve_by(root, count, x):
    """Replace ``x`` with the solution of ``R'R x = x``; rows left out of ``root`` get zero."""
    for p in range(count):
        row = root[p]
        if row[p] == 0.0:
            x[p] = 0.0
            continue
        value = x[p] / row[p]
        x[p] = value
        for q in range(p + 1, count):
            x[q] -= value * row[q]
    for p in range(count - 1, -1, -1):
        row = root[p]
        if row[p] == 0.0:
            x[p] = 0.0
            continue
        a, b, c, d = 0.0, 0.0, 0.0, 0.0
        q = p + 1
        while q + 3 < count:
            a += row[q] * x[q]
            b += row[q + 1] * x[q + 1]
            c += row[q + 2] * x[q + 2]
            d += row[q + 3] * x[q + 3]
            q += 4
        while q < count:
            a += row[q] * x[q]
            q += 1
        x[p] = (x[p] - ((a + b) + (c + d))) / row[p]


@njit
def condition_by(matrix, chosen, count, root):
    """Return the 1-norm condition number of the chosen part of ``matrix``, whose root is given.

    The norm of the inverse is Hager's estimate, nearly always exact to a factor of 3 and never
    too large.

    References
    ----------
    .. [1] Higham (1988), "FORTRAN codes for estimating the one-norm of a real or complex
       matrix, with applications to condition estimation", algorithm 4.1.
    """
    norm = 0.0
    for p in range(count):
        if root[p, p] == 0.0:
            return np.inf
        total = 0.0
        row = matrix[chosen[p]]
        for q in range(count):
            total += abs(row[chosen[q]])
        norm = max(norm, total)
    x = np.full(count, 1.0 / count)
    sign = np.zeros(count)
    estimate = 0.0
    for step in range(5):
        solve_by(root, count, x)
        total, changed = 0.0, False
        for p in range(count):
            total += abs(x[p])
            now = 1.0 if x[p] >= 0.0 else -1.0
            changed = changed or now != sign[p]
            sign[p] = now
        if step > 0 and (total <= estimate or not changed):
            estimate = max(estimate, total)
            break
        estimate = total
        for p in range(count):
            x[p] = sign[p]
        solve_by(root, count, x)
        place = 0
        for p in range(count):
            if abs(x[p]) > abs(x[place]):
                place = p
        for p in range(count):
            x[p] = 0.0
        x[place] = 1.0
    for p in range(count):
        x[p] = (1.0 + p / max(count - 1, 1)) * (1.0 if p % 2 == 0 else -1.0)
    solve_by(root, count, x)
    total = 0.0
    for p in range(count):
        total += abs(x[p])
    return norm * max(estimate, 2.0 * total / (3.0 * count))
