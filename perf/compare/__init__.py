"""The comparison behind `make perf`: gateways started side by side, loaded in turns, judged by CPU per request."""
