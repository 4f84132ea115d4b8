"""What the page says of the batch as a whole: totals, the main results over all watersheds, and what limits them.

Takes the rows of the runs table; gives plain values and sentences in pieces. No markup here.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from weppbatch.report.shown import Quantity, Text, shown
from weppbatch.report.tables import Row
from weppbatch.tasks import graph

BURNED_NOTE = (
    "On burned slopes every simulated year has the condition of the first year after the fire: a climatology of "
    "that year, not a forecast."
)
MOST_BARS = 200
MOST_STATIONS = 5  # named in a sentence each
TONNES = "sediment_yield_t_yr"
SPREADS = (
    ("precip_mm_yr", "Precipitation", "mm/yr"),
    ("runoff_mm_yr", "Surface runoff", "mm/yr"),
    ("soil_loss_t_ha_yr", "Soil loss on hillslopes", "t/ha/yr"),
    ("sediment_yield_t_ha_yr", "Sediment yield at outlets", "t/ha/yr"),
)


@dataclass(frozen=True)
class Bar:
    """A watershed's bar: its height in percent of the largest."""

    runid: str
    value: Quantity
    height: float


@dataclass(frozen=True)
class Spread:
    """A result over the batch: its mean by area, its range, and a bar a watershed, the largest first."""

    label: str
    mean: Quantity
    range: tuple[Quantity, Quantity] | None
    total: Quantity | None
    bars: tuple[Bar, ...]


@dataclass(frozen=True)
class Caveat:
    """Something without which the figures could be misread: what it is about, and a few sentences."""

    head: str
    text: Text


def totals(rows: Sequence[Row]) -> list[tuple[str, Quantity | str]]:
    """A few figures of the whole batch: label and value; only those that there are."""

    def known(key: str) -> list[float]:
        return [row[key] for row in rows if row[key] is not None]

    areas, hillslopes, channels = known("polygon_area_km2"), known("hillslopes"), known("channels")
    lengths, overlaps = known("channel_length_km"), known("iou")
    figures: list[tuple[str, list[float], Quantity | str]] = [
        ("area of the polygons", areas, Quantity(sum(areas), "km²", 1)),
        ("hillslopes", hillslopes, shown(sum(hillslopes), 0)),
        ("channels", channels, shown(sum(channels), 0)),
        ("length of the channels", lengths, Quantity(sum(lengths), "km", 0)),
        ("median overlap with the basin", overlaps, shown(median(overlaps), 2) if overlaps else ""),
    ]
    return [(label, told) for label, values, told in figures if values]


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
    tonnes = [row[TONNES] for row in rows if row[TONNES] is not None] if key.startswith("sediment") else []
    step = max(1, -(-len(known) // MOST_BARS))
    return Spread(
        label=label,
        mean=Quantity(mean, unit),
        range=(Quantity(values[-1], unit, labelled=False), Quantity(values[0], unit)) if len(values) > 1 else None,
        total=Quantity(sum(tonnes), "t/yr") if tonnes else None,
        bars=tuple(
            Bar(runid, Quantity(value, unit), round(100 * value / (values[0] or 1.0), 1))
            for value, runid, _ in known[::step]
        ),
    )


def caveats(rows: Sequence[Row]) -> list[Caveat]:
    """What a reader of the figures must know: burned condition, synthetic maps, far weather, the model."""
    found = [
        Caveat("Burned condition in every year", _burned(rows)),
        Caveat("Synthetic inputs", _synthetic(rows)),
        Caveat("Weather", _weather(rows)),
        Caveat("Model", _model(rows)),
    ]
    return [caveat for caveat in found if caveat.text]


def _burned(rows: Sequence[Row]) -> Text:
    known = [row["burned_share"] for row in rows if row["burned_share"] is not None]
    burned = [share for share in known if share > 0]
    text = f"{_of(len(burned), len(known))} burned slopes. {BURNED_NOTE} Recovery is not simulated."
    return [text] if burned else []


def _synthetic(rows: Sequence[Row]) -> Text:
    marked = [row for row in rows if row["synthetic"]]
    tasks = [task for task in graph.TASKS if any(task in row["synthetic"].split("; ") for row in marked)]
    names = " and ".join(graph.TASKS[task].label.lower() for task in tasks)
    text = (
        f"The maps behind {names} of {_watersheds(len(marked))} are marked as synthetic: made by a rule, not "
        "observed. What follows from them shows how the batch works, not how the place is."
    )
    return [text] if marked else []


def _weather(rows: Sequence[Row]) -> Text:
    stations: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in rows:
        if row["station"]:
            stations[row["station"], row["weather"]].append(row)
    largest = sorted(stations.items(), key=lambda entry: -len(entry[1]))
    text = [part for (name, weather), group in largest[:MOST_STATIONS] for part in _station(name, weather, group)]
    rest = largest[MOST_STATIONS:]
    if rest:
        text.append(f"{len(rest)} more stations for {_watersheds(sum(len(group) for _, group in rest))}.")
    return text


def _station(name: str, weather: str, rows: Sequence[Row]) -> list[str | Quantity]:
    """One station in a sentence: how its weather was made, for how many watersheds, how far away, how high."""

    def known(key: str) -> list[float]:
        return [row[key] for row in rows if row[key] is not None]

    made = "generated from the statistics of" if weather == "generated" else "from a file of"
    number = next((row["station_id"] for row in rows if row["station_id"]), None)
    years = " to ".join(dict.fromkeys(shown(end, 0) for end in _ends(known("years"))))
    text: list[str | Quantity] = [
        f"{years} {'year' if years == '1' else 'years'} {made} {name}{f' ({number})' if number else ''}"
    ]
    away_km, heights_m = known("station_distance_km"), known("above_station_m")
    if away_km:
        text += [", ", *_range(away_km, "km"), " away"]
    if heights_m and max(heights_m) < 0:
        text += [" and ", *_range([-height for height in heights_m], "m"), " higher"]
    elif heights_m and min(heights_m) > 0:
        text += [" and ", *_range(heights_m, "m"), " lower"]
    return [*text, f", for {_watersheds(len(rows))}. "]


def _model(rows: Sequence[Row]) -> Text:
    simulated = [row for row in rows if row["engine"]]
    engines = ", ".join(sorted({row["engine"] for row in simulated}))
    misses = [row["closure_mm_max"] for row in simulated if row["closure_mm_max"] is not None]
    text = f"Computed by {engines}"
    if any(row["engine"].startswith("embedded") for row in simulated):
        text += ", weppbatch’s own engine after WEPP’s published equations, which is not WEPP itself"
    if misses:
        text += f". The largest miss of any day’s water balance is {max(misses):.0e} mm"
    return [f"{text}."] if simulated else []


def conductivity(rows: Sequence[Row]) -> Text:
    """kslast of the batch in short: the value of most watersheds, and the range where there is more than one."""
    known = [row["kslast_mm_h"] for row in rows if row["kslast_mm_h"] is not None]
    if not known:
        return []
    main = max(sorted(set(known)), key=known.count)
    ends = {row[key] for row in rows for key in ("kslast_mm_h_min", "kslast_mm_h_max") if row[key] is not None}
    text: list[str | Quantity] = [Quantity(main, "mm/h")]
    if len(ends) > 1:
        least, most = Quantity(min(ends), "mm/h", labelled=False), Quantity(max(ends), "mm/h", labelled=False)
        text += [" (", least, " to ", most, " in all)"]
    return text


def _ends(values: Sequence[float]) -> list[float]:
    return [min(values), max(values)] if values else []


def _range(values: Sequence[float], unit: str) -> list[str | Quantity]:
    """Least to largest, whole numbers; the unit stands once."""
    least, most = _ends(values)
    last = Quantity(most, unit, 0)
    if shown(least, 0) == shown(most, 0):
        return [last]
    return [Quantity(least, unit, 0, labelled=False), " to ", last]


def _watersheds(count: int) -> str:
    return f"{count} watershed" if count == 1 else f"{count:,} watersheds"


def _of(part: int, whole: int) -> str:
    """2 of 8 watersheds have."""
    return f"{part:,} of {_watersheds(whole)} {'has' if part == 1 else 'have'}"
