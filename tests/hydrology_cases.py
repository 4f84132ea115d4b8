"""Hillslopes and weather for the engine's tests: a burned forest's parameters, storms of a seeded generator."""

from dataclasses import replace

import numpy as np

from weppbatch.hydrology.state import CoverInput, DailyWeather, HillslopeInput, Layers, SoilInput

# canopy, interrill and rill cover, rooting depth (m), LAI, height (m), roughness (m), live and dead roots (kg/m2)
COVERS = {
    "forest": (0.90, 1.00, 1.00, 2.0, 14.0, 20.0, 0.10, 0.5, 0.5),
    "low": (0.75, 0.85, 0.85, 0.3, 4.0, 0.30, 0.04, 0.2, 0.2),
    "moderate": (0.60, 0.60, 0.60, 0.3, 3.0, 0.28, 0.06, 0.2, 0.2),
    "high": (0.40, 0.30, 0.30, 0.3, 2.0, 0.20, 0.06, 0.2, 0.2),
}
# sand and clay (%), Ki, critical shear, Kr (1e-5) and avke of forest, low and moderate, high
TEXTURES = {
    "clay loam": (25.0, 30.0, 1.5e6, 0.5, (2, 5, 6), (35, 18, 14)),
    "loam": (42.0, 18.0, 1.0e6, 1.0, (3, 8, 10), (50, 20, 15)),
    "sand loam": (65.0, 8.0, 4.0e5, 2.0, (8, 12, 14), (60, 20, 15)),
    "silt loam": (25.0, 15.0, 1.0e6, 1.5, (5, 10, 12), (40, 13, 10)),
}


def layers(sand=42.0, clay=18.0, *, deepest_mm=800.0, **changes):
    """Two layers, a conductive surface of 200 mm over the rest."""

    def both(top, below):
        return np.array([float(top), float(below)])

    values = {
        "depth_mm": both(200.0, deepest_mm),
        "bulk_density_g_cm3": both(1.1, 1.4),
        "ksat_mm_h": both(40.0, 20.0),
        "anisotropy": both(10.0, 1.0),
        "field_capacity": both(0.26, 0.26),
        "wilting_point": both(0.13, 0.13),
        "sand_pct": both(sand, sand),
        "clay_pct": both(clay, clay),
        "organic_matter_pct": both(5.0, 2.0),
        "cec_meq_100g": both(15.0, 12.0),
        "rock_pct": both(15.0, 30.0),
    }
    return Layers(**{**values, **changes})


def cover(name="high", **changes):
    """The static cover of a severity."""
    canopy, interrill, rill, root, lai, height, rough, live, dead = COVERS[name]
    found = CoverInput(
        canopy, interrill, rill, height, lai, root, rough, live_root_kg_m2=live, dead_root_kg_m2=dead
    )
    return replace(found, **changes)


def soil(name="high", texture="loam", **changes):
    """The soil of a texture after a severity."""
    sand, clay, ki, tauc, kr, avke = TEXTURES[texture]
    row = {"forest": 0, "low": 1, "moderate": 1, "high": 2}[name]
    if name == "forest" and texture in ("clay loam", "loam"):
        ki = 4.0e5
    found = SoilInput(
        layers(sand, clay), 0.1, 0.75, ki, kr[row] * 1e-5, tauc, float(avke[row]), ksatadj=int(name == "high")
    )
    return replace(found, **changes)


def hillslope(name="high", texture="loam", *, length_m=200.0, slope=0.43, width_m=50.0, **changes):
    """A uniform hillslope of a severity and texture."""
    found = HillslopeInput(
        f"{name} {texture}",
        width_m,
        length_m,
        np.array([0.0, 1.0]),
        np.array([slope, slope]),
        soil(name, texture),
        cover(name),
    )
    return replace(found, **changes)


def weather(years=2, *, seed=1, wet=0.35, mean_mm=9.0, warmth_c=9.0):
    """Days from 2001 on with winter rain and snow, storms of all shapes; the same for a seed."""
    days = np.arange(np.datetime64("2001-01-01"), np.datetime64(f"{2001 + years}-01-01"))
    random = np.random.default_rng(seed)
    n = days.size
    season = np.cos(2.0 * np.pi * (np.arange(n) - 15.0) / 365.25)
    rains = random.random(n) < wet * (1.0 + 0.6 * season)
    depth = np.where(rains, random.exponential(mean_mm, n) + 0.3, 0.0)
    mean = warmth_c - 9.0 * season + random.normal(0.0, 3.0, n)
    half = random.uniform(2.0, 7.0, n)
    return DailyWeather(
        latitude_deg=44.2,
        elevation_m=450.0,
        year=days.astype("datetime64[Y]").astype(np.int64) + 1970,
        month=days.astype("datetime64[M]").astype(np.int64) % 12 + 1,
        day=(days - days.astype("datetime64[M]")).astype(np.int64) + 1,
        precip_mm=depth,
        duration_h=np.where(rains, random.uniform(0.3, 20.0, n), 0.0),
        tp=np.where(rains, random.uniform(0.02, 0.98, n), 0.0),
        ip=np.where(rains, 1.01 + random.exponential(2.5, n), 0.0),
        tmax_c=mean + half,
        tmin_c=mean - half,
        radiation_ly=320.0 - 180.0 * season + random.uniform(-60.0, 60.0, n),
        wind_m_s=random.uniform(0.0, 5.0, n),
        tdew_c=mean - half - random.uniform(0.0, 3.0, n),
    )


def dry(days):
    """The same days without a drop."""
    nothing = np.zeros(days.days)
    return replace(days, precip_mm=nothing, duration_h=nothing, tp=nothing, ip=nothing)
