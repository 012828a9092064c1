"""A description that cannot be generated from is refused, with the file and the place."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from codegen.__main__ import main
from codegen.description import Description, DescriptionError
from codegen.files import differences
from codegen.generate import generate
from codegen.operations import read_api

DESCRIPTION = Path(__file__).parent / "codegen_description"
BOOKS = "schemas/books.yaml"
SHARED = "schemas/shared.yaml"
RESOURCE = "resources/books.yaml"
ROOT = "openapi.yaml"
GLOSSARY = "glossary.yaml"
CLIENT = "resources/client_side.yaml"

CASES = {
    # The files themselves
    "no YAML": (GLOSSARY, "object:", "object: [", "glossary.yaml: ", "expected"),
    "key twice": (GLOSSARY, "limit:", "object:", "glossary.yaml: ", "the key 'object' stands twice"),
    "key that is no text": (GLOSSARY, "limit:", "1:", "glossary.yaml: ", "the key 1 is no text"),
    "file missing": (
        RESOURCE,
        "../parameters.yaml#/bookId",
        "../nothing.yaml#/bookId",
        "nothing.yaml: ",
        "cannot be read",
    ),
    "reference to nothing": (RESOURCE, "#/BooksGetResponseBody", "#/Nothing", RESOURCE, "there is no `Nothing`"),
    "reference into a schema": (
        RESOURCE,
        "books.yaml#/BooksGetResponseBody",
        "books.yaml#/Book/properties/title",
        RESOURCE,
        "to a whole schema",
    ),
    "list expected": (RESOURCE, "parameters: []", "parameters: {}", "patch > parameters", "a list is expected"),
    "mapping expected": (
        BOOKS,
        "worn: {type: boolean, description: Whether it shows its age.}",
        "worn: text",
        "Copy > properties > worn",
        "a mapping is expected",
    ),
    "text expected": (
        BOOKS,
        "description: One copy of a book.",
        "description: 1",
        "Copy > description",
        "text is expected",
    ),
    "flag expected": (BOOKS, "deprecated: true", "deprecated: maybe", "price > deprecated", "`true` or `false`"),
    "texts expected": (BOOKS, "[Volume, BookOnShelf]", "[1]", "Book > x-official-names", "a list of texts"),
    # Words
    "no description": (
        BOOKS,
        ", description: Whether it shows its age.",
        "",
        "Copy > properties > worn",
        "no description",
    ),
    "empty description": (
        BOOKS,
        "description: Whether it shows its age.",
        "description: ''",
        "worn > description",
        "text is",
    ),
    "description repeats the name": (
        BOOKS,
        "description: Whether it shows its age.",
        "description: The worn.",
        "worn",
        "no more than its name",
    ),
    "parameter's description repeats its name": (
        RESOURCE,
        "description: Where the page begins.",
        "description: Starting after id.",
        "parameters > 1",
        "no more than its name",
    ),
    "class without description": (
        BOOKS,
        "description: One copy of a book.",
        "title: x",
        "Copy",
        "a description is missing",
    ),
    "long summary": (
        BOOKS,
        "description: One copy of a book.",
        f"description: {'very ' * 40}",
        "Copy",
        "at most 110 characters",
    ),
    "operation without summary": (RESOURCE, "      summary: List books\n", "", "get", "`summary` is missing"),
    "operation without text": (
        RESOURCE,
        "      description: Counts all books.\n",
        "",
        "count > get",
        "`description` is missing",
    ),
    "enumeration without description": (
        BOOKS,
        "  description: Floors of the building.\n",
        "",
        "Floor",
        "a description is missing",
    ),
    # Schemas
    "unknown keyword": (
        BOOKS,
        "type: boolean, description: Whether it shows",
        "maxlength: 1, description: Whether it shows",
        "Copy > properties > worn",
        "does not know `maxlength`",
    ),
    "unknown type": (BOOKS, "worn: {type: boolean", "worn: {type: bool", "worn", "there is no type `bool`"),
    "unknown format": (BOOKS, "format: date-time}", "format: datetime}", "created_at", "the format `datetime`"),
    "object inside of an object": (BOOKS, "worn: {type: boolean", "worn: {properties: {}", "worn", "needs a name"),
    "array without items": (BOOKS, "worn: {type: boolean", "worn: {type: array", "worn", "`items` is missing"),
    "nothing to choose from": (
        BOOKS,
        "worn: {type: boolean",
        "worn: {oneOf: []",
        "worn > oneOf",
        "nothing to choose from",
    ),
    "mixed enumeration": (
        BOOKS,
        "enum: [0, 1], description: Which",
        "enum: [0, a], description: Which",
        "level",
        "must all be text",
    ),
    "enumeration with null": (
        BOOKS,
        "enum: [title, -title]",
        "enum: [1.5]",
        "ParameterOrderListBooks",
        "type string or integer",
    ),
    "member names that clash": (BOOKS, "[GROUND, FIRST]", "[GROUND]", "Floor", "x-enum-varnames"),
    "required without a property": (
        BOOKS,
        "required: [id, title",
        "required: [ids, title",
        "Book > required",
        "no property `ids`",
    ),
    "two fields of one name": (BOOKS, '"$starts_with": {', '"var_in": {', "BookFilterConditions", "called `var_in`"),
    "two bases": (
        BOOKS,
        "- type: object\n      required: [receipt]",
        '- $ref: "#/Copy"\n    - type: object\n      required: [receipt]',
        "BooksCreateResponseBody > allOf",
        "exactly one `$ref`",
    ),
    "base without fields": (
        BOOKS,
        '  allOf:\n    - $ref: "#/Book"\n\nBooksCreate',
        '  allOf:\n    - $ref: "#/Topic"\n\nBooksCreate',
        "BooksGetResponseBody > allOf > 0",
        "named object with fields",
    ),
    "made of itself": (
        SHARED,
        "items: {type: string, maxLength: 20}",
        'items: {$ref: "#/Labels"}',
        "Labels > items",
        "`Labels` is made of itself",
    ),
    "same name twice": (SHARED, "Problem:", "Book:", "schemas/shared.yaml: Book", "already"),
    "three quotes": (BOOKS, "One copy of a book.", '\'One """ copy.\'', "Copy > description", "three quotes"),
    "name that is taken": (BOOKS, "[Volume, BookOnShelf]", "[Volume, Literal]", "Book", "need the name `Literal`"),
    "same module twice": (BOOKS, "[Volume, BookOnShelf]", "[Volume, BookFilters]", "BookFilters", "same module"),
    "schema that nothing needs": (
        ROOT,
        "    WebhookNotice:\n      $ref: schemas/books.yaml#/WebhookNotice",
        "    {}",
        "WebhookNotice",
        "nothing refers to this schema",
    ),
    # Operations
    "unknown keyword of an operation": (
        RESOURCE,
        "x-repeatable: false",
        "x-repeat: false",
        "publish > get",
        "`x-repeat`",
    ),
    "unknown keyword of the document": (
        ROOT,
        "security:",
        "webhooks: {}\nsecurity:",
        "openapi.yaml: the document",
        "`webhooks`",
    ),
    "unknown tag": (
        RESOURCE,
        "operationId: count-books\n      tags: [Books]",
        "operationId: count-books\n      tags: [Book]",
        "count > get > tags",
        "one of the tags",
    ),
    "tag without operations": (
        ROOT,
        "- name: Management",
        "- {name: Empty, description: x}\n  - name: Management",
        "tags > 2",
        "no operation has the tag `Empty`",
    ),
    "method twice": (
        RESOURCE,
        "operationId: list-labels",
        "operationId: list-shelves",
        "get",
        "has a method `list_shelves` already",
    ),
    "tag in two files": (
        CLIENT,
        "tags: [Client-side]",
        "tags: [Books]",
        "client_side.yaml",
        "belong in resources/books.yaml",
    ),
    "path without its parameter": (
        RESOURCE,
        "in: path, required: true, description: Counted",
        "in: header, required: true, description: Counted",
        "get",
        "differ",
    ),
    "optional path parameter": (
        RESOURCE,
        "in: path, required: true, description: Counted",
        "in: path, description: Counted",
        "parameters > 1",
        "a path parameter is required",
    ),
    "keyword-only argument that is required": (
        RESOURCE,
        "in: path, required: true, description: Counted",
        "in: path, required: true, x-keyword-only: true, description: Counted",
        "parameters > 1",
        "cannot be required",
    ),
    "cookie": (
        RESOURCE,
        "name: worn, in: query",
        "name: worn, in: cookie",
        "parameters > 4 > in",
        "parameters in `cookie`",
    ),
    "object without a style": (
        RESOURCE,
        "          style: deepObject\n          description",
        "          description",
        "parameters > 10",
        "`style: deepObject`",
    ),
    "list that is not repeated": (
        RESOURCE,
        "name: ids\n          in: query",
        "name: ids\n          in: query\n          explode: false",
        "parameters > 8",
        "are repeated for lists",
    ),
    "list in a header": (
        CLIENT,
        "Address of the reader's page., schema: {type: string}",
        "Address of it., schema: {type: array, items: {}}",
        "parameters > 1",
        "one value without a `style`",
    ),
    "two arguments of one name": (
        RESOURCE,
        "name: worn, in: query",
        "name: Limit, in: query",
        "books > get",
        "two arguments would be called `limit`",
    ),
    "argument called self": (
        RESOURCE,
        "name: worn, in: query",
        "name: self, in: query",
        "books > get",
        "cannot be called `self`",
    ),
    "body without a name": (RESOURCE, "        x-python-name: material\n", "", "requestBody", "needs `x-python-name`"),
    "two media types": (
        RESOURCE,
        "          text/plain:\n            schema: {type: string, examples",
        "          text/html: {}\n          text/plain:\n            schema: {type: string, examples",
        "requestBody > content",
        "exactly one media type",
    ),
    "unknown media type": (
        RESOURCE,
        "          text/plain:\n            schema: {type: string, examples",
        "          image/png:\n            schema: {type: string, examples",
        "requestBody > content",
        "the media type `image/png`",
    ),
    "no status": (
        RESOURCE,
        '"204": {description: The note',
        '"2xx": {description: The note',
        "responses > 2xx",
        "`2xx` is no status",
    ),
    "no answer": (
        RESOURCE,
        '"204": {description: The note',
        '"404": {description: The note',
        "responses",
        "2XX is missing",
    ),
    "two answers": (
        RESOURCE,
        '"204": {description: The book is',
        (
            '"200": {description: x, content: {text/plain: {}}}\n        "202":\n          description: x\n'
            "          content: {application/json: {schema: {type: integer}}}\n"
            '        "204": {description: The book is'
        ),
        "responses",
        "different schemas",
    ),
    "answer of two classes": (
        RESOURCE,
        "schema: {type: integer}\n  /v1/books/download",
        "schema: {oneOf: [{type: integer}, {type: string}]}\n  /v1/books/download",
        "schema",
        "an answer needs one class",
    ),
    "deprecated without successor": (
        RESOURCE,
        "      x-successor: Use `update_books_in_bulk`.\n",
        "",
        "delete",
        "x-successor",
    ),
    "successor without reason": (RESOURCE, "      deprecated: true\n", "", "delete", "x-successor"),
    "unknown security": (
        CLIENT,
        "security:\n        - X-Client-Application-Id",
        "security:\n        - X-Clients",
        "security > 0",
        "no security scheme `X-Clients`",
    ),
    "two sets of keys": (
        CLIENT,
        "          X-Client-Token: []",
        "        - X-Client-Token: []",
        "security",
        "one set of keys is expected",
    ),
    "key in a query": (
        ROOT,
        "X-App-Id: {type: apiKey, in: header",
        "X-App-Id: {type: apiKey, in: query",
        "X-App-Id",
        "only keys in headers",
    ),
}


@pytest.fixture
def description(tmp_path):
    return Path(shutil.copytree(DESCRIPTION, tmp_path / "openapi"))


@pytest.mark.parametrize("case", CASES)
def test_refusal_names_the_place(description, case):
    file, old, new, place, problem = CASES[case]
    text = (description / file).read_text()
    assert text.count(old) >= 1
    (description / file).write_text(text.replace(old, new, 1))
    with pytest.raises(DescriptionError) as caught:
        read_api(Description(description))
    assert place in str(caught.value)
    assert problem in str(caught.value)


def test_class_that_its_base_leads_back_to_is_refused(description, tmp_path):
    file = description / BOOKS
    file.write_text(file.read_text().replace('sequel: {$ref: "#/Book"', 'sequel: {$ref: "#/BooksGetResponseBody"'))
    with pytest.raises(DescriptionError, match="BooksGetResponseBody: its base class `Book` leads back to it"):
        generate(description, tmp_path)


def test_nothing_is_written_after_a_refusal(description, tmp_path, capsys):
    (description / GLOSSARY).write_text("limit: x y\n")
    target = tmp_path / "target"
    target.mkdir()
    assert main(["--description", str(description), "--target", str(target)]) == 2
    assert "Book > properties > object: `object` has no description" in capsys.readouterr().err
    assert list(target.iterdir()) == []
    assert differences({}, target) == []
