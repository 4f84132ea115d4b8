"""Loads compiled functions from their caches on disk, so that forked tasks find them in memory.

Compiles nothing: a kernel that no task has compiled yet is left to the first task that needs it.
"""

import sys
from collections.abc import Iterator
from typing import Any

from numba.core.dispatcher import Dispatcher


def kernels() -> Iterator[Any]:
    """The compiled functions of all modules of weppbatch that are imported."""
    for name, module in list(sys.modules.items()):
        if name.startswith("weppbatch."):
            for value in vars(module).values():
                if isinstance(value, Dispatcher) and value.py_func.__module__ == name:
                    yield value


def load_kernels() -> int:
    """Load every signature that is in a kernel's cache and not in memory; how many these were.

    Numba has no public way to list a cache, hence its private names; a test sees when they change.
    """
    loaded = 0
    for kernel in kernels():
        cache = kernel._cache
        for key in cache._cache_file._load_index():
            signature = key[0]
            if signature in kernel.overloads or key != cache._index_key(signature, kernel.targetctx.codegen()):
                continue  # in memory, or made for another processor or older source
            kernel.compile(signature)
            loaded += 1
    return loaded
