"""Task soils: each hillslope's soil, with the erodibility and conductivity of its disturbed class on that texture.

Reads the hillslopes' land use, and the soil map and table that the controls name; writes `soils/soils.parquet` (one
row a hillslope) and `soils/layers.parquet` (one row a layer of each distinct soil). Every soil is checked as WEPP
would get it.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from weppbatch.files import replacing
from weppbatch.formats.soil import Soil, SoilLayer, check_soil
from weppbatch.hydrology.soil_texture import albedo, cropland_erodibility
from weppbatch.nodb.disturbed import Disturbed
from weppbatch.nodb.soils import Soils
from weppbatch.tasks.parameters import (
    ERODIBILITY_COLUMNS,
    LAYER_COLUMNS,
    FixedSoil,
    SoilParameters,
    class_covers,
    fixed_soils,
    soil_parameters,
)
from weppbatch.tasks.run import Metrics, Run
from weppbatch.tasks.soil_horizons import SURFACE_ANISOTROPY, SURFACE_MM, SoilUnit
from weppbatch.tasks.soil_units import MOST_PROBLEMS, UnusableSoils, units_of
from weppbatch.tasks.tables import table_path, table_version

SOILS, LAYERS = "soils/soils.parquet", "soils/layers.parquet"
RESTRICTIVE_THICKNESS_MM = 10_000.0  # as WEPPcloud writes it
FORMAT_WITHOUT_FLOOR = "9002"


@dataclass(frozen=True)
class ClassSoil:
    """The soil of a map unit under a disturbed class, with what soil files that WEPP reads have no place for."""

    soil: Soil
    map_unit: str
    ksatadj: int
    lkeff_mm_h: float


def run(run: Run) -> Metrics:
    """Find the map unit of each hillslope, make its soil, and check it."""
    control, disturbed = run.control(Soils), run.control(Disturbed)
    landuse = pd.read_parquet(run.input("landuse/landuse.parquet"))
    covers = class_covers()
    # What a treatment left of a class may have no soil of its own, and then names whose it has.
    classes: list[str] = landuse.get("soil_class", landuse["disturbed_class"]).tolist()
    needed = [not covers[name].fixed_soil for name in classes]
    found = units_of(run, control, landuse["topaz_id"].tolist(), needed)
    own = run.batch / "_base" / disturbed.lookup_table if disturbed.lookup_table else None
    run.outside(*([own] if own else []))
    maker = Maker(control, disturbed, soil_parameters(own), fixed_soils())
    soils = [maker.soil(unit, name) for unit, name in zip(found.units, classes, strict=True)]
    if maker.problems:
        raise UnusableSoils("soils that WEPP can't take:", maker.problems[:MOST_PROBLEMS])
    table = landuse[["topaz_id", "wepp_id"]].reset_index(drop=True)
    rows = pd.DataFrame([_row(soil, name) for soil, name in zip(soils, classes, strict=True)])
    table = pd.concat([table, rows.assign(dominant_share=found.share)], axis=1)
    distinct = {soil.soil.name: soil.soil for soil in soils}
    layers = pd.DataFrame(
        {"soil_key": name, "layer": number} | {column: getattr(layer, column) for column in LAYER_COLUMNS}
        for name, soil in distinct.items()
        for number, layer in enumerate(soil.layers, 1)
    )
    for name, frame in ((SOILS, table), (LAYERS, layers)):
        with replacing(run.output(name)) as temporary:
            frame.to_parquet(temporary, index=False)
    tables = [own or table_path("soil_parameters"), table_path("fixed_soils"), table_path("soil_profiles")]
    return {
        "hillslopes": len(table),
        "soils": len(distinct),
        "textures": dict(Counter(table["texture"].tolist())),
        "kslast_mm_h": sorted(set(table["kslast_mm_h"].tolist())),
        "mean_dominant_share": round(float(found.share.mean()), 3),
        "maps": found.maps,
        "synthetic": found.synthetic,
        "tables": [table_version(path) for path in tables],
    }


class Maker:
    """Makes the soil of a map unit under a disturbed class, once for each; gathers what is wrong with them."""

    def __init__(
        self,
        control: Soils,
        disturbed: Disturbed,
        parameters: Mapping[tuple[str, str], SoilParameters],
        fixed: Mapping[str, FixedSoil],
    ) -> None:
        self.control, self.parameters, self.fixed = control, parameters, fixed
        self.with_floor = disturbed.soil_format != FORMAT_WITHOUT_FLOOR
        self.problems: list[str] = []
        self._made: dict[tuple[str, str], ClassSoil] = {}
        self._covers = class_covers()

    def soil(self, unit: SoilUnit | None, name: str) -> ClassSoil:
        """The soil of a unit (None: the fixed soil of the class) under the disturbed class `name`."""
        key = unit.key if unit else "", name
        if key not in self._made:
            made = self._of_unit(unit, name) if unit else self._fixed(self.fixed[self._covers[name].fixed_soil])
            self._made[key] = made
            self.problems += [f"{made.soil.name}: {text}" for text in check_soil(made.soil)]
        return self._made[key]

    def _of_unit(self, unit: SoilUnit, name: str) -> ClassSoil:
        """A map unit's layers under a class."""
        found = self.parameters.get((name, unit.texture))
        if found is None:
            self.problems.append(f"there are no soil parameters for '{name}' on '{unit.texture}'")
            found = SoilParameters(name, unit.texture, None, None, None, None, 0, None)
        layers = self._clipped(unit.layers)
        surface = layers[0]
        values = {column: getattr(found, column) for column in ERODIBILITY_COLUMNS}
        keeps_its_own = found.avke_mm_h is None
        if keeps_its_own:
            texture = surface.sand_pct, surface.clay_pct, unit.very_fine_sand_pct
            baseline = cropland_erodibility(*texture, surface.organic_matter_pct, surface.cec_meq_100g)
            values = {column: getattr(baseline, column) for column in ERODIBILITY_COLUMNS}
        else:
            layers = _with_surface(layers, values["avke_mm_h"])
        below = unit.restrictive_ksat_mm_h
        kslast_mm_h = self.control.default_kslast_mm_h if below is None else below / 1000.0
        label = unit.key if unit.key == unit.texture else f"{unit.key}-{unit.texture}"
        soil = Soil(
            name=f"{label}-{name}",
            texture=unit.texture,
            layers=layers,
            albedo=albedo(surface.organic_matter_pct),
            initial_saturation=self.control.initial_saturation,
            ksflag=int(keeps_its_own or self.control.internal_conductivity_adjustment),
            restrictive=True,
            kslast_mm_h=self._kslast(kslast_mm_h),
            restrictive_thickness_mm=RESTRICTIVE_THICKNESS_MM,
            **values,
        )
        floor = found.lkeff_mm_h if self.with_floor and found.lkeff_mm_h is not None else 0.0
        return ClassSoil(soil, unit.key, found.ksatadj, floor)

    def _fixed(self, fixed: FixedSoil) -> ClassSoil:
        """The soil that goes with a land cover."""
        soil = Soil(
            name=fixed.name,
            texture=fixed.texture,
            layers=(fixed.layer,),
            albedo=fixed.albedo,
            initial_saturation=self.control.initial_saturation,
            ki_kg_s_m4=fixed.ki_kg_s_m4,
            kr_s_m=fixed.kr_s_m,
            tauc_n_m2=fixed.tauc_n_m2,
            avke_mm_h=fixed.avke_mm_h,
            ksflag=fixed.ksflag,
            restrictive=True,
            kslast_mm_h=self._kslast(fixed.kslast_mm_h),
            restrictive_thickness_mm=RESTRICTIVE_THICKNESS_MM,
        )
        return ClassSoil(soil, "", 0, 0.0)

    def _kslast(self, from_soil_mm_h: float) -> float:
        """The control's conductivity below the profile, or else the soil's."""
        asked = self.control.kslast_mm_h
        return from_soil_mm_h if asked is None else asked

    def _clipped(self, layers: tuple[SoilLayer, ...]) -> tuple[SoilLayer, ...]:
        """The profile between the least and the largest depth of the control."""
        least, most = self.control.min_depth_mm, self.control.max_depth_mm
        if least is not None and layers[-1].depth_mm < least:
            layers = (*layers[:-1], replace(layers[-1], depth_mm=least))
        if most is not None and layers[-1].depth_mm > most:
            above = [layer for layer in layers if layer.depth_mm < most]
            layers = (*above, replace(layers[len(above)], depth_mm=most))
        return layers


def _with_surface(layers: tuple[SoilLayer, ...], avke_mm_h: float) -> tuple[SoilLayer, ...]:
    """Layers whose upper 200 mm conduct as the class says (WEPPcloud's disturbed soils); split there if need be."""
    found = []
    above_mm = 0.0
    for layer in layers:
        if above_mm < SURFACE_MM:
            foot_mm = min(layer.depth_mm, SURFACE_MM)
            found.append(replace(layer, depth_mm=foot_mm, ksat_mm_h=avke_mm_h, anisotropy=SURFACE_ANISOTROPY))
        if layer.depth_mm > SURFACE_MM:
            found.append(layer)
        above_mm = layer.depth_mm
    return tuple(found)


def _row(found: ClassSoil, disturbed_class: str) -> dict[str, Any]:
    """A hillslope's row of soils.parquet."""
    soil = found.soil
    return {
        "soil_key": soil.name,
        "map_unit": found.map_unit,
        "texture": soil.texture,
        "disturbed_class": disturbed_class,
        **{column: getattr(soil, column) for column in ERODIBILITY_COLUMNS},
        "ksatadj": found.ksatadj,
        "lkeff_mm_h": found.lkeff_mm_h,
        "ksflag": soil.ksflag,
        "albedo": soil.albedo,
        "initial_saturation": soil.initial_saturation,
        "restrictive": soil.restrictive,
        "restrictive_thickness_mm": soil.restrictive_thickness_mm,
        "kslast_mm_h": soil.kslast_mm_h,
        "depth_mm": soil.layers[-1].depth_mm,
    }
