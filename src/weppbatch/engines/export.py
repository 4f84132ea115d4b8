"""Writes a watershed as WEPP's own input files, hillslopes and channels, for a WEPP of the user's own.

p<wepp_id>.slp .sol .man .cli and .run for every hillslope, pw0.* for the channels, and the side files that WEPP
reads when it finds them. All climates are one file under many names (hard links where the disk allows). Nothing is
run here.
"""

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from weppbatch.engines.watershed import ChannelLink, Hillslope, Watershed
from weppbatch.engines.wepp_settings import WeppSettings
from weppbatch.errors import InputProblems
from weppbatch.files import fsync_folder, write_text
from weppbatch.formats.climate_cli import write_climate
from weppbatch.formats.management import StaticCover, static_management, write_management
from weppbatch.formats.slope import write_slope
from weppbatch.formats.soil import Soil, SoilLayer, write_soil
from weppbatch.formats.wepp_run import WATERSHED_INPUTS, hillslope_run, watershed_run
from weppbatch.formats.wepp_structure import SIDES, ChannelBed, Element, write_channels, write_structure

SUFFIXES = (".slp", ".sol", ".man", ".cli", ".run")
CHANNEL_DEPTH_MM = 400.0
CHANNEL_COVER = StaticCover("channel", 0.05, 0.2, 0.2, 0.1, 2.0, 0.3, 0.02)  # nearly bare, as in WEPP's examples
TEXTURE = ("sand_pct", "clay_pct", "organic_matter_pct", "cec_meq_100g", "rock_pct")


def export_watershed(
    watershed: Watershed,
    folder: Path,
    settings: WeppSettings | None = None,
    log: Callable[[str], None] = lambda _: None,
) -> int:
    """Write the input files of every hillslope and of the channels into a folder, in place of what it held.

    Returns the number of files. The folder appears whole: files are made beside it and renamed. Soils are in
    version 7778, which has no place for ksatadj and lkeff (the comment names them); WEPP takes conductivity from
    the layers. Raises InputProblems when a profile, soil, cover or the network can't be written.
    """
    staging = folder.with_name(f".{folder.name}.tmp")
    shutil.rmtree(staging, ignore_errors=True)
    staging.mkdir(parents=True)
    try:
        write_inputs(watershed, staging, settings or WeppSettings())
        count = len(list(staging.iterdir()))
        fsync_folder(staging)
        shutil.rmtree(folder, ignore_errors=True)
        staging.rename(folder)
        fsync_folder(folder.parent)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    log(f"{count} files of {len(watershed.hillslopes)} hillslopes in {folder}")
    return count


def numbered(watershed: Watershed) -> Sequence[Hillslope]:
    """The hillslopes as WEPP counts them, from 1: in the order of their wepp_id."""
    return sorted(watershed.hillslopes, key=lambda hillslope: hillslope.wepp_id)


def write_inputs(watershed: Watershed, folder: Path, settings: WeppSettings) -> None:
    """All files of a watershed, into a folder that is there; see `export_watershed`."""
    years = watershed.climate.years
    climate = folder / "pw0.cli"
    write_climate(climate, watershed.climate)
    for hillslope in watershed.hillslopes:
        stem = folder / f"p{hillslope.wepp_id}"
        write_slope(stem.with_suffix(".slp"), [hillslope.slope])
        write_soil(stem.with_suffix(".sol"), hillslope.soil)
        write_management(stem.with_suffix(".man"), hillslope.cover, years)
        write_text(stem.with_suffix(".run"), hillslope_run(hillslope.wepp_id, years))
        _same_file(climate, stem.with_suffix(".cli"))
    _write_channels(watershed, folder, settings)
    outlet = len(watershed.hillslopes) + len(watershed.channels)
    for name, text in settings.side_files(outlet).items():
        write_text(folder / name, text)


def _write_channels(watershed: Watershed, folder: Path, settings: WeppSettings) -> None:
    """The channels as the elements that follow the hillslopes, upstream first."""
    links, years = watershed.downstream_order, watershed.climate.years
    structure, channel_file, management, slope, _, soil = (folder / name for name in WATERSHED_INPUTS)
    write_structure(structure, _elements(watershed), len(watershed.hillslopes))
    chosen = settings.channel
    beds = [
        ChannelBed(
            name=f"channel {link.topaz_id}",
            manning_bare=chosen.manning_bare,
            manning=chosen.manning_vegetated,
            erodibility_s_m=chosen.erodibility_s_m,
            critical_shear_n_m2=chosen.critical_shear_n_m2,
        )
        for link in links
    ]
    write_channels(channel_file, beds, peaks=settings.peaks, length_width_ratio=settings.length_width_ratio)
    write_slope(slope, [link.slope for link in links], channels=True)
    write_management(management, static_management(CHANNEL_COVER, years, flow_elements=len(links)))
    write_soil(soil, [_channel_soil(watershed, link, settings) for link in links], version="2006.2")
    wepp_ids = [hillslope.wepp_id for hillslope in numbered(watershed)]
    write_text(folder / "pw0.run", watershed_run(wepp_ids, years))


def _elements(watershed: Watershed) -> list[Element]:
    """Every channel with what drains into it. Raises InputProblems for a side that two hillslopes share."""
    hillslope_number = {hillslope.topaz_id: at for at, hillslope in enumerate(numbered(watershed), 1)}
    first = len(hillslope_number) + 1
    channel_number = {link.topaz_id: at for at, link in enumerate(watershed.downstream_order, first)}
    elements, problems = [], []
    for link in watershed.downstream_order:
        sides = dict.fromkeys(SIDES, 0)
        for hillslope in watershed.sides[link.topaz_id]:
            if sides.get(hillslope.position) != 0:
                problems.append(f"hillslope {hillslope.topaz_id} has no place at channel {link.topaz_id}")
            sides[hillslope.position] = hillslope_number[hillslope.topaz_id]
        inflows = [channel_number[inflow.topaz_id] for inflow in watershed.upstream[link.topaz_id]]
        if len(inflows) > len(SIDES):
            problems.append(f"{len(inflows)} channels flow into channel {link.topaz_id}; WEPP takes {len(SIDES)}")
        left, right, top = (*inflows, 0, 0, 0)[:3]
        elements.append(Element((sides["left"], sides["right"], sides["top"]), (left, right, top)))
    if problems:
        raise InputProblems(f"the channels of run {watershed.runid} can't be written for WEPP", problems)
    return elements


def _channel_soil(watershed: Watershed, link: ChannelLink, settings: WeppSettings) -> Soil:
    """The soil under a channel: the texture and what lies below of the soils beside it, in the mean by area."""
    beside = watershed.sides[link.topaz_id] or watershed.hillslopes
    area_m2 = [hillslope.area_m2 for hillslope in beside]
    texture = {
        name: float(np.average([getattr(item.soil.layers[0], name) for item in beside], weights=area_m2))
        for name in TEXTURE
    }
    below = [item.soil.kslast_mm_h if item.soil.restrictive else np.nan for item in beside]
    known = np.isfinite(below)
    kslast = float(np.average(np.array(below)[known], weights=np.array(area_m2)[known])) if known.any() else 0.0
    like = beside[0].soil
    return Soil(
        name="channel",
        texture=like.texture,
        layers=(SoilLayer(depth_mm=CHANNEL_DEPTH_MM, **texture),),
        albedo=like.albedo,
        initial_saturation=like.initial_saturation,
        ki_kg_s_m4=like.ki_kg_s_m4,
        kr_s_m=settings.channel.erodibility_s_m,
        tauc_n_m2=settings.channel.critical_shear_n_m2,
        avke_mm_h=settings.channel.avke_mm_h,
        restrictive=bool(known.any()),
        kslast_mm_h=kslast,
        comment="channels",
    )


def _same_file(source: Path, target: Path) -> None:
    """Another name for a file, or a copy where the disk has no hard links."""
    try:
        target.hardlink_to(source)
    except OSError:
        shutil.copyfile(source, target)
