"""The least CVaR of a window of returns by pivots from vertex to vertex, from any basis.

At a vertex k assets lie between their bounds and k periods lose exactly zeta, so weights and zeta
solve k + 1 equations: the budget, and one a period on the kink. Its inverse is all that's kept; a
pivot lets one period or one bound go, walks along the edge past every kink while the objective
still falls, and stops at the period or the bound that becomes an equation in exchange. A basis
from an earlier window serves as it is: periods that the window no longer holds are let go first.

Bounds and losses are moved apart by about 1e-13 so that ties can't stall; the final weights are
computed without that.
"""

import numpy as np

from nanobook.jit import njit
from nanobook.optimize.selection import heap_down, heapify, nth_smallest

__all__ = ["ABSENT", "APART", "clean_weights", "cold_basis", "enter_window", "pivot"]

#: What `side` says of an asset: at its lower bound, free, at its upper, fixed, not in the universe.
LOWER, FREE, UPPER, FIXED, ABSENT = -1, 0, 1, 2, 3

#: What `tail` says of a period: loses less than zeta, more, or exactly that.
_CALM, _TAIL, _KINK = 0, 1, 2

#: How far ties are moved apart, relative, and how wrong a multiplier may be, relative.
APART = 1e-12
_SLACK = 1e-12


@njit
def _shift(index, step):
    """Return a number in (0.5, 1.5) that differs from index to index."""
    place = (index + 1) * step
    return 0.5 + place - np.floor(place)


@njit
def _least(lower, j):
    return lower[j] - 0.1 * APART * _shift(j, 0.7548776662466927)


@njit
def _most(upper, j):
    return upper[j] + 0.1 * APART * _shift(j, 0.5698402909980532)


@njit
def cold_basis(
    rows, begin, end, linear, ceiling, lower, upper, side, point, basis, inverse, apart
):
    """Set up the vertex where assets of least stand-alone risk are filled up one by one.

    Assets that `side` calls absent stay so. `point` gets weights, zeta and the size of a return,
    ``basis[2, 0]`` the number of free assets: 1, or 0 where the bounds leave nothing to choose.
    """
    assets, periods = side.shape[0], end - begin
    score = np.empty(assets)
    for j in range(assets):
        if side[j] != ABSENT:
            side[j] = FIXED if upper[j] <= lower[j] else LOWER
    sums, squares = np.zeros(assets), np.zeros(assets)
    for t in range(begin, end):
        for j in range(assets):
            sums[j] += rows[t, j]
            squares[j] += rows[t, j] * rows[t, j]
    left, total, counted = 1.0, 0.0, 0
    for j in range(assets):
        if side[j] != ABSENT:
            total += np.sqrt(squares[j] / periods)
            counted += 1
            mean = sums[j] / periods
            spread = np.sqrt(max(squares[j] / periods - mean * mean, 0.0))
            score[j] = 2.0 * spread - mean - linear[j]
            point[j] = _least(lower, j) if side[j] == LOWER else lower[j]
            left -= point[j]
        else:
            point[j] = 0.0
    order = basis[3]
    count, choices = 0, 0
    for j in range(assets):
        if side[j] == LOWER:
            order[choices] = j
            choices += 1
    heapify(score, order, choices)
    while choices:
        j = order[0]
        choices -= 1
        order[0] = order[choices]
        heap_down(score, order, 0, choices)
        more = _most(upper, j) - point[j]
        if more < left:
            point[j] += more
            left -= more
            side[j] = UPPER
        else:
            point[j] += left
            side[j] = FREE
            basis[0, 0] = j
            count = 1
            break
    size = total / max(counted, 1)
    point[assets + 1] = size
    losses = np.empty(periods)
    for t in range(begin, end):
        total = 0.0
        for j in range(assets):
            if point[j] != 0.0:
                total += rows[t, j] * point[j]
        losses[t - begin] = -total + apart * size * _shift(t, 0.6180339887498949)
    at = periods - 1 - min(np.int64(1.0 / ceiling), periods - 1)
    zeta = nth_smallest(losses.copy(), at)
    point[assets] = zeta
    for t in range(periods):
        if losses[t] == zeta:
            basis[1, 0] = begin + t
    if count:
        # budget: w = 1 - rest; kink: zeta + r w = ...
        inverse[0, 0], inverse[0, 1] = -rows[basis[1, 0], basis[0, 0]], 1.0
        inverse[1, 0], inverse[1, 1] = 1.0, 0.0
    basis[2, 0] = count


@njit
def enter_window(columns, begin, end, point, basis, room, tail, apart):
    """Fill the distance of each period from zeta and its place in the tail."""
    assets, periods = columns.shape[0], end - begin
    zeta, tilt = point[assets], apart * point[assets + 1]
    for t in range(periods):
        room[0, t] = tilt * _shift(begin + t, 0.6180339887498949) - zeta
    for j in range(assets):
        weight = point[j]
        if weight != 0.0:
            column = columns[j, begin:end]
            for t in range(periods):
                room[0, t] -= weight * column[t]
    for t in range(periods):
        tail[t] = _TAIL if room[0, t] > 0.0 else _CALM
    for i in range(basis[2, 0]):
        if begin <= basis[1, i] < end:
            tail[basis[1, i] - begin] = _KINK
            room[0, basis[1, i] - begin] = 0.0


@njit
def _tail_sums(rows, begin, end, tail, sums):
    """Fill the sum of the tail's returns for each asset; returns how many periods it has."""
    assets = sums.shape[0]
    sums[:] = 0.0
    held = 0
    for t in range(begin, end):
        if tail[t - begin] == _TAIL:
            held += 1
            for j in range(assets):
                sums[j] += rows[t, j]
    return held


@njit
def _multipliers(linear, ceiling, held, sums, basis, count, inverse, multipliers):
    """Fill the multipliers of the budget and of each period on the kink."""
    slope = 1.0 - ceiling * held
    for e in range(count + 1):
        multipliers[e] = slope * inverse[0, e]
    for i in range(count):
        j = basis[0, i]
        slope = -linear[j] - ceiling * sums[j]
        for e in range(count + 1):
            multipliers[e] += slope * inverse[i + 1, e]


@njit
def _reduced_costs(rows, linear, ceiling, sums, basis, count, multipliers, costs):
    """Fill what a unit more of each asset would cost."""
    for j in range(costs.shape[0]):
        costs[j] = -linear[j] - ceiling * sums[j] - multipliers[0]
    for i in range(count):
        share = multipliers[i + 1]
        row = rows[basis[1, i]]
        for j in range(costs.shape[0]):
            costs[j] -= share * row[j]


@njit
def _replace_row(inverse, size, products, at):
    """Put another equation in the place of equation `at`; `products` is its row times inverse."""
    for m in range(size):
        row = inverse[m]
        factor = row[at] / products[at]
        for e in range(size):
            row[e] -= factor * products[e]
        row[at] = factor


@njit
def _replace_column(inverse, size, products, at):
    """Put another asset in the place of unknown `at`; `products` is inverse times its column."""
    pivot_row = inverse[at]
    scale = 1.0 / products[at]
    for e in range(size):
        pivot_row[e] *= scale
    for m in range(size):
        if m != at and products[m] != 0.0:
            row, factor = inverse[m], products[m]
            for e in range(size):
                row[e] -= factor * pivot_row[e]


@njit
def _grow(inverse, size, right, below, corner):
    """Add an equation and an unknown; `right` is inverse times column, `below` row times inverse."""
    for m in range(size):
        row, factor = inverse[m], right[m] / corner
        for e in range(size):
            row[e] += factor * below[e]
        row[size] = -factor
    for e in range(size):
        inverse[size, e] = -below[e] / corner
    inverse[size, size] = 1.0 / corner


@njit
def _shrink(inverse, size, unknown, equation):
    """Take away an unknown and an equation; the last ones move into their places."""
    pivot_row = inverse[unknown].copy()
    for m in range(size):
        if m != unknown:
            row = inverse[m]
            factor = row[equation] / pivot_row[equation]
            for e in range(size):
                row[e] -= factor * pivot_row[e]
    last = size - 1
    if unknown != last:
        for e in range(size):
            inverse[unknown, e] = inverse[last, e]
    if equation != last:
        for m in range(last):
            inverse[m, equation] = inverse[m, last]


@njit
def _invert(rows, basis, count, inverse, scratch):
    """Compute the inverse afresh by elimination with row exchange; False where it's singular."""
    size = count + 1
    for m in range(size):
        for e in range(size):
            scratch[m, e] = 0.0
            inverse[m, e] = 1.0 if m == e else 0.0
    for i in range(count):
        scratch[0, i + 1] = 1.0
        scratch[i + 1, 0] = 1.0
        for e in range(count):
            scratch[i + 1, e + 1] = rows[basis[1, i], basis[0, e]]
    for step in range(size):
        best = step
        for m in range(step + 1, size):
            if abs(scratch[m, step]) > abs(scratch[best, step]):
                best = m
        if scratch[best, step] == 0.0:
            return False
        if best != step:
            for e in range(size):
                scratch[step, e], scratch[best, e] = scratch[best, e], scratch[step, e]
                inverse[step, e], inverse[best, e] = inverse[best, e], inverse[step, e]
        scale = 1.0 / scratch[step, step]
        for e in range(size):
            scratch[step, e] *= scale
            inverse[step, e] *= scale
        for m in range(size):
            factor = scratch[m, step]
            if m != step and factor != 0.0:
                for e in range(size):
                    scratch[m, e] -= factor * scratch[step, e]
                    inverse[m, e] -= factor * inverse[step, e]
    return True


@njit
def _choose(side, basis, count, inverse, multipliers, costs, ceiling, size, begin, end):
    """Return what to let go: a period's place in the basis, or -1 - asset; and its direction.

    The steepest edge is taken; periods that have left the window come first.
    """
    best, choice, sign = 0.0, 0, 0.0
    for i in range(count):
        share = multipliers[i + 1]
        ghost = basis[1, i] < begin or basis[1, i] >= end
        wrong, way = 0.0, 1.0
        if ghost:
            wrong, way = abs(share) + ceiling, 1.0 if share < 0.0 else -1.0
        elif share < -_SLACK * ceiling:
            wrong = -share
        elif share > ceiling * (1.0 + _SLACK):
            wrong, way = share - ceiling, -1.0
        if wrong > 0.0:
            length = 0.0
            for m in range(1, count + 1):
                length += inverse[m, i + 1] * inverse[m, i + 1]
            gain = wrong / np.sqrt(length) * (1e6 if ghost else 1.0)
            if gain > best:
                best, choice, sign = gain, i, way
    for j in range(side.shape[0]):
        wrong = 0.0
        if side[j] == LOWER:
            wrong = -costs[j]
        elif side[j] == UPPER:
            wrong = costs[j]
        if wrong > _SLACK * size and 0.7 * wrong > best:
            best, choice, sign = 0.7 * wrong, -1 - j, -float(side[j])
    return choice, sign


@njit
def pivot(
    rows,
    columns,
    begin,
    end,
    linear,
    ceiling,
    lower,
    upper,
    side,
    point,
    basis,
    inverse,
    scratch,
    vectors,
    room,
    tail,
    limit,
    apart,
):
    """Pivot until no edge leads down; returns how many it took, -1 where it had to give up.

    On return ``vectors[1]`` holds the multipliers of the budget and of each period on the kink.
    """
    assets, periods = side.shape[0], end - begin
    count, size = basis[2, 0], point[assets + 1]
    sums, multipliers, costs = vectors[0, :assets], vectors[1], vectors[2, :assets]
    edge, products = vectors[3], vectors[4]
    order, times = basis[3], room[2]
    held = _tail_sums(rows, begin, end, tail, sums)
    distance, speed = room[0], room[1]
    pivots, fresh = 0, 0
    while pivots < limit:
        if fresh >= 60:
            if not _invert(rows, basis, count, inverse, scratch):
                return -1
            fresh = 0
        _multipliers(linear, ceiling, held, sums, basis, count, inverse, multipliers)
        _reduced_costs(rows, linear, ceiling, sums, basis, count, multipliers, costs)
        choice, sign = _choose(
            side, basis, count, inverse, multipliers, costs, ceiling, size, begin, end
        )
        if sign == 0.0:
            if fresh == 0:
                break
            if not _invert(rows, basis, count, inverse, scratch):
                return -1
            fresh, basis[2, 0] = 0, count
            enter_window(columns, begin, end, point, basis, room, tail, apart)
            held = _tail_sums(rows, begin, end, tail, sums)
            continue
        pivots += 1
        fresh += 1
        # The edge: how zeta and the free weights move for a step of 1.
        entering = -1
        if choice >= 0:
            for m in range(count + 1):
                edge[m] = sign * inverse[m, choice + 1]
            row = basis[1, choice]
            share = multipliers[choice + 1]
            slope = sign * share
            if begin <= row < end:
                tail[row - begin] = _CALM
                if sign < 0.0:
                    slope += ceiling
                    tail[row - begin] = _TAIL
                    held += 1
                    for j in range(assets):
                        sums[j] += rows[row, j]
        else:
            entering = -1 - choice
            slope = sign * costs[entering]
            for m in range(count + 1):
                total = inverse[m, 0]
                for i in range(count):
                    total += inverse[m, i + 1] * rows[basis[1, i], entering]
                products[m] = total
                edge[m] = -sign * total
        for t in range(periods):
            speed[t] = -edge[0]
        for i in range(count):
            if edge[i + 1] != 0.0:
                factor, column = edge[i + 1], columns[basis[0, i], begin:end]
                for t in range(periods):
                    speed[t] -= factor * column[t]
        if entering >= 0:
            column = columns[entering, begin:end]
            for t in range(periods):
                speed[t] -= sign * column[t]
        for i in range(count):
            if begin <= basis[1, i] < end and i != choice:
                speed[basis[1, i] - begin] = 0.0
        # How far bounds let it go.
        reach, blocking = np.inf, -1
        if entering >= 0:
            reach = _most(upper, entering) - _least(lower, entering)
        most = 0.0
        for m in range(1, count + 1):
            most = max(most, abs(edge[m]))
        for i in range(count):
            j, change = basis[0, i], edge[i + 1]
            if abs(change) > 1e-11 * most:
                span = (_most(upper, j) if change > 0.0 else _least(lower, j)) - point[j]
                time = max(span / change, 0.0)
                if time < reach:
                    reach, blocking = time, i
        # The periods that it passes, nearest first, until the objective would rise.
        fastest, kinks = 0.0, 0
        for t in range(periods):
            fastest = max(fastest, abs(speed[t]))
        for t in range(periods):
            pace = speed[t]
            if (pace > 0.0) != (tail[t] == _TAIL) and abs(pace) > 1e-11 * fastest:
                if tail[t] != _KINK:
                    time = max(-distance[t] / pace, 0.0)
                    if time < reach:
                        times[t] = time
                        order[kinks] = t
                        kinks += 1
        heapify(times, order, kinks)
        stop = -1
        while kinks:
            t = order[0]
            slope += ceiling * abs(speed[t])
            if tail[t] == _TAIL:
                held -= 1
                for j in range(assets):
                    sums[j] -= rows[begin + t, j]
            if slope >= 0.0:
                stop = t
                break
            if tail[t] == _CALM:
                held += 1
                tail[t] = _TAIL
                for j in range(assets):
                    sums[j] += rows[begin + t, j]
            else:
                tail[t] = _CALM
            kinks -= 1
            order[0] = order[kinks]
            heap_down(times, order, 0, kinks)
        step = reach if stop < 0 else times[stop]
        if not step < np.inf:
            return -1
        point[assets] += step * edge[0]
        for i in range(count):
            point[basis[0, i]] += step * edge[i + 1]
        if entering >= 0:
            point[entering] += step * sign
        for t in range(periods):
            distance[t] += step * speed[t]
        # The exchange of one equation or asset for another.
        if stop >= 0:
            tail[stop] = _KINK
            distance[stop] = 0.0
            row = begin + stop
            below = scratch[0]
            for e in range(count + 1):
                below[e] = inverse[0, e]
            for i in range(count):
                factor = rows[row, basis[0, i]]
                for e in range(count + 1):
                    below[e] += factor * inverse[i + 1, e]
            if choice >= 0:
                _replace_row(inverse, count + 1, below, choice + 1)
                basis[1, choice] = row
            else:
                corner = rows[row, entering]
                for i in range(count):
                    corner -= below[i + 1] * rows[basis[1, i], entering]
                corner -= below[0]
                _grow(inverse, count + 1, products, below, corner)
                basis[0, count], basis[1, count] = entering, row
                side[entering] = FREE
                count += 1
        elif blocking >= 0:
            j = basis[0, blocking]
            high = edge[blocking + 1] > 0.0
            side[j] = UPPER if high else LOWER
            point[j] = _most(upper, j) if high else _least(lower, j)
            if choice >= 0:
                _shrink(inverse, count + 1, blocking + 1, choice + 1)
                count -= 1
                basis[0, blocking], basis[1, choice] = basis[0, count], basis[1, count]
            else:
                _replace_column(inverse, count + 1, products, blocking + 1)
                basis[0, blocking] = entering
                side[entering] = FREE
        else:
            side[entering] = -side[entering]
            high = side[entering] == UPPER
            point[entering] = _most(upper, entering) if high else _least(lower, entering)
    basis[2, 0] = count
    return pivots if pivots < limit else -1


@njit
def clean_weights(rows, lower, upper, side, basis, inverse, weights):
    """Fill the weights of a basis, without what moved ties apart; NaN for absent assets."""
    assets, count = side.shape[0], basis[2, 0]
    rest = 1.0
    for j in range(assets):
        if side[j] == ABSENT:
            weights[j] = np.nan
        elif side[j] == FREE:
            weights[j] = 0.0
        else:
            weights[j] = upper[j] if side[j] == UPPER else lower[j]
            rest -= weights[j]
    if not count:
        return
    sides = np.empty(count + 1)
    solution = np.zeros(count + 1)
    for attempt in range(2):  # once more for what rounding left
        total = rest
        for i in range(count):
            total -= solution[i + 1]
        sides[0] = total
        for i in range(count):
            row, total = basis[1, i], -solution[0]
            for j in range(assets):
                if side[j] != ABSENT and weights[j] != 0.0 and (side[j] != FREE):
                    total -= rows[row, j] * weights[j]
            for e in range(count):
                total -= rows[row, basis[0, e]] * solution[e + 1]
            sides[i + 1] = total
        for m in range(count + 1):
            for e in range(count + 1):
                solution[m] += inverse[m, e] * sides[e]
    for i in range(count):
        j = basis[0, i]
        weights[j] = min(max(solution[i + 1], lower[j]), upper[j])
