"""Calls every operation against Prism, a server made by others that checks each request against the description.

    python test/prism.py FOLDER [RESOURCE ...]

`tox -e prism` runs it. npm installs Prism into FOLDER; without npm nothing is checked. Each operation is called with
its required arguments and with all of them. Prism answers with the description's own examples, and checks these too.
The exit status is 1, after a list, if anything is not as described.
"""

# ruff: noqa: T201 (a script, for people who look at what it prints)

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
import warnings
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from samples import API, DOCUMENT, documented, sample

import voucherify
from voucherify.configuration import KEY_VARIABLES
from voucherify.exceptions import ApiException, OpenApiException

if TYPE_CHECKING:
    from collections.abc import Iterator

    from codegen import form

VERSION = "5.14.2"  # the last one that runs on Node.js 18 to 22
PATIENCE = 180  # seconds for Prism to read the description; it takes about 15
OWN_SERVERS = "/own-servers"
KEYS = {header: header.lower() for header in KEY_VARIABLES}


def main(folder: Path, chosen: list[str]) -> int:
    """Call the operations of the `chosen` resources, or of all, and answer the exit status."""
    npm = shutil.which("npm")
    if npm is None:
        print("SKIPPED: Prism needs Node.js and npm, and there is no `npm` on the PATH")
        return 0
    warnings.simplefilter("ignore", DeprecationWarning)  # deprecated operations are operations
    os.environ["no_proxy"] = "127.0.0.1"  # npm may need a proxy, Prism is here
    calls = found = 0
    with prism(npm, folder.resolve()) as host:
        for resource in API.resources:
            for method in resource.methods if resource.name in (chosen or [resource.name]) else ():
                for full in (False, True):
                    calls += 1
                    for violation in violations(host, resource, method, full=full):
                        found += 1
                        print(f"{resource.name}.{method.name} ({'all' if full else 'required'} arguments): {violation}")
    print(f"{calls} calls, {found} violations")
    return 0 if calls and not found else 1


@contextmanager
def prism(npm: str, folder: Path) -> Iterator[str]:
    """The URL of a Prism that has read the description."""
    home = folder / f"prism-{VERSION}"
    program = home / "node_modules" / ".bin" / "prism"
    if not program.exists():
        options = ["--prefix", str(home), "--no-audit", "--no-fund", "--loglevel=error"]
        subprocess.run([npm, "install", *options, f"@stoplight/prism-cli@{VERSION}"], check=True)
    description, log = home / "description.json", home / "log.txt"
    description.write_text(json.dumps(for_prism(DOCUMENT)), encoding="utf-8")
    # All filters of a list at once make a longer URL than the 16 kB that Node.js takes otherwise.
    environment = {**os.environ, "NODE_OPTIONS": "--max-http-header-size=262144"}
    command = [str(program), "mock", "--host", "127.0.0.1", "--port", "0", str(description)]
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, env=environment)
    try:
        yield url_of(process, log)
    finally:
        process.terminate()
        process.wait()


def url_of(process: subprocess.Popen[bytes], log: Path) -> str:
    """The URL that Prism listens on, once it does."""
    deadline = time.monotonic() + PATIENCE
    while process.poll() is None and time.monotonic() < deadline:
        said = re.search(r"listening on (http://[\w.:]+)", log.read_text(encoding="utf-8"))
        if said:
            return said[1]
        time.sleep(0.1)
    raise SystemExit(f"Prism did not start:\n{log.read_text(encoding='utf-8')[-5000:]}")


def for_prism(document: dict[str, Any]) -> dict[str, Any]:
    """The description without the two things that Prism does not understand."""
    paths: dict[str, Any] = {}
    for path, item in document["paths"].items():
        methods = {name: operation for name, operation in item.items() if "responses" in operation}
        # It looks at paths only: of two that differ in their servers, it would find the first.
        moved = any("servers" in operation for operation in methods.values())
        paths[OWN_SERVERS + path if moved else path] = item | {
            name: operation | {"parameters": [without_required(one) for one in operation.get("parameters", ())]}
            for name, operation in methods.items()
        }
    return document | {"paths": paths}


def without_required(parameter: dict[str, Any]) -> dict[str, Any]:
    """`parameter`, a deep object without required fields: Prism takes one that was not sent for an empty one."""
    if parameter.get("style") != "deepObject":
        return parameter
    return parameter | {"schema": {**followed(parameter["schema"]), "required": []}}


def violations(host: str, resource: form.Resource, method: form.Method, *, full: bool) -> list[str]:
    """What Prism has against a call, or against the answer to it."""
    configuration = voucherify.Configuration(
        host=host + (OWN_SERVERS if method.servers else ""), api_key=KEYS, ignore_operation_servers=True, retries=0
    )
    given = {one.name: value_of(method, one, full=full) for one in method.arguments if full or one.required}
    with voucherify.ApiClient(configuration) as client:
        call = getattr(getattr(voucherify, resource.name)(client), f"{method.name}_with_http_info")
        try:
            return named(call(**given).headers.get("sl-violations", "[]"))
        except ApiException as error:  # the description's own error answer, or one of Prism's
            if "sl-violations" in error.headers:
                return named(error.headers["sl-violations"])
            details = error.data.get("validation", []) if isinstance(error.data, dict) else []
            return named(json.dumps(details)) or [f"{error} {error.body}"]
        except OpenApiException as error:
            return [f"not sent: {error}"]


def named(found: str) -> list[str]:
    """The violations in a list, in JSON, of Prism's."""
    return [violation["message"] for violation in json.loads(found)]


def value_of(method: form.Method, argument: form.Argument, *, full: bool) -> Any:
    """A value for an argument."""
    if argument.location == "header":
        return "https://shop.example.com"
    # As it is on the wire: test_operations.py shows that this is what goes out, however the caller gives it.
    return fitted(sample(argument.type, full=full).wire, schema_of(method, argument))


def schema_of(method: form.Method, argument: form.Argument) -> dict[str, Any]:
    """The schema of an argument."""
    item, operation = DOCUMENT["paths"][method.path], documented(method)
    for parameter in [*item.get("parameters", ()), *operation.get("parameters", ())]:
        if (parameter["name"], parameter["in"]) == (argument.wire, argument.location):
            return dict(parameter["schema"])
    (content,) = operation["requestBody"]["content"].values()
    return dict(content["schema"] if argument.location == "body" else properties(content["schema"])[argument.wire])


def followed(schema: dict[str, Any]) -> dict[str, Any]:
    """`schema`, or the one that it refers to."""
    while "$ref" in schema:
        schema = DOCUMENT["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return schema


def properties(schema: dict[str, Any]) -> dict[str, Any]:
    """The schemas of an object's fields, inherited ones included."""
    schema = followed(schema)
    inherited = [properties(part) for part in schema.get("allOf", ())]
    return {name: one for part in [*inherited, schema.get("properties", {})] for name, one in part.items()}


def fitted(value: Any, schema: dict[str, Any]) -> Any:
    """`value` within the limits of `schema`: samples have the right types, and know of no limits."""
    schema = followed(schema)
    for choice in (*schema.get("oneOf", ()), *schema.get("anyOf", ())):
        if choice.get("type") != "null":
            return fitted(value, choice)  # samples are of the first type, too
    if isinstance(value, dict):
        fields, others = properties(schema), schema.get("additionalProperties")
        other = others if isinstance(others, dict) else {}
        return {name: fitted(inner, fields.get(name, other)) for name, inner in value.items()}
    if isinstance(value, list):
        return [fitted(item, schema.get("items", {})) for item in value] * schema.get("minItems", 1)
    if isinstance(value, str) and "pattern" in schema:
        return schema.get("examples", [value])[0]
    if isinstance(value, str):
        return value[: schema.get("maxLength")].ljust(schema.get("minLength", 0), "x")
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return min(max(value, schema.get("minimum", value)), schema.get("maximum", value))
    return value


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2:]))
