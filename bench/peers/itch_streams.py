"""What the sides of bench_itch share: the streams' files, and how a call is timed.

Only the standard library is imported, since peers in environments of their own use this file too.
"""

import json
import time
from pathlib import Path

__all__ = ["CHECKED", "read_streams", "several"]

#: Calls are repeated until they have taken so many seconds, or there have been so many.
SECONDS, MOST = 0.1, 20

#: What both sides say of a book, in this order, after the number of the message that made it so.
CHECKED = ("bid_price", "bid_quantity", "ask_price", "ask_quantity")


def read_streams(folder):
    """Return the streams that the bench has put into a folder.

    Parameters
    ----------
    folder : str or Path
        Where they are, with a list of them.

    Returns
    -------
    dict of (str, int)
        Path, and number of messages, by the stream's name.
    """
    folder = Path(folder)
    listed = json.loads((folder / "streams.json").read_text())
    return {name: (str(folder / f"{name}.itch"), count) for name, count in listed.items()}


def several(call):
    """Return the seconds of some calls: of one that's long, of more that are short.

    Parameters
    ----------
    call : callable
        What it returns is dropped once the clock has stopped.

    Returns
    -------
    list of float
        For each call.
    """
    samples = []
    while not samples or (sum(samples) < SECONDS and len(samples) < MOST):
        begin = time.perf_counter()
        result = call()
        samples.append(time.perf_counter() - begin)
        del result
    return samples
