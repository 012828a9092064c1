"""What is generated from test/codegen_description, one example of every construct: modules of operations."""

from __future__ import annotations

import ast
import importlib.util
import inspect
import textwrap
import warnings

import pytest
from generated_package import package_in

from voucherify._lazy import snake_case
from voucherify.operation import Answer, Operation, Parameter

APP_KEYS = ("X-App-Id", "X-App-Token")
BOOK_ID = Parameter("book_id", "bookId", "path", "text", required=True)


@pytest.fixture(scope="module")
def apis(tmp_path_factory):
    """The generated modules of the resources, each under a name of its own, on top of the real package."""
    target = package_in(tmp_path_factory.mktemp("generated"))
    loaded = {}
    for file in (target / "voucherify" / "api").glob("*_api.py"):
        spec = importlib.util.spec_from_file_location(f"generated_{file.stem}", file)
        loaded[file.stem] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(loaded[file.stem])
    return loaded


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


def content(record):
    """An operation, a parameter or an answer as plain data."""
    names = getattr(record, "__slots__", None) or vars(record)
    found = {name: getattr(record, name) for name in names}
    for name, value in found.items():
        if isinstance(value, Answer):
            found[name] = content(value)
        elif name == "parameters":
            found[name] = [content(parameter) for parameter in value]
    return found


@pytest.mark.parametrize("expected", OPERATIONS, ids=lambda one: one.name)
def test_operation(apis, expected):
    assert content(records(apis)[expected.name]) == content(expected)


def test_every_operation_is_shown_here(apis):
    assert records(apis).keys() == {one.name for one in OPERATIONS}


# Methods

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
    operation = records(apis)[expected.name]
    values = tuple(f"value of {one.name}" for one in expected.parameters)
    options = {"_request_timeout": 5}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        assert getattr(resource, name)(*values, **options) == "the data"
        assert client.given == (operation, options, values)
        assert getattr(resource, f"{name}_with_http_info")(*values, **options) is Recorder.Answer
        assert client.given == (operation, options, values)
        assert getattr(resource, f"{name}_without_preload_content")(*values, **options) == "the response"
        assert client.given == (operation, options, values)


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
