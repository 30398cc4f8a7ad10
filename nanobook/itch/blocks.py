"""Bytes that come in blocks of any size, taken in pieces of any other."""

__all__ = ["Blocks"]


class Blocks:
    """Bytes to be taken from the front.

    Parameters
    ----------
    blocks : iterable of bytes-like
        They, in turn.

    Attributes
    ----------
    taken : int
        How many have been taken or skipped.
    cut : bool
        Whether they ended in the middle of something; set by who knows what that would be.
    """

    def __init__(self, blocks):
        self._blocks, self._block, self._at = iter(blocks), b"", 0
        self.taken, self.cut = 0, False

    def take(self, count):
        """Take bytes.

        Parameters
        ----------
        count : int
            So many.

        Returns
        -------
        bytes
            Fewer only if there are no more.
        """
        start = self._at
        end = start + count
        if end <= len(self._block):
            self._at = end
            self.taken += count
            return self._block[start:end]
        pieces, wanted = [], count
        while wanted and self._refill():
            pieces.append(self._block[self._at : self._at + wanted])
            self._at += len(pieces[-1])
            wanted -= len(pieces[-1])
        self.taken += count - wanted
        return b"".join(pieces)

    def skip(self, count):
        """Pass over bytes, of which there may be any number.

        Parameters
        ----------
        count : int
            So many.

        Returns
        -------
        bool
            Whether there were so many.
        """
        while count and self._refill():
            passed = min(count, len(self._block) - self._at)
            self._at += passed
            self.taken += passed
            count -= passed
        return count == 0

    def _refill(self):
        """Make sure that the block has a byte left; return False at the end."""
        while self._at >= len(self._block):
            block = next(self._blocks, None)
            if block is None:
                return False
            self._block, self._at = bytes(block), 0
        return True
