"""The original's side of bench_itch: its compiled `parse_itch`.

Started by the bench, in an environment with the original's wheel, with the folder of the streams.
It's isolated: `nanobook` must be the wheel here. Its Rust reads a file to the end before Python
sees any of it, and gives nothing if something is wrong: a frame of length 0 behind the last
message makes it read all of a stream, and raise. That is its reading without Python's objects.
"""

import sys
import time
from functools import partial
from importlib.metadata import version
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))

from peers.itch_streams import read_streams, several
from peers.process import serve


def main(folder):
    """Answer the bench."""
    begin = time.perf_counter()
    from nanobook import parse_itch

    imported = time.perf_counter() - begin

    def parse(path):
        return several(lambda: parse_itch(path))

    def parse_rust(path):
        ended = Path(folder) / "ended.itch"
        ended.write_bytes(Path(path).read_bytes() + bytes(2))

        def call():
            try:
                parse_itch(str(ended))
            except OSError:
                return
            raise RuntimeError("a length of 0 should have raised")

        return several(call)

    def count(path):
        return len(parse_itch(path))

    answers = {}
    for name, (path, _) in read_streams(folder).items():
        answers |= {
            f"{name}: objects": partial(parse, path),
            f"{name}: rust": partial(parse_rust, path),
            f"{name}: count": partial(count, path),
        }
    serve({"versions": {"nanobook": version("nanobook")}, "import": imported}, {}, answers)


if __name__ == "__main__":
    main(sys.argv[1])
