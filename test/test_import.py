"""Importing costs nothing until something is used."""

from __future__ import annotations

import importlib.util
import os
import pkgutil
import subprocess
import sys
import threading

import pytest
from samples import API

import voucherify
from voucherify import api, models


def run(script):
    done = subprocess.run([sys.executable, "-W", "error", "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


LOADED = "import sys; print(*sorted(name for name in sys.modules if name.split('.')[0] in %r))"
HEAVY = LOADED % (["pydantic", "pydantic_core", "urllib3", "http", "email", "ssl", "json", "logging", "dataclasses"],)


def test_importing_the_package_loads_nothing_heavy():
    assert run("import voucherify; " + HEAVY) == []
    assert run("import voucherify.exceptions, voucherify.models, voucherify.api; " + HEAVY) == []


def test_configuration_and_exceptions_need_neither_pydantic_nor_urllib3():
    loaded = run("import voucherify; voucherify.Configuration(); voucherify.ApiException(404); " + HEAVY)
    assert not [name for name in loaded if name.startswith(("pydantic", "urllib3"))]


def test_a_resource_loads_no_models():
    loaded = run("import voucherify; voucherify.EventsApi(); " + LOADED % (["voucherify"],))
    assert [name for name in loaded if name.startswith("voucherify.models.")] == []


def test_a_model_loads_only_what_is_in_its_reach():
    loaded = run("import voucherify; voucherify.CustomerAddress(city='a'); " + LOADED % (["voucherify", "urllib3"],))
    assert [name for name in loaded if name.startswith("voucherify.models.")] == ["voucherify.models.customer_address"]
    assert "urllib3" not in loaded


@pytest.mark.parametrize("package", [voucherify, models, api], ids=lambda package: package.__name__)
class TestNames:
    def test_all_of_them_resolve(self, package):
        for name in package.__all__:
            assert getattr(package, name) is not None

    def test_are_listed(self, package):
        assert set(package.__all__) <= set(dir(package))
        assert len(package.__all__) == len(set(package.__all__))

    def test_an_unknown_one(self, package):
        with pytest.raises(AttributeError, match=f"module '{package.__name__}' has no attribute 'NoSuchName'"):
            _ = package.NoSuchName
        with pytest.raises(ImportError, match="NoSuchName"):
            exec(f"from {package.__name__} import NoSuchName")


def test_star_import():
    names: dict[str, object] = {}
    exec("from voucherify import *", names)
    assert set(voucherify.__all__) <= set(names)
    assert names["EventsApi"] is voucherify.EventsApi


def test_modules_are_attributes():
    assert run(
        "import voucherify; print(voucherify.rest.ApiException.__name__, voucherify.models.customer.__name__)"
    ) == [
        "ApiException",
        "voucherify.models.customer",
    ]


def test_a_name_is_loaded_once():
    assert voucherify.EventsApi is voucherify.EventsApi
    assert vars(voucherify)["EventsApi"] is api.EventsApi


class TestSecondNames:
    """They are modules without files."""

    def test_are_those_of_the_description(self):
        of = {second: model.name for model in API.models.values() for second in model.second_names}
        assert of == models.SECOND_NAMES

    def test_are_imported_first_without_loading_more_than_their_class(self):
        script = """
import voucherify.models.access_settings_assign as module, sys
from voucherify.models.access_settings_unassign import AccessSettingsUnassign
assert module.AccessSettingsAssign is AccessSettingsUnassign is sys.modules["voucherify"].AccessSettingsAreas
assert module.__all__ == ["AccessSettingsAssign"] and "AccessSettingsAreas" in module.__doc__
print(*sorted(name for name in sys.modules if name.startswith("voucherify.models.")))
"""
        first = "voucherify.models.access_settings_areas"
        modules = ["voucherify.models.access_settings_assign", "voucherify.models.access_settings_unassign"]
        assert run(script) == [first, *modules]

    def test_are_modules_like_others(self):
        module = importlib.import_module("voucherify.models.access_settings_assign")
        assert importlib.reload(module) is module
        assert importlib.util.find_spec(module.__name__) is module.__spec__
        assert models.access_settings_assign is module
        names: dict[str, object] = {}
        exec(f"from {module.__name__} import *", names)
        assert names["AccessSettingsAssign"] is models.AccessSettingsAreas

    def test_leave_other_modules_alone(self):
        for name in ("voucherify.models.no_such_module", "voucherify.access_settings_assign", "access_settings_assign"):
            with pytest.raises(ModuleNotFoundError, match=name):
                importlib.import_module(name)


MODULES = [
    module.name
    for package in (voucherify, models, api)
    for module in pkgutil.iter_modules(package.__path__, package.__name__ + ".")
]
IN_ANY_ORDER = """
import importlib, os, sys
import voucherify.base_model, voucherify.resource  # what all of them need
for name in sys.stdin.read().split():
    child = os.fork()
    if child == 0:
        try:
            importlib.import_module(name)
        except BaseException as error:
            print(name, repr(error))
        sys.stdout.flush()
        os._exit(0)
    os.waitpid(child, 0)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
def test_each_module_can_be_imported_first():
    done = subprocess.run(
        [sys.executable, "-c", IN_ANY_ORDER], input="\n".join(MODULES), capture_output=True, text=True, check=True
    )
    assert done.stdout == ""
    assert len(MODULES) > len(API.models) + len(API.resources)


def test_first_use_from_many_threads():
    script = """
import sys, threading, voucherify
barrier = threading.Barrier(8)
def work(found=[]):
    barrier.wait()
    body = voucherify.EventsCreateRequestBody(event="a", customer={"address": {"city": "b"}})
    assert body.to_dict() == {"event": "a", "customer": {"address": {"city": "b"}}}
    sys.stdout.write("ok\\n")
threads = [threading.Thread(target=work) for _ in range(8)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
"""
    assert run(script) == ["ok"] * 8


def test_preload():
    script = """
import voucherify
voucherify.preload()
models = [getattr(voucherify.models, name) for name in voucherify.models.__all__]
incomplete = [model for model in models if not getattr(model, "__pydantic_complete__", True)]
print(len(incomplete), "voucherify.models.customer" in __import__("sys").modules)
"""
    assert run(script) == ["0", "True"]


def test_no_thread_is_left_behind():
    assert threading.active_count() == 1 or all(thread.daemon for thread in threading.enumerate()[1:])
