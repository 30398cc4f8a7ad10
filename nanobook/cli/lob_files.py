"""Files of order messages, for the console's process."""

from pathlib import Path

from nanobook.errors import FileFormatError, MissingDependencyError, ValidationError

__all__ = ["read_messages"]

#: What frames call the numbers of their rows; not a column of messages.
_ROW_NUMBERS = ("message", "event", "Unnamed: 0")


def read_messages(path):
    """Read a table of messages; what it says is checked by `Exchange.process`.

    Parameters
    ----------
    path : Path
        A .csv, .csv.gz or .parquet file.

    Returns
    -------
    DataFrame
        Integers stay integers, also beside missing values.

    Raises
    ------
    FileNotFoundError
        If there's no such file.
    FileFormatError
        If it can't be read as what its suffix says, or has no rows.
    ValidationError
        If the suffix isn't known.
    MissingDependencyError
        If it's parquet and pyarrow isn't installed.
    """
    path = Path(path)
    name = path.name.lower()
    is_parquet = name.endswith((".parquet", ".pq"))
    if not is_parquet and not name.endswith((".csv", ".csv.gz")):
        raise ValidationError(f"{path} must be a .csv, .csv.gz or .parquet file")
    if not path.exists():
        raise FileNotFoundError(2, "there is no such file", str(path))
    import pandas as pd

    try:
        if is_parquet:
            table = pd.read_parquet(path)
        else:
            table = pd.read_csv(
                path, encoding="utf-8-sig", skipinitialspace=True, dtype_backend="numpy_nullable"
            )
    except ImportError:
        raise MissingDependencyError(
            f"reading {path} needs pyarrow, which isn't installed: pip install 'nanobook[parquet]'"
        ) from None
    except (ValueError, EOFError, OSError) as error:  # pandas' and pyarrow's own are one of them
        if isinstance(error, OSError) and error.errno is not None:
            raise
        kind = "parquet" if is_parquet else "csv"
        reason = " ".join(str(error).split()).removeprefix("Error tokenizing data. C error: ")
        raise FileFormatError(f"{path} isn't a {kind} file: {reason}") from None
    table.columns = [str(column).strip() for column in table.columns]
    table = table.drop(columns=[column for column in _ROW_NUMBERS if column in table.columns])
    if not len(table):
        raise FileFormatError(f"{path} has no rows")
    for column in table.columns:
        if table[column].dtype == "string":
            words = table[column].astype(object)
            table[column] = words.where(words.notna(), None)
        elif table[column].dtype == "boolean":  # yes and no, which are flags
            table[column] = table[column].astype("Int8")
    return table
