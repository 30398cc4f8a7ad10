"""A sweep in one file: figures, parameters and what overfitting is told from, nothing pickled."""

import base64
import dataclasses
import hashlib
import io
import json
from pathlib import Path

import numpy as np

from nanobook.errors import FileFormatError, MissingDependencyError, ValidationError
from nanobook.panel.frames import is_frame
from nanobook.persistence.atomic import atomic_write
from nanobook.persistence.npz import read_npz, write_npz
from nanobook.portfolio.costs import CostModel
from nanobook.portfolio.inputs import read_prices
from nanobook.portfolio.stops import Stops
from nanobook.sweep.axes import as_column
from nanobook.sweep.candidates import FIELDS
from nanobook.sweep.gathered import Gathered
from nanobook.sweep.grid import Grid
from nanobook.sweep.job import Honesty, Job
from nanobook.sweep.settings import OPTION_NAMES, rule_table
from nanobook.sweep.sources import Described, Market, source_of
from nanobook.sweep.strategy import as_strategy

__all__ = ["read_sweep", "write_sweep"]

_KIND = "sweep"
_SHARED = ("together", "maxima", "observed")
_HONESTY = ("edges", "benchmark", "starts", "lengths", "offsets")
_OBJECTS = {"CostModel": CostModel, "Stops": Stops}


class _Loaded(Described):
    """Candidates whose strategy isn't known any more."""

    strategy = None

    def __init__(self, grid, base, market, names):
        super().__init__(grid, base, [None], market)
        self._names = names

    @property
    def names(self):
        """The parameters."""
        return self._names

    def weights(self, params, prices):
        """Raise: a file holds no strategy."""
        raise ValidationError("a loaded sweep has no strategy; give it to SweepResult.load")


def write_sweep(path, result):
    """Write a sweep, whole or not at all; `SweepResult.save` says more.

    Parameters
    ----------
    path : str or PathLike
        Where; the suffix ``.parquet`` decides the format.
    result : SweepResult
        What to write.

    Raises
    ------
    ValidationError
        If a parameter can't be stored without pickling.
    MissingDependencyError
        If pyarrow is needed and missing.
    """
    job, gathered, source = result._job, result._gathered, result._source
    done = np.flatnonzero(gathered.done)
    columns = result._columns_of(done)
    header = {
        "parameters": list(source.names),
        "strategy": getattr(source.strategy, "name", None) if _is_ours(source.strategy) else None,
        "base": {name: _to_json(name, value) for name, value in source.base.items()},
        "delisting": job.delisting,
        "post_cost": job.post_cost,
        "year": job.year,
        "risk_free": job.risk_free,
        "block_size": job.honesty.block_size,
        "bars": job.bars,
        "start": job.start,
        "grid": None if source.grid is None else [source.grid.kind, source.grid.seed],
        "complete": result.complete,
        "seed": result.seed,
        "prices": _digest(job.prices) if result._prices is not None else result._digest,
    }
    arrays = {name: getattr(gathered, name) for name in _SHARED}
    arrays |= {name: getattr(job.honesty, name) for name in _HONESTY}
    rows = {"metrics": gathered.metrics[done], "sums": gathered.sums[done]}
    values = {f"param_{at}": _storable(name, columns[name]) for at, name in enumerate(columns)}
    if Path(path).suffix == ".parquet":
        _write_parquet(path, header, arrays, rows, dict(zip(columns, values.values(), strict=True)))
    else:
        write_npz(path, _KIND, header, {**arrays, **rows, **values})


def read_sweep(path, prices, strategy):
    """Read what `write_sweep` wrote; `SweepResult.load` says more.

    Parameters
    ----------
    path : str or PathLike
        Where.
    prices : DataFrame, ndarray or None
        For running candidates again.
    strategy : object or None
        As well.

    Returns
    -------
    tuple
        Job, source, what was gathered, a digest of the prices, and the other arguments of a
        SweepResult, by name.

    Raises
    ------
    FileNotFoundError
        If there's no such file.
    FileFormatError
        If it isn't such a file, or is damaged.
    ValidationError
        If prices or strategy aren't the sweep's.
    MissingDependencyError
        If pyarrow is needed and missing.
    """
    reads = _read_parquet if Path(path).suffix == ".parquet" else _read_npz
    header, arrays = reads(path)
    try:
        names = header["parameters"]
        columns = {name: _restored(arrays[f"param_{at}"]) for at, name in enumerate(names)}
        base = {name: _from_json(value) for name, value in header["base"].items()}
        metrics, sums = arrays["metrics"], arrays["sums"]
        honesty = Honesty(
            **{name: arrays[name] for name in _HONESTY}, block_size=header["block_size"]
        )
        bars, start = header["bars"], header["start"]
        gathered = Gathered(len(metrics), bars, honesty.blocks, honesty.reps)
        if gathered.metrics.shape != metrics.shape or gathered.sums.shape != sums.shape:
            raise ValueError("shapes don't fit")
        gathered.metrics, gathered.sums = metrics, sums
        gathered.done[:] = True
        for name in _SHARED:
            if arrays[name].shape != getattr(gathered, name).shape:
                raise ValueError(f"{name} doesn't fit")
            setattr(gathered, name, arrays[name])
        more = {"complete": header["complete"], "seed": header["seed"]}
        shared = {name: header[name] for name in ("delisting", "post_cost", "year", "risk_free")}
        known, ours = header["prices"], header["strategy"]
        grid = Grid.of_columns(columns) if len(metrics) else None
        if grid is not None and header["grid"] is not None:
            grid.kind, grid.seed = header["grid"]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise FileFormatError(f"{path} isn't a whole sweep file: {error!r}") from None
    matrix, index, labels = np.zeros((bars + start, 0)), None, None
    if prices is not None:
        matrix, index, labels = read_prices(prices)
        if _digest(matrix) != known:
            raise ValidationError(f"prices must be those swept over, but {path} knows others")
    elif strategy is not None:
        raise ValidationError("strategy needs the prices swept over beside it")
    strategy = ours if strategy is None and prices is not None else strategy
    market = Market(matrix.shape, index, labels, np.ones((1, len(matrix)), dtype=bool))
    compiled = None
    if strategy is None or grid is None:
        source = _Loaded(grid, base, market, tuple(names))
    else:
        rules, decides = rule_table(base, grid, index, len(matrix))
        market = market._replace(decides=decides)
        own = [name for name in names if name not in OPTION_NAMES]
        compiled = as_strategy(strategy, own)
        stacked = compiled is None and not callable(strategy)
        source = source_of(strategy, compiled, None if stacked else grid, base, rules, market)
    job = Job(
        prices=matrix, start=start, strategy=compiled, decides=market.decides, honesty=honesty,
        **shared,
    )  # fmt: skip
    given = prices if is_frame(prices) or prices is None else matrix
    labels = {"prices": given, "index": index, "columns": labels}
    return job, source, gathered, known, {**labels, **more}


def _is_ours(strategy):
    return bool(getattr(strategy, "_ours", False))


def _digest(prices):
    shape = str(prices.shape).encode()
    return hashlib.sha256(shape + np.ascontiguousarray(prices).tobytes()).hexdigest()


def _storable(name, column):
    """Return a column as numbers, or as one JSON text a value."""
    if column.dtype != object:
        return column
    return np.array([json.dumps(_to_json(name, value)) for value in column.tolist()], dtype=np.str_)


def _restored(column):
    """Return a column as it was, from numbers or texts."""
    if column.dtype.kind in "iufb":
        return column
    return as_column([_from_json(json.loads(text)) for text in column.tolist()])


def _to_json(name, value):
    """Return a value as JSON takes it: cost models and stops by their fields."""
    if type(value).__name__ in _OBJECTS and dataclasses.is_dataclass(value):
        return {"is": type(value).__name__, "with": dataclasses.asdict(value)}
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, dict):
        return {"is": "dict", "with": value}
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise ValidationError(
        f"{name} must be a number, a word, a CostModel or Stops to be saved, got {value!r}"
    )


def _from_json(value):
    if not isinstance(value, dict):
        return value
    if value["is"] == "dict":
        return value["with"]
    return _OBJECTS[value["is"]](**value["with"])


def _read_npz(path):
    return read_npz(path, _KIND)


def _write_parquet(path, header, arrays, rows, params):
    arrow, parquet = _pyarrow()
    columns = dict(params)
    columns |= {name: rows["metrics"][:, at] for at, name in enumerate(FIELDS)}
    for block in range(rows["sums"].shape[2]):
        for at, word in enumerate(("count", "sum", "squares")):
            columns[f"block_{block}_{word}"] = rows["sums"][:, at, block]
    names = list(params)
    taken = [name for name in names if name in FIELDS or name.startswith("block_")]
    if taken:
        raise ValidationError(f"{taken[0]} is a column of figures; save to .npz instead")
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    text = json.dumps({"kind": _KIND, "version": 1, **header})
    table = arrow.table({name: arrow.array(values) for name, values in columns.items()})
    table = table.replace_schema_metadata(
        {"nanobook": text, "nanobook_arrays": base64.b64encode(buffer.getvalue())}
    )
    with atomic_write(path) as file:
        parquet.write_table(table, file)


def _read_parquet(path):
    _, parquet = _pyarrow()
    try:
        table = parquet.read_table(path)
        header = json.loads(table.schema.metadata[b"nanobook"])
        if header["kind"] != _KIND or header["version"] != 1:
            raise ValueError(f"it holds {header['kind']!r} version {header['version']}")
        packed = base64.b64decode(table.schema.metadata[b"nanobook_arrays"])
        with np.load(io.BytesIO(packed), allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        columns = {name: table.column(name).to_numpy() for name in table.column_names}
        for at, name in enumerate(header["parameters"]):
            column = columns[name]
            arrays[f"param_{at}"] = column.astype(np.str_) if column.dtype == object else column
        arrays["metrics"] = np.column_stack([columns[name] for name in FIELDS])
        blocks = max(len(arrays["edges"]) - 1, 0)
        arrays["sums"] = np.empty((table.num_rows, 3, blocks))
        for block in range(blocks):
            for at, word in enumerate(("count", "sum", "squares")):
                arrays["sums"][:, at, block] = columns[f"block_{block}_{word}"]
    except FileNotFoundError:
        raise
    except Exception as error:  # of Arrow, JSON, zip: damage has many names
        raise FileFormatError(f"{path} isn't a whole sweep file: {error!r}") from None
    writable = {name: np.array(array) for name, array in arrays.items()}
    return header, writable


def _pyarrow():
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise MissingDependencyError(
            "a .parquet file needs pyarrow: pip install 'nanobook[parquet]'; or use .npz"
        ) from None
    return pyarrow, pyarrow.parquet
