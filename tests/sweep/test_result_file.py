"""A sweep in a file: what's read is what was written, and damage is told."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sweep.panels import as_frame

import nanobook as nb
from nanobook.datasets import random_prices

PRICES = as_frame(nb.random_prices(120, 4, seed=1).to_numpy())
GRID = {
    "fast": [3, 5],
    "slow": [20],
    "costs": [None, 5, nb.CostModel(per_share=0.01)],
    "stops": [None, nb.Stops(trailing_stop_pct=0.05), {"fixed_stop_pct": 0.1}],
    "rebalance": ["W", 3, None],
    "lot_size": [0, 0.5],
}
SUFFIXES = [".npz", ".parquet"]


@pytest.fixture(autouse=True)
def with_pyarrow(request):
    if ".parquet" in str(request.node.name):
        pytest.importorskip("pyarrow")


@pytest.fixture(scope="module")
def result():
    options = {"cash": 1e5, "reps": 60, "threads": 1, "seed": 4, "risk_free": 1e-4}
    return nb.sweep(PRICES, "moving_average_crossover", GRID, delisting="hold", **options)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_what_is_read_is_what_was_written(result, tmp_path, suffix):
    path = tmp_path / f"sweep{suffix}"
    result.save(path)
    loaded = nb.SweepResult.load(path)
    assert_array_equal(loaded.metrics, result.metrics)
    assert loaded.metrics.index.equals(result.metrics.index)
    assert repr(loaded.params) == repr(result.params)
    for name, column in result.params.items():
        assert loaded.params[name].dtype == column.dtype
    assert loaded.best() == result.best()
    assert loaded.seed == 4
    assert loaded.complete
    ours, theirs = loaded.overfitting(), result.overfitting()
    assert ours.to_series().equals(theirs.to_series())
    assert ours.bands is None  # the path of the best is gone
    assert "deflated Sharpe" in repr(loaded)
    for ask in (loaded.result, lambda: loaded.result(3)):
        with pytest.raises(nb.ValidationError, match="no prices"):
            ask()
    again = tmp_path / f"again{suffix}"
    loaded.save(again)
    assert_array_equal(nb.SweepResult.load(again).metrics, result.metrics)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_with_prices_any_candidate_can_be_had_again(result, tmp_path, suffix):
    path = tmp_path / f"sweep{suffix}"
    result.save(path)
    loaded = nb.SweepResult.load(path, prices=PRICES)
    for number in (0, 31, 107):
        assert_array_equal(loaded.result(number).equity, result.result(number).equity)
    assert str(loaded.overfitting()) == str(result.overfitting())
    assert loaded.overfitting().bands.lower == result.overfitting().bands.lower
    with pytest.raises(nb.ValidationError, match="prices must be those swept over"):
        nb.SweepResult.load(path, prices=PRICES * 2)
    with pytest.raises(nb.ValidationError, match="needs the prices"):
        nb.SweepResult.load(path, strategy="rsi")
    with pytest.raises(nb.ValidationError):
        nb.SweepResult.load(path, prices=PRICES, strategy="rsi")


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_ones_own_strategy_is_given_back(tmp_path, suffix):
    def weights_of(params):
        return np.full((120, 4), params["x"] / 10)

    path = tmp_path / f"sweep{suffix}"
    result = nb.sweep(PRICES, weights_of, {"x": [1, 2]}, cash=1e5, reps=20)
    result.save(path)
    loaded = nb.SweepResult.load(path, prices=PRICES, strategy=weights_of)
    assert_array_equal(loaded.result(1).equity, result.result(1).equity)
    unknown = nb.SweepResult.load(path, prices=PRICES)
    with pytest.raises(nb.ValidationError, match="no strategy"):
        unknown.result(1)
    stack = np.stack([weights_of({"x": x}) for x in (1, 2, 3)])
    stacked = nb.sweep(PRICES, stack, cash=1e5, reps=20)
    stacked.save(path)
    loaded = nb.SweepResult.load(path, prices=PRICES, strategy=stack)
    assert_array_equal(loaded.result(2).equity, stacked.result(2).equity)
    assert_array_equal(loaded.metrics, stacked.metrics)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_part_and_no_overfitting_are_kept_too(tmp_path, suffix):
    def stops_at_three(params):
        if params["x"] == 3:
            raise KeyboardInterrupt
        return np.full((120, 4), params["x"] / 10)

    part = nb.sweep(PRICES, stops_at_three, {"x": range(6)}, cash=1e5, overfitting=False, threads=1)
    assert 0 < len(part) <= 3
    path = tmp_path / f"part{suffix}"
    part.save(path)
    loaded = nb.SweepResult.load(path)
    assert not loaded.complete
    assert_array_equal(loaded.metrics, part.metrics)
    with pytest.raises(nb.ValidationError, match="nothing was gathered"):
        loaded.overfitting()


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_what_needs_pickling_is_refused(tmp_path, suffix):
    result = nb.sweep(
        PRICES, lambda params: np.zeros((120, 4)), {"x": [object(), 1]}, cash=1e5, reps=9
    )
    with pytest.raises(nb.ValidationError, match="x must be a number, a word"):
        result.save(tmp_path / f"sweep{suffix}")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_damage_is_told(result, tmp_path, suffix):
    path = tmp_path / f"sweep{suffix}"
    result.save(path)
    good = path.read_bytes()
    for at in (0, len(good) // 3, len(good) // 2, len(good) - 40):
        for data in (good[:at], good[:at] + b"nonsense" + good[at + 8 :]):
            path.write_bytes(data)
            try:
                loaded = nb.SweepResult.load(path)
            except nb.FileFormatError:
                continue
            # Parquet has no checksum over all: what's read at least isn't other figures' places.
            assert suffix == ".parquet"
            assert loaded.metrics.shape == result.metrics.shape
    with pytest.raises(FileNotFoundError):
        nb.SweepResult.load(tmp_path / f"none{suffix}")
    other = tmp_path / f"other{suffix}"
    other.write_bytes(b"PAR1 or PK, and nothing after")
    with pytest.raises(nb.FileFormatError):
        nb.SweepResult.load(other)


def test_another_kind_of_file_is_refused(tmp_path):
    path = tmp_path / "backtest.npz"
    nb.backtest(PRICES, PRICES * 0, cash=1e5).save(path)
    with pytest.raises(nb.FileFormatError):
        nb.SweepResult.load(path)


def test_a_table_of_parquet_reads_elsewhere(result, tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet")
    path = tmp_path / "sweep.parquet"
    result.save(path)
    table = parquet.read_table(path).to_pandas()
    assert_array_equal(table["sharpe"], result.metrics["sharpe"])
    assert_array_equal(table["fast"], result.params["fast"])
    clash = nb.sweep(PRICES, lambda p: PRICES * 0, {"sharpe": [1, 2]}, cash=1e5, reps=9)
    with pytest.raises(nb.ValidationError, match="sharpe is a column of figures"):
        clash.save(path)
    clash.save(tmp_path / "clash.npz")
    assert nb.SweepResult.load(tmp_path / "clash.npz").params["sharpe"].tolist() == [1, 2]


def test_the_seed_of_a_sampled_grid_is_kept(tmp_path):
    prices = random_prices(60, 3, seed=2)
    grid = nb.Grid.random({"lookback": nb.Uniform(2, 9, integer=True)}, 6, seed=42)
    swept = nb.sweep(prices, "time_series_momentum", grid, cash=1e5)
    swept.save(tmp_path / "swept.npz")
    loaded = nb.SweepResult.load(tmp_path / "swept.npz")
    assert (loaded._source.grid.kind, loaded._source.grid.seed) == ("random", 42)


def test_none_among_words_stays_none():
    prices = random_prices(60, 3, seed=2)
    grid = {"rebalance": ["M", None, 5]}
    swept = nb.sweep(prices, "equal_weight", grid, cash=1e5)
    assert swept.params["rebalance"].tolist() == ["M", None, 5]
