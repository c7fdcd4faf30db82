"""The screens that say how the gateway, its routes and its endpoints are."""
