"""How QGIS draws the layers of a batch: styles by soil loss, runoff, severity and state, kept in the GeoPackage.

Takes classes and a file; gives QML in the table `layer_styles`, in which QGIS looks for them. Draws nothing itself.
"""

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5
from xml.etree import ElementTree

from weppbatch.disk import DiskFull
from weppbatch.files import utc_now
from weppbatch.report.measures import MEASURES, SEVERITIES, SHARE_BOUNDS
from weppbatch.report.scales import round_bounds
from weppbatch.report.shown import shown_short

# The colours are those of the report's page (report.css, light).
EARTH = ("#fff3c9", "#fedd8f", "#fdb351", "#ee7d22", "#bf4a0a", "#7a2806")
WATER = ("#e4eff5", "#bcd9e6", "#86bbd4", "#4b98bf", "#22709f", "#0b4472")
SLOPE = ("#f8f3df", "#efdfb4", "#e2c284", "#cb9a58", "#a66f38", "#74461f")
RAMPS = {"earth": EARTH, "water": WATER}
STATES = {
    "succeeded": "#00755a",
    "degraded": "#9a6a00",
    "failed": "#b7410e",
    "interrupted": "#97437b",
    "stale": "#6a5aa8",
    "running": "#0b6fb0",
}
WAITING, NO_RESULT, RIVER, OUTLET = "#69767c", "#d9dfe1", "#2b7bba", "#1d2a30"
BURNED = dict(zip(SEVERITIES, ("#e8ecdf", "#fedd8f", "#ee7d22", "#7a2806"), strict=True))
SLOPE_BOUNDS = (0.1, 0.2, 0.3, 0.4, 0.5)
MORE_ROOM = "free some space, then: weppbatch report"
ORDERS = 5  # the line of a channel grows with its order up to this one

TABLE = """CREATE TABLE layer_styles (
  id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, f_table_catalog TEXT(256), f_table_schema TEXT(256),
  f_table_name TEXT(256), f_geometry_column TEXT(256), styleName TEXT(30), styleQML TEXT, styleSLD TEXT,
  useAsDefault BOOLEAN, description TEXT, owner TEXT(30), ui TEXT(30),
  update_time DATETIME DEFAULT CURRENT_TIMESTAMP
)"""  # as QGIS itself makes it


@dataclass(frozen=True)
class Rule:
    """Which features are drawn in one colour: a QGIS expression ('' for the rest), and the legend's words."""

    where: str
    label: str
    colour: str
    size: float = 0.1  # mm: of an outline, a line, or a point


@dataclass(frozen=True)
class Style:
    """One way to draw a layer; `kind`: fill, line or marker."""

    layer: str
    name: str
    kind: str
    rules: Sequence[Rule]


def styles(runs: Mapping[str, Iterable[float | None]], parts: Mapping[str, Iterable[float]]) -> list[Style]:
    """The styles of all layers, of each layer its default first.

    runs, parts: the results of watersheds and of subcatchments, by column, for their classes. A result that nothing
    has makes no style.
    """
    return [
        *_measured("watersheds", runs),
        Style("watersheds", "State", "fill", state_rules()),
        *_measured("subcatchments", parts),
        Style("subcatchments", "Burn severity", "fill", severity_rules()),
        Style("subcatchments", "Slope", "fill", class_rules("slope_scalar", SLOPE_BOUNDS, SLOPE, "", percent=True)),
        Style("channels", "Strahler order", "line", order_rules()),
        Style("outlets", "Fit", "marker", outlet_rules()),
    ]


def _measured(layer: str, values: Mapping[str, Iterable[float | None]]) -> list[Style]:
    """A style for each result that a layer has."""
    made = []
    for column, (label, unit, ramp) in MEASURES.items():
        known = [value for value in values.get(column, ()) if value is not None]
        share = column == "burned_share"
        if known and (not share or max(known) > 0):
            bounds = SHARE_BOUNDS if share else round_bounds(known)
            rules = class_rules(column, bounds, RAMPS[ramp], unit, percent=share)
            made.append(Style(layer, label, "fill", rules))
    return made


def class_rules(
    column: str, bounds: Sequence[float], ramp: Sequence[str], unit: str, *, percent: bool = False
) -> list[Rule]:
    """Classes between bounds, in words such as `0.5 to 1 t/ha/yr`; the last rule is for what has no result."""

    def said(value: float) -> str:
        return shown_short(100 * value if percent else value)

    rules, ends = [], [None, *bounds, None]
    for place, (low, high) in enumerate(pairwise(ends)):
        limits = [f'"{column}" >= {low!r}'] if low is not None else []
        limits += [f'"{column}" < {high!r}'] if high is not None else []
        where = " AND ".join(limits) or f'"{column}" IS NOT NULL'
        if low is None:
            label = f"under {said(high)}" if high is not None else "about the same everywhere, in"
        else:
            label = f"{said(low)} and more" if high is None else f"{said(low)} to {said(high)}"
        shade = round(place * (len(ramp) - 1) / len(bounds)) if bounds else 2
        rules.append(Rule(where, f"{label} {'%' if percent else unit}".strip(), ramp[shade]))
    return [*rules, Rule("", "no result", NO_RESULT)]


def state_rules() -> list[Rule]:
    """A colour for each state of a run."""
    told = [Rule(f"\"status\" = '{state}'", state, colour, 0.3) for state, colour in STATES.items()]
    return [*told, Rule("", "waiting, excluded or not selected", WAITING, 0.3)]


def severity_rules() -> list[Rule]:
    """A colour for each burn severity of the map."""
    told = [Rule(f"\"burn_class\" = '{name}'", name, colour) for name, colour in BURNED.items()]
    return [*told, Rule("", "not known", NO_RESULT)]


def order_rules() -> list[Rule]:
    """A broader line for a higher order."""
    told = [Rule(f'"order" = {order}', f"order {order}", RIVER, 0.16 + 0.14 * order) for order in range(1, ORDERS)]
    return [*told, Rule("", f"order {ORDERS} and more", RIVER, 0.16 + 0.14 * ORDERS)]


def outlet_rules() -> list[Rule]:
    """Outlets that should be looked at stand out."""
    return [Rule("\"flags\" <> ''", "look at this outlet", STATES["failed"], 3.0), Rule("", "outlet", OUTLET, 2.0)]


def write_styles(package: Path, layers: Sequence[Style]) -> None:
    """Put styles into a GeoPackage that has none yet; a layer's first one is its default.

    Raises DiskFull when the package could not be written whole, which GDAL does not say as it closes a file.
    """
    try:
        with closing(sqlite3.connect(package)) as database:
            _insert(database, layers)
            pages, page_bytes = (
                database.execute(f"PRAGMA {of}").fetchone()[0] for of in ("page_count", "page_size")
            )
    except sqlite3.Error as error:
        raise DiskFull(f"{package} could not be written whole: {error}", hint=MORE_ROOM) from error
    if package.stat().st_size != pages * page_bytes:
        raise DiskFull(f"{package} could not be written whole", hint=MORE_ROOM)


def _insert(database: sqlite3.Connection, layers: Sequence[Style]) -> None:
    with database:
        database.execute(TABLE)
        database.execute(
            "INSERT INTO gpkg_contents (table_name, data_type, identifier, description, srs_id) "
            "VALUES ('layer_styles', 'attributes', 'layer_styles', 'how QGIS draws the layers', 0)"
        )
        seen, made_at = set[str](), utc_now()
        for style in layers:
            database.execute(
                "INSERT INTO layer_styles (f_table_catalog, f_table_schema, f_table_name, f_geometry_column, "
                "styleName, styleQML, styleSLD, useAsDefault, description, owner, update_time) "
                "VALUES ('', '', ?, 'geom', ?, ?, '', ?, ?, 'weppbatch', ?)",
                (
                    style.layer,
                    style.name,
                    qml(style),
                    style.layer not in seen,
                    f"{style.name} of {style.layer}",
                    made_at,
                ),
            )
            seen.add(style.layer)


def qml(style: Style) -> str:
    """A style as QGIS reads it: a rule for each class."""
    root = ElementTree.Element("qgis", version="3.22.0", styleCategories="Symbology")
    renderer = ElementTree.SubElement(root, "renderer-v2", type="RuleRenderer", symbollevels="0", enableorderby="0")
    rules = ElementTree.SubElement(renderer, "rules", key=_key(style, "root"))
    symbols = ElementTree.SubElement(renderer, "symbols")
    for place, rule in enumerate(style.rules):
        ElementTree.SubElement(
            rules,
            "rule",
            key=_key(style, str(place)),
            symbol=str(place),
            label=rule.label,
            filter=rule.where or "ELSE",
        )
        symbols.append(_symbol(style.kind, rule, str(place)))
    ElementTree.SubElement(root, "layerGeometryType").text = {"marker": "0", "line": "1", "fill": "2"}[style.kind]
    return "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n" + ElementTree.tostring(root, "unicode")


def _symbol(kind: str, rule: Rule, name: str) -> ElementTree.Element:
    symbol = ElementTree.Element("symbol", name=name, type=kind, alpha="1", clip_to_extent="1", force_rhr="0")
    drawn = {"fill": "SimpleFill", "line": "SimpleLine", "marker": "SimpleMarker"}[kind]
    values: dict[str, Any] = {
        "fill": {
            "color": _rgba(rule.colour),
            "style": "solid",
            "outline_color": _rgba("#56666e"),
            "outline_style": "solid",
            "outline_width": rule.size,
            "outline_width_unit": "MM",
        },
        "line": {
            "line_color": _rgba(rule.colour),
            "line_style": "solid",
            "line_width": rule.size,
            "line_width_unit": "MM",
            "capstyle": "round",
            "joinstyle": "round",
        },
        "marker": {
            "name": "circle",
            "color": _rgba(rule.colour),
            "outline_color": _rgba("#ffffff"),
            "outline_width": 0.3,
            "size": rule.size,
            "size_unit": "MM",
        },
    }[kind]
    layer = ElementTree.SubElement(symbol, "layer", {"class": drawn, "enabled": "1", "locked": "0", "pass": "0"})
    options = ElementTree.SubElement(layer, "Option", type="Map")
    for key, value in values.items():
        ElementTree.SubElement(options, "Option", name=key, type="QString", value=str(value))
        ElementTree.SubElement(layer, "prop", k=key, v=str(value))  # as QGIS before 3.26 reads it
    return symbol


def _rgba(colour: str) -> str:
    return ",".join(str(int(colour[place : place + 2], 16)) for place in (1, 3, 5)) + ",255"


def _key(style: Style, part: str) -> str:
    """A rule's id: the same for the same style, so that the file's bytes follow from its content."""
    return "{" + str(uuid5(NAMESPACE_URL, f"weppbatch/{style.layer}/{style.name}/{part}")) + "}"
