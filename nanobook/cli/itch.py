"""A feed's file through its books, and what was seen of them as files."""

import sys

from nanobook.cli.files import FORMATS, require_writer, write_table
from nanobook.errors import ValidationError
from nanobook.persistence.npz import write_npz

__all__ = ["check_output", "replay_file", "save_samples", "save_trades"]

_ARRAYS = ("message", "timestamp_ns", "locate")
_ARRAYS += ("bid_price", "bid_quantity", "ask_price", "ask_quantity")


def check_output(path):
    """Raise unless samples or trades could be saved there, before any work is done.

    Parameters
    ----------
    path : Path
        The file to be.

    Raises
    ------
    ValidationError
        If its suffix is no format we write.
    FileNotFoundError
        If the folder doesn't exist.
    """
    suffix = path.suffix.lower().lstrip(".")
    if suffix not in (*FORMATS, "npz"):
        raise ValidationError(f"{path} must end in .csv, .parquet, .json or .npz")
    if suffix != "npz":
        require_writer(path)
    if not path.parent.is_dir():
        raise FileNotFoundError(2, "there is no such folder", str(path.parent))


def replay_file(path, symbols, every, **options):
    """Rebuild a feed's books.

    Parameters
    ----------
    path : Path
        As `replay_itch` takes it; ``-`` stands for standard input.
    symbols : list of str
        Those to follow; all if there's none.
    every : str or None
        As `replay_itch` takes it, a number of messages as text.
    **options
        More arguments of `replay_itch`.

    Returns
    -------
    ItchReplay
        Samples, trades, statistics.

    Raises
    ------
    ValidationError
        If none of the symbols asked for is in the feed.
    """
    from nanobook.itch import replay_itch

    result = replay_itch(
        sys.stdin.buffer if str(path) == "-" else path,
        symbols or None,
        every=int(every) if every is not None and every.isdecimal() else every,
        progress=sys.stderr.isatty(),
        **options,
    )
    if symbols and not len(result.statistics):
        raise ValidationError(f"{path} has no message of {', '.join(symbols)}")
    return result


def save_samples(result, path):
    """Write samples to a file whose suffix says how, whole or not at all.

    Parameters
    ----------
    result : ItchReplay
        Whose.
    path : Path
        Ends in .csv, .parquet or .json (a row for each sample), or .npz (arrays under the names
        that `ItchReplay` has for them).
    """
    if path.suffix.lower() == ".npz":
        arrays = {name: getattr(result, name) for name in _ARRAYS}
        write_npz(path, "itch samples", _header(result), arrays)
    else:
        write_table(result.to_frame(), path)


def save_trades(result, path):
    """Write trades to a file whose suffix says how, whole or not at all.

    Parameters
    ----------
    result : ItchReplay
        Whose.
    path : Path
        Ends in .csv, .parquet or .json, or .npz (a struct array called trades).
    """
    if path.suffix.lower() == ".npz":
        write_npz(path, "itch trades", _header(result), {"trades": result.trades})
    else:
        write_table(result.trades_frame(), path)


def _header(result):
    """Return the symbols by locate code, which arrays don't say."""
    return {"symbols": result.symbols}
