"""Spans in the supervisor: where they go, what they say, and the pipeline of the OpenTelemetry SDK that takes them."""
