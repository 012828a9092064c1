"""Very many calls, some of which go wrong: `python -m benchmarks.soak`.

It stands on helpers of the tests, which are no package: their hostile server, and their calls of every kind.
"""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[2] / "test"))
