"""The OpenTelemetry protocol where all signals are alike, and metrics by it."""
