"""How far reading a file has come, for people who wait."""

__all__ = ["bar_of"]


class _Bar:
    """A bar of bytes, or nothing."""

    def __init__(self, bar=None):
        self._bar = bar

    def show(self, position):
        """Show a position in the file."""
        if self._bar is not None:
            self._bar.update(position - self._bar.n)

    def close(self):
        """End the line."""
        if self._bar is not None:
            self._bar.close()


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
    if not wanted:
        return _Bar()
    from tqdm.auto import tqdm

    return _Bar(tqdm(total=source.total, unit="B", unit_scale=True, desc="itch"))
