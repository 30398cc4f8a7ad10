"""How well conditioned the held assets' covariance is, for weights that came without one."""

import numpy as np

from nanobook.jit import njit
from nanobook.optimize.certificate import CONDITION, OPTIMAL, STATUS
from nanobook.optimize.quadratic import held_condition
from nanobook.optimize.sample_covariance import fill_mean_of_rows, fill_products
from nanobook.optimize.universe import gather_rows

__all__ = ["fill_conditions"]


@njit
def fill_conditions(returns, begins, ends, weights, numbers):
    """Fill CONDITION of ``numbers`` (S, D, FIELDS): of each window's covariance of assets held."""
    settings, dates, assets = weights.shape
    held = np.empty(assets, dtype=np.int64)
    for s in range(settings):
        for d in range(dates):
            if numbers[s, d, STATUS] != OPTIMAL:
                continue
            count = 0
            for j in range(assets):
                if weights[s, d, j] != 0.0:
                    held[count] = j
                    count += 1
            rows = np.empty((ends[d] - begins[d], count))
            whole = gather_rows(returns, begins[d], ends[d], held[:count], rows)
            mean, covariance = np.empty(count), np.empty((count, count))
            ones = np.ones(whole)
            fill_mean_of_rows(rows[:whole], ones, mean)
            fill_products(rows[:whole], ones, mean, covariance)
            numbers[s, d, CONDITION] = held_condition(covariance, np.ones(count))
