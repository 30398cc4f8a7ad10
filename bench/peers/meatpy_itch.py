"""MeatPy's side of bench_itch: messages as Python objects, and books, by Python.

Started by the bench, in an environment with MeatPy, with the folder of the streams. An execution
of an order that isn't the first of its queue is an error to it unless it's told to go on; it is.
"""

import datetime
import json
import sys
import time
from collections import deque
from functools import partial
from importlib.metadata import version
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))

from peers.itch_streams import read_streams, several
from peers.process import serve

DAY = datetime.datetime(2019, 1, 30)


def main(folder):
    """Answer the bench."""
    begin = time.perf_counter()
    from meatpy.itch50 import ITCH50MarketProcessor, ITCH50MessageReader
    from meatpy.lob import LimitOrderBook

    imported = time.perf_counter() - begin
    folder = Path(folder)
    LimitOrderBook.skip_exception = lambda book, error: True

    def read(path):
        def call():
            with ITCH50MessageReader(path) as reader:
                deque(reader, maxlen=0)

        return several(call)

    def build(path):
        """Return the best prices after each message of a symbol, with the message's number."""
        processors, rows = {}, []
        with ITCH50MessageReader(path) as reader:
            for at, message in enumerate(reader):
                locate = message.stock_locate
                if message.type == b"R":
                    processors[locate] = ITCH50MarketProcessor(message.stock, DAY)
                processor = processors.get(locate)
                if processor is None:
                    continue
                processor.process_message(message)
                book = processor.current_lob
                best = [0, 0, 0, 0]
                if book is not None and book.bid_levels:
                    best[:2] = book.bid_levels[0].price, book.bid_levels[0].volume
                if book is not None and book.ask_levels:
                    best[2:] = book.ask_levels[0].price, book.ask_levels[0].volume
                rows.append((at, *best))
        return rows

    def write_rows(name, path):
        columns = list(zip(*build(path), strict=True))
        (folder / f"{name}.meatpy.json").write_text(json.dumps(columns))
        return f"{name}.meatpy.json"

    answers = {}
    for name, (path, _) in read_streams(folder).items():
        answers |= {
            f"{name}: objects": partial(read, path),
            f"{name}: bbo": partial(lambda path: several(lambda: build(path)), path),
            f"{name}: rows": partial(write_rows, name, path),
        }
    serve({"versions": {"meatpy": version("meatpy")}, "import": imported}, {}, answers)


if __name__ == "__main__":
    main(sys.argv[1])
