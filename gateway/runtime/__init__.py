"""The only place that builds everything: supervisor, workers and what runs beside them."""
