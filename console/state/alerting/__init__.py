"""Alerts of Prometheus and Alertmanager, as the console knows them."""
