"""Numerics of water and sediment without files: weather, hillslopes, channels, groundwater."""
