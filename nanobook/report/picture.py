"""A matplotlib figure that stands by itself: no pyplot, no display, no global state.

Importing this module loads matplotlib, so `plots` does it when it first draws.
"""

import io
from pathlib import Path

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image  # matplotlib brings it

from nanobook.errors import ValidationError
from nanobook.persistence.atomic import atomic_write

__all__ = ["Picture"]

_DOTS_PER_INCH = 144

#: Bytes above which a picture for a page is made smaller.
_LARGE = 90_000


class Picture(Figure):
    """A Figure that notebooks show without ``%matplotlib inline``.

    Parameters
    ----------
    width, height : float
        Inches.
    """

    def __init__(self, width, height):
        super().__init__(
            figsize=(width, height),
            dpi=_DOTS_PER_INCH,
            layout="constrained",
            facecolor="white",
        )
        FigureCanvasAgg(self)
        self.get_layout_engine().set(w_pad=0.12, h_pad=0.1)

    def to_png(self):
        """Return the picture as the bytes of a PNG file, for pages and notebooks.

        Returns
        -------
        bytes
            The file's content. A large one keeps 256 colours, which makes it several times
            smaller and is hardly seen; `save` keeps them all.
        """
        buffer = io.BytesIO()
        self.savefig(buffer, format="png")
        if buffer.tell() <= _LARGE:
            return buffer.getvalue()
        fewer = Image.open(buffer).convert("RGB").quantize(256, dither=Image.Dither.NONE)
        buffer = io.BytesIO()
        fewer.save(buffer, format="png", optimize=True)
        return buffer.getvalue()

    def _repr_png_(self):
        return self.to_png()

    def format_of(self, path):
        """Return the format that a file's suffix asks for.

        Parameters
        ----------
        path : str or PathLike
            A file that needn't exist.

        Returns
        -------
        str
            Such as "png".

        Raises
        ------
        ValidationError
            If matplotlib can't write that format.
        """
        kind = Path(path).suffix.lower().lstrip(".")
        if kind not in self.canvas.get_supported_filetypes():
            raise ValidationError(
                f"a picture's path must end in .png, .svg, .pdf or the like, got {str(path)!r}"
            )
        return kind

    def save(self, path):
        """Write the picture to a file, whole or not at all.

        Parameters
        ----------
        path : str or PathLike
            The suffix decides the format: .png, .svg, .pdf or another that matplotlib knows.

        Raises
        ------
        ValidationError
            If matplotlib can't write that format.
        """
        kind = self.format_of(path)
        with atomic_write(path) as file:
            self.savefig(file, format=kind)
