"""itch-book's side of bench_itch: books and tables by C++, in batches of NumPy arrays.

Started by the bench, in an environment with itch-book, with the folder of the streams. A row of
its table `bbo` is one that ours has after each message, where it differs from the one before;
of `depth`, one in which the best ten levels differ. Batches are dropped as they come.
"""

import datetime
import sys
import time
from functools import partial
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))

from peers.itch_streams import read_streams, several
from peers.process import serve

DAY = datetime.date(2019, 1, 30)

#: Room for a batch's rows is asked for in any case: no more than a small stream needs.
ROWS, CHUNK = 1_000_000, 8 << 20

COLUMNS = ("seq", "bid_px", "bid_sz", "ask_px", "ask_sz")


def main(folder):
    """Answer the bench."""
    begin = time.perf_counter()
    import itch_book
    import numpy as np

    imported = time.perf_counter() - begin
    folder = Path(folder)

    def batches(path, count, *tables):
        chunk = min(CHUNK, Path(path).stat().st_size + 1)
        feed = itch_book.open(path, date=DAY, price_type="fixed", chunk_bytes=chunk)
        return feed.batches(tables=tables, rows=min(ROWS, count))

    def build(path, count, *tables):
        def call():
            for _ in batches(path, count, *tables):
                pass

        return several(call)

    def write_rows(name, path, count):
        parts = [
            [batch.bbo[column].astype(np.int64) for column in COLUMNS]
            for batch in batches(path, count, "bbo")
        ]
        rows = np.concatenate(parts, axis=1)
        rows[0] -= 1  # messages are counted from 1
        np.save(folder / f"{name}.itchbook.npy", rows)
        return f"{name}.itchbook.npy"

    answers = {}
    for name, stream in read_streams(folder).items():
        answers[f"{name}: books"] = partial(build, *stream)
        for table in ("bbo", "depth", "messages"):
            answers[f"{name}: {table}"] = partial(build, *stream, table)
        answers[f"{name}: rows"] = partial(write_rows, name, *stream)
        path, count = stream
        answers[f"{name}: gzip"] = partial(build, f"{path}.gz", count, "bbo")
    versions = {"itch-book": itch_book.__version__, "numpy": np.__version__}
    serve({"versions": versions, "import": imported}, {}, answers)


if __name__ == "__main__":
    main(sys.argv[1])
