"""The description in openapi/ is valid OpenAPI, says something everywhere, and its examples follow its own rules."""

from __future__ import annotations

from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator, validate

from codegen.bundle import bundle
from codegen.description import Description
from codegen.operations import read_api

FOLDER = Path(__file__).parent.parent / "openapi"
DOCUMENT = bundle(Description(FOLDER))
API = read_api(Description(FOLDER))
# No data of real people: example.com, the telephone numbers kept free for fiction, keys that say what they are.
PRIVATE = ("@gmail", "@voucherify", "John Doe", "Bob Smith")


def walk(value, place=""):
    """Every mapping in the document, with its place."""
    if isinstance(value, dict):
        yield place, value
        for key, inner in value.items():
            yield from walk(inner, f"{place}/{key}")
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from walk(inner, f"{place}/{index}")


def examples(document):
    """Each example of the document, with its place and its schema."""
    for place, node in walk(document):
        schema = node.get("schema")
        if isinstance(schema, dict):
            if "example" in node:
                yield f"{place}/example", node["example"], schema
            for name, one in node.get("examples", {}).items():
                yield f"{place}/examples/{name}", one["value"], schema
        elif isinstance(node.get("examples"), list):
            for index, one in enumerate(node["examples"]):
                yield f"{place}/examples/{index}", one, node


EXAMPLES = list(examples(DOCUMENT))


def test_is_valid_openapi_in_one_file():
    validate(DOCUMENT, cls=OpenAPIV31SpecValidator)


def test_is_valid_openapi_as_it_lies_there():
    root = Description(FOLDER).root().value
    validate(root, cls=OpenAPIV31SpecValidator, base_uri=(FOLDER / "openapi.yaml").as_uri())


def test_there_are_examples():
    assert {"/paths/", "/components/schemas/"} <= {
        prefix for prefix in ("/paths/", "/components/schemas/") for place, _, _ in EXAMPLES if place.startswith(prefix)
    }


@pytest.mark.parametrize(("value", "schema"), [pytest.param(v, s, id=place) for place, v, s in EXAMPLES])
def test_example_follows_its_schema(value, schema):
    checker = Draft202012Validator.FORMAT_CHECKER
    validator = Draft202012Validator({**schema, "components": DOCUMENT["components"]}, format_checker=checker)
    assert [error.message for error in validator.iter_errors(value)] == []


def test_every_body_has_an_example():
    bodies = [
        (f"{resource.name}.{method.name}", argument.example)
        for resource in API.resources
        for method in resource.methods
        for argument in method.arguments
        if argument.location == "body"
    ]
    assert bodies
    assert [name for name, example in bodies if not isinstance(example, (dict, list, str))] == []


def test_examples_name_nobody():
    text = "".join(path.read_text(encoding="utf-8") for path in FOLDER.rglob("*.yaml"))
    assert [name for name in PRIVATE if name in text] == []


def test_every_text_says_something():
    texts = [(place, node["description"]) for place, node in walk(DOCUMENT) if isinstance(node.get("description"), str)]
    assert len(texts) > 50
    assert [place for place, text in texts if len(text.split()) < 2] == []


def test_every_operation_is_an_own_sentence():
    methods = [method for resource in API.resources for method in resource.methods]
    assert len({method.text for method in methods}) == len(methods)
    assert [method.name for method in methods if not method.source_url] == []


def test_glossary_has_no_spare_words():
    fields = {field.wire for model in API.models.values() for field in model.fields}
    fields |= {one.wire for resource in API.resources for method in resource.methods for one in method.arguments}
    assert [name for name, _ in Description(FOLDER).file("glossary.yaml").items() if name not in fields] == []
