"""Show the one example of a docstring as code.

The package writes `Example:` where there is one; the docstring parser knows only `Examples:`, and would
set the other as a quotation, in which square brackets become links.
"""

from __future__ import annotations

import re
from typing import Any

from griffe import Extension, Object

_EXAMPLE = re.compile(r"^Example:$", re.MULTILINE)


class OneExample(Extension):
    """Reads `Example:` as the section that the parser knows."""

    def on_object(self, *, obj: Object, **_: Any) -> None:
        """Rename the section in the docstring of one object."""
        if obj.docstring is not None:
            obj.docstring.value = _EXAMPLE.sub("Examples:", obj.docstring.value)
