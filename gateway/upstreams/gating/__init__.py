"""What stands between a request and an upstream that fails or is overrun: circuit breaker, limits, adaptive limit."""
