"""From the intermediate form to the source of the generated modules."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from codegen import python_types
from codegen.cycles import late_imports, models_in
from codegen.docstrings import method_text
from codegen.names import constant_name, options_name, snake_case

if TYPE_CHECKING:
    from jinja2 import Environment

    from codegen.form import Api, Argument, Method, ModelClass, Resource

_FORMS = (
    {"suffix": "", "answers": "{}", "call": "_call", "result": ".data", "text": ""},
    {
        "suffix": "_with_http_info",
        "answers": "ApiResponse[{}]",
        "call": "_call",
        "result": "",
        "text": "Like `{}`, with status and headers.",
    },
    {
        "suffix": "_without_preload_content",
        "answers": "BaseHTTPResponse",
        "call": "_stream",
        "result": "",
        "text": "Like `{}`, unread and whatever its status.",
    },
)


@dataclass(frozen=True)
class _ArgumentLines:
    """An argument, as the template writes it."""

    of: Argument
    kind: str
    model: str | None
    annotation: str
    """Of the argument in the signature, default included, or of the keyword in the options."""


@dataclass(frozen=True)
class _MethodLines:
    """A method, as the template writes it."""

    operation: Method
    constant: str
    arguments: list[_ArgumentLines]
    positional: list[_ArgumentLines]
    keywords: list[_ArgumentLines]
    options: str
    """Type of the keywords, `CallOptions` where there are no further ones."""
    answer: str
    answer_kind: str
    answer_model: str | None
    text: str


def python_files(api: Api, templates: Environment) -> dict[str, str]:
    """Path and source of each generated module, not formatted yet."""
    files = {f"voucherify/api/{snake_case(one.name)}.py": _resource(one, api, templates) for one in api.resources}
    late = late_imports(api.models)
    for enumeration in api.enumerations.values():
        source = templates.get_template("enumeration.py.jinja").render(enumeration=enumeration)
        files[_model_path(enumeration.name)] = source
    for model in api.models.values():
        files[_model_path(model.name)] = _model(model, api, late, templates)
    second = {name: model.name for model in api.models.values() for name in model.second_names}
    first = sorted([*api.models, *api.enumerations])
    resources = sorted(resource.name for resource in api.resources)
    return {
        **files,
        **_package("voucherify.models", "What the API takes and answers.", first, second, templates),
        **_package("voucherify.api", "One class per resource of the API.", resources, {}, templates),
    }


def _package(
    package: str, text: str, names: list[str], second_names: dict[str, str], templates: Environment
) -> dict[str, str]:
    """The names of a package: for Python, which loads them when they are used, and for type checkers."""
    path = f"{package.replace('.', '/')}/__init__.py"
    values = {"package": package, "text": text, "names": names, "second_names": second_names}
    return {
        path: templates.get_template("package.py.jinja").render(values),
        f"{path}i": templates.get_template("package.pyi.jinja").render(values),
    }


def _model_path(name: str) -> str:
    return f"voucherify/models/{snake_case(name)}.py"


def _model(model: ModelClass, api: Api, late: dict[str, frozenset[str]], templates: Environment) -> str:
    imports = python_types.Imports()
    fields = [
        {"name": one.name, "annotation": python_types.field_annotation(one, imports), "text": one.text}
        for one in model.fields
    ]
    if model.base:
        imports.models.add(model.base)
    # Only what is not there yet needs annotations as text, which pydantic has to compile.
    refers_forward = bool(late[model.name]) or model.name in imports.models
    imports.models.discard(model.name)
    base = [] if model.base else ["from voucherify.base_model import BaseModel"]
    own = base + imports.statements(without=late[model.name])
    return templates.get_template("model.py.jinja").render(
        model=model,
        fields=fields,
        imports=own,
        refers_forward=refers_forward,
        inherited_imports=[one for one in _inherited_imports(model, api, late) if one not in own],
        late_imports=[python_types.import_of(name) for name in sorted(late[model.name])],
    )


def _inherited_imports(model: ModelClass, api: Api, late: dict[str, frozenset[str]]) -> list[str]:
    """What the inherited fields need whose annotations pydantic could not read yet when it made the base class.

    It reads them again for each class that inherits them, among the names of that class's own module.
    """
    imports = python_types.Imports()
    while model.base:
        model = api.models[model.base]
        for one in model.fields:
            if late[model.name].intersection(models_in(one.type)):
                python_types.field_annotation(one, imports)
    return imports.statements()


def _resource(resource: Resource, api: Api, templates: Environment) -> str:
    imports = python_types.Imports()
    methods = [_method(method, api, imports) for method in resource.methods]
    return templates.get_template("resource.py.jinja").render(
        resource=resource,
        methods=methods,
        forms=_FORMS,
        has_parameters=any(method.arguments for method in resource.methods),
        imports=imports.statements(),
    )


def _method(method: Method, api: Api, imports: python_types.Imports) -> _MethodLines:
    arguments = []
    left_out = False
    for one in method.arguments:
        left_out = left_out or not one.required  # after an optional argument Python allows no other
        kind, model = python_types.kind_and_model(one)
        if one.keyword_only:
            text = python_types.keyword_annotation(one, imports)
        else:
            text = python_types.argument_annotation(one, imports, may_be_left_out=left_out)
        arguments.append(_ArgumentLines(one, kind, model, text))
    keywords = [one for one in arguments if one.of.keyword_only]
    answer_kind, answer_model = python_types.answer_kind_and_model(method.answer, method.accept)
    return _MethodLines(
        operation=method,
        constant=constant_name(method.name),
        arguments=arguments,
        positional=[one for one in arguments if not one.of.keyword_only],
        keywords=keywords,
        options=options_name(method.name) if keywords else "CallOptions",
        answer=python_types.answer_annotation(method.answer, imports),
        answer_kind=answer_kind,
        answer_model=answer_model,
        text=method_text(method, api),
    )
