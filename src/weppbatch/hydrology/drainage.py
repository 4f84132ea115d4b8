"""One of a day's steps of water through the soil: down, up, down the slope, and out of the ground.

A hillslope's record, its layers and what their ice leaves of them in, water moved, amounts (mm) added up. Which
steps a day has, and evaporation, are `day_water`'s part.
"""

from typing import Any

from weppbatch.hydrology import columns as at
from weppbatch.hydrology import soil_water
from weppbatch.hydrology.compiled import kernel
from weppbatch.hydrology.state import Floats


@kernel
def sink(
    site: Any, layers: Floats, water: Floats, ice: Floats, now: Floats, steps: int, wetting: float, amounts: Floats
) -> None:  # fmt: skip
    """Wet the soil by one of a day's steps and let it drain down."""
    if wetting > 0.0:
        soil_water.infiltrate(wetting / steps, water, layers[at.WETTED])
    amounts[at.PERCOLATION] += soil_water.percolate(
        24.0 / steps,
        water,
        ice,
        now[at.HELD],
        layers[at.UPPER],
        now[at.SERIES_K],
        layers[at.EXPONENT],
        site.base_mm_h,
        steps > 1,
    )


@kernel
def flow(
    site: Any, layers: Floats, water: Floats, now: Floats, steps: int, wetting: float, amounts: Floats
) -> None:
    """Let water that no layer holds rise, flow down the slope and out of the ground, in one of a day's steps."""
    soil_water.push_up(water, room_of(layers, now, wetting))
    amounts[at.LATERAL] += flow_down(site, layers, water, now, steps)
    if water[0] > now[at.ROOM, 0]:
        amounts[at.RETURN_FLOW] += water[0] - now[at.ROOM, 0]
        water[0] = now[at.ROOM, 0]


@kernel
def room_of(layers: Floats, now: Floats, wetting: float) -> Floats:
    """What layers have room for: on days without wetting ice takes none and pushes nothing up, as in WEPP."""
    room: Floats = now[at.ROOM] if wetting > soil_water.LEAST_WETTING_MM else layers[at.UPPER]
    return room


@kernel
def flow_down(site: Any, layers: Floats, water: Floats, now: Floats, steps: int) -> float:
    """Lateral flow of one of a day's steps (mm)."""
    hours, length_mm = 24.0 / steps, 1000.0 * site.length_m
    least, thickness, conducts = now[at.LEAST], layers[at.THICKNESS], now[at.LATERAL_K]
    if steps > 1:
        threshold, upper = layers[at.THRESHOLD], layers[at.UPPER]
        return float(
            soil_water.lateral_by_hour(
                hours, water, least, threshold, upper, thickness, conducts, site.sine, length_mm
            )
        )
    room, exponent = now[at.ROOM], layers[at.EXPONENT]
    return float(soil_water.lateral(hours, water, least, room, thickness, conducts, exponent, site.sine, length_mm))
