"""The critical line: all efficient portfolios, from the largest return to the least variance.

Between two turning points the same assets are free, and weights are linear in the tolerance of
risk: the price, in variance, of a unit of return. At each turning point the line is computed
afresh, from a new factor and a new gradient, so that no error is carried along.

References
----------
.. [1] Markowitz (1956), "The optimization of a quadratic function subject to linear constraints",
   Naval Research Logistics Quarterly 3.
.. [2] Bailey, Lopez de Prado (2013), "An open-source implementation of the critical-line
   algorithm for portfolio optimization", Algorithms 6.
"""

import numpy as np

from nanobook.jit import njit
from nanobook.optimize.active_set import free_step, renew, take_base
from nanobook.optimize.certificate import FIELDS, OPTIMAL
from nanobook.optimize.cholesky import factorise, solve_by
from nanobook.optimize.quadratic import SUM_ONE, solve

__all__ = ["trace"]

_ROUNDING = 1e-13  # of a slope or a stretch
_LAST = 1e-14  # of the first tolerance: no turn comes below it
_ALIKE = 1e-12  # relative to the largest return: a difference that rounding may have made
_WRONG = 1e-10  # a violation, relative, after which the programme is solved instead


@njit
def trace(covariance, mean, lower, upper, tolerances, points):
    """Fill the turning points with their tolerances of risk, from infinity down to 0.

    The first two are the same portfolio, the one of the largest return (and of the least
    variance among those): it's the best for all tolerances between. Returns how many there are;
    0 if there's no room for all, -1 if a solve failed.
    """
    size = mean.size
    weights, numbers = np.empty(size), np.empty(FIELDS)
    side, weak = np.empty(size, dtype=np.int8), np.empty(size, dtype=np.int8)
    barred = np.zeros(size, dtype=np.int8)
    linear, drift = np.empty(size), np.empty(size)
    gradient, turn = np.empty(size), np.empty(size)
    chosen, step = np.empty(size, dtype=np.int64), np.empty(size)
    root = np.empty((0, 0))
    if _largest_return(covariance, mean, lower, upper, linear, weights, side, numbers) != OPTIMAL:
        return -1
    tolerance, done, repaired, first = np.inf, 0, False, 0.0
    for _ in range(5 * points.shape[0]):
        # Free weights, those that turn here last: they're at their bounds until they've moved.
        count = np.int64(0)
        for i in range(size):
            if side[i] == 0 and barred[i] == 0:
                chosen[count] = i
                count += 1
        settled = count
        for i in range(size):
            if side[i] == 0 and barred[i] == 1:
                chosen[count] = i
                count += 1
                low = weights[i] - lower[i] < upper[i] - weights[i]
                weights[i] = lower[i] if low else upper[i]
        settled = settled if settled > 0 else count
        base = take_base(covariance, chosen, settled)
        settled -= 1
        count -= 1
        for p in range(settled, count):
            chosen[p] = chosen[p + 1]
        if count > root.shape[0]:
            root = np.empty((min(size, 2 * count), min(size, 2 * count)))
        if factorise(covariance, base, chosen, count, root, weak) > 0:
            for p in range(count):
                if weak[p] == 1:  # it can only stand in for others: it stays where it is
                    i = chosen[p]
                    side[i] = -1 if weights[i] - lower[i] < upper[i] - weights[i] else 1
                    barred[i] = 1
            continue

        # Where the line is: exactly there. Where all returns are alike it's a point.
        anchor = tolerance if tolerance < np.inf else 0.0
        for i in range(size):
            linear[i] = anchor * mean[i]
        if tolerance < np.inf:
            renew(covariance, linear, weights, gradient)
            gap = 1.0
            for i in range(size):
                gap -= weights[i]
            rest = free_step(covariance, root, chosen, settled, base, gradient, gap, step)
            weights[base] = min(max(weights[base] + rest, lower[base]), upper[base])
            for p in range(settled):
                i = chosen[p]
                weights[i] = min(max(weights[i] + step[p], lower[i]), upper[i])
            _close_gap(lower, upper, side, weights)
        renew(covariance, linear, weights, gradient)

        # Where it leads.
        reach, risk = 0.0, 0.0
        for i in range(size):
            drift[i] = 0.0
        for p in range(count):
            step[p] = mean[chosen[p]] - mean[base]
        solve_by(root, count, step)
        for p in range(count):
            drift[chosen[p]] = step[p]
            drift[base] -= step[p]
        for i in range(size):
            reach += np.sqrt(covariance[i, i]) * abs(drift[i])
            risk += np.sqrt(covariance[i, i]) * abs(weights[i])
        renew(covariance, mean, drift, turn)
        following, at, wrong = 0.0, np.int64(-1), False
        for i in range(size):
            if lower[i] == upper[i] or (i == base and count == 0):
                continue
            where = 0.0
            if side[i] == 0:
                if drift[i] == 0.0 or tolerance == np.inf:
                    continue
                bound = lower[i] if drift[i] > 0.0 else upper[i]
                where = tolerance - (weights[i] - bound) / drift[i]
            else:
                # Its gradient beyond the base's, at the anchor and per tolerance.
                deviation = np.sqrt(covariance[i, i]) + np.sqrt(covariance[base, base])
                gain = abs(mean[i]) + abs(mean[base])
                excess, change = gradient[i] - gradient[base], turn[i] - turn[base]
                if tolerance < np.inf and excess * side[i] > 0.0:
                    level = deviation * risk + anchor * gain
                    wrong = wrong or abs(excess) > _WRONG * level
                    excess = 0.0
                if change * side[i] >= -_ROUNDING * (deviation * reach + gain):
                    continue
                where = anchor - excess / change
            where = min(where, tolerance)
            if where > following and (barred[i] == 0 or where < tolerance * (1.0 - _ROUNDING)):
                following, at = where, i
        if wrong and not repaired:
            repaired = True
            if solve(covariance, linear, lower, upper, SUM_ONE, weights, side, numbers) != OPTIMAL:
                return -1
            renew(covariance, linear, weights, gradient)
            _free_one(lower, upper, gradient, side)
            continue
        if tolerance == np.inf or following < tolerance * (1.0 - _ROUNDING) or at < 0:
            if done == points.shape[0]:
                return 0
            tolerances[done] = tolerance
            for i in range(size):
                points[done, i] = weights[i]
            done += 1
            repaired = False
            for i in range(size):
                barred[i] = 0
        if tolerance < np.inf:
            for i in range(size):
                value = weights[i] - (tolerance - following) * drift[i]
                weights[i] = min(max(value, lower[i]), upper[i])
        if tolerance == 0.0:
            return done
        first = first if tolerance < np.inf else following
        if following < _LAST * first:
            following, at = 0.0, np.int64(-1)
        tolerance = following
        if at >= 0:
            barred[at] = 1
            if side[at] == 0:
                side[at] = -1 if drift[at] > 0.0 else 1
                weights[at] = lower[at] if drift[at] > 0.0 else upper[at]
            else:
                side[at] = 0
    return -1


@njit
def _largest_return(covariance, mean, lower, upper, linear, weights, side, numbers):
    """Fill the portfolio of the largest return, of the least variance if there are several."""
    size = mean.size
    rest = 1.0
    for i in range(size):
        rest -= lower[i]
        side[i], linear[i] = -1, 0.0
    last = np.inf
    while rest > 1e-15:
        best = -1
        for i in range(size):
            if side[i] < 0 and upper[i] > lower[i] and (best < 0 or mean[i] > mean[best]):
                best = i
        if best < 0:
            break
        side[best] = 1
        rest -= upper[best] - lower[best]
        last = mean[best]
    least, most = lower.copy(), upper.copy()
    alike = 0.0
    for i in range(size):
        alike = max(alike, _ALIKE * abs(mean[i]))
    for i in range(size):
        if mean[i] > last + alike:
            least[i] = upper[i]
        elif mean[i] < last - alike:
            most[i] = lower[i]
        side[i] = -1
    status = solve(covariance, linear, least, most, SUM_ONE, weights, side, numbers)
    gradient = np.empty(size)
    renew(covariance, linear, weights, gradient)
    for i in range(size):
        if least[i] == most[i]:
            side[i] = 1 if mean[i] > last else -1
    for i in range(size):  # the base must be one of those whose price it is
        if least[i] == most[i]:
            gradient[i] = np.nan
    _free_one(least, most, gradient, side)
    return status


@njit
def _close_gap(lower, upper, side, weights):
    """Let the free weight with the most room take what clipping left of the budget."""
    gap, best, most = 1.0, np.int64(-1), 0.0
    for i in range(side.size):
        gap -= weights[i]
        room = min(weights[i] - lower[i], upper[i] - weights[i])
        if side[i] == 0 and room > most:
            best, most = i, room
    if best >= 0:
        weights[best] = min(max(weights[best] + gap, lower[best]), upper[best])


@njit
def _free_one(lower, upper, gradient, side):
    """Let one weight be free where none is: the one that has to move first."""
    best = np.int64(-1)
    for i in range(side.size):
        if side[i] == 0:
            return
        if lower[i] == upper[i]:
            continue
        if (
            best < 0
            or side[i] > side[best]
            or (side[i] == side[best] and side[i] * (gradient[i] - gradient[best]) > 0.0)
        ):
            best = i
    side[max(best, 0)] = 0
