"""The trace context a request brings, in whatever form, once it has been read and found valid."""

from typing import TypeAlias

CallerContext: TypeAlias = tuple[str, str, bool | None, str, bool, bool]
"""trace_id (32 hex digits; empty where only a decision came, and no trace to continue), span_id, sampled (None where the
caller leaves the decision to us), trace_state, trace_random, debug (it insists that the whole trace be kept).
(A plain tuple: building a named one would cost more than all the reading.)"""
