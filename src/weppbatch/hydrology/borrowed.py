"""Arrays without a reference count inside compiled code: counting costs more than the arithmetic on short arrays.

Numba counts references atomically whenever an array or a row of it is passed on. A borrowed array is the same
memory without an owner; the owner has to outlive it, which the caller sees to.
"""

from collections.abc import Callable
from typing import Any, TypeVar, cast

from numba.core import cgutils
from numba.extending import intrinsic

Array = TypeVar("Array")


def _borrowed(typing_context: Any, array: Any) -> Any:
    """The array's type, and how its parts are put together again without the owner."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        made = context.make_array(signature.args[0])(context, builder, arguments[0])
        null: Callable[[Any], Any] = cgutils.get_null_value
        made.meminfo, made.parent = null(made.meminfo.type), null(made.parent.type)
        return made._getvalue()

    return array(array), generate


borrowed = cast(Callable[[Array], Array], intrinsic(_borrowed))
"""In compiled code: the same array, uncounted."""
