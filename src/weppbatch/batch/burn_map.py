"""A burn severity map brought into a batch: read as it is coded, kept as four classes, and set.

In: a file. Out: `resources/sbs_map.tif` with classes 0 to 3, the resource, and `disturbed.sbs_map` in `_base`. Each
run's own cells are looked up by its task, nearest neighbour.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from weppbatch.files import sha256_of_file, utc_now
from weppbatch.nodb.controls import set_fields
from weppbatch.terrain.severity_coding import coding_of, write_classes

if TYPE_CHECKING:
    from weppbatch.batch.runner import BatchRunner

CLASSES = "resources/sbs_map.tif"


def register_burn_map(
    batch: "BatchRunner", path: Path, user: str, breaks: tuple[float, float, float] | None = None
) -> dict[str, Any]:
    """Make a map the batch's burn severity and record it; gives the resource as stored.

    Raises what `coding_of` raises; nothing changes then.
    """
    source = path.absolute()
    coding = coding_of(source, breaks)
    with batch.locked() as held:
        target = Path(held.wd, CLASSES)
        target.parent.mkdir(exist_ok=True)
        write_classes(source, coding, target)
        resource = {
            "relative_path": CLASSES,
            "path": str(source),
            "bytes": source.stat().st_size,
            "sha256": sha256_of_file(source),
            "checksum": sha256_of_file(target),
            "coding": coding.how,
            "classes": coding.classes,
            "values": {str(value): severity for value, severity in coding.severity.items()},
            "uploaded_at": utc_now(),
            "uploaded_by": user,
        }
        set_fields(Path(held.wd, "_base"), [f"disturbed.sbs_map=../{CLASSES}"])
        held.register_resource("sbs_map", resource)
    return resource
