"""What is generated from test/codegen_description, which has one example of every construct: modules and classes."""

from __future__ import annotations

import ast
import importlib.util
import inspect
import shutil
import subprocess
import sys
import textwrap
import warnings
from pathlib import Path

import pytest

from codegen import names
from codegen.__main__ import main
from codegen.words import with_limits
from voucherify._lazy import snake_case
from voucherify.operation import Answer, Operation, Parameter

ROOT = Path(__file__).parent.parent
DESCRIPTION = Path(__file__).parent / "codegen_description"
APP_KEYS = ("X-App-Id", "X-App-Token")
BOOK_ID = Parameter("book_id", "bookId", "path", "text", required=True)


@pytest.fixture(scope="module")
def target(tmp_path_factory):
    """A copy of the hand-written package, with what is generated from the small description."""
    folder = tmp_path_factory.mktemp("generated")
    (folder / "voucherify").mkdir()
    for file in (ROOT / "voucherify").glob("*.py"):
        shutil.copy(file, folder / "voucherify")
    assert main(["--description", str(DESCRIPTION), "--target", str(folder)]) == 0
    return folder


@pytest.fixture(scope="module")
def apis(target):
    """The generated modules of the resources, each under a name of its own, on top of the real package."""
    loaded = {}
    for file in (target / "voucherify" / "api").glob("*_api.py"):
        spec = importlib.util.spec_from_file_location(f"generated_{file.stem}", file)
        loaded[file.stem] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(loaded[file.stem])
    return loaded


def run(target, program):
    """What a program prints that uses the generated package."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        cwd=target,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


# Operations as data


def operation(name, method, path, *parameters, **more):
    settings = {"keys": APP_KEYS, "bearer": True, "answer": Answer("nothing"), **more}
    if settings["answer"].kind != "nothing":
        settings.setdefault("accept", "application/json")
    return Operation(name=name, method=method, path=path, parameters=parameters, **settings)


OPERATIONS = [
    operation(
        "BooksApi.list_books",
        "GET",
        "/v1/books",
        Parameter("limit", "limit", "query", "integer"),
        Parameter("starting_after_id", "starting_after_id", "query", "text"),
        Parameter("created_at_before", "created_at[before]", "query", "datetime"),
        Parameter("returned", "returned", "query", "date"),
        Parameter("worn", "worn", "query", "boolean"),
        Parameter("order", "order", "query", "text"),
        Parameter("state", "state", "query", "text"),
        Parameter("floor", "floor", "query", "integer"),
        Parameter("ids", "ids", "query", "list"),
        Parameter("filters", "filters", "query", "object", model="BookFilters"),
        Parameter("extras", "extras", "query", "object"),
        answer=Answer("model", "BooksListResponseBody"),
        repeatable=True,
    ),
    operation(
        "BooksApi.create_book",
        "POST",
        "/v1/books",
        Parameter("books_create_request_body", "", "body", "object", required=True, model="BooksCreateRequestBody"),
        answer=Answer("model", "BooksCreateResponseBody"),
        content_type="application/json",
    ),
    operation(
        "BooksApi.get_book1",
        "GET",
        "/v1/books/{bookId}",
        BOOK_ID,
        answer=Answer("model", "BooksGetResponseBody"),
        repeatable=True,
    ),
    operation(
        "BooksApi.delete_book",
        "DELETE",
        "/v1/books/{bookId}",
        BOOK_ID,
        Parameter("force", "force", "query", "boolean"),
        repeatable=True,
    ),
    operation(
        "BooksApi.patch_book",
        "PATCH",
        "/v1/books/{bookId}",
        BOOK_ID,
        Parameter("material", "", "body", "any"),
        content_type="application/json",
    ),
    operation(
        "BooksApi.get_page",
        "GET",
        "/v1/books/{bookId}/pages/{page-number}",
        BOOK_ID,
        Parameter("page_number", "page-number", "path", "text", required=True),
        answer=Answer("json"),
        repeatable=True,
    ),
    operation(
        "BooksApi.write_note",
        "PUT",
        "/v1/books/{bookId}/note",
        BOOK_ID,
        Parameter("note", "", "body", "text", required=True),
        content_type="text/plain",
        repeatable=True,
    ),
    operation(
        "BooksApi.update_books_in_bulk",
        "POST",
        "/v1/books/bulk",
        Parameter(
            "books_update_in_bulk_request_body", "", "body", "list", required=True, model="BooksUpdateInBulkRequestBody"
        ),
        answer=Answer("model", "BooksUpdateInBulkResponseBody"),
        content_type="application/json",
    ),
    operation(
        "BooksApi.import_books_using_csv",
        "POST",
        "/v1/books/importCSV",
        Parameter("file", "file", "file", "any", required=True),
        Parameter("webhooks_enable", "webhooks_enable", "form", "boolean"),
        answer=Answer("model", "BooksUpdateInBulkResponseBody"),
        content_type="multipart/form-data",
    ),
    operation("BooksApi.count_books", "GET", "/v1/books/count", answer=Answer("json"), repeatable=True),
    operation(
        "BooksApi.download_books",
        "GET",
        "/v1/books/download",
        answer=Answer("text"),
        accept="text/plain",
        repeatable=True,
        servers=("https://download.example.com", "https://us1.download.example.com"),
    ),
    operation("BooksApi.publish_books", "GET", "/v1/books/publish", answer=Answer("json")),
    operation("BooksApi.list_labels", "GET", "/v1/labels", answer=Answer("list"), repeatable=True),
    operation(
        "BooksApi.list_shelves",
        "GET",
        "/v1/shelves",
        Parameter("limit", "limit", "query", "integer"),
        Parameter("page", "page", "query", "integer"),
        answer=Answer("list", "ShelvesListResponseBodyItem"),
        repeatable=True,
    ),
    operation(
        "BooksApi.change_settings",
        "POST",
        "/v1/settings",
        Parameter("settings", "", "body", "object"),
        answer=Answer("json"),
        content_type="application/json",
    ),
    operation(
        "ClientSideApi.find_client_side",
        "GET",
        "/client/v1/books/find",
        Parameter("title", "title", "query", "text"),
        Parameter("origin", "origin", "header", "text", required=True),
        keys=("X-Client-Application-Id", "X-Client-Token"),
        bearer=False,
        answer=Answer("model", "BooksGetResponseBody"),
        repeatable=True,
    ),
    operation(
        "ClientSideApi.is_open",
        "GET",
        "/client/v1/open",
        keys=(),
        bearer=False,
        answer=Answer("json"),
        repeatable=True,
    ),
    operation(
        "ManagementApi.create_branch",
        "POST",
        "/management/v1/branches",
        keys=("X-Management-Id", "X-Management-Token"),
        bearer=False,
    ),
    operation(
        "ManagementApi.generate_token",
        "POST",
        "/v1/oauth/token",
        Parameter("grant_type", "grant_type", "form", "text", required=True),
        Parameter("scope", "scope", "form", "text"),
        bearer=False,
        answer=Answer("json"),
        content_type="application/x-www-form-urlencoded",
    ),
]


def records(apis):
    return {
        value.name: value for module in apis.values() for value in vars(module).values() if isinstance(value, Operation)
    }


@pytest.mark.parametrize("expected", OPERATIONS, ids=lambda one: one.name)
def test_operation(apis, expected):
    assert records(apis)[expected.name] == expected


def test_every_operation_is_shown_here(apis):
    assert records(apis).keys() == {one.name for one in OPERATIONS}


# Methods

MODEL = "BooksListResponseBody"
SIGNATURES = {
    "list_books": {
        "limit": "int | None = None",
        "starting_after_id": "str | None = None",
        "created_at_before": "datetime | str | None = None",
        "returned": "date | str | None = None",
        "worn": "bool | None = None",
        "order": "ParameterOrderListBooks | str | None = None",
        "state": "Literal['ON_SHELF', 'BORROWED'] | str | None = None",
        "floor": "Floor | int | None = None",
        "ids": "list[str] | tuple[str, ...] | None = None",
        "filters": "BookFilters | Mapping[str, Any] | None = None",
        "extras": "Mapping[str, Any] | None = None",
        "return": "BooksListResponseBody",
    },
    "create_book": {
        "books_create_request_body": "BooksCreateRequestBody | Mapping[str, Any]",
        "return": "BooksCreateResponseBody",
    },
    "delete_book": {"book_id": "str", "force": "bool | None = None", "return": "None"},
    "patch_book": {
        "book_id": "str",
        "material": "Paper | Audio | Mapping[str, Any] | None = None",
        "return": "None",
    },
    "get_page": {"book_id": "str", "page_number": "str", "return": "Any"},
    "write_note": {"book_id": "str", "note": "str", "return": "None"},
    "update_books_in_bulk": {
        "books_update_in_bulk_request_body": "Sequence[BooksUpdateInBulkRequestBody | Mapping[str, Any]]",
        "return": "BooksUpdateInBulkResponseBody",
    },
    "import_books_using_csv": {
        "file": "FileContent",
        "webhooks_enable": "bool | None = None",
        "return": "BooksUpdateInBulkResponseBody",
    },
    "count_books": {"return": "int"},
    "download_books": {"return": "str"},
    "publish_books": {"return": "dict[str, Any]"},
    "list_labels": {"return": "list[str]"},
    "list_shelves": {
        "limit": "int | None = None",
        "page": "int | None = None",
        "return": "list[ShelvesListResponseBodyItem]",
    },
    "change_settings": {"settings": "Mapping[str, Any] | None = None", "return": "dict[str, str | int | None]"},
    # A required argument after an optional one: the operation's record refuses the call without it.
    "find_client_side": {"title": "str | None = None", "origin": "str | None = None", "return": "BooksGetResponseBody"},
    "is_open": {"return": "bool"},
    "create_branch": {"return": "None"},
    "generate_token": {
        "grant_type": "Literal['client_credentials'] | str",
        "scope": "str | None = None",
        "return": "Any",
    },
}


def method(apis, name):
    classes = [one for module in apis.values() for one in vars(module).values() if getattr(one, name, None)]
    return getattr(classes[0], name)


def written(function):
    """The arguments as they stand in the source: annotation and default."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(inspect.unwrap(function)))).body[0]
    arguments = tree.args.args[1:]
    defaults = [None] * (len(arguments) - len(tree.args.defaults)) + tree.args.defaults
    found = {
        one.arg: ast.unparse(one.annotation) + (f" = {ast.unparse(default)}" if default else "")
        for one, default in zip(arguments, defaults, strict=True)
    }
    return {**found, "return": ast.unparse(tree.returns)}


@pytest.mark.parametrize("name", SIGNATURES)
def test_signature(apis, name):
    expected = SIGNATURES[name]
    assert written(method(apis, name)) == expected
    assert written(method(apis, f"{name}_with_http_info")) == {
        **expected,
        "return": f"ApiResponse[{expected['return']}]",
    }
    assert written(method(apis, f"{name}_without_preload_content")) == {**expected, "return": "BaseHTTPResponse"}


class Recorder:
    """Stands for an `ApiClient`."""

    class Answer:
        data = "the data"

    def call(self, *given):
        self.given = given
        return self.Answer

    def stream(self, *given):
        self.given = given
        return "the response"


@pytest.mark.parametrize("expected", OPERATIONS, ids=lambda one: one.name)
def test_methods_hand_on_what_they_are_given(apis, expected):
    class_name, name = expected.name.split(".")
    client = Recorder()
    resource = getattr(apis[snake_case(class_name)], class_name)(client)
    values = tuple(f"value of {one.name}" for one in expected.parameters)
    options = {"_request_timeout": 5}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        assert getattr(resource, name)(*values, **options) == "the data"
        assert client.given == (expected, options, values)
        assert getattr(resource, f"{name}_with_http_info")(*values, **options) is Recorder.Answer
        assert client.given == (expected, options, values)
        assert getattr(resource, f"{name}_without_preload_content")(*values, **options) == "the response"
        assert client.given == (expected, options, values)


@pytest.mark.parametrize("suffix", ["", "_with_http_info", "_without_preload_content"])
def test_deprecated_methods_name_their_successor(apis, suffix):
    resource = apis["books_api"].BooksApi(Recorder())
    with pytest.warns(DeprecationWarning, match=r"`delete_book` is deprecated. Use `update_books_in_bulk`\."):
        getattr(resource, f"delete_book{suffix}")("b-1")


def text_of(function):
    return " ".join(inspect.getdoc(function).split())


def test_docstrings(apis):
    books = apis["books_api"].BooksApi
    assert books.__doc__ == "What can be borrowed."
    assert inspect.getdoc(books.list_books).startswith(
        "List books.\n\nFinds books, newest first.\n\nArgs:\n    limit: Most"
    )
    assert "limit: Most items to answer. 1 to 100. Without it, the server takes `10`. Optional." in text_of(
        books.list_books
    )
    assert "Pages: while `has_more` is true, call again" in text_of(books.list_books)
    assert "Documented at https://example.com/docs/list-books." in text_of(books.list_books)
    assert "Pages: count `page` up from 1" in text_of(books.list_shelves)
    assert "NotFoundException: 404. There is no such book." in text_of(books.get_book1)
    assert "\n\nSafe to repeat" in inspect.getdoc(books.get_book1)
    assert "\n\nNot repeated by itself" in inspect.getdoc(books.publish_books)
    assert "goes on in the background" in text_of(books.update_books_in_bulk)
    assert "Deprecated. Use `update_books_in_bulk`." in text_of(books.delete_book)
    assert text_of(books.get_page_with_http_info).startswith("Like `get_page`, ")


# Models

BOOK = {
    "id": "str",
    "title": "str",
    "object": "Literal['book'] | str | None = None",
    "kind": "Literal['printed'] | str | None = None",
    "state": "Literal['ON_SHELF', 'BORROWED'] | str",
    "level": "Literal[0, 1] | int | None = None",
    "fragile": "bool | None = None",
    "weight": "float | None = None",
    "pages": "int | None = None",
    "created_at": "datetime | None = None",
    "returned_on": "date | None",
    "topic": "Literal['fiction', '-science', 'travel.far'] | str | None = None",
    "labels": "list[str] | None = None",
    "extras": "dict[str, Any] | None = None",
    "anything": "Any = None",
    "ratings": "dict[str, int] | None = None",
    "copies": "dict[str, Copy] | None = None",
    "number": "str | int | None = None",
    "matrix": "list[list[int]] | None = None",
    "sequel": "Book | None = None",
    "author": "Author | None = None",
    "medium": "Paper | Audio | None = None",
    "price": "int | None = None",
}
MODELS = {
    "Book": ("BaseModel", BOOK),
    "Author": (
        "BaseModel",
        {
            "born": "date | int | None",
            "name": "str",
            "books": "list[Book] | None = None",
            "mentor": "Author | None = None",
        },
    ),
    "BooksGetResponseBody": ("Book", {}),
    "BooksCreateResponseBody": ("Book", {"receipt": "str"}),
    "Problem": (
        "BaseModel",
        {
            "message": "str",
            "var_in": "Annotated[list[str] | None, Field(alias='$in')] = None",
            "var_from": "Annotated[datetime | None, Field(alias='from')] = None",
            "edition": "Annotated[str | None, Field(alias='schema-version')] = None",
        },
    ),
}


def module_of(target, name):
    return target / "voucherify" / "models" / f"{snake_case(name)}.py"


def class_in(target, name):
    (found,) = [node for node in ast.parse(module_of(target, name).read_text()).body if isinstance(node, ast.ClassDef)]
    return found


@pytest.mark.parametrize("name", MODELS)
def test_model(target, name):
    base, fields = MODELS[name]
    found = class_in(target, name)
    assert [ast.unparse(one) for one in found.bases] == [base]
    assert {
        one.target.id: ast.unparse(one.annotation) + (f" = {ast.unparse(one.value)}" if one.value else "")
        for one in found.body
        if isinstance(one, ast.AnnAssign)
    } == fields
    assert not [one for one in ast.walk(found) if isinstance(one, ast.FunctionDef)]


def test_models_of_a_cycle_import_each_other_last(target):
    for name, other in (("Book", "Author"), ("Author", "Book")):
        body = ast.parse(module_of(target, name).read_text()).body
        after = body[[isinstance(one, ast.ClassDef) for one in body].index(True) + 1 :]
        assert [ast.unparse(one) for one in after] == [f"from voucherify.models.{other.lower()} import {other}"]


FIELD_TEXTS = {
    "Book.id": r"Number on the back. Matches `^b-\d+$`.",
    "Book.title": "What the cover says. 1 to 300 characters.",
    "Book.object": "Names the kind of this thing.",
    "Book.weight": "Weight in kilograms. More than 0.",
    "Book.pages": "How many leaves it has. At least 1. Without it, the server takes `100`.",
    "Book.labels": "Words stuck on the cover. Each item: at most 20 characters.",
    "Book.matrix": "Where the holes are. At least 1 item.",
    "Book.price": "Deprecated. What it once cost, in cents.",
    "Copy.topic": "What books are about.",
    "Copy.marks": "Who wrote into it. No item twice.",
}


@pytest.mark.parametrize("place", FIELD_TEXTS)
def test_field_has_its_docstring(target, place):
    model, name = place.split(".")
    body = class_in(target, model).body
    index = next(i for i, one in enumerate(body) if isinstance(one, ast.AnnAssign) and one.target.id == name)
    assert body[index + 1].value.value == FIELD_TEXTS[place]


def test_class_has_its_docstring(target):
    assert ast.get_docstring(class_in(target, "Book")) == "A book on a shelf.\n\nIt may be one of a series."


def test_files_say_what_made_them(target):
    first = module_of(target, "Book").read_text().splitlines()[0]
    assert first == "# Generated by `python -m codegen` from openapi/schemas/books.yaml. Do not edit."
    generated = [*(target / "voucherify" / "api").iterdir(), *(target / "voucherify" / "models").iterdir()]
    assert all(
        "Generated by `python -m codegen` from openapi/" in file.read_text().splitlines()[0] for file in generated
    )


def test_aliases_make_no_class(target):
    assert not module_of(target, "Labels").exists()
    assert not module_of(target, "OpenMap").exists()


ALL_MODELS = [
    "Audio",
    "Author",
    "Book",
    "BookFilterConditions",
    "BookFilters",
    "BookOnShelf",
    "BooksCreateRequestBody",
    "BooksCreateResponseBody",
    "BooksGetResponseBody",
    "BooksListResponseBody",
    "BooksUpdateInBulkRequestBody",
    "BooksUpdateInBulkResponseBody",
    "Copy",
    "Floor",
    "Paper",
    "ParameterOrderListBooks",
    "Problem",
    "ShelvesListResponseBodyItem",
    "Topic",
    "Volume",
    "WebhookNotice",
]


def test_package_lists_all_names(target):
    out = run(
        target,
        "import sys, voucherify.models as models, voucherify.api as api\n"
        "assert 'pydantic' not in sys.modules\n"
        "print(*sorted(models.__all__))\n"
        "print(*api.__all__)\n"
        "assert set(models.__all__) <= set(dir(models)), dir(models)\n"
        "from voucherify.models import *\n"
        "assert Book is models.Book and Book.__module__ == 'voucherify.models.book'\n"
        "import voucherify\n"
        "assert voucherify.BooksApi.__module__ == 'voucherify.api.books_api'\n"
        "assert voucherify.models.author.Author is voucherify.Author\n"
        "assert not hasattr(models, 'Missing') and not hasattr(models, '_private')\n",
    )
    assert out.splitlines() == [" ".join(ALL_MODELS), "BooksApi ClientSideApi ManagementApi"]


def test_broken_modules_do_not_look_absent(target):
    (target / "voucherify" / "models" / "broken.py").write_text("import nothing_of_this_name\n")
    try:
        out = run(
            target,
            "import voucherify.models as models\n"
            "try:\n    models.broken\n"
            "except ModuleNotFoundError as error:\n    print(error.name)\n",
        )
    finally:
        (target / "voucherify" / "models" / "broken.py").unlink()
    assert out == "nothing_of_this_name\n"


def test_each_module_can_be_imported_first(target):
    run(
        target,
        "import importlib, sys\n"
        "from voucherify import models\n"
        "from voucherify._lazy import snake_case\n"
        "for name in models.__all__:\n"
        "    for module in [one for one in sys.modules if one.startswith('voucherify.models.')]:\n"
        "        del sys.modules[module]\n"
        "    found = getattr(importlib.import_module(f'voucherify.models.{snake_case(name)}'), name)\n"
        "    if hasattr(found, 'from_dict'):\n"
        "        assert found.from_dict({}).to_dict() == {}, name\n",
    )


def test_circular_and_inherited_fields_become_models(target):
    out = run(
        target,
        "from voucherify.models.books_create_response_body import BooksCreateResponseBody\n"
        "book = BooksCreateResponseBody.from_dict({\n"
        "    'author': {'books': [{'sequel': {}}], 'mentor': {}}, 'medium': {'type': 'audio', 'minutes': 2},\n"
        "    'copies': {'1': {'worn': True}}})\n"
        "print(book)\n"
        "from voucherify import Book, BookOnShelf, Volume, Floor, Topic\n"
        "assert isinstance(book, Book) and Volume is Book is BookOnShelf\n"
        "print([(one.name, one.value) for one in (*Topic, *Floor)], Topic.FICTION == 'fiction', Floor.FIRST == 1)\n",
    )
    book, members = out.splitlines()
    assert book == (
        "copies={'1': Copy(worn=True)} author=Author(books=[Book(sequel=Book())], mentor=Author())"
        " medium=Audio(type='audio', minutes=2)"
    )
    assert members == (
        "[('FICTION', 'fiction'), ('MINUS_SCIENCE', '-science'), ('TRAVEL_DOT_FAR', 'travel.far'), ('GROUND', 0),"
        " ('FIRST', 1)] True True"
    )


def test_generated_modules_have_clean_types(target):
    pytest.importorskip("mypy")
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "mypy",
            "--strict",
            "--cache-dir=cache",
            "-p",
            "voucherify.api",
            "-p",
            "voucherify.models",
        ],
        cwd=target,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


# Names

NAMES = [
    (names.method_name, "track-custom-event", "track_custom_event"),
    (names.method_name, "get-member-1", "get_member1"),
    (names.method_name, "import-SKUs-using-csv", "import_skus_using_csv"),
    (names.method_name, "adjustCardPoints", "adjust_card_points"),
    (names.argument_name, "campaignId", "campaign_id"),
    (names.argument_name, "export_Id", "export_id"),
    (names.argument_name, "created_at[before]", "created_at_before"),
    (names.argument_name, "from", "var_from"),
    (names.field_name, "$in", "var_in"),
    (names.field_name, "$starts_with", "starts_with"),
    (names.field_name, "schema", "var_schema"),
    (names.field_name, "line_1", "line_1"),
    (names.field_name, "2nd", "var_2nd"),
    (names.class_name, "Client-side", "ClientSideApi"),
    (names.class_name, "Async Actions", "AsyncActionsApi"),
    (names.options_name, "list_vouchers", "_ListVouchersOptions"),
    (names.member_name, "-created_at", "MINUS_CREATED_AT"),
    (names.member_name, "customer.sms.sent", "CUSTOMER_DOT_SMS_DOT_SENT"),
    (names.snake_case, "EventsCreateRequestBody", "events_create_request_body"),
    (snake_case, "EventsCreateRequestBody", "events_create_request_body"),
]


@pytest.mark.parametrize(("rule", "given", "expected"), NAMES)
def test_name(rule, given, expected):
    assert rule(given) == expected


@pytest.mark.parametrize(
    ("text", "limit", "expected"),
    [
        ("Page size", "1 to 100.", "Page size. 1 to 100."),
        ("Page size, 1 to 100; 10 by default", "1 to 100.", "Page size, 1 to 100; 10 by default."),
        ("What to redeem, at most 30 at once", "At most 30 items.", "What to redeem, at most 30 at once."),
        ("Rank, 1 to 1000", "1 to 100.", "Rank, 1 to 1000. 1 to 100."),
        ("As written", "Matches `^[a-z]+$`.", "As written. Matches `^[a-z]+$`."),
    ],
)
def test_no_limit_is_stated_twice(text, limit, expected):
    assert with_limits(text, [limit]) == expected
