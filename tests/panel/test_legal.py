import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from nanobook.panel.legal import first_illegal

values = st.one_of(
    st.floats(-2, 2), st.sampled_from([math.nan, math.inf, -math.inf, -0.0, 5e-324, -5e-324])
)
matrices = hnp.arrays(
    np.float64, hnp.array_shapes(min_dims=2, max_dims=2, min_side=0, max_side=6), elements=values
)


def naive_first_illegal(matrix, least):
    for row, cells in enumerate(matrix.tolist()):
        for column, value in enumerate(cells):
            if value < least or value in (math.inf, -math.inf):
                return row, column
    return None


@pytest.mark.core
@given(matrices, st.sampled_from([0.0, -math.inf, -1.0, 1.0]))
def test_agrees_with_the_definition(matrix, least):
    found = first_illegal(matrix, least)
    assert found == naive_first_illegal(matrix, least)
    assert found is None or all(type(place) is int for place in found)


@pytest.mark.core
@pytest.mark.parametrize("bad", [-1.0, -5e-324, math.inf, -math.inf])
def test_the_first_of_several_is_found_by_rows(bad):
    matrix = np.ones((4, 3))
    matrix[1, 2] = matrix[2, 0] = bad
    assert first_illegal(matrix, 0.0) == (1, 2)
    matrix[1, 1] = bad
    assert first_illegal(matrix, 0.0) == (1, 1)


@pytest.mark.core
@pytest.mark.parametrize("value", [0.0, -0.0, 5e-324, 1.7e308, math.nan])
def test_zero_the_smallest_the_largest_and_nan_are_legal(value):
    assert first_illegal(np.full((3, 3), value), 0.0) is None


@pytest.mark.core
def test_below_every_number_only_infinities_are_illegal():
    assert first_illegal(np.array([[-1e308, math.nan]]), -math.inf) is None
    assert first_illegal(np.array([[-1e308, -math.inf]]), -math.inf) == (0, 1)


@pytest.mark.core
@pytest.mark.parametrize("shape", [(0, 0), (0, 3), (3, 0)])
def test_an_empty_matrix_is_legal(shape):
    assert first_illegal(np.empty(shape), 0.0) is None


@pytest.mark.core
def test_the_last_cell_of_a_large_matrix_is_seen():
    matrix = np.zeros((300, 257))
    matrix[-1, -1] = -1.0
    assert first_illegal(matrix, 0.0) == (299, 256)
