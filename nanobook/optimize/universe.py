"""Which assets are in at a date, and which rows of its window count.

An asset is in if it has its last so many returns without a gap. Rows of the window in which one
that is in has no return are left out, so an asset that has just come shortens the window of all.
"""

import numpy as np

from nanobook.jit import njit

__all__ = ["find_members", "gather_rows", "streaks"]


@njit
def streaks(returns, out):
    """Fill ``out[t, n]`` with how many returns asset n has, without a gap, up to row t."""
    periods, count = returns.shape
    for t in range(periods):
        for n in range(count):
            before = out[t - 1, n] if t > 0 else 0
            out[t, n] = before + 1 if np.isfinite(returns[t, n]) else 0


@njit
def find_members(streak, need, members):
    """Put the assets whose streak is long enough into ``members``; return how many, and news.

    The second figure says whether they differ from those that stood there.
    """
    count, changed = 0, False
    for n in range(streak.size):
        if streak[n] >= need:
            if members[count] != n:
                members[count] = n
                changed = True
            count += 1
    if count < members.size and members[count] != -1:
        changed = True
        for at in range(count, members.size):
            members[at] = -1
    return count, changed


@njit
def gather_rows(returns, begin, end, members, rows):
    """Copy the rows in which every member has a return to ``rows``; return how many."""
    count = 0
    for t in range(begin, end):
        whole = True
        for at in range(members.size):
            value = returns[t, members[at]]
            rows[count, at] = value
            if not np.isfinite(value):
                whole = False
        if whole:
            count += 1
    return count
