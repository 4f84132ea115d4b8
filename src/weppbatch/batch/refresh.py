"""Fetched elevation tiles against the server: which have changed there since, and which runs were made from them.

In: a batch that has fetched. Out: the runs concerned; the changed tiles' pieces count no longer, so that the next
fetch brings them anew. Boxes of services carry no mark by which a change could be seen.
"""

from collections.abc import Callable, Iterator

from weppbatch.batch.plan import Plan
from weppbatch.elevation.cache import DEM_CACHE
from weppbatch.elevation.catalog import source_of
from weppbatch.elevation.http import Missing
from weppbatch.elevation.remote import RemoteTiles
from weppbatch.errors import InputError
from weppbatch.files import read_json
from weppbatch.terrain.grid import Grid


def forget_changed(plan: Plan, log: Callable[[str], None]) -> list[str]:
    """Ask for every fetched tile whether it is still the same, forget those that are not, and give their runs.

    Raises NetworkError when a server does not answer; what was found by then is forgotten.
    """
    users: dict[tuple[str, str], list[str]] = {}
    sources: dict[str, RemoteTiles] = {}
    addresses: dict[tuple[str, str], str] = {}
    for runid, spec, grid, tiles in _fetched(plan):
        if spec not in sources:
            source = source_of(spec, plan.folder / "_base", plan.folder / DEM_CACHE, 0)
            if not isinstance(source, RemoteTiles):
                continue
            sources[spec] = source
        for tile, url in sources[spec].addresses(grid):
            if tile not in tiles:
                continue
            users.setdefault((spec, tile), []).append(runid)
            addresses[spec, tile] = url
    concerned: dict[str, None] = {}
    for (spec, tile), runids in users.items():
        if _has_changed(sources[spec], tile, addresses[spec, tile]):
            log(f"{tile} has changed on its server; {len(runids)} runs were made from it")
            sources[spec].cache.forget(tile)
            concerned |= dict.fromkeys(runids)
    return list(concerned)


def _fetched(plan: Plan) -> Iterator[tuple[str, str, Grid, list[str]]]:
    """The runs with elevations from a remote source: run id, source, window, and the tiles that were used."""
    for runid in plan.runids:
        path = plan.folder / "runs" / runid / "dem" / "provenance.json"
        try:
            provenance = read_json(path)
        except (FileNotFoundError, InputError):
            continue
        spec = str(provenance.get("spec", ""))
        if "://" in spec and plan.task_files(runid, "dem").sentinel.exists():
            yield runid, spec, Grid(**provenance["grid"]), provenance.get("tiles", [])


def _has_changed(source: RemoteTiles, tile: str, url: str) -> bool:
    """Whether pieces of a tile are of another state than the server has now, or of one that nobody noted.

    So it is, too, when they were forgotten and the run that used them was not made again.
    """
    kept = source.cache.versions_of(tile)
    try:
        _, now = source.client.part(url, 0, 0)
    except Missing:
        return True
    return not kept or any(version != now.to_json() for version in kept)
