"""A remote file as GDAL reads it: in parts, by ranged requests. It keeps nothing on disk."""

import copy

import rasterio
from rasterio.errors import RasterioError
from rasterio.io import DatasetReader

from weppbatch.elevation.http import MAGIC, PAGE_BYTES, Client, NotARaster, Unsteady, Version, opening, shown
from weppbatch.errors import DataError


class DamagedTile(DataError):
    """A tile on the server is no whole raster."""


class RangedFile:
    """A remote file as GDAL reads it: only the parts that it touches travel, in pages, each once.

    A failure is kept in `failures`, since GDAL swallows what its reader raises.
    """

    def __init__(self, client: Client, url: str) -> None:
        self.client, self.url = client, url
        self.failures: list[Exception] = []
        self.position = 0
        self._pages: dict[int, bytes] = {}
        first, self.version = client.part(url, 0, PAGE_BYTES - 1)
        self.size = self.version.size
        if not first.startswith(MAGIC):
            raise NotARaster(f"{shown(url)} is not a GeoTIFF: {opening(first)}")
        self._pages[0] = first

    def handle(self) -> "RangedFile":
        """Another position in the same file; what was fetched is shared."""
        return copy.copy(self)

    def read(self, count: int = -1) -> bytes:
        """Bytes from the position on; fewer at the end of the file, none after a failure."""
        end = self.size if count < 0 else min(self.position + count, self.size)
        if end <= self.position or self.failures:
            return b""
        numbers = range(self.position // PAGE_BYTES, (end - 1) // PAGE_BYTES + 1)
        lacking = [number for number in numbers if number not in self._pages]
        try:
            if lacking:
                self._fetch(lacking[0], lacking[-1])
        except Exception as error:  # noqa: BLE001 - it goes through GDAL's C code and is raised again behind it
            self.failures.append(error)
            return b""
        content = b"".join(self._pages[number] for number in numbers)
        offset = self.position - numbers[0] * PAGE_BYTES
        part = content[offset : offset + end - self.position]
        self.position = end
        return part

    def _fetch(self, first: int, last: int) -> None:
        end = min((last + 1) * PAGE_BYTES, self.size) - 1
        body, version = self.client.part(self.url, first * PAGE_BYTES, end)
        if version.size != self.size:  # not by its ETag: servers behind one name may differ in it
            raise Unsteady(f"{shown(self.url)} changed while it was read")
        for number in range(first, last + 1):
            start = (number - first) * PAGE_BYTES
            self._pages[number] = body[start : start + PAGE_BYTES]

    def seek(self, offset: int, whence: int = 0) -> int:
        """Move the position, as files do."""
        self.position = offset + (0, self.position, self.size)[whence]
        return self.position

    def tell(self) -> int:
        """The position."""
        return self.position

    def close(self) -> None:
        """Nothing is open; GDAL may open it again."""
        self.position = 0

    def __enter__(self) -> "RangedFile":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class RemoteRaster:
    """A raster read by ranged requests; failures of the network come out under their own names."""

    def __init__(self, client: Client, url: str) -> None:
        self.client, self.url = client, url

    @property
    def version(self) -> Version:
        """Which state of the file is read, once it is open."""
        return self.file.version

    def __enter__(self) -> DatasetReader:
        self.file = RangedFile(self.client, self.url)
        self.env = rasterio.Env(GDAL_DISABLE_READDIR_ON_OPEN="EMPTY_DIR")
        self.env.__enter__()
        try:
            self.raster = rasterio.open("tile.tif", opener=lambda path, mode="rb", **_: self.file.handle())
        except RasterioError as error:
            self.env.__exit__(None, None, None)
            raise self._cause(error) from error
        return self.raster

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        self.raster.close()
        self.env.__exit__(None, None, None)
        if isinstance(error, RasterioError):
            raise self._cause(error) from error

    def _cause(self, error: RasterioError) -> Exception:
        if self.file.failures:
            return self.file.failures[0]
        return DamagedTile(
            f"{shown(self.url)} is damaged or cut short: {error.__cause__ or error}",
            hint="tell who serves it, and list another source behind it",
        )
