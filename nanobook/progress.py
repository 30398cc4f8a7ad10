"""How far a long piece of work has come, for people who wait."""

import sys

__all__ = ["progress_bar"]


class _Bar:
    """A bar, or nothing."""

    def __init__(self, bar=None):
        self._bar = bar
        self.position = 0

    def show(self, position):
        """Show how much is done."""
        self.position = position
        if self._bar is not None:
            self._bar.update(position - self._bar.n)

    def say(self, text):
        """Write a line beside the bar."""
        if self._bar is not None:
            self._bar.write(text, file=sys.stderr)

    def close(self):
        """End the line."""
        if self._bar is not None:
            self._bar.close()


def progress_bar(total, wanted, **options):
    """Return a progress bar for a terminal or a notebook.

    Parameters
    ----------
    total : int or None
        When all is done; None where nobody knows.
    wanted : bool or None
        Whether to show anything; None for whether somebody may be looking: a terminal, or a
        notebook.
    **options
        Of tqdm: `unit`, `unit_scale`, `desc`.

    Returns
    -------
    object
        With ``show(position)``, the ``position`` shown, ``say(text)`` and ``close()``.
    """
    notebook = _in_notebook()
    if wanted is None:
        wanted = notebook or bool(getattr(sys.stderr, "isatty", bool)())
    if not wanted:
        return _Bar()
    if notebook and _has_widgets():
        from tqdm.notebook import tqdm
    else:
        from tqdm import tqdm
    return _Bar(tqdm(total=total, leave=False, **options))


def _in_notebook():
    shell = sys.modules.get("IPython")
    kernel = shell and getattr(shell, "get_ipython", lambda: None)()
    return kernel is not None and "IPKernelApp" in getattr(kernel, "config", {})


def _has_widgets():
    from importlib.util import find_spec

    return find_spec("ipywidgets") is not None
