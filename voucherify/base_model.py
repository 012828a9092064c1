from __future__ import annotations
import threading
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID
import pydantic
from pydantic import ConfigDict
from pydantic_core import core_schema as cs

LOCK = threading.RLock()

def _text(v):
    if isinstance(v, UUID): return str(v)
    if isinstance(v, Enum): return v.value
    return v
def _integer(v):
    if isinstance(v, Enum): return v.value
    if isinstance(v,(float,Decimal)) and v == int(v): return int(v)
    return v
def _number(v):
    if isinstance(v, Decimal): return int(v) if v==int(v) else float(v)
    return v
def _time(v, handler):
    return v if isinstance(v,(date,datetime,str)) else handler(v)

INT = cs.int_schema(strict=True); STR=cs.str_schema(strict=True)
NUM = cs.union_schema([INT, cs.float_schema(strict=True)], mode="left_to_right", custom_error_type="number_type", custom_error_message="Input should be a number")
DT = cs.datetime_schema(strict=True); D=cs.date_schema(strict=True)
KIND = {
 "str": cs.lax_or_strict_schema(cs.no_info_before_validator_function(_text, STR), STR),
 "int": cs.lax_or_strict_schema(cs.no_info_before_validator_function(_integer, INT), INT),
 "float": cs.lax_or_strict_schema(cs.no_info_before_validator_function(_number, NUM), NUM),
 "bool": cs.bool_schema(strict=True),
 "datetime": cs.lax_or_strict_schema(cs.no_info_wrap_validator_function(_time, DT), DT),
 "date": cs.lax_or_strict_schema(cs.no_info_wrap_validator_function(_time, D), D),
}
def adapt(s):
    t = s["type"]
    if t in KIND: return KIND[t]
    if t in ("nullable","default"): return {**s, "schema": adapt(s["schema"])}
    if t=="list": return {**s, "items_schema": adapt(s["items_schema"])}
    if t=="dict": return {**s, "values_schema": adapt(s["values_schema"])}
    if t=="union":
        kinds=[c for c in s["choices"]]
        return {**s,"choices":[adapt(c) for c in kinds]}
    return s

class BaseModel(pydantic.BaseModel):
    model_config = ConfigDict(extra="allow", populate_by_name=True, validate_assignment=True, defer_build=True, protected_namespaces=())
    @classmethod
    def __get_pydantic_core_schema__(cls, source, handler):
        schema = handler(source)
        m = handler.resolve_ref_schema(schema)
        fs = m["schema"]
        assert fs["type"]=="model-fields", fs["type"]
        for f in fs["fields"].values():
            inner = f["schema"]
            if inner["type"]=="default": inner = inner["schema"]
            if inner["type"]!="nullable": inner = cs.nullable_schema(inner)
            f["schema"] = cs.with_default_schema(adapt(inner), default=None)
        return schema
    def to_dict(self): return self.__pydantic_serializer__.to_python(self, by_alias=True, exclude_unset=True, warnings=False)
