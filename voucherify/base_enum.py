"""What all enumerations can do."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing_extensions import Self


class FromJson:
    """Adds `from_json` to an enumeration."""

    @classmethod
    def from_json(cls, json_str: str) -> Self:
        """The member whose value is the JSON text `json_str`. Raises `ValueError` if there is none."""
        import json

        return cls(json.loads(json_str))  # type: ignore[call-arg]  # the constructor is that of the enumeration
