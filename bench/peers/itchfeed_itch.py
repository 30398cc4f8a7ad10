"""itchfeed's side of bench_itch: messages as Python objects, by Python.

Started by the bench, in an environment with itchfeed and without its compiled sister, with the
folder of the streams.
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


def main(folder):
    """Answer the bench."""
    begin = time.perf_counter()
    from itch.parser import MessageParser

    imported = time.perf_counter() - begin

    def read(path):
        data = Path(path).read_bytes()
        return several(lambda: deque(MessageParser().parse_stream(data), maxlen=0))

    answers = {
        f"{name}: objects": partial(read, path) for name, (path, _) in read_streams(folder).items()
    }
    serve({"versions": {"itchfeed": version("itchfeed")}, "import": imported}, {}, answers)


if __name__ == "__main__":
    main(sys.argv[1])
