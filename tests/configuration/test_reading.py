"""YAML as people edit it: read as what was written, each fault with its place, and no trick gets in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.configuration.reading import Fault, Faulty, read_yaml, write_yaml

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x85\u2028\u2029"), max_size=40)
PLAIN = st.one_of(
    TEXTS, st.booleans(), st.integers(-10, 10), st.sampled_from(["yes", "on", "1", "~", "2020-01-01"])
)
CONTENT = st.dictionaries(TEXTS, st.one_of(PLAIN, st.lists(PLAIN, max_size=3)), min_size=1, max_size=4)


@given(CONTENT)
def test_what_is_written_reads_as_the_same(content):
    assert read_yaml(write_yaml(content)).content == content


def test_a_text_of_several_lines_is_written_as_it_is_read():
    assert write_yaml({"body": "Dear you\nbye\n"}) == "body: |\n  Dear you\n  bye\n"


def test_a_fault_names_its_path_and_line():
    text = read_yaml("a:\n  - name: x\n  - name: y\n    list: [1]\n")

    assert text.fault(("a", 1, "name"), "bad") == Fault("a[2].name", 3, "bad")
    assert text.fault(("a", 1, "missing"), "bad") == Fault("a[2].missing", 3, "bad")
    assert text.fault((), "bad") == Fault("", 1, "bad")


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("", 1, "nothing in it"),
        ("a: [1,\nb: 2", 2, "no YAML"),
        ("a: 1\nb: *c", 2, "references"),
        ("a: &x [1]\nb: [*x, *x]", 2, "references"),
        ("a: 1\nb: 2\na: 3", 3, "twice"),
        ("[" * 5_000, 1, ""),
        ("a: !!python/object/apply:os.system [id]", 1, "no YAML"),
        ("a: 1\nb: \x07", 2, "a character"),
        ("a: 2020-99-99", 1, "no YAML"),
        ("%YAML 9.9\n---\na", 1, ""),
        ("a: 1\n---\nb: 2", 2, "no YAML"),
    ],
)
def test_what_is_none_is_said_with_its_line(text, line, said):
    with pytest.raises(Faulty) as refused:
        read_yaml(text)

    assert said in refused.value.faults[0].said
    assert refused.value.faults[0].line == line or said == ""
