"""itchcpp's side of bench_itch: messages as Python objects, and books, by C++.

Started by the bench, in an environment with itchcpp, with the folder of the streams. Its books
say nothing while they are built: what can be asked is how they stand at the end.
"""

import sys
import time
from collections import deque
from functools import partial
from importlib.metadata import version
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))

from peers.itch_streams import read_streams, several
from peers.process import serve

UNIT = 10_000


def main(folder):
    """Answer the bench."""
    begin = time.perf_counter()
    from itchcpp.book import BookManager
    from itchcpp.parser import MessageParser

    imported = time.perf_counter() - begin

    def read(path):
        data = Path(path).read_bytes()
        return several(lambda: deque(MessageParser().parse_stream(data), maxlen=0))

    def build(data):
        books = BookManager()
        books.process_stream(data)
        return books

    def rebuild(path):
        data = Path(path).read_bytes()
        return several(lambda: build(data))

    def end(path, symbol):
        bbo = build(Path(path).read_bytes()).book_for_symbol(symbol).bbo()
        prices = [round(price * UNIT) for price in (bbo.bid_price, bbo.ask_price)]
        return [prices[0], bbo.bid_shares, prices[1], bbo.ask_shares]

    answers = {}
    for name, (path, _) in read_streams(folder).items():
        symbol = "AAPL" if name == "aapl" else "S00001"
        answers |= {
            f"{name}: objects": partial(read, path),
            f"{name}: books": partial(rebuild, path),
            f"{name}: end": partial(end, path, symbol),
        }
    serve({"versions": {"itchcpp": version("itchcpp")}, "import": imported}, {}, answers)


if __name__ == "__main__":
    main(sys.argv[1])
