"""Tables of dates by symbols from csv and parquet files, and results to files.

Every complaint names the file, and where a cell is at fault its line, column and value.
"""

import json
import math
import warnings
from pathlib import Path

import numpy as np

from nanobook.errors import FileFormatError, MissingDependencyError, ValidationError
from nanobook.persistence.atomic import atomic_write

__all__ = ["FORMATS", "clock", "read_wide_table", "require_writer", "write_record", "write_table"]

#: Suffixes that tables can be written with.
FORMATS = ("csv", "parquet", "json")

_READABLE = ".csv, .csv.gz or .parquet"
_DATE_NAMES = ("date", "datetime", "timestamp")


def read_wide_table(path, date_format=None):
    """Read a wide table: a column of dates, and a column of numbers per symbol.

    Parameters
    ----------
    path : str or PathLike
        A .csv, .csv.gz or .parquet file. The dates are the column called date, datetime or
        timestamp, in whatever case, else the first; in parquet they may be the index.
    date_format : str, optional
        How dates are written, say "%d.%m.%Y"; by default as ISO 8601 has it.

    Returns
    -------
    DataFrame
        Floats by date, sorted; an empty cell or NaN is NaN. Lines without anything are skipped.

    Raises
    ------
    FileNotFoundError
        If there's no such file.
    FileFormatError
        If it can't be read as what its suffix says.
    ValidationError
        If the suffix isn't known, a date doesn't parse, a cell isn't a number, or a column is
        missing its name or repeats.
    MissingDependencyError
        If reading it needs a package that isn't installed.
    """
    path = Path(path)
    if not path.exists():
        raise FileNotFoundError(2, "there is no such file", str(path))
    name = path.name.lower()
    if name.endswith((".csv", ".csv.gz")):
        table, first, word = _read_csv(path), 2, "line"
    elif name.endswith((".parquet", ".pq")):
        table, first, word = _read_parquet(path), 1, "row"
    else:
        raise ValidationError(f"{path} must be a {_READABLE} file")
    places = np.arange(first, first + len(table))
    table.columns = _column_names(path, table.columns)
    at = _date_column(table.columns)
    filled = ~table.isna().all(axis=1).to_numpy()
    table, places = table[filled], places[filled]
    if not len(table) or table.shape[1] < 2:
        raise FileFormatError(
            f"{path} must have a column of dates and one of numbers for each symbol, and a row "
            f"for each date; found {len(table)} rows and the columns {', '.join(table.columns)}"
        )
    spots = [f"{path}, {word} {place}" for place in places]
    dates = _as_dates(table.iloc[:, at], spots, date_format)
    numbers = table.drop(columns=table.columns[at])
    for column in numbers.columns:
        if numbers[column].dtype.kind not in "fiu":
            numbers[column] = _as_numbers(numbers[column], spots)
    numbers.index = dates
    return numbers.astype(np.float64).sort_index(kind="stable")


def _read_csv(path):
    """Read without trusting it: the header as text, then numbers where all cells are."""
    import pandas as pd

    options = {
        "header": None,
        "dtype": str,
        "skip_blank_lines": False,
        "skipinitialspace": True,
        "encoding": "utf-8-sig",
    }
    try:
        header = pd.read_csv(path, nrows=1, **options).iloc[0]
        at = _date_column(header.fillna("").str.strip())
        options.update(dtype={at: str}, low_memory=False)
        if tuple(map(int, pd.__version__.split(".")[:2])) < (3, 1):
            options["float_precision"] = "round_trip"  # later ones always read the last digit
        with warnings.catch_warnings():
            # rows longer than the header would be cut, say where a comma is meant as a point
            warnings.simplefilter("error", pd.errors.ParserWarning)
            table = pd.read_csv(
                path, skiprows=1, names=range(len(header)), index_col=False, **options
            )
    except pd.errors.EmptyDataError:
        raise FileFormatError(f"{path} has no rows") from None
    except pd.errors.ParserWarning:
        raise FileFormatError(f"{path}, line 2: more cells than the header has") from None
    except (pd.errors.ParserError, UnicodeError, EOFError, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        reason = str(error).strip().removeprefix("Error tokenizing data. C error: ")
        raise FileFormatError(f"{path} isn't a csv file: {reason}") from None
    table.columns = header
    return table


def _read_parquet(path):
    import pandas as pd

    try:
        table = pd.read_parquet(path)
    except ImportError:
        raise MissingDependencyError(
            f"reading {path} needs pyarrow, which isn't installed: pip install 'nanobook[parquet]'"
        ) from None
    except (ValueError, OSError) as error:  # pyarrow's own errors are one or the other
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise FileFormatError(f"{path} isn't a parquet file: {error}") from None
    if not isinstance(table.index, pd.RangeIndex):
        table = table.rename_axis("date").reset_index()
    return table


def _column_names(path, columns):
    names = ["" if label != label else str(label).strip() for label in columns]
    for place, name in enumerate(names, start=1):
        if not name and place > 1:
            raise ValidationError(f"{path} must name every column, but column {place} has no name")
    repeated = [name for name in dict.fromkeys(names) if names.count(name) > 1]
    if repeated:
        raise ValidationError(f"{path} must have distinct columns, but {repeated[0]!r} repeats")
    return names


def _date_column(names):
    """Return which column holds the dates: one called so, else the first."""
    for at, name in enumerate(names):
        if name.lower() in _DATE_NAMES:
            return at
    return 0


def _as_dates(values, spots, date_format):
    import pandas as pd

    if values.dtype.kind == "M" or isinstance(values.dtype, pd.DatetimeTZDtype):
        dates = values
    else:
        text = values.astype(str).str.strip().where(values.notna())
        dates = _parse(text, date_format)
    bad = np.flatnonzero(dates.isna())
    if bad.size:
        value = values.iloc[bad[0]]
        expected = f"written as {date_format}" if date_format else "such as 2020-01-31"
        found = "nothing" if value != value or value is None else repr(str(value))
        raise ValidationError(
            f"{spots[bad[0]]}, column {values.name or 1!r}: expected a date {expected}, got {found}"
        )
    return pd.DatetimeIndex(dates, name="date")


def _parse(text, date_format):
    """Parse dates, NaT where that fails; with offsets that change, as in summer, to UTC."""
    import pandas as pd

    options = {"format": date_format or "ISO8601", "errors": "coerce"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # of pandas 2 about changing offsets
        try:
            dates = pd.to_datetime(text, **options)
        except ValueError as error:
            if "utc" not in str(error).lower():
                raise ValidationError(f"date format {date_format!r} is wrong: {error}") from None
            dates = None
    changing = dates is None or dates.dtype.kind != "M"
    return pd.to_datetime(text, utc=True, **options) if changing else dates


def _as_numbers(values, spots):
    import pandas as pd

    numbers = pd.to_numeric(values, errors="coerce")
    bad = np.flatnonzero(numbers.isna() & values.notna())
    if not bad.size and values.dtype.kind == "b":
        bad = np.arange(1)
    if bad.size:
        raise ValidationError(
            f"{spots[bad[0]]}, column {values.name!r}: expected a number, "
            f"got {str(values.iloc[bad[0]])!r}"
        )
    return numbers


def require_writer(path):
    """Raise unless a table can be written to a file of that name, before any work is done.

    Parameters
    ----------
    path : str or PathLike
        The file to be.

    Returns
    -------
    str
        Its format, one of ``FORMATS``.

    Raises
    ------
    ValidationError
        If its suffix is none of them.
    MissingDependencyError
        If it's parquet and pyarrow isn't installed.
    """
    kind = Path(path).suffix.lower().lstrip(".")
    if kind not in FORMATS:
        raise ValidationError(f"{path} must end in .csv, .parquet or .json")
    if kind == "parquet":
        try:
            import pyarrow.parquet  # noqa: F401
        except ImportError:
            raise MissingDependencyError(
                f"writing {path} needs pyarrow, which isn't installed: "
                "pip install 'nanobook[parquet]'"
            ) from None
    return kind


def write_table(frame, path):
    """Write a frame to a file whose suffix says how, whole or not at all.

    Parameters
    ----------
    frame : DataFrame
        Without a named index, the index is left out.
    path : str or PathLike
        Ends in .csv, .parquet or .json (a list of objects; null for NaN and infinities). Times of
        day are text in .csv and .json, say 09:30:00.000000001.

    Raises
    ------
    ValidationError
        If the suffix is another.
    MissingDependencyError
        If it's parquet and pyarrow isn't installed.
    """
    kind = require_writer(path)
    if frame.index.name is not None:
        frame = frame.reset_index()
    if kind != "parquet":
        frame = frame.assign(**{name: _clocks(frame[name]) for name in _durations(frame)})
    with atomic_write(path) as file:
        if kind == "parquet":
            frame.to_parquet(file, index=False)
        elif kind == "csv":
            frame.to_csv(file, index=False, lineterminator="\n")
        else:
            file.write(_json([*_rows(frame)]))


def write_record(record, path):
    """Write named values to a file whose suffix says how, whole or not at all.

    Parameters
    ----------
    record : dict
        Numbers by name; None is left out of tables.
    path : str or PathLike
        Ends in .csv, .parquet (a row per name, with columns name and value) or .json (one
        object; null for None, NaN and infinities).

    Raises
    ------
    ValidationError
        If the suffix is another.
    MissingDependencyError
        If it's parquet and pyarrow isn't installed.
    """
    import pandas as pd

    if require_writer(path) == "json":
        with atomic_write(path) as file:
            file.write(_json({name: _plain(value) for name, value in record.items()}))
        return
    known = {name: value for name, value in record.items() if value is not None}
    table = pd.DataFrame({"name": list(known), "value": np.array([*known.values()], dtype=float)})
    write_table(table, path)


def clock(time):
    """Return a time of day as text.

    Parameters
    ----------
    time : int
        Nanoseconds since midnight, not negative.

    Returns
    -------
    str
        Say 09:30:00.000000001.
    """
    seconds, nanoseconds = divmod(time, 1_000_000_000)
    hours, minutes = seconds // 3600, seconds // 60 % 60
    return f"{hours:02d}:{minutes:02d}:{seconds % 60:02d}.{nanoseconds:09d}"


def _durations(frame):
    return [name for name in frame.columns if frame[name].dtype.kind == "m"]


def _clocks(times):
    return [clock(time) for time in times.to_numpy().astype("m8[ns]").astype(np.int64).tolist()]


def _rows(frame):
    """Yield each row as what JSON can hold: dates as ISO text, NaN as null."""
    columns = {}
    for name in frame.columns:
        values = frame[name]
        if hasattr(values.dtype, "tz") or values.dtype.kind == "M":
            whole_days = (values == values.dt.normalize()).all()
            text = values.dt.strftime("%Y-%m-%d") if whole_days else values.map(_iso)
            columns[str(name)] = text.tolist()
        else:
            columns[str(name)] = [_plain(value) for value in values.tolist()]
    for row in zip(*columns.values(), strict=True):
        yield dict(zip(columns, row, strict=True))


def _iso(stamp):
    return stamp.isoformat()


def _plain(value):
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _json(content):
    return (json.dumps(content, indent=1, allow_nan=False) + "\n").encode()
