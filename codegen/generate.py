"""From the description to the text of every generated file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import jinja2

from codegen.description import Description
from codegen.docstrings import docstring, with_summary
from codegen.files import formatted
from codegen.names import snake_case
from codegen.operations import read_api
from codegen.python_files import python_files

if TYPE_CHECKING:
    from pathlib import Path


def generate(description: Path, target: Path) -> dict[str, str]:
    """Path, from `target`, and text of each file that follows from the folder `description`.

    Raises `DescriptionError` for what cannot be generated from.
    """
    api = read_api(Description(description))
    return formatted(python_files(api, _templates()))


def _templates() -> jinja2.Environment:
    environment = jinja2.Environment(  # noqa: S701  # neither Python nor Markdown is HTML
        loader=jinja2.PackageLoader("codegen"),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update(docstring=docstring, literal=repr, snake_case=snake_case, with_summary=with_summary)
    return environment
