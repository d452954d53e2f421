"""Whatever is typed into a search, the answer is a page: no word of it is an operator of PostgreSQL's."""

import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portal.extensions import db
from tests import factories as make

ODD = [
    "\0a", "a:*", "'; DROP TABLE tickets; --", "a' | 'b", "':*", "a & b | !c", "<->", "\\", "a\\'b", "it's",
    '"', '""', '"a', "-", "--", "- a", "a -", "((", "#1", "'#1'", "½", "²", "\u202e\u200f💥\u00e9\u0301",
    "\ue000x\ue001", "a/b\\c", "a<b>c", "%", "_", "100%", "x" * 1000, "x " * 40, "c++", "ß", "İ", "status:",
    "IT-999999999999999999999", "IT-1/../..", "the", "der die das", "a b c d e f g h i j k l m n o p",
]  # fmt: skip


@pytest.mark.parametrize("role", ["employee", "agent"])
def test_nothing_that_is_typed_is_a_mistake_of_ours(world, client_for, role):
    person = getattr(make, role)()
    make.ticket(person, title="a b c it's ½ the x", description="<b>a/b</b>")
    db.session.commit()
    client = client_for(person)
    for typed in ODD:
        for path in ("/search", "/search/suggestions", "/tickets"):
            answer = client.get(path, query_string={"q": typed, "page": "WzEsMSxmYWxzZV0"})
            assert answer.status_code < 500, (path, typed)


words = st.text(max_size=12) | st.sampled_from(
    [*ODD, "printer", "pritner", "on", "status:open", "-is:closed", "tag:"]
)


@pytest.mark.parametrize("role", ["employee", "agent"])
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(typed=st.lists(words, min_size=1, max_size=5))
def test_whatever_is_typed_every_mark_has_its_end_and_nothing_typed_is_markup(printers, role, typed):
    answer = printers[role].get("/search", query_string={"q": " ".join(typed) + " <x>"})

    assert answer.status_code in ({200, 303, 422} if "\0" not in "".join(typed) else {400})
    assert len(re.findall("<mark>", answer.text)) == len(re.findall("</mark>", answer.text))
    assert "<x>" not in answer.text


@pytest.fixture
def printers(world, client_for):
    people = {"employee": make.employee(), "agent": make.agent()}
    make.ticket(people["employee"], title="The printer <x> is on fire", description="**printer** " * 5)
    db.session.commit()
    return {role: client_for(person) for role, person in people.items()}
