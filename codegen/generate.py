"""From the description to the text of every generated file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import jinja2

from codegen.description import Description, DescriptionError
from codegen.docstrings import docstring, with_summary
from codegen.files import formatted
from codegen.names import snake_case
from codegen.operations import read_api
from codegen.python_files import python_files
from codegen.reference import pages, readme_blocks, snippets
from codegen.words import environment_variable, table_cell

if TYPE_CHECKING:
    from pathlib import Path


_README = "README.md"


def generate(description: Path, target: Path) -> dict[str, str]:
    """Path, from `target`, and text of each file that follows from the folder `description`.

    `target` is read for the README alone, of which only some blocks are generated. Raises `DescriptionError` for what
    cannot be generated from.
    """
    api = read_api(Description(description))
    templates = _templates()
    modules = python_files(api, templates)
    blocks = snippets(api, templates)
    all_formatted = formatted({**modules, **blocks})
    return {
        **{path: all_formatted[path] for path in modules},
        **pages(api, all_formatted, templates),
        _README: _readme(target / _README, readme_blocks(api, templates)),
    }


def _readme(file: Path, blocks: dict[str, str]) -> str:
    """The README with its generated blocks as they should be; the blocks alone where there is none."""
    if not file.exists():
        return "".join(f"{_marker(name)}\n\n{text}\n{_marker('/' + name)}\n\n" for name, text in blocks.items())
    readme = file.read_text(encoding="utf-8")
    for name, text in blocks.items():
        before, opening, rest = readme.partition(_marker(name))
        _, closing, after = rest.partition(_marker(f"/{name}"))
        if not opening or not closing:
            raise DescriptionError(f"{_README}: the markers {_marker(name)} and {_marker('/' + name)} are missing")
        readme = f"{before}{opening}\n\n{text}\n{closing}{after}"
    return readme


def _marker(name: str) -> str:
    return f"<!-- {'/' if name[0] == '/' else ''}codegen:{name.lstrip('/')} -->"


def _templates() -> jinja2.Environment:
    environment = jinja2.Environment(  # noqa: S701  # neither Python nor Markdown is HTML
        loader=jinja2.PackageLoader("codegen"),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update(
        cell=table_cell,
        docstring=docstring,
        environment_variable=environment_variable,
        literal=repr,
        snake_case=snake_case,
        with_summary=with_summary,
    )
    return environment
