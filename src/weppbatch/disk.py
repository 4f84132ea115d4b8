"""A full disk: told from other failures, however it shows itself.

Python's own writes say so; tools and libraries often report something else, or nothing, when their last bytes found
no room. Standard library only.
"""

import errno
import shutil
from pathlib import Path

from weppbatch.errors import DataError, EngineError, ResourceError

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
NEARLY_NONE_BYTES = 1 << 20
LIBRARIES = ("rasterio", "pyogrio", "sqlite3", "pyarrow")


class DiskFull(ResourceError):
    """There is no room left on the disk, or a file would be larger than is allowed."""


def disk_full(error: BaseException, folder: Path) -> DiskFull | None:
    """The error as what it is when a full disk is behind it, else None.

    folder: where was written. What a tool or library reports is believed unless hardly any room is left there.
    """
    if isinstance(error, DiskFull):
        return error
    outright = isinstance(error, OSError) and error.errno in FULL
    free = shutil.disk_usage(folder).free
    library = type(error).__module__.partition(".")[0]
    suspicious = isinstance(error, EngineError | DataError | OSError) or library in LIBRARIES
    if not outright and not (suspicious and free < NEARLY_NONE_BYTES):
        return None
    return DiskFull(
        f"no room on the disk ({free / 1e6:.1f} MB left in {folder}): {error}",
        hint="free some space, or raise the quota, and run again; what is done stays done",
    )
