"""What names somebody for certain, in the ways people write, and what only may."""

import pytest

from portal.privacy.traces import Traces

ANN = Traces(7, ("Ann-Sofie Lindqvist",), ("ann.lindqvist@example.org",), ("+49 30 1234567",)).and_also(
    names={"Ann-Sofie Berg"}
)
WHO, WHERE = "Former user 7", "former-user-7@anonymized.invalid"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Ann-Sofie Lindqvist called.", f"{WHO} called."),
        ("ANN-SOFIE LINDQVIST, here", f"{WHO}, here"),
        ("Lindqvist, Ann-Sofie", WHO),
        ("of Ann-Sofie  Lindqvist's", f"of {WHO}'s"),
        ("Ann-Sofie Lindqvists Drucker", f"{WHO}s Drucker"),
        ("**Ann-Sofie** Lindqvist", f"**{WHO}"),
        ("Ann-Sofie&nbsp;Lindqvist", WHO),
        ("Ann\nSofie\u00a0Lindqvist", WHO),
        ("before she married, Ann-Sofie Berg", f"before she married, {WHO}"),
        ("_Ann-Sofie Lindqvist_ and CV_Lindqvist_Ann-Sofie_2026", f"_{WHO}_ and CV_{WHO}_2026"),
        ("Joann-Sofie Lindqvist", "Joann-Sofie Lindqvist"),
        ("Ann-Sofie Lindqvistberg", "Ann-Sofie Lindqvistberg"),
        ("Write to Ann.Lindqvist@Example.org.", f"Write to {WHERE}."),
        ("<ann.lindqvist@example.org>", f"<{WHERE}>"),
        ("joann.lindqvist@example.org", "joann.lindqvist@example.org"),
        ("ann.lindqvist@example.organic", "ann.lindqvist@example.organic"),
        ("log in as ann.lindqvist", f"log in as {WHO}"),
        ("+49 30 1234567", "…"),
        ("0049 (30) 123-4567", "…"),
        ("030/1234567 or 030 12 34 567", "… or …"),
        ("ticket 49301234567890", "ticket 49301234567890"),
        ("Ann is away", "Ann is away"),
    ],
)
def test_what_names_them_is_replaced_and_nothing_else(text, expected):
    assert ANN.scrub(text) == expected


@pytest.mark.parametrize(
    ("text", "is_theirs", "found"),
    [
        ("ask Lindqvist", False, ["Lindqvist"]),
        ("Lindqvist's printer, Bergs chair", False, ["Lindqvist", "Berg"]),
        ("ask Ann", False, []),
        ("ask Ann", True, ["Ann"]),
        ("ask Hannah", True, []),
        ("Bergen", True, []),
        ("cv_lindqvist_2026", False, ["lindqvist"]),
    ],
)
def test_what_may_name_them_is_found(text, is_theirs, found):
    assert [text[start:end] for start, end in ANN.spans(text, is_theirs=is_theirs)] == found


@pytest.mark.parametrize(
    ("name", "longest", "expected"),
    [
        ("CV_Ann-Sofie_Lindqvist.pdf", 255, f"CV_{WHO}.pdf"),
        ("lindqvist.ann-sofie.pdf", 255, f"{WHO}.pdf"),
        ("Ann-Sofie.Lindqvist", 255, "Ann-Sofie.Lindqvist"),  # what looks like an ending stays one
        ("a plan of Ann-Sofie Lindqvist.pdf", 20, "a plan of Former.pdf"),
        ("plan.pdf", 255, "plan.pdf"),
        (".lindqvist", 255, ".lindqvist"),
    ],
)
def test_the_name_of_a_file_keeps_its_ending(name, longest, expected):
    assert ANN.scrub_file_name(name, longest=longest) == expected


def test_a_name_of_one_word_is_nobodys_for_certain():
    cher = Traces(7, ("Cher",), ("c@example.org",))

    assert cher.scrub("Cher called") == "Cher called"
    assert [*cher.spans("Cher called", is_theirs=False)] == [(0, 4)]


def test_the_labels_of_somebody_else_with_the_same_name_stay():
    name = "Ann-Sofie Lindqvist"
    assignee = {"old": {"id": 7, "label": name}, "new": {"id": 8, "label": name}}
    data = {"changes": {"assignee": assignee}, "user_id": 8, "user": name}
    data |= {"title": f"For {name}", "count": 3, "teams": [None, True]}

    clean = ANN.scrub_data(data)

    assert clean["changes"]["assignee"]["old"]["label"] == WHO
    assert clean["changes"]["assignee"]["new"]["label"] == "Ann-Sofie Lindqvist"
    assert clean["user"] == "Ann-Sofie Lindqvist"
    assert clean["title"] == f"For {WHO}"
    assert (clean["count"], clean["teams"]) == (3, [None, True])


def test_a_change_of_the_name_itself_is_theirs():
    told = {"changes": {"name": {"old": {"id": "Ann-Sofie Berg", "label": "Ann-Sofie Berg"}}}, "user_id": 7}

    assert ANN.scrub_data(told)["changes"]["name"]["old"] == {"id": WHO, "label": WHO}


@pytest.mark.parametrize("text", ["Ann-Sofie Lindqvist", "ann.lindqvist", "030/1234567"])
def test_whatever_is_replaced_has_a_fragment_by_which_the_database_finds_it(text):
    digits = "".join(sign for sign in text if sign.isdigit())

    assert any(piece in text.lower() for piece in ANN.fragments) or any(end in digits for end in ANN.digits)
