"""A guess at which weights of a quadratic programme stand at a bound: a few sweeps of descent.

References
----------
.. [1] Nocedal, Wright (2006), "Numerical optimization", sections 9.3 and 17.3: one coordinate
   at a time; multipliers of an augmented Lagrangian for the budget.
"""

from nanobook.jit import njit

__all__ = ["descend"]


@njit
def descend(matrix, linear, lower, upper, ridge, sweeps, weights, side, gradient):
    """Move weights and the gradient ``matrix @ weights - linear`` down, a coordinate at a time.

    With a positive ``ridge`` the weights' sum is drawn to 1. `side` is filled with where the
    weights stand at the end. Stops early when hardly any weight reaches or leaves a bound.
    """
    count = weights.size
    total, price = 0.0, 0.0
    for i in range(count):
        total += weights[i]
        price += weights[i] * gradient[i]
    if ridge == 0.0:
        price = 0.0
    for sweep in range(sweeps):
        moved = 0
        for i in range(count):
            curvature = matrix[i, i] + ridge
            if curvature <= 0.0:
                continue
            slope = gradient[i] - price + ridge * (total - 1.0) if ridge > 0.0 else gradient[i]
            value = weights[i] - slope / curvature
            place = 0
            if value <= lower[i]:
                value, place = lower[i], -1
            elif value >= upper[i]:
                value, place = upper[i], 1
            if place != side[i]:
                side[i] = place
                moved += 1
            step = value - weights[i]
            if step != 0.0:
                weights[i] = value
                total += step
                row = matrix[i]
                for j in range(count):
                    gradient[j] += step * row[j]
        if ridge > 0.0:
            price -= ridge * (total - 1.0)
        if sweep > 1 and moved * 100 <= count:
            break
