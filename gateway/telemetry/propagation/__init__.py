"""Trace context in and out: W3C always, B3 and Jaeger where they are met or asked for; baggage within its limits."""
