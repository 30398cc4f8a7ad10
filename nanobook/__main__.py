"""`python -m nanobook` is the `nanobook` command."""

import sys

from nanobook.cli.main import run

if __name__ == "__main__":
    sys.exit(run())
