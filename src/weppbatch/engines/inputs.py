"""From a watershed's contents to the plain figures that the numerics take. It reads and simulates nothing."""

from collections.abc import Sequence

import numpy as np

from weppbatch.engines.rotation import rotation_input
from weppbatch.engines.watershed import Above, ChannelLink, Hillslope
from weppbatch.formats.climate_cli import ClimateSeries
from weppbatch.formats.management import Management, StaticCover
from weppbatch.formats.rotation import rotation_of
from weppbatch.formats.slope import SlopeProfile
from weppbatch.formats.soil import Soil
from weppbatch.hydrology.channel import Channel
from weppbatch.hydrology.channel_sediment import Sediment
from weppbatch.hydrology.plants import static_plants
from weppbatch.hydrology.state import (
    CoverInput,
    DailyWeather,
    Floats,
    HillslopeInput,
    Layers,
    SoilInput,
)

RILL_SPACING_M, RILL_WIDTH_M = 1.0, 0.15  # where a cover gives none, as in WEPP


def daily_weather(climate: ClimateSeries) -> DailyWeather:
    """The days as the hillslope engine takes them."""
    points = climate.breakpoints
    return DailyWeather(
        latitude_deg=climate.latitude_deg,
        elevation_m=climate.elevation_m,
        year=climate.year,
        month=climate.month,
        day=climate.day,
        precip_mm=climate.precip_mm,
        duration_h=climate.duration_h,
        tp=climate.tp,
        ip=climate.ip,
        tmax_c=climate.tmax_c,
        tmin_c=climate.tmin_c,
        radiation_ly=climate.radiation_ly,
        wind_m_s=climate.wind_m_s,
        tdew_c=climate.tdew_c,
        monthly_mean_c=0.5 * (climate.monthly_tmax_c + climate.monthly_tmin_c),
        breakpoint_start=points.start if points else None,
        breakpoint_time_h=points.time_h if points else None,
        breakpoint_depth_mm=points.depth_mm if points else None,
    )


def hillslope_input(hillslope: Hillslope) -> HillslopeInput:
    """One hillslope as the hillslope engine takes it, named by its topaz_id."""
    name = str(hillslope.topaz_id)
    return plane_input(
        name, hillslope.slope, hillslope.soil, hillslope.cover, hillslope.ksatadj, hillslope.lkeff_mm_h
    )


def plane_input(
    name: str,
    profile: SlopeProfile,
    soil: Soil,
    cover: StaticCover | Management,
    ksatadj: int = 0,
    lkeff_mm_h: float = 0.0,
) -> HillslopeInput:
    """The contents of a .slp, a .sol and a .man file as the hillslope engine takes them.

    A management grows, decays and is worked as its file says; a cover stays as it is.
    """
    begins, rotation = (cover, None) if isinstance(cover, StaticCover) else (cover.cover, rotation_of(cover))
    distance, slope = np.array(profile.points, dtype=np.float64).T
    return HillslopeInput(
        name=name,
        width_m=profile.width_m,
        length_m=profile.length_m,
        distance_fraction=np.ascontiguousarray(distance),
        slope=np.ascontiguousarray(slope),
        soil=SoilInput(
            layers=_layers(soil),
            albedo=soil.albedo,
            initial_saturation=soil.initial_saturation,
            ki_kg_s_m4=soil.ki_kg_s_m4,
            kr_s_m=soil.kr_s_m,
            tauc_n_m2=soil.tauc_n_m2,
            avke_mm_h=soil.avke_mm_h,
            ksatadj=ksatadj,
            lkeff_mm_h=lkeff_mm_h,
            kslast_mm_h=soil.kslast_mm_h if soil.restrictive else None,
            restrictive_thickness_mm=soil.restrictive_thickness_mm,
            ksflag=soil.ksflag,
        ),
        cover=cover_input(begins),
        aspect_deg=profile.aspect_deg,
        rotation=rotation_input(rotation) if rotation else None,
    )


def channel_of(link: ChannelLink, above: Above) -> Channel:
    """One channel as the channel numerics take it."""
    distance, slope = np.array(link.slope.points, dtype=np.float64).T
    return Channel(
        name=str(link.topaz_id),
        length_m=link.slope.length_m,
        width_m=link.slope.width_m,
        distance_fraction=np.ascontiguousarray(distance),
        slope=np.ascontiguousarray(slope),
        drained_m2=above.area_m2,
        path_length_m=above.path_length_m,
        path_drop_m=above.path_drop_m,
    )


def sediment_of(hillslopes: Sequence[Hillslope]) -> Sediment:
    """The size classes in a channel: those of the surface soil beside it, in the mean by area."""
    area_m2 = np.array([hillslope.area_m2 for hillslope in hillslopes])
    sand, clay = (
        float(np.average([getattr(item.soil.layers[0], name) for item in hillslopes], weights=area_m2)) / 100.0
        for name in ("sand_pct", "clay_pct")
    )
    return Sediment.of(sand, clay)


def _layers(soil: Soil) -> Layers:
    """The layers as arrays; NaN where a layer has no value. Version 2006.2 has one anisotropy for all of them."""

    def column(name: str) -> Floats:
        return np.array([getattr(layer, name) for layer in soil.layers], dtype=np.float64)

    columns = {name: column(name) for name in Layers.__dataclass_fields__}
    for_all = soil.restrictive_anisotropy if soil.restrictive else None
    columns["anisotropy"] = np.where(np.isnan(columns["anisotropy"]), for_all or 1.0, columns["anisotropy"])
    return Layers(**columns)


def cover_input(cover: StaticCover) -> CoverInput:
    """A cover as the hillslope engine takes it: what plants and litter are follows from how much they cover."""
    plants = static_plants(cover.canopy_cover, cover.max_lai, cover.plant_height_m)
    return CoverInput(
        canopy_cover=cover.canopy_cover,
        interrill_cover=cover.interrill_cover,
        rill_cover=cover.rill_cover,
        plant_height_m=plants.height_m,
        max_plant_height_m=cover.plant_height_m,
        max_lai=cover.max_lai,
        leaf_area_index=plants.leaf_area_index,
        live_biomass_kg_m2=plants.biomass_kg_m2,
        rooting_depth_m=cover.rooting_depth_m,
        random_roughness_m=cover.random_roughness_m,
        live_root_kg_m2=cover.max_root_mass_kg_m2,
        dead_root_kg_m2=cover.dead_root_mass_kg_m2,
        buried_residue_kg_m2=cover.submerged_residue_kg_m2,
        max_friction=cover.max_live_friction,
        stem_diameter_m=cover.stem_diameter_m,
        light_extinction=cover.extinction,
        rill_spacing_m=cover.rill_spacing_m or RILL_SPACING_M,
        rill_width_m=cover.rill_width_m or RILL_WIDTH_M,
        days_since_disturbance=float(cover.days_since_disturbance),
        rain_since_disturbance_mm=cover.rain_since_disturbance_mm,
    )
