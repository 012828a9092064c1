"""What every model does, shown on small models of the test's own."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys
import threading
from collections import deque
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, Literal
from uuid import UUID

import pydantic
import pytest
from pydantic import Field

from voucherify.base_model import BaseModel
from voucherify.leniency import fit


class Address(BaseModel):
    city: str | None = None
    country: str | None = None


class Person(BaseModel):
    source_id: str
    birthday: date | None = None
    seen_at: datetime | None = None
    points: int | None = None
    share: float | None = None
    active: bool | None = None
    status: Literal["ACTIVE", "INACTIVE"] | str | None = None
    weekday: Literal[0, 1] | int | None = None
    tags: list[str] | None = None
    days: list[Literal[0, 1] | int] | None = None
    var_in: Annotated[list[str] | None, Field(alias="$in")] = None
    address: Address | None = None
    metadata: dict[str, Any] | None = None
    limits: dict[str, int] | None = None
    places: dict[str, Address | Any] | None = None
    place: Address | dict[str, Any] | None = None
    children: list[Person] | None = None


class Status(str, Enum):
    ACTIVE = "ACTIVE"


class Code(Enum):
    FIRST = 1


class TestThreeStates:
    def test_unset_fields_read_none_and_are_not_part_of_the_data(self):
        person = Person(source_id="a")
        assert person.address is None
        assert person.to_dict() == {"source_id": "a"}
        assert person.to_json() == '{"source_id": "a"}'

    @pytest.mark.parametrize("make", [lambda data: Person(**data), Person.from_dict])
    def test_nulls_stay(self, make):
        data = {"source_id": None, "address": None, "metadata": {"a": None}}
        assert make(data).to_dict() == data

    def test_nulls_stay_in_json(self):
        assert Person.from_json('{"source_id": null}').to_json() == '{"source_id": null}'

    def test_assignment_sets_and_deletion_unsets(self):
        person = Person(source_id="a")
        person.points = 4
        person.address = None
        assert person.to_dict() == {"source_id": "a", "points": 4, "address": None}
        del person.address
        del person.points
        assert person.to_dict() == {"source_id": "a"}
        assert person.points is None

    def test_deleting_an_unknown_field_removes_it(self):
        person = Person(source_id="a", shoe_size=44)
        del person.shoe_size
        assert person.to_dict() == {"source_id": "a"}
        with pytest.raises(AttributeError):
            del person.shoe_size

    def test_nothing_at_all(self):
        assert Person().to_dict() == {}
        assert Person.from_dict({}).source_id is None
        assert Person.from_dict(None) is None

    def test_a_model_is_taken_as_it_is(self):
        person = Person(source_id="a")
        assert Person.from_dict(person) is person


class TestUnknownFields:
    @pytest.mark.parametrize("value", [1, "x", None, [1, {"a": None}], {"a": [1.5, True]}])
    def test_are_kept_readable_and_given_back(self, value):
        for person in (Person(new_field=value), Person.from_dict({"new_field": value})):
            assert person.new_field == value
            assert person.to_dict() == {"new_field": value}

    def test_in_nested_models(self):
        data = {"address": {"city": "Łódź", "planet": "Earth"}, "children": [{"x": 1}]}
        assert Person.from_dict(data).to_dict() == data
        assert Person.from_dict(data).address.planet == "Earth"


class TestNames:
    def test_python_names_become_wire_names_at_every_depth(self):
        person = Person(children=[{"var_in": ["a"]}, Person(var_in=["b"])])
        assert person.to_dict() == {"children": [{"$in": ["a"]}, {"$in": ["b"]}]}

    def test_wire_names_are_taken_too(self):
        person = Person.from_dict({"$in": ["a"]})
        assert person.var_in == ["a"]
        assert person.to_dict() == {"$in": ["a"]}


class TestWhatACallerPasses:
    @pytest.mark.parametrize("value", [100, 100.0, Decimal("100"), Decimal("1e2")])
    def test_integral_numbers_are_whole_numbers(self, value):
        points = Person(points=value).points
        assert points == 100
        assert type(points) is int

    @pytest.mark.parametrize("value", [100.5, Decimal("0.1"), float("inf"), Decimal("NaN"), "100", True, [1]])
    def test_nothing_else_is(self, value):
        with pytest.raises(pydantic.ValidationError, match="points"):
            Person(points=value)

    @pytest.mark.parametrize(
        ("value", "expected"), [(4, 4), (4.5, 4.5), (Decimal("4"), 4), (Decimal("4.5"), 4.5), (2**70, 2**70)]
    )
    def test_numbers(self, value, expected):
        assert Person(share=value).share == expected

    @pytest.mark.parametrize("value", ["4.5", True, [1]])
    def test_no_numbers(self, value):
        with pytest.raises(pydantic.ValidationError, match="share"):
            Person(share=value)

    def test_a_uuid_or_an_enum_member_is_text(self):
        uuid = UUID(int=1)
        person = Person(source_id=uuid, status=Status.ACTIVE, tags=[uuid, Status.ACTIVE], weekday=Code.FIRST)
        assert person.to_dict() == {
            "source_id": str(uuid),
            "status": "ACTIVE",
            "tags": [str(uuid), "ACTIVE"],
            "weekday": 1,
        }
        assert type(person.status) is str

    @pytest.mark.parametrize("value", [4, b"bytes", ["a"], datetime(2024, 1, 1)])
    def test_no_text(self, value):
        with pytest.raises(pydantic.ValidationError, match="source_id"):
            Person(source_id=value)

    @pytest.mark.parametrize("value", [["a", "b"], ("a", "b"), deque("ab"), (letter for letter in "ab")])
    def test_lists(self, value):
        assert Person(tags=value).tags == ["a", "b"]

    def test_sets_are_lists(self):
        assert Person(tags={"a"}).tags == ["a"]

    @pytest.mark.parametrize("value", ["ab", {"a": 1}, 4])
    def test_no_lists(self, value):
        with pytest.raises(pydantic.ValidationError, match="tags"):
            Person(tags=value)

    def test_enumerations_are_open(self):
        assert Person(status="NEW", weekday=9, days=[0, 9]).to_dict() == {"status": "NEW", "weekday": 9, "days": [0, 9]}

    def test_only_true_and_false_are_booleans(self):
        assert Person(active=False).active is False
        for value in (1, "true", 0.0):
            with pytest.raises(pydantic.ValidationError, match="active"):
                Person(active=value)

    def test_text_stands_for_itself_where_a_time_is_expected(self):
        text = "2024-01-31T10:00:00.000+02:00"
        person = Person(seen_at=text, birthday="31.1.1999")
        assert person.to_dict() == {"seen_at": text, "birthday": "31.1.1999"}

    def test_a_date_and_a_datetime_stay_what_they_are(self):
        day, instant = date(2024, 1, 31), datetime(2024, 1, 31, 10, tzinfo=timezone.utc)
        assert Person(seen_at=day, birthday=instant).to_dict() == {"seen_at": day, "birthday": instant}
        with pytest.raises(pydantic.ValidationError, match="seen_at"):
            Person(seen_at=1706695200)

    def test_typed_maps_are_checked(self):
        assert Person(limits={"a": 1.0}).limits == {"a": 1}
        with pytest.raises(pydantic.ValidationError, match="limits"):
            Person(limits={"a": "1"})

    def test_a_union_with_anything_types_what_fits(self):
        person = Person(places={"home": {"city": "a"}, "work": "b"}, place={"city": "c"})
        assert person.places == {"home": Address(city="a"), "work": "b"}
        assert person.place == Address(city="c")
        assert Person.from_json('{"place": {"city": 4}}').place == {"city": 4}

    def test_assignment_is_checked(self):
        person = Person(points=1)
        with pytest.raises(pydantic.ValidationError, match="points"):
            person.points = "many"
        assert person.points == 1


class TestJsonData:
    """What `from_dict` and `from_json` read, and how it is written again."""

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("2024-01-31T10:00:00Z", datetime(2024, 1, 31, 10, tzinfo=timezone.utc)),
            ("2024-01-31T10:00:00.123456+02:00", datetime(2024, 1, 31, 8, 0, 0, 123456, tzinfo=timezone.utc)),
            ("2024-01-31T10:00:00.5", datetime(2024, 1, 31, 10, 0, 0, 500000)),
        ],
    )
    def test_times_are_parsed(self, text, expected):
        for person in (Person.from_dict({"seen_at": text}), Person.from_json(f'{{"seen_at": "{text}"}}')):
            assert person.seen_at == expected

    @pytest.mark.parametrize(
        "text", ["2024-01-31", "1706695200", "2024-01-31T10:00:00.1234567Z", "2016-12-31T23:59:60Z", "soon", ""]
    )
    def test_other_text_stays(self, text):
        for person in (Person.from_dict({"seen_at": text}), Person.from_json(f'{{"seen_at": "{text}"}}')):
            assert person.seen_at == text

    def test_dates_are_parsed(self):
        assert Person.from_dict({"birthday": "2000-02-29"}).birthday == date(2000, 2, 29)
        assert Person.from_dict({"birthday": "2001-02-29"}).birthday == "2001-02-29"

    @pytest.mark.parametrize(
        ("value", "expected"),
        [
            (datetime(2024, 1, 31, 10), "2024-01-31T10:00:00Z"),
            (datetime(2024, 1, 31, 10, tzinfo=timezone(timedelta(hours=-5))), "2024-01-31T10:00:00-05:00"),
            (date(2024, 1, 31), "2024-01-31"),
            (Decimal("1.50"), 1.5),
            (Decimal("3"), 3),
            (UUID(int=1), "00000000-0000-0000-0000-000000000001"),
            ({"a"}, ["a"]),
            (("a", 1), ["a", 1]),
            (Code.FIRST, 1),
            (Address(city="Łódź"), {"city": "Łódź"}),
            (b"bytes", "bytes"),
            (object, "<class 'object'>"),
        ],
    )
    def test_to_json_writes_anything(self, value, expected):
        import json

        assert json.loads(Person(metadata={"value": value}).to_json()) == {"metadata": {"value": expected}}

    def test_to_json_writes_keys_that_are_no_text(self):
        person = Person(metadata={"by_day": {date(2024, 1, 31): [{UUID(int=1): 1}]}})
        assert '{"2024-01-31": [{"00000000-0000-0000-0000-000000000001": 1}]}' in person.to_json()

    @pytest.mark.parametrize("text", ["[]", "4", "{", ""])
    def test_no_object(self, text):
        with pytest.raises(pydantic.ValidationError):
            Person.from_json(text)

    def test_round_trip(self):
        person = Person(source_id="a", seen_at=datetime(2024, 1, 31, tzinfo=timezone.utc), children=[Person(points=1)])
        assert Person.from_json(person.to_json()) == person
        assert Person.from_dict(person.to_dict()) == person


class TestObject:
    def test_equality_is_about_what_was_set(self):
        assert Person(points=1) == Person(points=1.0)
        assert Person(points=None) != Person()
        assert Person(points=1) != Person(points=2)
        assert Person(x=1) != Person(x=2)
        assert Person() != Address()
        assert Person() != {}

    def test_models_are_not_hashable(self):
        with pytest.raises(TypeError):
            hash(Person())

    def test_repr_shows_what_was_set(self):
        assert repr(Person(points=1, tags=None, x="y")) == "Person(points=1, tags=None, x='y')"

    def test_a_long_repr_has_a_line_for_each_field(self):
        person = Person(source_id="a" * 60, address=Address(city="b" * 60, country="PL"), metadata={"text": "one\ntwo"})
        assert repr(person) == (
            "Person(\n"
            f"    source_id='{'a' * 60}',\n"
            f"    address=Address(city='{'b' * 60}', country='PL'),\n"
            "    metadata={'text': 'one\\ntwo'},\n"
            ")"
        )
        assert eval(repr(person)) == person

    def test_to_str_is_pretty(self):
        assert Person(source_id="a", points=1).to_str() == "{'points': 1, 'source_id': 'a'}"

    @pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))])
    def test_copies(self, duplicate):
        person = Person(source_id="a", seen_at="2024-01-31T10:00:00Z", tags=None, x={"y": 1}, address=Address(city="b"))
        person = Person.from_dict(person.to_dict())
        again = duplicate(person)
        assert again == person
        assert again.to_dict() == person.to_dict()
        again.points = 5
        assert person.points is None

    def test_dir_lists_fields(self):
        assert "source_id" in dir(Person(source_id="a"))

    def test_json_schema(self):
        schema = Person.model_json_schema()
        assert schema["$defs"]["Person"]["properties"]["$in"]["anyOf"][0] == {
            "items": {"type": "string"},
            "type": "array",
        }


class TestDeferredBuilding:
    """The traps of building schemas on first use."""

    def test_a_nested_model_in_a_free_form_field(self):
        class Inner(BaseModel):
            at: datetime | None = None

        class Outer(BaseModel):
            inner: Inner | None = None
            anything: Any = None

        inner = Outer(inner={"at": "now"}).inner  # its class was built as a part of Outer's only
        assert Outer(anything=[{"deep": (inner,)}]).to_dict() == {"anything": [{"deep": ({"at": "now"},)}]}
        assert Outer(unknown=inner).to_dict() == {"unknown": {"at": "now"}}

    def test_what_pydantic_does_not_dump_is_dumped_all_the_same(self):
        class Foreign(pydantic.BaseModel):
            a: int = 1

        person, _ = fit(Person, {"points": 3, "\ud800": [1]})  # only servers send such keys
        person.more = {"a": (Foreign(a=2), [{1}, Person(points=1)])}
        assert person.to_dict() == {"points": 3, "\ud800": [1], "more": {"a": ({"a": 2}, [{1}, {"points": 1}])}}

    def test_first_use_from_many_threads(self):
        for _ in range(20):

            class Leaf(BaseModel):
                at: datetime | None = None

            class Tree(BaseModel):
                leaf: Leaf | None = None
                leaves: list[Leaf] | None = None

            barrier, answers = threading.Barrier(8), []

            def build(tree=Tree, leaf=Leaf, barrier=barrier, answers=answers):
                barrier.wait()
                answers.append(tree.from_dict({"leaf": leaf(at="a"), "leaves": [{"at": "b"}]}).to_dict())

            threads = [threading.Thread(target=build) for _ in range(8)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            assert answers == [{"leaf": {"at": "a"}, "leaves": [{"at": "b"}]}] * 8

    def test_a_class_that_leads_to_itself_and_is_used_twice(self):
        for built_first in (True, False):

            class Condition(BaseModel):
                at_least: int | None = None
                conditions: Condition | None = None

            class Filters(BaseModel):
                name: Condition | None = None
                code: Condition | None = None
                others: list[Condition] | None = None

            if built_first:
                Condition.model_rebuild()
            data = {"conditions": {"at_least": 1.0}}
            filters = Filters.from_dict({"name": data, "code": data, "others": [data]})
            assert type(filters.code.conditions.at_least) is int
            assert filters.to_dict() == {"name": data, "code": data, "others": [data]}
            with pytest.raises(pydantic.ValidationError, match=r"code\.conditions\.at_least"):
                Filters.from_dict({"code": {"conditions": {"at_least": "1"}}})

    def test_unpickling_in_a_process_that_has_built_nothing(self):
        from voucherify.models.customer import Customer

        data = pickle.dumps(Customer(source_id="a", metadata={"x": 1}))
        script = (
            "import pickle, sys; model = pickle.loads(sys.stdin.buffer.read()); "
            "print(model.to_dict(), model.model_dump(exclude_unset=True), repr(model))"
        )
        done = subprocess.run([sys.executable, "-c", script], input=data, capture_output=True, check=True)
        shown = "{'source_id': 'a', 'metadata': {'x': 1}}"
        assert done.stdout.decode().strip() == f"{shown} {shown} Customer(source_id='a', metadata={{'x': 1}})"
