"""Working directories: a new one with all controls, a snapshot of a batch's `_base`, and a clone for a run.

Copies are made on JSON alone; nothing is unpickled. Tasks and sentinels are not known here.
"""

import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from weppbatch.errors import ConfigError, InputError
from weppbatch.files import sha256_of_json, shipped, write_bytes, write_json, write_text
from weppbatch.nodb.base import WrongSettings
from weppbatch.nodb.controls import CONTROLS, apply, load
from weppbatch.nodb.pickled import STATE, is_flat, read_document

UPLOADS = "uploads"
SNAPSHOTS = ".snapshots"
CURRENT = "current"


def base_configs() -> dict[str, dict[str, Any]]:
    """The stored base configurations: {name: {"description": text, control: {field: value}}}.

    Raises WrongSettings naming the file and every unknown control, unknown field and wrong value.
    """
    import yaml  # only `create` and `configs` need it

    found = {}
    for path in sorted(shipped("config").joinpath("base").glob("*.yaml")):
        try:
            content = yaml.safe_load(path.read_text(encoding="utf-8"))
        except yaml.YAMLError as error:
            raise ConfigError(f"{path} is not valid YAML: {error}") from error
        check_base_config(content, str(path))
        found[path.stem] = content
    return found


def check_base_config(content: object, where: str) -> None:
    """Raise WrongSettings unless this is a base configuration: a description, and controls with their fields."""
    if not isinstance(content, dict) or not isinstance(content.get("description"), str):
        raise WrongSettings(f"{where}:", ["it has no description"])
    problems = []
    for name, values in content.items():
        if name == "description":
            continue
        if name not in CONTROLS:
            problems.append(f"{name}: no such control; there are {', '.join(CONTROLS)}")
        elif not isinstance(values, dict):
            problems.append(f"{name}: must hold fields and values")
        else:
            problems += [f"{name}.{line}" for line in apply(CONTROLS[name](wd=""), values)[1]]
    if problems:
        raise WrongSettings(f"{where}:", problems)


def scaffold(folder: Path, base_config: Mapping[str, Any], wd: Path | None = None) -> None:
    """Fill a new folder with every control, set as the base configuration says, and a folder for uploads.

    wd: where the folder will lie when it is whole, if it is being staged. Raises WrongSettings.
    """
    check_base_config(dict(base_config), "base configuration")
    (folder / UPLOADS).mkdir(parents=True)
    for name, kind in CONTROLS.items():
        control, _ = apply(kind(wd=str(wd or folder)), dict(base_config.get(name, {})))
        if control is not None:  # checked above
            control.write_to(folder)


def base_hashes(folder: Path) -> dict[str, str]:
    """The SHA-256 of each control's settings in a folder; what drift is told by."""
    return {
        name: sha256_of_json(load(folder, name).settings())
        for name, kind in CONTROLS.items()
        if (folder / kind.filename).exists()
    }


def snapshot(batch: Path) -> str:
    """Copy the controls of `_base` to `.snapshots/<digest>/`, point `current` at it, and return the digest.

    The digest is that of the settings, so that the same settings give the same folder, and nothing is written
    when it is current already. Several processes may do it at once.
    """
    base = batch / "_base"
    missing = [kind.filename for kind in CONTROLS.values() if not (base / kind.filename).exists()]
    if missing:
        raise InputError(f"{base} is incomplete: no {', '.join(missing)}", hint="restore it, or make a new batch")
    digest = sha256_of_json(base_hashes(base))
    if not (batch / SNAPSHOTS / digest).exists():
        digest = _copy_controls(base, batch / SNAPSHOTS)
    pointer = batch / SNAPSHOTS / CURRENT
    if not pointer.exists() or pointer.read_text(encoding="utf-8").strip() != digest:
        write_text(pointer, digest + "\n")
    return digest


def current_snapshot(batch: Path) -> Path:
    """The folder of the snapshot that runs are cloned from. Raises InputError when there is none."""
    pointer = batch / SNAPSHOTS / CURRENT
    if not pointer.exists():
        raise InputError(f"{batch} has no snapshot of _base", hint=f"weppbatch run {batch.name} takes one")
    digest = pointer.read_text(encoding="utf-8").strip()
    folder = batch / SNAPSHOTS / digest
    if not digest or not folder.is_dir():
        raise InputError(f"the snapshot {folder} is missing", hint=f"weppbatch run {batch.name} takes a new one")
    return folder


def clone(snapshot: Path, target_wd: Path, into: Path) -> list[Path]:
    """Write a snapshot's controls into the folder `into`, as they shall be in `target_wd`; returns their paths.

    Only the member `wd` changes. Locks, notes and caches are left behind. Every control is read and checked
    before the first is written. Raises UnsafeState or InputError naming the file.
    """
    documents = {path.name: read_document(path) for path in _controls_in(snapshot)}
    if not documents:
        raise InputError(f"{snapshot} holds no controls")
    into.mkdir(parents=True, exist_ok=True)
    written = []
    for name, document in documents.items():
        state = document if is_flat(document) else document[STATE]
        state["wd"] = str(target_wd)
        write_json(into / name, document)
        written.append(into / name)
    return written


def _controls_in(folder: Path) -> list[Path]:
    """The control files of a folder."""
    paths = (folder / kind.filename for kind in CONTROLS.values())
    return [path for path in paths if path.exists()]


def _copy_controls(base: Path, snapshots: Path) -> str:
    """Copy the controls to `snapshots`/<digest>, whole or not at all; returns the digest of what was copied.

    The digest is taken from the copy, for `_base` may change meanwhile.
    """
    staging = snapshots / f".{os.getpid()}.tmp"
    shutil.rmtree(staging, ignore_errors=True)
    staging.mkdir(parents=True)
    try:
        for path in _controls_in(base):
            write_bytes(staging / path.name, path.read_bytes())
        digest = sha256_of_json(base_hashes(staging))
        try:
            staging.rename(snapshots / digest)
        except OSError:
            if not (snapshots / digest).exists():  # else another process made the same one first
                raise
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return digest
