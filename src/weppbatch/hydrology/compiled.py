"""The decorator of every compiled function here, and where their machine code is kept.

Numba keeps a function's code until its own file changes, though the functions it calls live in other files. So
the code lies in a folder named for all of this room's sources: whoever changes one of them gets fresh code. This
module compiles nothing itself.
"""

import hashlib
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar, cast

import numba

Function = TypeVar("Function", bound=Callable[..., object])


def sources_digest(folder: Path) -> str:
    """A short digest of all Python files in a folder."""
    digest = hashlib.sha256(numba.__version__.encode())
    for path in sorted(folder.glob("*.py")):
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def cache_folder() -> Path:
    """Where compiled code is kept: WEPPBATCH_CACHE, else the user's cache, else a temporary folder."""
    roots = [os.environ.get("WEPPBATCH_CACHE"), os.environ.get("XDG_CACHE_HOME")]
    candidates = [Path(root) for root in roots if root]
    candidates += [Path.home() / ".cache", Path(tempfile.gettempdir()) / f"weppbatch-{os.getuid()}"]
    for candidate in candidates:
        folder = candidate / "weppbatch" / "hydrology" / sources_digest(Path(__file__).parent)
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError:
            continue
        if os.access(folder, os.W_OK):
            return folder
    return Path(tempfile.mkdtemp(prefix="weppbatch-"))


_FOLDER = str(cache_folder())


def kernel(function: Function) -> Function:
    """Compile a function to machine code that runs without the interpreter's lock, and keep the code on disk.

    A division by zero gives infinity or NaN, as in NumPy; the engine refuses results that are not finite. The code
    becomes part of its callers': an array is passed as seven numbers, which takes longer than most kernels do.
    """
    config = vars(numba.config)
    before = config["CACHE_DIR"]
    config["CACHE_DIR"] = _FOLDER
    try:
        compiled = numba.njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
        return cast(Function, compiled(function))
    finally:
        config["CACHE_DIR"] = before
