"""Five accounts of the same traffic: the generator's, /metrics, the access log, spans at 100 % and the live tail."""
