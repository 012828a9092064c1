"""How names in Python follow from names of the API. These rules make every name of the published package."""

from __future__ import annotations

import keyword
import re

_SHADOWING = {
    # Names that annotations and pydantic's models need for themselves.
    *("bool", "bytes", "date", "datetime", "dict", "float", "int", "list", "str"),
    *("construct", "copy", "from_dict", "from_json", "from_orm", "json", "parse_file", "parse_obj", "parse_raw"),
    *("property", "schema", "schema_json", "to_dict", "to_json", "to_str", "update_forward_refs", "validate"),
}


TAKEN_CLASSES = {
    *("Annotated", "Any", "BaseModel", "Enum", "Field", "Literal", "Mapping", "Sequence"),
    *("Answer", "ApiResponse", "BaseHTTPResponse", "CallOptions", "FileContent", "Operation", "Parameter", "Resource"),
    *("TYPE_CHECKING", "Unpack"),
}
"""Names that generated modules import."""


def snake_case(name: str) -> str:
    """`EventsCreateRequestBody` -> `events_create_request_body`."""
    name = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", name).lower()


def method_name(operation_id: str) -> str:
    """`import-SKUs-using-csv` -> `import_skus_using_csv`, `get-member-1` -> `get_member1`, `getCard` -> `get_card`."""
    if "-" not in operation_id:
        return snake_case(operation_id)
    return re.sub(r"_(\d+)$", r"\1", operation_id.replace("-", "_").lower())


def argument_name(wire: str) -> str:
    """`campaignId` -> `campaign_id`, `created_at[before]` -> `created_at_before`."""
    name = re.sub(r"[^0-9A-Za-z]+", "_", wire).strip("_")
    return _unreserved(re.sub(r"_+", "_", snake_case(name)), set())


def field_name(wire: str) -> str:
    """`$starts_with` -> `starts_with`, `$in` -> `var_in`, `schema` -> `var_schema`; mostly the name on the wire."""
    return _unreserved(re.sub(r"[^0-9A-Za-z_]+", "_", wire.removeprefix("$")).lstrip("_"), _SHADOWING)


def class_name(tag: str) -> str:
    """`Client-side` -> `ClientSideApi`."""
    return "".join(word[0].upper() + word[1:] for word in re.findall(r"[0-9A-Za-z]+", tag)) + "Api"


def member_name(text: str) -> str:
    """Member of an enumeration: `-created_at` -> `MINUS_CREATED_AT`, `customer.deleted` -> `CUSTOMER_DOT_DELETED`."""
    spelled = re.sub(r"^-", "minus_", text).replace(".", "_dot_")
    return re.sub(r"[^0-9A-Za-z]+", "_", spelled).strip("_").upper()


def constant_name(method: str) -> str:
    """The module's own name of an operation: `track_custom_event` -> `_TRACK_CUSTOM_EVENT`."""
    return f"_{method.upper()}"


def options_name(method: str) -> str:
    """What a method takes by keyword only, if that is more than the options of a call: `_ListVouchersOptions`."""
    return "_" + "".join(word.capitalize() for word in method.split("_")) + "Options"


def _unreserved(name: str, shadowing: set[str]) -> str:
    return f"var_{name}" if keyword.iskeyword(name) or name in shadowing or name[:1].isdigit() else name
