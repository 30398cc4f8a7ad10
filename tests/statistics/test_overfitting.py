"""The probability of overfitting against every split listed, and cases with a known answer."""

import math

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from oracles import statistics as oracle

from nanobook.errors import ArgumentTypeError, RangeError, ValidationError
from nanobook.statistics import (
    add_block_sums,
    block_edges,
    pbo_from_sums,
    probability_of_overfitting,
)
from nanobook.statistics.cscv import GROUP, TILE, judge_splits, judge_splits_parallel
from nanobook.statistics.overfitting import _halves

NAN, INF = math.nan, math.inf


def noise(seed, rows, columns):
    return np.random.default_rng(seed).normal(0.0, 0.01, (rows, columns))


def check(returns, blocks):
    found = probability_of_overfitting(returns, blocks=blocks)
    rows = oracle.overfitting(np.asarray(returns).T.tolist(), blocks)
    chosen, inside, outside, logits = (np.array(column) for column in zip(*rows, strict=True))
    assert_array_equal(found.chosen, chosen)
    assert_allclose(found.in_sample, inside, rtol=1e-9, atol=1e-12)
    assert_allclose(found.out_of_sample, outside, rtol=1e-9, atol=1e-12)
    assert_allclose(found.logits, logits, rtol=0, atol=1e-14)
    assert found.probability == np.mean(logits <= 0)
    assert found.probability_of_loss == np.mean(outside < 0)
    assert (found.n_candidates, found.blocks) == (len(np.asarray(returns).T), blocks)


@pytest.mark.core
@pytest.mark.parametrize(
    ("rows", "columns", "blocks"), [(20, 2, 2), (21, 3, 4), (37, 5, 6), (19, 4, 8)]
)
def test_agrees_with_every_split_listed(rows, columns, blocks):
    check(noise(rows, rows, columns), blocks)


@pytest.mark.core
def test_gaps_ties_and_candidates_that_never_trade():
    returns = noise(1, 41, 7)
    returns[:, 2] = returns[:, 0]  # the same candidate twice
    returns[:, 3] = 0.0
    returns[:, 4] = 0.001  # never varies
    returns[:15, 5] = NAN  # begins late
    returns[5:, 6] = NAN  # gone after five bars
    check(returns, 6)


@pytest.mark.parametrize("seed", range(3))
def test_more_candidates_than_fit_a_tile_and_more_splits_than_a_group(seed):
    returns = noise(seed, 60, TILE + 13)
    assert len(_halves(8)[0]) > GROUP
    check(returns, 8)


@pytest.mark.deep
def test_every_number_of_blocks():
    for blocks in range(2, 13, 2):
        check(noise(blocks, 50 + blocks, 9), blocks)


def test_the_number_of_splits():
    found = probability_of_overfitting(noise(2, 100, 3), blocks=20)
    assert found.logits.size == math.comb(20, 10)
    assert probability_of_overfitting(noise(2, 100, 3)).logits.size == 12_870


@pytest.mark.core
def test_a_dominating_candidate_is_no_overfitting():
    returns = noise(3, 200, 20)
    returns[:, 7] += 0.05
    found = probability_of_overfitting(returns, blocks=8)
    assert found.probability == 0.0
    assert found.probability_of_loss == 0.0
    assert set(found.chosen) == {7}
    assert_allclose(found.logits, math.log(20), atol=1e-14)


def test_of_noise_about_half_is_overfit():
    found = [
        probability_of_overfitting(noise(seed, 320, 40), blocks=10).probability
        for seed in range(60)
    ]
    # One has a standard deviation of about a fifth, since splits share blocks.
    assert abs(np.mean(found) - 0.5) < 0.08


@pytest.mark.core
def test_what_has_to_even_out_is_all_overfit():
    """Equal returns overall: who was best in one half is worst in the other."""
    sums = np.random.default_rng(4).normal(0, 1, (9, 6))
    sums -= sums.mean(axis=1, keepdims=True)
    found = pbo_from_sums(np.full((9, 6), 50.0), sums, np.full((9, 6), 40.0))
    assert found.probability == 1.0
    assert found.probability_of_loss == 1.0
    assert found.degradation < 0.0
    assert_allclose(found.logits, math.log(1 / 9), atol=1e-14)


def test_identical_candidates_share_the_middle_rank():
    column = noise(5, 40, 1)
    found = probability_of_overfitting(np.repeat(column, 5, axis=1), blocks=4)
    assert_array_equal(found.chosen, 0)
    assert_array_equal(found.logits, 0.0)
    assert found.probability == 1.0


def test_degradation_is_the_slope_of_a_regression():
    found = probability_of_overfitting(noise(6, 90, 12), blocks=6)
    slope = np.polyfit(found.in_sample, found.out_of_sample, 1)[0]
    assert_allclose(found.degradation, slope, rtol=1e-9)
    flat = pbo_from_sums(np.full((3, 2), 5.0), np.zeros((3, 2)), np.zeros((3, 2)))
    assert math.isnan(flat.degradation)


@pytest.mark.core
def test_threads_do_not_change_the_bits():
    blocks = np.random.default_rng(7).normal(0, 1, (3, 8, 300))
    blocks[0], blocks[2] = 40.0, 60.0
    halves, mirrors = _halves(8)
    results = []
    for judge in (judge_splits, judge_splits_parallel):
        chosen, performance, logits = np.empty(70, dtype=np.int64), np.empty((2, 70)), np.empty(70)
        judge(blocks, halves, mirrors, chosen, performance, logits)
        results.append((chosen, performance, logits))
    for one, other in zip(*results, strict=True):
        assert_array_equal(one, other)


@pytest.mark.core
def test_sums_are_of_the_blocks():
    returns = np.array([1.0, 2.0, NAN, 4.0, 5.0, 6.0, NAN])
    edges = block_edges(7, 3)
    assert edges.tolist() == [0, 2, 4, 7]
    out = np.empty((3, 3))
    add_block_sums(returns, edges, *out)
    assert out.tolist() == [[2, 1, 2], [3, 4, 11], [5, 16, 61]]


def test_frames_and_lists_are_taken():
    returns = noise(8, 30, 3)
    found = [
        probability_of_overfitting(table, blocks=4).logits
        for table in (returns, pd.DataFrame(returns), returns.tolist(), np.asfortranarray(returns))
    ]
    for other in found[1:]:
        assert_array_equal(other, found[0])


def test_a_single_candidate_has_no_probability():
    with pytest.raises(RangeError, match="at least 2 of them, got 1"):
        probability_of_overfitting(noise(9, 40, 1))
    with pytest.raises(RangeError, match="got 0"):
        pbo_from_sums(*np.empty((3, 0, 4)))


@pytest.mark.parametrize(
    ("blocks", "error", "text"),
    [
        (0, RangeError, "blocks must lie between 2 and 20, got 0"),
        (22, RangeError, "got 22"),
        (5, ValidationError, "blocks must be even, got 5"),
        (4.0, ArgumentTypeError, "blocks must be an integer"),
        (20, RangeError, "at least 20, got 12"),
    ],
)
def test_blocks_are_even_and_not_too_many(blocks, error, text):
    with pytest.raises(error, match=text):
        probability_of_overfitting(noise(10, 12, 3), blocks=blocks)


def test_sums_have_one_shape_and_are_finite():
    good = np.ones((3, 4))
    with pytest.raises(ValidationError, match="squares must have the shape of counts"):
        pbo_from_sums(good, good, np.ones((3, 2)))
    with pytest.raises(ValidationError, match="blocks must be even, got 3"):
        pbo_from_sums(*np.ones((3, 4, 3)))
    with pytest.raises(ValidationError, match="sums must be finite"):
        pbo_from_sums(good, good * NAN, good)
    with pytest.raises(ValidationError, match="returns must be finite or NaN"):
        probability_of_overfitting([[1.0, INF], [1.0, 2.0]], blocks=2)
    with pytest.raises(ArgumentTypeError, match="counts"):
        pbo_from_sums([1.0], good, good)
