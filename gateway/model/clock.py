"""Time as the data path counts it: monotonic nanoseconds, with a value that stands for "no deadline"."""

import time
from typing import Final

NEVER_NS: Final = 1 << 62
"""A duration or deadline that is never reached; it survives additions without overflowing a signed 64-bit integer."""

SECOND_NS: Final = 1_000_000_000
MILLISECOND_NS: Final = 1_000_000
MICROSECOND_NS: Final = 1_000

monotonic_ns = time.monotonic_ns
"""What every deadline, limit and duration is counted by: it is never set, and never goes back."""
thread_time_ns = time.thread_time_ns
"""Processor time of the calling thread."""
wall_ns = time.time_ns
"""For what is shown and written down, and for nothing else: somebody may set it."""
