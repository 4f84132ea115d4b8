"""Terrain and drainage: DEM windows, outlets, hillslopes and channels; plain arguments, never controls."""
