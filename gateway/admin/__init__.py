"""The admin API of a gateway (aiohttp)."""
