"""What all tests share: the tests folder on the path for the oracles, and hypothesis' profile."""

import os
import sys
from pathlib import Path

import numpy as np
from hypothesis import HealthCheck, settings

sys.path.insert(0, str(Path(__file__).parent))

# The first call of a kernel compiles, so no deadline; fixed seeds, so a failure can be run again.
settings.register_profile(
    "nanobook",
    deadline=None,
    derandomize=True,
    max_examples=50,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
settings.load_profile("nanobook")

if os.environ.get("NUMBA_DISABLE_JIT") == "1":
    np.seterr(all="ignore")  # as compiled code does: NaN and infinities carry the news
