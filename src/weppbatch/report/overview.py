"""What the page says of the batch as a whole: totals, the main results over all watersheds, and what limits them.

Takes the rows of the runs table; gives plain values. No markup here.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from weppbatch.report.shown import shown, shown_seconds, shown_short
from weppbatch.report.tables import Row
from weppbatch.tasks import graph

BURNED_NOTE = (
    "On burned slopes every simulated year has the condition of the first year after the fire: a climatology of "
    "that year, not a forecast."
)
MOST_BARS = 200
TONNES = "sediment_yield_t_yr"
SPREADS = (
    ("precip_mm_yr", "Precipitation", "mm/yr"),
    ("runoff_mm_yr", "Surface runoff", "mm/yr"),
    ("soil_loss_t_ha_yr", "Soil loss on hillslopes", "t/ha/yr"),
    ("sediment_yield_t_ha_yr", "Sediment yield at outlets", "t/ha/yr"),
)


@dataclass(frozen=True)
class Spread:
    """A result over the batch: its mean by area, its range, and a bar a watershed, the largest first.

    A bar: run id, value with unit as text, and height in percent of the largest.
    """

    label: str
    unit: str
    mean: str
    lines: tuple[str, ...]
    bars: tuple[tuple[str, str, float], ...]


@dataclass(frozen=True)
class Caveat:
    """Something without which the figures could be misread: what it is about, and a few sentences."""

    head: str
    text: str


def totals(rows: Sequence[Row]) -> list[tuple[str, str]]:
    """A few figures of the whole batch: label and value; only those that there are."""

    def known(key: str) -> list[float]:
        return [row[key] for row in rows if row[key] is not None]

    areas, hillslopes, channels = known("polygon_area_km2"), known("hillslopes"), known("channels")
    lengths, overlaps, seconds = known("channel_length_km"), known("iou"), known("wall_s")
    figures = [
        ("area of the polygons", areas and f"{shown(sum(areas), 1)} km²"),
        ("hillslopes", hillslopes and shown(sum(hillslopes), 0)),
        ("channels", channels and shown(sum(channels), 0)),
        ("length of the channels", lengths and f"{shown(sum(lengths), 0)} km"),
        ("median overlap with the basin", overlaps and shown(median(overlaps), 2)),
        ("time of all tasks", seconds and shown_seconds(sum(seconds))),
    ]
    return [(label, str(text)) for label, text in figures if text]


def spreads(rows: Sequence[Row]) -> list[Spread]:
    """The main results over all watersheds that have them."""
    found = [_spread(rows, *entry) for entry in SPREADS]
    return [spread for spread in found if spread is not None]


def _spread(rows: Sequence[Row], key: str, label: str, unit: str) -> Spread | None:
    known = [(row[key], row["runid"], row["basin_area_km2"] or 0.0) for row in rows if row[key] is not None]
    if not known:
        return None
    known.sort(key=lambda entry: (-entry[0], entry[1]))
    values, area_km2 = [entry[0] for entry in known], sum(entry[2] for entry in known)
    mean = sum(entry[0] * entry[2] for entry in known) / area_km2 if area_km2 else sum(values) / len(values)
    lines = [f"{shown_short(values[-1])} to {shown_short(values[0])}"] if len(values) > 1 else []
    tonnes = [row[TONNES] for row in rows if row[TONNES] is not None]
    if key.startswith("sediment") and tonnes:
        lines.append(f"{shown_short(sum(tonnes))} t/yr in all")
    step = max(1, -(-len(known) // MOST_BARS))
    bars = [
        (runid, f"{shown_short(value)} {unit}", round(100 * value / (values[0] or 1.0), 1))
        for value, runid, _ in known[::step]
    ]
    return Spread(label, unit, shown_short(mean), tuple(lines), tuple(bars))


def caveats(rows: Sequence[Row]) -> list[Caveat]:
    """What a reader of the figures must know: burned condition, synthetic maps, far weather, the model."""
    found = [_burned(rows), _synthetic(rows), _weather(rows), _model(rows)]
    return [Caveat(head, text) for head, text in found if text]


def _burned(rows: Sequence[Row]) -> tuple[str, str]:
    known = [row["burned_share"] for row in rows if row["burned_share"] is not None]
    burned = [share for share in known if share > 0]
    text = f"{_of(len(burned), len(known))} burned slopes. {BURNED_NOTE} Recovery is not simulated."
    return "Burned condition in every year", text if burned else ""


def _synthetic(rows: Sequence[Row]) -> tuple[str, str]:
    marked = [row for row in rows if row["synthetic"]]
    tasks = [task for task in graph.TASKS if any(task in row["synthetic"].split("; ") for row in marked)]
    names = " and ".join(graph.TASKS[task].label.lower() for task in tasks)
    text = (
        f"The maps behind {names} of {_watersheds(len(marked))} are marked as synthetic: made by a rule, not "
        "observed. What follows from them shows how the batch works, not how the place is."
    )
    return "Synthetic inputs", text if marked else ""


def _weather(rows: Sequence[Row]) -> tuple[str, str]:
    stations: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in rows:
        if row["station"]:
            stations[row["station"], row["weather"]].append(row)
    return "Weather", " ".join(_station(name, weather, group) for (name, weather), group in stations.items())


def _station(name: str, weather: str, rows: Sequence[Row]) -> str:
    """One station in a sentence: how its weather was made, for how many watersheds, how far away, how high."""

    def known(key: str) -> list[float]:
        return [row[key] for row in rows if row[key] is not None]

    made = "generated from the statistics of" if weather == "generated" else "from a file of"
    number = next((row["station_id"] for row in rows if row["station_id"]), None)
    years = _range(known("years"))
    text = f"{years} {'year' if years == '1' else 'years'} {made} {name}{f' ({number})' if number else ''}"
    away_km, heights_m = known("station_distance_km"), known("above_station_m")
    if away_km:
        text += f", {_range(away_km)} km away"
    if heights_m and max(heights_m) < 0:
        text += f" and {_range([-height for height in heights_m])} m higher"
    elif heights_m and min(heights_m) > 0:
        text += f" and {_range(heights_m)} m lower"
    return f"{text}, for {_watersheds(len(rows))}."


def _model(rows: Sequence[Row]) -> tuple[str, str]:
    simulated = [row for row in rows if row["engine"]]
    engines = ", ".join(sorted({row["engine"] for row in simulated}))
    misses = [row["closure_mm_max"] for row in simulated if row["closure_mm_max"] is not None]
    text = f"Computed by {engines}"
    if any(row["engine"].startswith("embedded") for row in simulated):
        text += ", weppbatch’s own engine after WEPP’s published equations, which is not WEPP itself"
    if misses:
        text += f". The largest miss of any day’s water balance is {max(misses):.0e} mm"
    return "Model", f"{text}." if simulated else ""


def conductivity(rows: Sequence[Row]) -> str:
    """kslast of the batch in short: the value of most watersheds, and the range where there is more than one."""
    known = [row["kslast_mm_h"] for row in rows if row["kslast_mm_h"] is not None]
    if not known:
        return ""
    main = max(sorted(set(known)), key=known.count)
    ends = {row[key] for row in rows for key in ("kslast_mm_h_min", "kslast_mm_h_max") if row[key] is not None}
    text = f"{shown_short(main)} mm/h"
    return f"{text} ({shown_short(min(ends))} to {shown_short(max(ends))} in all)" if len(ends) > 1 else text


def _range(values: Sequence[float]) -> str:
    """Least to largest, whole numbers."""
    ends = [shown(value, 0) for value in (min(values), max(values))]
    return ends[0] if ends[0] == ends[1] else f"{ends[0]} to {ends[1]}"


def _watersheds(count: int) -> str:
    return f"{count} watershed" if count == 1 else f"{count} watersheds"


def _of(part: int, whole: int) -> str:
    """2 of 8 watersheds have."""
    return f"{part} of {_watersheds(whole)} {'has' if part == 1 else 'have'}"
