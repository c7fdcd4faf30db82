"""The Grafana dashboards: what they show as data (`source`), how that becomes JSON (`rendering`), what is wrong with it (`lint`).

The JSON files beside this module are what users import; `python -m dashboards.build` writes them.
"""
