"""A small watershed for tests of the engine: seven hillslopes, three channels, and weather from a station."""

from dataclasses import asdict, replace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from weppbatch.engines.case import CLIMATE, TABLES
from weppbatch.engines.watershed import ChannelLink, Hillslope, Watershed
from weppbatch.files import shipped
from weppbatch.formats.climate_cli import write_climate
from weppbatch.formats.management import StaticCover
from weppbatch.formats.slope import SlopeProfile
from weppbatch.formats.soil import Soil, SoilLayer
from weppbatch.formats.station_par import read_station
from weppbatch.hydrology.weather import generate

FOREST = StaticCover("forest", 0.9, 1.0, 1.0, 20.0, 14.0, 2.0, 0.1)
BURNED = StaticCover("forest high sev fire", 0.4, 0.3, 0.3, 0.2, 2.0, 0.3, 0.06)
POINTS = ((0.0, 0.1), (0.5, 0.45), (1.0, 0.2))


def layer(depth_mm, ksat_mm_h=15.0):
    return SoilLayer(
        depth_mm=depth_mm,
        bulk_density_g_cm3=1.3,
        ksat_mm_h=ksat_mm_h,
        anisotropy=10.0 if depth_mm <= 200 else 1.0,
        field_capacity=0.26,
        wilting_point=0.13,
        sand_pct=42.0,
        clay_pct=18.0,
        organic_matter_pct=4.0,
        cec_meq_100g=12.0,
        rock_pct=20.0,
    )


def soil(burned):
    return Soil(
        name="loam-burned" if burned else "loam",
        texture="loam",
        layers=(layer(200.0, 15.0 if burned else 50.0), layer(800.0, 30.0)),
        albedo=0.1,
        initial_saturation=0.75,
        ki_kg_s_m4=1e6 if burned else 4e5,
        kr_s_m=1e-4 if burned else 3e-5,
        tauc_n_m2=1.0,
        avke_mm_h=15.0 if burned else 50.0,
        restrictive=True,
        kslast_mm_h=0.01,
        restrictive_thickness_mm=10_000.0,
        comment="ksatadj 1, lkeff 0.1 mm/h" if burned else "ksatadj 0, lkeff 0 mm/h",
    )


def hillslope(topaz_id, wepp_id, *, burned=True, length_m=150.0, width_m=300.0):
    return Hillslope(
        topaz_id=topaz_id,
        wepp_id=wepp_id,
        channel_topaz_id=topaz_id // 10 * 10 + 4,
        position={1: "top", 2: "left", 3: "right"}[topaz_id % 10],
        area_m2=length_m * width_m,
        disturbed_class=(BURNED if burned else FOREST).name,
        burn_class="high" if burned else "unburned",
        soil_key=soil(burned).name,
        slope=SlopeProfile(180.0, width_m, length_m, POINTS, 500.0),
        soil=soil(burned),
        ksatadj=int(burned),
        lkeff_mm_h=0.1 if burned else 0.0,
        cover=BURNED if burned else FOREST,
    )


def channel(topaz_id, wepp_id, below, *, length_m=300.0, slope=0.08):
    profile = SlopeProfile(180.0, 1.5, length_m, ((0.0, slope * 1.2), (1.0, slope * 0.8)), 400.0)
    return ChannelLink(topaz_id, wepp_id, 1 if below else 2, below, profile)


def climate(years=3, *, station="ca046006"):
    return generate(read_station(shipped("config") / "stations" / f"{station}.par"), years, 2001, 7)


def watershed(weather=None, *, burned=True):
    """Channel 24 leads to the outlet; 34, which has a hillslope at its top, and 44 flow into it."""
    ids = (22, 23, 31, 32, 33, 42, 43)
    slopes = tuple(hillslope(topaz_id, n, burned=burned) for n, topaz_id in enumerate(ids, 1))
    links = (
        channel(44, 8, 24),
        channel(34, 9, 24, length_m=250.0),
        channel(24, 10, None, length_m=400.0, slope=0.04),
    )
    found = Watershed("w1", slopes, links, weather if weather is not None else climate(), 0.0)
    return replace(found, basin_area_m2=found.hillslope_area_m2 + 30_000.0)


def one_channel(weather=None):
    """A single channel with a single hillslope, on its left."""
    return Watershed("w2", (hillslope(22, 1),), (channel(24, 2, None),), weather or climate(), 50_000.0)


def dry(years=2):
    """Weather without a drop of rain."""
    series = climate(years)
    nothing = np.zeros(series.days)
    return replace(series, precip_mm=nothing, duration_h=nothing, tp=nothing, ip=nothing)


def write_tables(found, wd):
    """The files that the tasks before wepp would have left in a run's folder."""
    hillslopes = [
        {
            **{n: getattr(h, n) for n in ("topaz_id", "wepp_id", "channel_topaz_id", "position", "area_m2")},
            **{n: getattr(h.slope, n) for n in ("length_m", "width_m", "aspect_deg", "elevation_m")},
        }
        for h in found.hillslopes
    ]
    channels = [
        {
            **{n: getattr(c, n) for n in ("topaz_id", "wepp_id", "order", "downstream_topaz_id")},
            **{n: getattr(c.slope, n) for n in ("length_m", "width_m", "aspect_deg", "elevation_m")},
            "area_m2": 10_000.0,
        }
        for c in found.channels
    ]
    slopes = [
        {"topaz_id": item.topaz_id, "point": n, "distance_fraction": x, "slope": s}
        for item in (*found.hillslopes, *found.channels)
        for n, (x, s) in enumerate(item.slope.points)
    ]
    landuse = [
        {"topaz_id": h.topaz_id, "burn_class": h.burn_class, "disturbed_class": h.disturbed_class}
        | {n: v for n, v in asdict(h.cover).items() if n != "name"}
        for h in found.hillslopes
    ]
    soils = [
        {"topaz_id": h.topaz_id, "soil_key": h.soil.name, "ksatadj": h.ksatadj, "lkeff_mm_h": h.lkeff_mm_h}
        | {n: v for n, v in asdict(h.soil).items() if n not in ("name", "layers", "comment")}
        for h in found.hillslopes
    ]
    layers = [
        {"soil_key": key, "layer": n} | asdict(one)
        for key, made in {h.soil.name: h.soil for h in found.hillslopes}.items()
        for n, one in enumerate(made.layers, 1)
    ]
    for name, rows in zip(TABLES, (hillslopes, channels, slopes, landuse, soils, layers), strict=True):
        (wd / name).parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(pa.Table.from_pylist(rows), wd / name)
    (wd / CLIMATE).parent.mkdir(exist_ok=True)
    write_climate(wd / CLIMATE, found.climate)
