"""How far reading a feed has come, in bytes."""

from nanobook.progress import progress_bar

__all__ = ["bar_of"]


def bar_of(source, wanted):
    """Return a progress bar for a source.

    Parameters
    ----------
    source : Source
        What will be read.
    wanted : bool
        Whether to show anything.

    Returns
    -------
    object
        With ``show(position)`` and ``close()``.
    """
    return progress_bar(source.total, wanted, unit="B", unit_scale=True, desc="itch")
