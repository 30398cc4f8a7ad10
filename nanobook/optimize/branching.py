"""The best choice among combinations: HiGHS for linear objectives, branch and bound for others.

HiGHS solves no quadratic programme with integers. So a tree of continuous relaxations is
searched here, the most promising first; a node is left when its bound isn't better than weights
already found. What's left open when time is up is the gap that's reported.
"""

import dataclasses
import heapq
import itertools
import time

import numpy as np

from nanobook.optimize.nodes import solve_node
from nanobook.optimize.perspective import Tightened

__all__ = ["Search", "search"]

#: Choices this close to 0 or 1 are made.
_WHOLE = 1e-6

#: Relative difference of objectives that isn't worth another node.
_CLOSE = 1e-9


@dataclasses.dataclass
class Search:
    """What a search found: bounds that fix the choices, and how it ended."""

    lower: np.ndarray
    upper: np.ndarray
    gap: float
    nodes: int
    seconds: float
    method: str


def search(form, time_limit):
    """Return bounds that fix a programme's choices at their best.

    Parameters
    ----------
    form : Form
        A programme with integers.
    time_limit : float
        Seconds.

    Returns
    -------
    Search or None
        None if no choice keeps the constraints, or none was found in time.
    """
    standard = form.standard()
    begin = time.perf_counter()
    if standard.kind == "linear":
        found = _by_highs(form, standard, time_limit)
    else:
        found = _by_branching(form, begin + time_limit)
    if found is None:
        return None
    choices, gap, nodes, method = found
    lower, upper = _fixed(form.programme, choices)
    return Search(lower, upper, gap, nodes, time.perf_counter() - begin, method)


def _fixed(programme, choices):
    """Return bounds with all choices made, and what isn't chosen held at 0."""
    lower, upper = programme.lower.copy(), programme.upper.copy()
    lower[programme.integers] = upper[programme.integers] = choices
    return _tied(programme, lower, upper)


def _tied(programme, lower, upper):
    for part, held in programme.holds:
        out = upper[held] == 0
        gone = part[out]
        upper[gone] = 0.0
        lower[gone] = np.maximum(lower[gone], 0.0)  # what must be held is above, so nothing fits
    return lower, upper


def _by_highs(form, standard, time_limit):
    from scipy.optimize import Bounds, LinearConstraint, milp

    integers = form.programme.integers
    whole = np.zeros(standard.lower.size)
    whole[integers] = 1
    result = milp(
        standard.linear,
        integrality=whole,
        bounds=Bounds(standard.lower, standard.upper),
        constraints=LinearConstraint(standard.matrix, standard.row_lower, standard.row_upper),
        options={"mip_rel_gap": _CLOSE, "time_limit": time_limit},
    )
    if result.x is None:
        return None
    gap = float(result.mip_gap or 0.0)
    nodes = int(result.mip_node_count or 0)
    return np.round(result.x[integers]), gap if gap > _CLOSE else 0.0, nodes, "HiGHS"


def _by_branching(form, deadline):
    programme = form.programme
    order = itertools.count()
    best, value = None, np.inf
    nodes = 0
    start = (programme.lower.copy(), programme.upper.copy())
    loose = form
    if not form.homogeneous and programme.sided:
        loose = Tightened(form)
    x, bound = _relax(loose, *start)
    if x is None:
        return None
    heap = [(bound, next(order), x, *start)]
    tried = set()
    while heap:
        bound, _, x, lower, upper = heapq.heappop(heap)
        if bound >= _target(value):
            heap = []
            break
        nodes += 1
        choices, place = _rounded(programme, x, lower, upper)
        for guess in (choices, _largest(programme, x, lower, upper)):
            if guess is None or guess.tobytes() in tried:
                continue
            tried.add(guess.tobytes())
            _, reached = _relax(form, *_fixed(programme, guess))
            if reached < value:
                best, value = guess, reached
        if time.perf_counter() > deadline:
            heapq.heappush(heap, (bound, next(order), x, lower, upper))
            break
        if place is None:
            continue
        for choice in (0.0, 1.0):
            low, high = lower.copy(), upper.copy()
            low[place] = high[place] = choice
            x, bound = _relax(loose, *_tied(programme, low, high))
            if x is not None and bound < _target(value):
                heapq.heappush(heap, (bound, next(order), x, low, high))
    if best is None:
        return None
    lowest = min([entry[0] for entry in heap], default=value)
    gap = max(value - lowest, 0.0) / max(abs(value), 1e-12)
    return best, gap if gap > _CLOSE else 0.0, nodes, "branch and bound"


def _target(value):
    """Return what a node's bound must be below to be worth a look."""
    return value - _CLOSE * abs(value) if np.isfinite(value) else value


def _relax(form, lower, upper):
    """Return a relaxation's variables, in weights, and its bound; or a choice's objective."""
    if (lower > upper).any():
        return None, np.inf
    x, value = solve_node(form.standard(lower, upper))
    if x is None:
        return None, np.inf
    if form.homogeneous:
        if not x[-1] > 1e-12:
            return None, np.inf
        x = x[:-1] / x[-1]
    return x[: lower.size], value + getattr(form, "offset", 0.0)


def _rounded(programme, x, lower, upper):
    """Return choices rounded, and the column to branch on; None where all are made."""
    integers = programme.integers
    open_ = lower[integers] < upper[integers]
    shares = np.clip(x[integers], 0.0, 1.0)
    away = np.where(open_, np.minimum(shares, 1.0 - shares), 0.0)
    # A choice only bounds its weight, so a relaxed one may be too small for what it holds.
    at = int(np.argmax(away))
    return np.round(shares), None if away[at] <= _WHOLE else int(integers[at])


def _largest(programme, x, lower, upper):
    """Return choices that hold the largest positions that the count allows."""
    if programme.most is None:
        return None
    integers = programme.integers
    choices = np.where(lower[integers] > 0.5, 1.0, 0.0)
    ranks = []
    for part, held in programme.holds[: programme.sided]:
        places = np.searchsorted(integers, held)
        sizes = np.where(upper[held] > 0.5, np.abs(x[part]), -1.0)
        ranks += [(-size, int(place)) for size, place in zip(sizes, places, strict=True)]
        choices[places] = 0.0
    ranks.sort()
    for size, place in ranks[: programme.most]:
        if size < -1e-7:
            choices[place] = 1.0
    return choices
