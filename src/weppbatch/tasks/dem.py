"""Task dem: the window of the first elevation source that covers it as `dem/dem.tif`, with its provenance."""

from shapely.geometry import shape

from weppbatch.elevation.cache import DEM_CACHE
from weppbatch.elevation.catalog import source_of
from weppbatch.elevation.choose import choose, files_read
from weppbatch.errors import ConfigError
from weppbatch.files import read_json, write_json
from weppbatch.nodb.ron import Ron
from weppbatch.nodb.watershed import Watershed
from weppbatch.tasks.run import Metrics, Run
from weppbatch.terrain.grid import Grid, write_raster


def run(run: Run) -> Metrics:
    """Fetch, project and check the window; grow it while the basin runs out of it."""
    ron = run.control(Ron)
    if not ron.dem_sources:
        raise ConfigError(
            "no elevation source is set (ron.dem is empty)",
            hint=f"weppbatch add {run.batch.name} dem FILE.tif; runs that are cloned already get it by "
            f"weppbatch push {run.batch.name}",
        )
    base, cache = run.batch / "_base", run.batch / DEM_CACHE
    sources = [
        source_of(spec, base, cache, int(ron.max_window_mb * 1e6), start=run.execution) for spec in ron.dem_sources
    ]
    extent = read_json(run.input("extent.json"))
    asked = Grid(**extent["grid"])
    outlet = run.control(Watershed).outlet_options()  # only for an outlet that was given as a point
    polygon, options = shape(extent["polygon"]), ron.dem_options()
    chosen = choose(sources, polygon, asked, options, run.log, ron.buffer_m, outlet)
    grid, provenance = chosen.grid, chosen.provenance
    write_raster(run.output("dem/dem.tif"), chosen.elevation_m, grid)
    write_json(run.output("dem/provenance.json"), provenance | {"grid": grid.to_json()})
    run.outside(*files_read(provenance))
    for note in provenance.get("notes", []):
        run.warn(note)
    if chosen.degraded:
        run.warn(chosen.degraded, degraded=True)
    metrics: Metrics = {"rows": grid.rows, "cols": grid.cols, "cell_size_m": grid.cell_size_m}
    traffic = provenance["traffic"]
    fetched = {f"fetched_{name}": traffic[name] for name in ("pieces", "bytes", "retries", "wall_s")}
    return metrics | {"source": provenance["spec"], "tiles": len(provenance.get("tiles", [])), **fetched}
