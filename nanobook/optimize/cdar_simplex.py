"""The least CDaR of a window of returns by pivots from vertex to vertex, from any basis.

States 0 to T are the start and the ends of the T periods; the value of a state is the sum of
returns up to it. A state's peak is the highest value so far. At a vertex of k free assets k
equations hold: a *kink* is a state whose drawdown is exactly zeta, a *tie* a state as high as the
peak before it. Of tied states the first stands for the peak. An equation is known by its state,
its peak's state and its kind; where a window, or a step, has put another peak in its place, it
isn't one any more and is let go first.

Along an edge the objective is convex and piecewise linear: it bends where a drawdown crosses zeta
and where one state overtakes another as peak. The walk takes one bend after the other.
"""

import numpy as np

from nanobook.jit import njit
from nanobook.optimize.selection import nth_smallest
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

__all__ = ["cdar_start", "cdar_walk", "equation_holds"]

#: What ``marks[0]`` says of a state: its drawdown is below zeta, above, or exactly that.
_CALM, _TAIL, _KINK = 0, 1, 2

#: The kinds of equations.
_OF_KINK, _OF_TIE = 0, 1

#: How wrong a multiplier may be, relative.
_SLACK = 1e-11


@njit(no_cpython_wrapper=True, no_cfunc_wrapper=True)
def cdar_start(
    rows,
    cumulative,
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
    marks,
    apart,
):
    """Set up the vertex where assets of least stand-alone drawdown are filled up one by one.

    Assets that `side` calls absent stay so. `point` gets weights, zeta and a drawdown's size.
    """
    assets, periods = side.shape[0], end - begin
    score, depth, sizes = np.zeros(assets), np.zeros(assets), np.zeros(assets)
    size, counted = 0.0, 0
    for t in range(begin, end):
        for j in range(assets):
            depth[j] = max(depth[j] - rows[t, j], 0.0)
            score[j] += depth[j]
            sizes[j] += abs(rows[t, j])
    for j in range(assets):
        if side[j] != ABSENT:
            score[j] /= periods
            size += score[j] + sizes[j] / periods
            counted += 1
            score[j] -= linear[j]
    point[assets + 1] = size / max(counted, 1)
    point[assets] = 0.0
    first_vertex(score, lower, upper, side, point, basis)
    values, ordered, peaks = room[0], room[1, :periods], marks[1]
    _values(columns, begin, end, point, values, apart)
    peak = 0
    for t in range(1, periods + 1):
        if values[t] > values[peak]:
            peak = t
        peaks[t] = peak
        ordered[t - 1] = values[peak] - values[t] + _bend(point, begin + t, apart)
    zeta = nth_smallest(ordered, periods - 1 - min(np.int64(1.0 / ceiling), periods - 1))
    point[assets] = zeta
    for t in range(1, periods + 1):
        if values[peaks[t]] - values[t] + _bend(point, begin + t, apart) == zeta:
            _tag(basis, 0, _OF_KINK, begin + t, begin + peaks[t])
    if basis[2, 0]:
        j = basis[0, 0]
        inverse[0, 0] = cumulative[basis[4, 0], j] - cumulative[basis[1, 0], j]
        inverse[0, 1], inverse[1, 0], inverse[1, 1] = 1.0, 1.0, 0.0


@njit(no_cpython_wrapper=True, no_cfunc_wrapper=True)
def _bend(point, state, apart):
    """Return what is added to a state's drawdown to keep it apart from others."""
    return apart * point[point.shape[0] - 1] * shift(state, 0.6180339887498949)


@njit(no_cpython_wrapper=True, no_cfunc_wrapper=True)
def _tag(basis, place, kind, state, peak):
    """Say what an equation is."""
    basis[1, place], basis[4, place], basis[5, place] = state, peak, kind


@njit(no_cpython_wrapper=True, no_cfunc_wrapper=True)
def _values(columns, begin, end, point, values, apart):
    """Fill the value of each state, ties moved apart."""
    assets, periods = columns.shape[0], end - begin
    for t in range(periods + 1):
        values[t] = 0.0
    for j in range(assets):
        weight = point[j]
        if weight != 0.0:
            column = columns[j, begin:end]
            for t in range(periods):
                values[t + 1] += weight * column[t]
    total, tilt = 0.0, apart * point[assets + 1]
    for t in range(periods + 1):
        total += values[t]
        values[t] = total + tilt * shift(begin + t, 0.7548776662466927)


@njit(no_cpython_wrapper=True, no_cfunc_wrapper=True)
def _write_equation(cumulative, state, peak, kind, equation):
    """Fill the coefficients of an equation."""
    last = equation.shape[0] - 1
    high, low = (state, peak) if kind == _OF_KINK else (peak, state)
    for j in range(last):
        equation[j] = cumulative[high, j] - cumulative[low, j]
    equation[last] = 1.0 if kind == _OF_KINK else 0.0


@njit(no_cpython_wrapper=True, no_cfunc_wrapper=True)
def equation_holds(basis, place, marks, begin, end):
    """Return whether an equation is still a kink or a tie of the window at hand."""
    state = basis[1, place] - begin
    if state < 1 or state > end - begin:
        return False
    peak = basis[4, place] - begin
    if basis[5, place] == _OF_TIE:
        return marks[2, state] == peak + 1
    return marks[0, state] == _KINK and marks[1, state] == peak


@njit(no_cpython_wrapper=True, no_cfunc_wrapper=True)
def _enter(cumulative, columns, begin, end, point, basis, equations, room, marks, apart):
    """Fill the values, the peaks and the tail of a window, and renew the equations."""
    assets, periods = columns.shape[0], end - begin
    values, tail, peaks, ties = room[0], marks[0], marks[1], marks[2]
    _values(columns, begin, end, point, values, apart)
    for t in range(periods + 1):
        ties[t] = 0
    count = basis[2, 0]
    for i in range(count):
        _write_equation(cumulative, basis[1, i], basis[4, i], basis[5, i], equations[i])
        state = basis[1, i] - begin
        if basis[5, i] == _OF_TIE and 1 <= state <= periods and basis[4, i] >= begin:
            ties[state] = basis[4, i] - begin + 1
    peak = 0
    peaks[0], tail[0] = 0, _CALM
    for t in range(1, periods + 1):
        if ties[t] != peak + 1:
            ties[t] = 0
            if values[t] > values[peak]:
                peak = t
        peaks[t] = peak
        drawdown = values[peak] - values[t] + _bend(point, begin + t, apart)
        tail[t] = _TAIL if drawdown > point[assets] else _CALM
    for i in range(count):
        state = basis[1, i] - begin
        kink = basis[5, i] == _OF_KINK and 1 <= state <= periods
        if kink and peaks[state] == basis[4, i] - begin:
            tail[state] = _KINK


@njit(no_cpython_wrapper=True, no_cfunc_wrapper=True)
def _gradient(cumulative, begin, end, linear, ceiling, marks, gradient):
    """Fill the slope of the objective in each weight and in zeta."""
    assets, periods = linear.shape[0], end - begin
    for j in range(assets):
        gradient[j] = -linear[j]
    gradient[assets] = 1.0
    for t in range(1, periods + 1):
        if marks[0, t] == _TAIL:
            high, low = cumulative[begin + marks[1, t]], cumulative[begin + t]
            for j in range(assets):
                gradient[j] += ceiling * (high[j] - low[j])
            gradient[assets] -= ceiling


@njit(no_cpython_wrapper=True, no_cfunc_wrapper=True)
def _peak_flows(begin, end, ceiling, basis, multipliers, marks, flows):
    """Fill how much of the tail's weight lies on each state's peak from that state on.

    What ties take is taken off, so that at a tie what remains is the earlier peak's.
    """
    periods = end - begin
    for t in range(periods + 1):
        flows[t] = ceiling if marks[0, t] == _TAIL else 0.0
    for i in range(basis[2, 0]):
        if equation_holds(basis, i, marks, begin, end):
            state = basis[1, i] - begin
            flows[state] += multipliers[i + 1] * (1.0 if basis[5, i] == _OF_KINK else -1.0)
    for t in range(periods - 1, -1, -1):
        if marks[1, t + 1] == marks[1, t]:
            flows[t] += flows[t + 1]


@njit(no_cpython_wrapper=True, no_cfunc_wrapper=True)
def _choose(side, basis, inverse, multipliers, costs, ceiling, size, begin, end, marks, flows):
    """Return what to let go, an equation's place or -1 - asset, and its direction or 0.

    The steepest edge is taken; equations that don't hold any more come first. Of a tie direction
    1 lets the later state fall below the peak, -1 lets it rise above.
    """
    best, choice, sign = 0.0, 0, 0.0
    count = basis[2, 0]
    for i in range(count):
        share, wrong, way = multipliers[i + 1], 0.0, 1.0
        if not equation_holds(basis, i, marks, begin, end):
            return i, (1.0 if share < 0.0 else -1.0)
        if share < -_SLACK * ceiling:
            wrong = -share
        elif basis[5, i] == _OF_TIE:
            left = flows[basis[1, i] - begin]
            if left < -_SLACK * ceiling:
                wrong, way = -left, -1.0
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
def _move_peak(basis, inverse, equations, marks, begin, end, old, new, first, by, way):
    """Let another of two tied states stand for the peak from a state on.

    Equation `by` is their tie; those that hold are written anew, `way` times it added.
    """
    count = basis[2, 0]
    for i in range(count):
        state = basis[1, i] - begin
        if i == by or state < first or basis[4, i] != begin + old:
            continue
        if not equation_holds(basis, i, marks, begin, end):
            continue
        factor = way if basis[5, i] == _OF_KINK else -way
        for m in range(count + 1):
            inverse[m, by + 1] -= factor * inverse[m, i + 1]
        for j in range(equations.shape[1]):
            equations[i, j] += factor * equations[by, j]
        basis[4, i] = begin + new
        if basis[5, i] == _OF_TIE:
            marks[2, state] = new + 1
    for t in range(first, end - begin + 1):
        if marks[1, t] != old:
            break
        marks[1, t] = new


@njit(no_cpython_wrapper=True, no_cfunc_wrapper=True)
def _bend_times(point, pace, begin, first, last, least, values, speed, marks, now, apart, times):
    """Fill when each state from `first` to `last` next bends the objective, and how.

    ``times[0]`` is infinite where it doesn't; ``times[1]`` is 1 where it meets the peak before it
    and 0 where its drawdown meets zeta.
    """
    zeta = point[point.shape[0] - 2]
    before = marks[1, first - 1]
    for t in range(first, last + 1):
        peak, state = marks[1, t], marks[0, t]
        soonest, moves = np.inf, 0.0
        if state != _KINK:
            growth = speed[peak] - speed[t] - pace
            if (growth > least) if state == _CALM else (growth < -least):
                distance = values[peak] - values[t] + _bend(point, begin + t, apart) - zeta
                soonest = max(-distance / growth, now)
        if marks[2, t] == 0:
            closing = speed[t] - speed[before]
            if (closing < -least) if peak == t else (closing > least):
                time = max((values[before] - values[t]) / closing, now)
                if time < soonest:
                    soonest, moves = time, 1.0
        times[0, t], times[1, t] = soonest, moves
        before = peak


@njit(no_cpython_wrapper=True, no_cfunc_wrapper=True)
def cdar_walk(
    cumulative,
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
    marks,
    limit,
    apart,
):
    """Pivot until no edge leads down; returns how many it took, -1 where it had to give up.

    On return ``vectors[1]`` holds the multipliers of the budget and of each equation.
    """
    assets, periods = side.shape[0], end - begin
    multipliers, costs, edge, products = vectors[1], vectors[2], vectors[3], vectors[4]
    gradient, values, speed, flows = equations[assets + 1], room[0], room[1], room[3]
    tail, peaks, ties, times = marks[0], marks[1], marks[2], room[4:6]
    size, pivots, fresh = point[assets + 1], 0, 0
    _enter(cumulative, columns, begin, end, point, basis, equations, room, marks, apart)
    while pivots < limit:
        count = basis[2, 0]
        if fresh >= 60:
            if not invert(equations, basis, count, inverse, scratch):
                return -1
            fresh = 0
        _gradient(cumulative, begin, end, linear, ceiling, marks, gradient)
        multipliers_of(gradient, basis, count, inverse, multipliers)
        reduced_costs(gradient, equations, count, multipliers, costs)
        _peak_flows(begin, end, ceiling, basis, multipliers, marks, flows)
        choice, sign = _choose(
            side, basis, inverse, multipliers, costs, ceiling, size, begin, end, marks, flows
        )
        if sign == 0.0:
            if fresh == 0:
                return pivots
            _enter(cumulative, columns, begin, end, point, basis, equations, room, marks, apart)
            if not invert(equations, basis, count, inverse, scratch):
                return -1
            fresh = 0
            continue
        pivots += 1
        fresh += 1
        # The edge: how zeta and the free weights move for a step of 1.
        entering = -1 - choice
        if choice >= 0:
            if equation_holds(basis, choice, marks, begin, end):
                state = basis[1, choice] - begin
                if basis[5, choice] == _OF_KINK:
                    tail[state] = _CALM if sign > 0.0 else _TAIL
                else:
                    ties[state] = 0
                    if sign < 0.0:
                        _move_peak(
                            basis,
                            inverse,
                            equations,
                            marks,
                            begin,
                            end,
                            peaks[state],
                            state,
                            state,
                            choice,
                            1.0,
                        )
            for m in range(count + 1):
                edge[m] = sign * inverse[m, choice + 1]
        else:
            entering_column(equations, count, inverse, entering, products)
            for m in range(count + 1):
                edge[m] = -sign * products[m]
        for t in range(periods + 1):
            speed[t] = 0.0
        slope = edge[0]
        for i in range(count):
            if edge[i + 1] != 0.0:
                slope -= linear[basis[0, i]] * edge[i + 1]
                factor, column = edge[i + 1], columns[basis[0, i], begin:end]
                for t in range(periods):
                    speed[t + 1] += factor * column[t]
        if entering >= 0:
            slope -= linear[entering] * sign
            column = columns[entering, begin:end]
            for t in range(periods):
                speed[t + 1] += sign * column[t]
        for t in range(periods):
            speed[t + 1] += speed[t]
        for t in range(1, periods + 1):
            if tail[t] == _TAIL:
                slope += ceiling * (speed[peaks[t]] - speed[t] - edge[0])
        reach, blocking = reach_of(lower, upper, point, basis, count, edge, entering)
        # Bend after bend, until the objective would rise.
        fastest = abs(edge[0])
        for t in range(1, periods + 1):
            fastest = max(fastest, abs(speed[t]))
        slow = 1e-12 * fastest
        step, stop, moves = 0.0, 0, False
        _bend_times(
            point, edge[0], begin, 1, periods, slow, values, speed, marks, step, apart, times
        )
        while True:
            step, stop = reach, 0
            for t in range(1, periods + 1):
                if times[0, t] < step:
                    step, stop = times[0, t], t
            if stop == 0:
                break
            moves = times[1, stop] == 1.0
            if not moves:
                slope += ceiling * abs(speed[peaks[stop]] - speed[stop] - edge[0])
                if slope >= 0.0:
                    break
                tail[stop] = _TAIL if tail[stop] == _CALM else _CALM
                _bend_times(
                    point,
                    edge[0],
                    begin,
                    stop,
                    stop,
                    slow,
                    values,
                    speed,
                    marks,
                    step,
                    apart,
                    times,
                )
                continue
            old = peaks[stop]
            new = peaks[stop - 1] if old == stop else stop
            change = abs(speed[stop] - speed[peaks[stop - 1]])
            last = stop
            while last <= periods and peaks[last] == old:
                if tail[last] != _CALM:
                    slope += ceiling * change
                last += 1
            if slope >= 0.0:
                break
            for t in range(stop, last):
                peaks[t], ties[t] = new, 0
                if tail[t] == _KINK:
                    tail[t] = _TAIL
            last = min(last, periods)
            _bend_times(
                point, edge[0], begin, stop, last, slow, values, speed, marks, step, apart, times
            )
        if not step < np.inf:
            return -1
        point[assets] += step * edge[0]
        for i in range(count):
            point[basis[0, i]] += step * edge[i + 1]
        if entering >= 0:
            point[entering] += step * sign
        for t in range(periods + 1):
            values[t] += step * speed[t]
        place, fallen = choice if choice >= 0 else count, False
        if stop:
            blocking = -2
            kind, peak = _OF_KINK, peaks[stop]
            if moves:
                kind, peak, fallen = _OF_TIE, peaks[stop - 1], peak == stop
            _write_equation(cumulative, begin + stop, begin + peak, kind, equations[count])
            _tag(basis, place, kind, begin + stop, begin + peak)
            if moves:
                ties[stop] = peak + 1
            else:
                tail[stop] = _KINK
        elif choice >= 0:
            _tag(basis, choice, basis[5, count - 1], basis[1, count - 1], basis[4, count - 1])
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
        if fallen:
            _move_peak(basis, inverse, equations, marks, begin, end, stop, peak, stop, place, -1.0)
    return -1
