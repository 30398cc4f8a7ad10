"""The least CVaR of a window of returns by pivots from vertex to vertex, from any basis.

At a vertex k assets lie between their bounds and k periods lose exactly zeta. A pivot lets one of
these periods or one bound go, walks along the edge past every kink while the objective still
falls, and stops at the period or the bound that becomes an equation in exchange. A basis from an
earlier window serves as it is: periods that the window no longer holds are let go first.
"""

import numpy as np

from nanobook.jit import njit
from nanobook.optimize.selection import heap_down, heapify, nth_smallest
from nanobook.optimize.tail_basis import (
    ABSENT,
    LOWER,
    UPPER,
    entering_column,
    exchange,
    first_vertex,
    invert,
    multipliers_of,
    reach_of,
    reduced_costs,
    shift,
)

__all__ = ["cvar_start", "cvar_walk"]

#: What `tail` says of a period: loses less than zeta, more, or exactly that.
_CALM, _TAIL, _KINK = 0, 1, 2

#: How wrong a multiplier may be, relative.
_SLACK = 1e-12


@njit(no_cpython_wrapper=True, no_cfunc_wrapper=True)
def cvar_start(
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
    room,
    apart,
):
    """Set up the vertex where assets of least stand-alone risk are filled up one by one.

    Assets that `side` calls absent stay so. `point` gets weights, zeta and the size of a return.
    """
    assets, periods = side.shape[0], end - begin
    score, squares = np.zeros(assets), np.zeros(assets)
    for t in range(begin, end):
        for j in range(assets):
            score[j] += rows[t, j]
            squares[j] += rows[t, j] * rows[t, j]
    total, counted = 0.0, 0
    for j in range(assets):
        if side[j] != ABSENT:
            total += np.sqrt(squares[j] / periods)
            counted += 1
            mean = score[j] / periods
            spread = np.sqrt(max(squares[j] / periods - mean * mean, 0.0))
            score[j] = 2.0 * spread - mean - linear[j]
    point[assets + 1] = total / max(counted, 1)
    first_vertex(score, lower, upper, side, point, basis)
    losses, ordered = room[0, :periods], room[1, :periods]
    point[assets] = 0.0
    cvar_losses(columns, begin, end, point, losses, apart)
    for t in range(periods):
        ordered[t] = losses[t]
    at = periods - 1 - min(np.int64(1.0 / ceiling), periods - 1)
    zeta = nth_smallest(ordered, at)
    point[assets] = zeta
    for t in range(periods):
        if losses[t] == zeta:
            basis[1, 0] = begin + t
    if basis[2, 0]:
        inverse[0, 0], inverse[0, 1] = -rows[basis[1, 0], basis[0, 0]], 1.0
        inverse[1, 0], inverse[1, 1] = 1.0, 0.0


@njit(no_cpython_wrapper=True, no_cfunc_wrapper=True)
def cvar_losses(columns, begin, end, point, losses, apart):
    """Fill how much more than zeta each period loses, ties moved apart."""
    assets, periods = columns.shape[0], end - begin
    zeta, tilt = point[assets], apart * point[assets + 1]
    for t in range(periods):
        losses[t] = tilt * shift(begin + t, 0.6180339887498949) - zeta
    for j in range(assets):
        weight = point[j]
        if weight != 0.0:
            column = columns[j, begin:end]
            for t in range(periods):
                losses[t] -= weight * column[t]


@njit(no_cpython_wrapper=True, no_cfunc_wrapper=True)
def _enter(rows, columns, begin, end, ceiling, linear, point, basis, equations, room, tail, apart):
    """Fill distances from zeta, places in the tail and the gradient; renew the equations."""
    assets, periods = columns.shape[0], end - begin
    distance, gradient = room[0], equations[assets + 1]
    cvar_losses(columns, begin, end, point, distance, apart)
    for t in range(periods):
        tail[t] = _TAIL if distance[t] > 0.0 else _CALM
    for i in range(basis[2, 0]):
        row = basis[1, i]
        if begin <= row < end:
            tail[row - begin] = _KINK
            distance[row - begin] = 0.0
        for j in range(assets):
            equations[i, j] = rows[row, j]
        equations[i, assets] = 1.0
    for j in range(assets):
        gradient[j] = -linear[j]
    gradient[assets] = 1.0
    for t in range(periods):
        if tail[t] == _TAIL:
            _weigh(gradient, rows, begin + t, -ceiling)


@njit(no_cpython_wrapper=True, no_cfunc_wrapper=True)
def _weigh(gradient, rows, t, share):
    """Add a period's returns, and its loss of zeta, to the gradient."""
    last = gradient.shape[0] - 1
    for j in range(last):
        gradient[j] += share * rows[t, j]
    gradient[last] += share


@njit(no_cpython_wrapper=True, no_cfunc_wrapper=True)
def _choose(side, basis, inverse, multipliers, costs, ceiling, size, begin, end):
    """Return what to let go, an equation's place or -1 - asset, and its direction or 0.

    The steepest edge is taken; periods that have left the window come first.
    """
    best, choice, sign = 0.0, 0, 0.0
    count = basis[2, 0]
    for i in range(count):
        share, wrong, way = multipliers[i + 1], 0.0, 1.0
        if basis[1, i] < begin or basis[1, i] >= end:
            return i, (1.0 if share < 0.0 else -1.0)
        if share < -_SLACK * ceiling:
            wrong = -share
        elif share > ceiling * (1.0 + _SLACK):
            wrong, way = share - ceiling, -1.0
        if wrong > 0.0:
            length = 0.0
            for m in range(1, count + 1):
                length += inverse[m, i + 1] * inverse[m, i + 1]
            if wrong > best * np.sqrt(length):
                best, choice, sign = wrong / np.sqrt(length), i, way
    for j in range(side.shape[0]):
        wrong = 0.0
        if side[j] == LOWER:
            wrong = -costs[j]
        elif side[j] == UPPER:
            wrong = costs[j]
        if wrong > _SLACK * size and 0.7 * wrong > best:  # an edge is about 1.4 long
            best, choice, sign = 0.7 * wrong, -1 - j, -float(side[j])
    return choice, sign


@njit(no_cpython_wrapper=True, no_cfunc_wrapper=True)
def cvar_walk(
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
    equations,
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
    multipliers, costs, edge, products = vectors[1], vectors[2], vectors[3], vectors[4]
    gradient, distance, speed, times = equations[assets + 1], room[0], room[1], room[2]
    order, size, pivots, fresh = basis[3], point[assets + 1], 0, 0
    _enter(rows, columns, begin, end, ceiling, linear, point, basis, equations, room, tail, apart)
    while pivots < limit:
        count = basis[2, 0]
        if fresh >= 60:
            if not invert(equations, basis, count, inverse, scratch):
                return -1
            fresh = 0
        multipliers_of(gradient, basis, count, inverse, multipliers)
        reduced_costs(gradient, equations, count, multipliers, costs)
        choice, sign = _choose(side, basis, inverse, multipliers, costs, ceiling, size, begin, end)
        if sign == 0.0:
            if fresh == 0:
                return pivots
            if not invert(equations, basis, count, inverse, scratch):
                return -1
            fresh = 0
            _enter(
                rows,
                columns,
                begin,
                end,
                ceiling,
                linear,
                point,
                basis,
                equations,
                room,
                tail,
                apart,
            )
            continue
        pivots += 1
        fresh += 1
        # The edge: how zeta and the free weights move for a step of 1.
        entering = -1 - choice
        if choice >= 0:
            for m in range(count + 1):
                edge[m] = sign * inverse[m, choice + 1]
            row, slope = basis[1, choice], sign * multipliers[choice + 1]
            if begin <= row < end:
                tail[row - begin] = _CALM
                if sign < 0.0:
                    slope += ceiling
                    tail[row - begin] = _TAIL
                    _weigh(gradient, rows, row, -ceiling)
        else:
            slope = sign * costs[entering]
            entering_column(equations, count, inverse, entering, products)
            for m in range(count + 1):
                edge[m] = -sign * products[m]
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
        reach, blocking = reach_of(lower, upper, point, basis, count, edge, entering)
        # The periods that it passes, nearest first, until the objective would rise.
        fastest, kinks = 0.0, 0
        for t in range(periods):
            fastest = max(fastest, abs(speed[t]))
        for t in range(periods):
            pace = speed[t]
            if abs(pace) > 1e-11 * fastest and tail[t] == (_CALM if pace > 0.0 else _TAIL):
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
                _weigh(gradient, rows, begin + t, ceiling)
            if slope >= 0.0:
                stop = t
                break
            if tail[t] == _CALM:
                tail[t] = _TAIL
                _weigh(gradient, rows, begin + t, -ceiling)
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
        if stop >= 0:
            blocking = -2
            tail[stop] = _KINK
            distance[stop] = 0.0
            for j in range(assets):
                equations[count, j] = rows[begin + stop, j]
            equations[count, assets] = 1.0
            basis[1, choice if choice >= 0 else count] = begin + stop
        elif choice >= 0:
            basis[1, choice] = basis[1, count - 1]
        exchange(
            equations,
            lower,
            upper,
            side,
            point,
            basis,
            inverse,
            scratch,
            products,
            edge,
            choice,
            blocking,
        )
    return -1
