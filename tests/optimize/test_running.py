"""Moments that move with a window are those of the window summed anew."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from nanobook.optimize.running import add_row, begin_sums, moments_of, remove_row
from nanobook.optimize.universe import find_members, gather_rows, streaks

DECAYS = [1.0, 0.97]


class Window:
    """The sums of a window, and the moments they give."""

    def __init__(self, rows, decay):
        count = rows.shape[1]
        self.decay, self.rows = decay, len(rows)
        self.sums = np.empty(count), np.empty(count), np.empty((count, count)), np.empty(2)
        begin_sums(rows, decay, *self.sums)

    def move(self, new, old):
        add_row(new, self.decay, *self.sums)
        remove_row(old, self.decay**self.rows, *self.sums)

    def moments(self):
        count = self.sums[0].size
        mean, covariance = np.empty(count), np.empty((count, count))
        moments_of(*self.sums, mean, covariance)
        return mean, covariance


def expected(rows, decay):
    if decay == 1.0:
        return rows.mean(axis=0), np.cov(rows, rowvar=False, ddof=1)
    frame = pd.DataFrame(rows)
    weighted = frame.ewm(alpha=1 - decay)
    return weighted.mean().iloc[-1], weighted.cov().iloc[-rows.shape[1] :]


@pytest.mark.core
@pytest.mark.parametrize("decay", DECAYS)
@pytest.mark.parametrize("size", [2, 3, 4, 5, 21])
def test_sums_of_a_window_give_its_moments(size, decay):
    rows = np.random.default_rng(size).normal(3.0, 1.0, (size, 3))
    mean, covariance = Window(rows, decay).moments()
    assert_allclose(mean, expected(rows, decay)[0], rtol=1e-13)
    assert_allclose(covariance, expected(rows, decay)[1], rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("decay", DECAYS)
def test_a_window_that_moved_is_summed_anew(decay):
    rows = np.random.default_rng(7).normal(0.001, 0.01, (600, 4))
    rows[100] = 0.5  # a day to remember, and to forget to the last digits
    window = Window(rows[:60], decay)
    for t in range(60, 600):
        window.move(rows[t], rows[t - 60])
    mean, covariance = window.moments()
    wanted = expected(rows[540:], decay)
    assert_allclose(mean, wanted[0], rtol=0, atol=1e-14)
    assert_allclose(covariance, wanted[1], rtol=0, atol=1e-15)


@pytest.mark.core
def test_streaks_members_and_rows():
    nan = np.nan
    returns = np.array([[1, nan, 1], [1, 1, nan], [1, 1, 1], [nan, 1, 1], [1, 1, 1]], dtype=float)
    streak = np.empty(returns.shape, dtype=np.int64)
    streaks(returns, streak)
    assert streak.tolist() == [[1, 0, 1], [2, 1, 0], [3, 2, 1], [0, 3, 2], [1, 4, 3]]
    members = np.full(3, -1, dtype=np.int64)
    assert find_members(streak[2], 2, members) == (2, True)
    assert members.tolist() == [0, 1, -1]
    assert find_members(streak[2], 2, members) == (2, False)
    assert find_members(streak[4], 2, members) == (2, True)
    assert find_members(streak[0], 2, members) == (0, True)
    rows = np.empty((5, 2))
    assert gather_rows(returns, 0, 5, np.array([1, 2]), rows) == 3
    assert rows[:3].tolist() == [[1, 1]] * 3
    assert gather_rows(returns, 0, 2, np.array([0]), np.empty((2, 1))) == 2
