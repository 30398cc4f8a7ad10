"""Random streams against the oracle until so many messages are done, or a difference is found.

    python tests/book/soak.py 100_000_000 [first_seed]

A difference ends it, and names the seed: ``check_random_stream(seed)`` shows it again.
"""

import sys
import time
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[2]), str(Path(__file__).parents[1])]

from book.streams import check_random_stream  # noqa: E402

EVERY = 10.0  # seconds between two lines


def main(wanted, seed=0):
    """Run streams from `seed` on until `wanted` messages are done."""
    begun = shown = time.monotonic()
    done = 0
    while done < wanted:
        try:
            done += check_random_stream(seed)
        except BaseException:
            print(f"seed {seed}, after {done:,} messages:", flush=True)
            raise
        seed += 1
        now = time.monotonic()
        if now - shown >= EVERY or done >= wanted:
            shown = now
            rate = done / (now - begun)
            print(f"{done:,} messages, next seed {seed}, {rate:,.0f} a second", flush=True)


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:]))
