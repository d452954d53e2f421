import pytest

from portal.accounts.addresses import is_address, tidy_address
from portal.accounts.devices import device
from portal.accounts.passwords import hash_password, is_right
from portal.accounts.strength import weakness
from portal.permissions import Role

ABOUT = ("Petra Lindqvist", "petra.l@nordwerk.example", "Nordwerk")


@pytest.mark.parametrize(
    "password",
    [
        "glass bridge kettle",
        "petra swims in cold lakes",  # a name in a sentence is fine
        "ÄpfelBirnenÖl",
        "q8$Lw2!vNp0z",
        "einkaufswagenrolle",
        "🦊🦉🦋🐢🐙🦀🐳🦜🐌🦔🦩🐝",
    ],
)
def test_a_good_password_is_taken(app, password):
    with app.test_request_context():
        assert weakness(password, role=Role.AGENT, about=ABOUT) is None


@pytest.mark.parametrize(
    "password",
    [
        "password",
        "Password1!",
        "P@ssw0rd2026",
        "12345678",
        "qwertzuiop",
        "iloveyou!!",
        "aaaaaaaaaaaa",
        "abababababab",
        "abcdefghijkl",
        "lkjhgfdsa",
        "petra.lindqvist",
        "Lindqvist2026",
        "nordwerk1234",
        "tsivqdnil"[::-1] + "!",
    ],
)
def test_what_is_tried_first_is_not(app, password):
    with app.test_request_context():
        assert weakness(password, role=Role.EMPLOYEE, about=ABOUT)


@pytest.mark.parametrize(
    ("role", "length", "is_taken"),
    [(Role.EMPLOYEE, 7, False), (Role.EMPLOYEE, 8, True), (Role.AGENT, 11, False), (Role.AGENT, 12, True),
     (Role.MANAGER, 11, False), (Role.ADMIN, 11, False), (Role.ADMIN, 200, True), (Role.ADMIN, 201, False)],
)  # fmt: skip
def test_staff_need_more_letters(app, role, length, is_taken):
    password = ("xk4 vw9 " * 30)[:length]
    with app.test_request_context():
        assert (weakness(password, role=role) is None) == is_taken


def test_a_letter_is_the_same_however_a_keyboard_sends_it():
    composed, decomposed = "Käthe kauft Öl", "Käthe kauft Öl"

    assert is_right(decomposed, hash_password(composed))


def test_nobodys_password_lets_nobody_in():
    assert not is_right("nobody's password", None)


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        (" Ann@Example.ORG ", "ann@example.org"),
        ("ann@bücher.example", "ann@xn--bcher-kva.example"),
        ("not an address", "not an address"),
        (None, ""),
    ],
)
def test_addresses_are_kept_in_one_spelling(typed, kept):
    assert tidy_address(typed) == kept


@pytest.mark.parametrize("address", ["ann@example.org", "a.b+c@desk.local", "o'neil@example.org"])
def test_an_address_is_one(address):
    assert is_address(address)


@pytest.mark.parametrize(
    "address",
    ["", "ann", "ann@", "@example.org", "ann@localhost", "ann@@example.org", "ann@example..org",
     "ann b@example.org", "ann@example.org, ben@example.org", "änn@example.org", "a" * 250 + "@b.org",
     "ann@[127.0.0.1]", "Ann <ann@example.org>"],
)  # fmt: skip
def test_anything_else_is_none(address):
    assert not is_address(address)


@pytest.mark.parametrize(
    ("user_agent", "words"),
    [
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Safari/604.1",
            "Safari on iPhone",
        ),
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/140.0 Safari/537.36 Edg/140.0", "Edge on Windows"),
        ("Mozilla/5.0 (X11; Linux x86_64) Chrome/140.0 Safari/537.36", "Chrome on Linux"),
        ("curl/8.0", "A browser we do not know"),
        ("", "A browser we do not know"),
    ],
)
def test_a_browser_is_named_as_its_owner_knows_it(app, user_agent, words):
    with app.test_request_context():
        assert device(user_agent) == words
