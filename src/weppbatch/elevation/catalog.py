"""How settings name elevation sources, and the source behind each name.

A path is a raster, mosaic or folder of tiles; https://... a raster or, with {placeholders}, a template of tiles;
copernicus://, 3dep://, 3dep-service:// and opentopography:// are known ones. Nothing is opened here.
"""

from pathlib import Path
from urllib.parse import parse_qsl, urldefrag, urlsplit

from weppbatch.elevation.cache import Cache, slug
from weppbatch.elevation.http import Client, Manners
from weppbatch.elevation.local import LocalRaster, TileFolder
from weppbatch.elevation.remote import RemoteTiles
from weppbatch.elevation.service import BoxService, opentopography, seamless_3dep
from weppbatch.elevation.source import DemSource
from weppbatch.errors import ConfigError

COPERNICUS = (
    "https://copernicus-dem-30m.s3.amazonaws.com/Copernicus_DSM_COG_10_{NS}{lat:02d}_00_{EW}{lon:03d}_00_DEM/"
    "Copernicus_DSM_COG_10_{NS}{lat:02d}_00_{EW}{lon:03d}_00_DEM.tif"
)
USGS = (
    "https://prd-tnm.s3.amazonaws.com/StagedProducts/Elevation/%s/TIFF/current/{ns_top}{top:02d}{ew}{lon:03d}/"
    "USGS_%s_{ns_top}{top:02d}{ew}{lon:03d}.tif"
)
TILES = {
    "copernicus://glo30": ("Copernicus DEM GLO-30", COPERNICUS, 1.0),
    "3dep://1": ("USGS 3DEP, 1 arc-second", USGS % ("1", "1"), 1.0),
    "3dep://13": ("USGS 3DEP, 1/3 arc-second", USGS % ("13", "13"), 1.0 / 3.0),
}
# The global datasets of OpenTopography with the arc-seconds of their cells.
GLOBAL = {
    "SRTMGL3": 3.0, "SRTMGL1": 1.0, "SRTMGL1_E": 1.0, "AW3D30": 1.0, "AW3D30_E": 1.0, "NASADEM": 1.0,
    "COP30": 1.0, "COP90": 3.0, "EU_DTM": 1.0,
}  # fmt: skip
SERVICE_3DEP = {10: 1.0 / 3.0, 30: 1.0, 60: 2.0}
OPTIONS = ("tile", "arcsec", "product", "requests_per_s", "timeout_s", "attempts", "wait_s")


class UnknownSource(ConfigError):
    """The text names no elevation source that there is."""


def source_of(spec: str, base: Path, cache: Path, max_bytes: int, *, start: str = "") -> DemSource:
    """The source that a setting names; relative paths lie in `base`, fetched pieces below `cache`.
    Tiles that a server has not are asked for once within a `start`.

    Raises UnknownSource, BadTemplate.
    """
    if "://" not in spec:
        path = base / spec
        if path.is_dir():
            return TileFolder(spec, path, cache / f"{slug(path.name)}-mosaics")
        return LocalRaster(spec, path)
    check_spec(spec)
    address, options = _options(spec)
    scheme, _, rest = address.partition("://")
    store = Cache.of(cache, address)
    manners = Manners(
        timeout_s=float(options.get("timeout_s", 30.0)),
        attempts=int(options.get("attempts", 5)),
        first_wait_s=float(options.get("wait_s", 0.5)),
        requests_per_s=float(options.get("requests_per_s", 20.0)),
    )
    host = urlsplit(address).netloc if scheme in ("http", "https") else scheme
    client = Client(cache / f".{slug(host)}.pace", manners)
    if scheme == "opentopography":
        ask = opentopography(rest, client, max_bytes)
        product = f"OpenTopography globaldem, {rest}"
        return BoxService(spec, product, store, ask, GLOBAL[rest], max_bytes, client.traffic, start)
    if scheme == "3dep-service":
        side_m = int(rest)
        return BoxService(
            spec,
            f"USGS 3DEP service, {side_m} m",
            store,
            seamless_3dep(side_m),
            SERVICE_3DEP[side_m],
            max_bytes,
            start=start,
        )
    known = TILES.get(address)
    product, template, arcsec = known or (options.get("product", "raster behind a URL"), address, None)
    nominal = float(options["arcsec"]) if "arcsec" in options else arcsec
    tile_deg = float(options.get("tile", 1.0))
    return RemoteTiles(spec, template, store, client, str(product), tile_deg, nominal, max_bytes, start)


def check_spec(spec: str) -> None:
    """Raise UnknownSource when a text with :// names nothing that there is; paths are not looked at."""
    if "://" not in spec:
        return
    address, options = _options(spec)
    scheme, _, rest = address.partition("://")
    listed = [*TILES, *(f"3dep-service://{side}" for side in SERVICE_3DEP), "opentopography://COP30 (and others)"]
    known = (
        address in TILES
        or (scheme == "opentopography" and rest in GLOBAL)
        or (scheme == "3dep-service" and rest.isdigit() and int(rest) in SERVICE_3DEP)
        or (scheme in ("http", "https") and bool(urlsplit(address).netloc))
    )
    if not known:
        raise UnknownSource(
            f"there is no elevation source '{spec}'", hint=f"there are {', '.join(listed)}, https://..."
        )
    for name, text in options.items():
        if name not in OPTIONS:
            raise UnknownSource(f"'{name}' in {spec} is no option", hint=f"there are {', '.join(OPTIONS)}")
        if name != "product" and not _is_positive(text):
            raise UnknownSource(f"'{name}={text}' in {spec} is not a number above 0")


def _is_positive(text: str) -> bool:
    try:
        return 0 < float(text) < 1e6
    except ValueError:
        return False


def _options(spec: str) -> tuple[str, dict[str, str]]:
    """The address, and the options behind a `#`: https://host/{lat}.tif#tile=0.5&arcsec=1."""
    address, fragment = urldefrag(spec)
    return address, dict(parse_qsl(fragment))
