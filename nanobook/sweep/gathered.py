"""What a sweep has come to so far: rows of candidates, and figures over all of them."""

import hashlib

import numpy as np

from nanobook.errors import FileFormatError, ValidationError
from nanobook.persistence.npz import read_npz, write_npz
from nanobook.sweep.candidates import FIELDS

__all__ = ["Gathered", "fingerprint", "row_bytes"]

_KIND = "sweep checkpoint"
_ARRAYS = ("metrics", "sums", "ended", "done", "together", "maxima", "observed")


def row_bytes(blocks):
    """Return how many bytes are kept of each candidate.

    Parameters
    ----------
    blocks : int
        Blocks of bars whose sums are kept.

    Returns
    -------
    int
        Beside its parameters.
    """
    return 8 * (len(FIELDS) + 3 * blocks + 2) + 1


class Gathered:
    """Rows of the candidates that are done, in their place, and what's gathered over them."""

    def __init__(self, candidates, bars, blocks, reps):
        """Make room.

        Parameters
        ----------
        candidates : int or None
            How many; None for as many as come.
        bars, blocks, reps : int
            Bars traded, blocks of them, replications of the bootstrap.
        """
        size = 64 if candidates is None else candidates
        self.metrics = np.full((size, len(FIELDS)), np.nan)
        self.sums = np.zeros((size, 3, blocks))
        self.ended = np.zeros((size, 2), dtype=np.int64)
        self.done = np.zeros(size, dtype=bool)
        self.together = np.zeros(bars + 1, dtype=np.int64)
        self.maxima = np.full((4, reps), -np.inf)
        self.observed = np.full(2, -np.inf)

    def add(self, first, batch):
        """Put a batch in its place. Nothing of it counts until all of it is there.

        Parameters
        ----------
        first : int
            The number of its first candidate.
        batch : Batch
            What came of it.
        """
        rows = slice(first, first + len(batch.metrics))
        while rows.stop > len(self.done):
            self._grow()
        self.metrics[rows] = batch.metrics
        self.sums[rows] = batch.sums
        self.ended[rows] = batch.ended
        self.together = self.together + batch.together
        self.maxima = np.maximum(self.maxima, batch.maxima)
        self.observed = np.maximum(self.observed, batch.observed)
        self.done[rows] = True

    def _grow(self):
        for name in ("metrics", "sums", "ended", "done"):
            array = getattr(self, name)
            setattr(self, name, np.concatenate((array, np.zeros_like(array))))

    def undone(self):
        """Return the stretches of candidates that aren't done.

        Returns
        -------
        list of tuple of int
            First and end of each.
        """
        steps = np.diff(np.concatenate(([1], self.done.astype(np.int8), [1])))
        firsts, ends = np.flatnonzero(steps == -1), np.flatnonzero(steps == 1)
        return list(zip(firsts.tolist(), ends.tolist(), strict=True))

    def save(self, path, mark):
        """Write all to a file, whole or not at all.

        Parameters
        ----------
        path : str or PathLike
            Where.
        mark : str
            What tells this sweep from another.
        """
        write_npz(path, _KIND, {"mark": mark}, {name: getattr(self, name) for name in _ARRAYS})

    def load(self, path, mark):
        """Read what `save` wrote of the same sweep.

        Parameters
        ----------
        path : str or PathLike
            Where.
        mark : str
            What tells this sweep from another.

        Raises
        ------
        FileNotFoundError
            If there's no such file.
        FileFormatError
            If it isn't a checkpoint, or is damaged.
        ValidationError
            If it's another sweep's.
        """
        header, arrays = read_npz(path, _KIND)
        if header.get("mark") != mark:
            raise ValidationError(
                f"checkpoint must be this sweep's own, but {path} belongs to a sweep of other "
                "prices, parameters or options; give another path, or delete it"
            )
        for name in _ARRAYS:
            array = arrays.get(name)
            mine = getattr(self, name)
            if array is None or array.shape != mine.shape or array.dtype != mine.dtype:
                raise FileFormatError(f"{path} isn't a whole checkpoint: {name} doesn't fit")
        for name in _ARRAYS:
            setattr(self, name, arrays[name])


def fingerprint(job, source, base):
    """Return what tells a sweep from another: prices, candidates and options.

    Parameters
    ----------
    job : Job
        What candidates share.
    source : Described
        Where they come from.
    base : dict
        Values of `Settings`.

    Returns
    -------
    str
        A digest.
    """
    honesty = job.honesty
    digest = hashlib.sha256()
    for array in (job.prices, job.decides, honesty.edges, honesty.benchmark, honesty.starts):
        digest.update(str(array.shape).encode() + np.ascontiguousarray(array).tobytes())
    words = (
        *(job.start, job.delisting, job.post_cost, job.year, job.risk_free),
        *(honesty.block_size, honesty.reps, sorted(base.items(), key=lambda item: item[0])),
        *(source.fingerprint(), source.grid.describe() if source.grid is not None else None),
    )
    digest.update(repr(words).encode())
    return digest.hexdigest()
