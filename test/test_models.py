"""Every model of the description: built, dumped, parsed, pickled, copied, compared, and found under all its names."""

from __future__ import annotations

import copy
import importlib
import json
import pickle

import pytest
from samples import API, sample

import voucherify
from codegen import form
from codegen.names import snake_case

MODELS = list(API.models.values())
every_model = pytest.mark.parametrize("model", [pytest.param(model, id=model.name) for model in MODELS])


@every_model
@pytest.mark.parametrize("full", [False, True], ids=["minimal", "full"])
def test_model(model, full):
    value = sample(form.Model(model.name), full=full)
    cls = getattr(voucherify, model.name, None) or getattr(
        importlib.import_module(f"voucherify.models.{snake_case(model.name)}"), model.name
    )
    built = cls(**value.given)
    assert json.loads(built.to_json()) == value.wire
    assert built.to_dict().keys() == value.wire.keys()
    parsed = cls.from_dict(value.wire)
    assert json.loads(parsed.to_json()) == value.wire
    assert cls.from_json(json.dumps(value.wire)) == parsed
    assert cls.from_dict(built.to_dict()).to_dict() == built.to_dict()
    for duplicate in (copy.copy(built), copy.deepcopy(built), pickle.loads(pickle.dumps(built))):
        assert duplicate == built
    for name in value.given:
        assert name in cls.model_fields
    assert cls.__doc__


@every_model
def test_names(model):
    cls = getattr(importlib.import_module(f"voucherify.models.{snake_case(model.name)}"), model.name)
    assert cls.__name__ == model.name
    for name in (model.name, *model.second_names):
        module = importlib.import_module(f"voucherify.models.{snake_case(name)}")
        assert getattr(module, name) is cls
        assert getattr(voucherify, name) is cls
        assert getattr(voucherify.models, name) is cls


@pytest.mark.parametrize("enumeration", API.enumerations.values(), ids=lambda enumeration: enumeration.name)
def test_enumeration(enumeration):
    cls = getattr(voucherify, enumeration.name)
    assert [(member.name, member.value) for member in cls] == list(enumeration.members)
    assert all(cls(value) == value for _, value in enumeration.members)
    assert all(cls.from_json(json.dumps(value)) is cls(value) for _, value in enumeration.members)
    with pytest.raises(ValueError, match="no-such-value"):
        cls.from_json('"no-such-value"')
