"""Names what the last release has and the working tree has not: names, parameters, fields, members of enumerations.

    python test/api_diff.py [PROJECT]

`tox -e api-diff` runs it. The last release is the newest tag `v*`, or, as long as there is none, the package on PyPI
whose names this one keeps. griffe reads both and imports neither. The exit status is 1, after a list, if code that was
right with the last release would be wrong now.
"""

# ruff: noqa: T201 (a script, for people who look at what it prints)

from __future__ import annotations

import ast
import shutil
import subprocess
import sys
import tempfile
from fnmatch import fnmatch
from pathlib import Path
from typing import TYPE_CHECKING

import griffe

from codegen.names import snake_case

if TYPE_CHECKING:
    from collections.abc import Iterator

PACKAGE = "voucherify"
PUBLISHED = "voucherify==6.1.1"

PUBLIC = [
    *("api*", "configuration*", "exceptions*", "models*", "preloading*", "retry*"),
    # What all models and all resources have in common.
    *("base_model.BaseModel*", "resource.Resource*"),
]
"""Patterns of names that callers may use; other modules are the inside of the package."""

OPTIONS = {"_request_timeout", "_request_auth", "_content_type", "_headers", "_host_index"}
"""What every method takes beside its own arguments. Public in spite of the underscores."""

BREAKING = {
    griffe.BreakageKind.OBJECT_REMOVED,
    griffe.BreakageKind.OBJECT_CHANGED_KIND,
    griffe.BreakageKind.PARAMETER_REMOVED,
    griffe.BreakageKind.PARAMETER_MOVED,
    griffe.BreakageKind.PARAMETER_CHANGED_KIND,
    griffe.BreakageKind.PARAMETER_CHANGED_REQUIRED,
    griffe.BreakageKind.PARAMETER_ADDED_REQUIRED,
    griffe.BreakageKind.CLASS_REMOVED_BASE,
}

NOT_MISSED = [
    # How the published package checks values, in each of its models; `base_model.py` does it once.
    "models.*_validate_enum",
    "models.*_validate_regular_expression",
    # What its generated methods call, and nobody else.
    "api_client.RequestSerialized",
    "api_client.ApiClient.NATIVE_TYPES_MAPPING",
    "api_client.ApiClient.PRIMITIVE_TYPES",
    "api_client.ApiClient.call_api",
    "api_client.ApiClient.client_side_validation",
    "api_client.ApiClient.deserialize",
    "api_client.ApiClient.files_parameters",
    "api_client.ApiClient.param_serialize",
    "api_client.ApiClient.parameters_to_*",
    "api_client.ApiClient.response_deserialize",
    "api_client.ApiClient.sanitize_for_serialization",
    "api_client.ApiClient.select_header_*",
    "api_client.ApiClient.update_params_for_auth",
    # How it words its exceptions, names JSON Schema's keywords, and watches its own attributes.
    "exceptions.render_path",
    "configuration.JSON_SCHEMA_VALIDATION_KEYWORDS",
    "configuration.Configuration.__setattr__",
    # Settings of machinery that is not here. They may still be set, as any attribute, and change nothing.
    "configuration.Configuration.client_side_validation",
    "configuration.Configuration.date_format",
    "configuration.Configuration.datetime_format",
    "configuration.Configuration.logger_file_handler",
    "configuration.Configuration.logger_stream_handler",
    "configuration.Configuration.safe_chars_for_path_param",
    "configuration.Configuration.temp_folder_path",
    # `ApiResponse` is no pydantic model: that would build a schema per type of answer.
    "api_response.ApiResponse",
    "api_response.ApiResponse.model_config",
]
"""Patterns of names among them that nobody misses."""


def main(project: Path) -> int:
    """Compare `project` with the last release and answer the exit status."""
    new = load(project)
    release, old = last_release(project)
    lost = sorted({*no_longer_exported(old, new), *changed(old, new)})
    for line in lost:
        print(line)
    print(f"{len(lost)} changes since {release} that break callers")
    return 1 if lost else 0


def load(folder: Path) -> griffe.Module:
    """The package in `folder`."""
    with tempfile.TemporaryDirectory() as copy:
        shutil.copytree(folder / PACKAGE, Path(copy) / PACKAGE, ignore=shutil.ignore_patterns("__pycache__"))
        for package in ("models", "api"):
            spell_out(Path(copy) / PACKAGE / package)
        loaded = griffe.load(
            PACKAGE, search_paths=[copy], try_relative_path=False, allow_inspection=False, resolve_aliases=True
        )
    assert isinstance(loaded, griffe.Module)
    return loaded


def spell_out(package: Path) -> None:
    """Write what the lazy `package` offers as plain imports, and a file per second name: griffe runs nothing."""
    file, stub = package / "__init__.py", package / "__init__.pyi"
    if not stub.exists():  # the published package
        return
    names = ast.parse(stub.read_text(encoding="utf-8")).body
    classes = {alias.name: alias.name for node in names if isinstance(node, ast.ImportFrom) for alias in node.names}
    for node in names:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and isinstance(node.value, ast.Name):
            second, of = node.targets[0].id, node.value.id
            classes[second] = of
            (package / f"{snake_case(second)}.py").write_text(line(package, of, second), encoding="utf-8")
    lines = [line(package, of, name) for name, of in classes.items()]
    file.write_text("".join([*lines, f"__all__ = {list(classes)}\n"]), encoding="utf-8")
    stub.unlink()


def line(package: Path, of: str, name: str) -> str:
    """The import of the class `of` as `name`."""
    return f"from {PACKAGE}.{package.name}.{snake_case(of)} import {of} as {name}\n"


def last_release(project: Path) -> tuple[str, griffe.Module]:
    """The name and the package of the last release."""
    command = ["git", "tag", "--list", "v*", "--sort=-version:refname"]
    tags = subprocess.run(command, cwd=project, capture_output=True, text=True, check=True).stdout.split()
    with tempfile.TemporaryDirectory() as folder:
        if tags:
            archive = f"{folder}/release.zip"
            subprocess.run(["git", "archive", "--output", archive, tags[0], PACKAGE], cwd=project, check=True)
            shutil.unpack_archive(archive, folder)
            return tags[0], load(Path(folder))
        install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-compile", "--target", folder]
        subprocess.run([*install, PUBLISHED], check=True)
        return PUBLISHED, load(Path(folder))


def no_longer_exported(old: griffe.Module, new: griffe.Module) -> Iterator[str]:
    """Names that could be imported from one of the packages."""
    for before, now in ((old, new), (old["api"], new["api"]), (old["models"], new["models"])):
        # The published package has no `__all__`: it exports what it imports.
        exported = before.exports or [name for name, member in before.members.items() if member.is_alias]
        for name in {str(name) for name in exported} - {str(name) for name in now.exports or ()}:
            yield f"{name} in {before.path}: Public object was removed"


def changed(old: griffe.Module, new: griffe.Module) -> Iterator[str]:
    """What griffe finds; the options, once parameters of each method, are now its `**options: Unpack[CallOptions]`."""
    for name in OPTIONS - set(new["operation.CallOptions"].members):
        yield f"operation.CallOptions.{name}: Public object was removed"
    for one in griffe.find_breaking_changes(old, new):
        path = one.obj.path.removeprefix(f"{PACKAGE}.")
        if one.kind not in BREAKING or not is_public(path):
            continue
        parameter = one.old_value or one.new_value
        if not isinstance(parameter, griffe.Parameter):
            yield f"{path}: {one.kind.value}"
        elif parameter.name not in OPTIONS or "options" not in new[path].parameters:
            yield f"{path}({parameter.name}): {one.kind.value}"


def is_public(path: str) -> bool:
    """Whether callers may use, and would miss, what stands at `path` in the package."""
    return any(fnmatch(path, one) for one in PUBLIC) and not any(fnmatch(path, one) for one in NOT_MISSED)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1] if len(sys.argv) > 1 else ".").resolve()))
