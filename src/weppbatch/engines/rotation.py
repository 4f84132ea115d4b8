"""From a management file's rotation to the tables that the hillslope engine takes; nothing is read or simulated."""

from itertools import pairwise

import numpy as np

from weppbatch.formats.cover import PLANT, StaticCover
from weppbatch.formats.rotation import Crop, Operation, Rotation, Tillage
from weppbatch.hydrology import crop_columns as of
from weppbatch.hydrology.state import Floats, RotationInput

OMITTED = {"optimum_yield"}
COLUMNS = tuple(name for line in PLANT for name in line if name not in OMITTED)
"""The fields of a plant in the order of `crop_columns`."""


def rotation_input(rotation: Rotation) -> RotationInput | None:
    """A rotation as the hillslope engine takes it; None where its cover is static."""
    if rotation.is_static:
        return None
    tilled = bounds([len(crop.tillage) for crop in rotation.crops])
    used = bounds([len(crop.cuts) + len(crop.grazing) for crop in rotation.crops])
    crops = [_crop(crop, tillage, uses) for crop, tillage, uses in zip(rotation.crops, tilled, used, strict=True)]
    tillage = [_tillage(one, rotation.operations) for crop in rotation.crops for one in crop.tillage]
    cuts = [row for crop in rotation.crops for row in _cuts(crop)]
    most = max(len(year) for year in rotation.years)
    years = [[*year, *([-1] * (most - len(year)))] for year in rotation.years]
    first = rotation.plants[0]
    return RotationInput(
        plants=np.array([_plant(plant) for plant in rotation.plants], dtype=np.float64),
        crops=np.array(crops, dtype=np.float64),
        tillage=_table(tillage, of.TILLAGE_COLUMNS),
        cuts=_table(cuts, of.CUT_COLUMNS),
        years=np.array(years, dtype=np.float64),
        residue_plant=rotation.residue_plant - 1,
        ridge_height_m=first.ridge_height_m,
        rills_temporary=first.rill_type == 1,
    )


def bounds(counts: list[int]) -> list[tuple[int, int]]:
    """Where each group of rows begins and ends, one after the other."""
    return list(pairwise([0, *np.cumsum(counts).tolist()]))


def _table(rows: list[list[float]], columns: int) -> Floats:
    """Rows as an array, also where there are none."""
    return np.array(rows, dtype=np.float64).reshape(len(rows), columns)


def _plant(plant: StaticCover) -> list[float]:
    """A plant's row."""
    return [float(getattr(plant, name)) for name in COLUMNS]


def _crop(crop: Crop, tilled: tuple[int, int], used: tuple[int, int]) -> list[float]:
    """A crop's row."""
    burns = crop.residue_option == of.BURNT
    standing = crop.residue_shares[0] if crop.residue_shares else 0.0
    flat = crop.residue_shares[1] if burns else 0.0
    return [
        *(crop.plant - 1, crop.kind, crop.planted, crop.harvested, crop.stopped, crop.row_width_m),
        *(crop.residue_option, crop.residue_day, standing, flat, *tilled, *used),
    ]


def _tillage(one: Tillage, operations: tuple[Operation, ...]) -> list[float]:
    """A pass's row: its day, and what its operation does."""
    by = operations[one.operation - 1]
    return [
        *(one.day, by.code, one.depth_m, one.primary, by.ridge_height_m, by.random_roughness_m, by.disturbed),
        *(by.depth_m, *by.buried_interrill, *by.buried_rill),
        *(max(by.residue_plant - 1, 0), by.residue_added_kg_m2, by.residue_removed),
    ]


def _cuts(crop: Crop) -> list[list[float]]:
    """The rows of a crop's cuts and of its grazing."""
    return [
        *([day, 0.0, 0.0, 0.0, 0.0, 0.0] for day in crop.cuts),
        *(
            [one.first_day, one.last_day, one.animals, one.area_m2, one.body_weight_kg, one.digestibility]
            for one in crop.grazing
        ),
    ]
