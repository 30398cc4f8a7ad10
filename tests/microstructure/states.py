"""Random tables of book states, and streams of trades, for the tests of this room."""

import numpy as np
from hypothesis import strategies as st

#: A price from where a float's roundings begin to show.
FAR = 2**40


@st.composite
def states(draw, most=8, levels=4, crossed=True):
    """Return four integer tables: levels from the best on, zeros where there's none."""
    rows, levels = draw(st.integers(0, most)), draw(st.integers(1, levels))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    centre = draw(st.sampled_from([100, 0, -7, FAR]))
    centres = centre + rng.integers(-3, 4, (rows, 1))
    steps = rng.integers(1, 4, (4, rows, levels)).cumsum(axis=2)
    held = rng.integers(0, levels + 1, (2, rows, 1)) > np.arange(levels)
    shift = 2 if crossed else 0  # the best bid may then stand above the best ask
    bid_quantity, ask_quantity = rng.integers(1, 50, (2, rows, levels)) * held
    bid_price, ask_price = (centres + shift - steps[0]) * held[0], (centres + steps[1]) * held[1]
    return bid_price, bid_quantity, ask_price, ask_quantity


def times(rng, rows, most=5):
    """Return times that never go back, some of them equal."""
    return rng.integers(0, most + 1, rows).cumsum()
