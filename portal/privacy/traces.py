"""What names somebody in a text: full names, mail addresses, telephone numbers, log-ins. No database here.

Full names and the rest are replaced; a first name or surname alone may be anybody's,
so those are only found.
"""

import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from unicodedata import normalize

BETWEEN = r"(?:&nbsp;|[\W_]){1,3}"  # what may stand between the words of a name, Markdown included
SHORTEST_NUMBER = 7  # digits; a shorter one is an extension, or anything else
SHORTEST_WORD = 3  # letters of a name that is worth a look when it stands alone
MAY_BEGIN = r"(?<![^\W_])"  # a line below letters is none: it joins words, in names of files and in Markdown
MAY_END = r"(?=(?:['’]?s)?(?![^\W_]))"  # a name may have the s of a genitive


def neutral_name(person_id: int) -> str:
    """What somebody is called afterwards, in every language."""
    return f"Former user {person_id}"


def neutral_address(person_id: int) -> str:
    """An address that no mail can ever reach (RFC 2606)."""
    return f"former-user-{person_id}@anonymized.invalid"


@dataclass(frozen=True)
class Traces:
    """All by which somebody was known, and what stands there instead from now on."""

    person_id: int
    names: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()
    phones: tuple[str, ...] = ()
    known: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "known", frozenset(_folded(name) for name in self.names))

    @classmethod
    def of(cls, person_id: int, kept: dict[str, list[str]]) -> "Traces":
        return cls(person_id, *(tuple(kept.get(kind, ())) for kind in ("names", "emails", "phones")))

    def as_kept(self) -> dict[str, list[str]]:
        return {"names": [*self.names], "emails": [*self.emails], "phones": [*self.phones]}

    def and_also(self, **more: set[str]) -> "Traces":
        """With what else is known, each once."""
        joined = {
            kind: tuple(dict.fromkeys([*getattr(self, kind), *sorted(filter(None, more.get(kind, ())))]))
            for kind in ("names", "emails", "phones")
        }
        return Traces(self.person_id, **joined)

    @cached_property
    def fragments(self) -> list[str]:
        """In small letters; whatever names them has at least one of these, to look for with LIKE."""
        words = {_folded(word) for name in self.names for word in _words(name) if len(word) > 1}
        logins = {local for local, _, _ in (email.partition("@") for email in self.emails) if len(local) > 2}
        return sorted(words | {email.lower() for email in self.emails} | logins)

    @cached_property
    def digits(self) -> list[str]:
        """The ends of the telephone numbers: what all ways to write them have in common."""
        numbers = (re.sub(r"\D", "", phone) for phone in self.phones)
        return sorted({number[-SHORTEST_NUMBER:] for number in numbers if len(number) >= SHORTEST_NUMBER})

    def scrub(self, text: str) -> str:
        """The text without what names them for certain."""
        found = normalize("NFC", text)
        for pattern, instead in self._patterns:
            found = pattern.sub(instead, found)
        return text if found == normalize("NFC", text) else found

    def scrub_file_name(self, name: str, *, longest: int) -> str:
        """The same of the name of a file. What stands behind its last dot stays, for it says what it is."""
        stem, ending = split(name)
        return self.scrub(stem)[: longest - len(ending)] + ending

    def scrub_data(self, data: Any) -> Any:
        """The same of whatever JSON holds. A label that has somebody else's number is left to them."""
        if isinstance(data, str):
            return neutral_name(self.person_id) if _folded(data) in self._whole else self.scrub(data)
        if isinstance(data, list):
            return [self.scrub_data(each) for each in data]
        if isinstance(data, dict):
            return {self.scrub(key): self._of(data, key) for key in data}
        return data

    def spans(self, text: str, *, is_theirs: bool) -> list[tuple[int, int]]:
        """Where the text may still name them: by the surname, and by any other name where it is theirs."""
        pattern = self._any_name if is_theirs else self._surname
        return [match.span() for match in pattern.finditer(text)] if pattern else []

    def _of(self, data: dict[str, Any], key: str) -> Any:
        number = {"user": data.get("user_id"), "label": data.get("id")}.get(key)
        value = data[key]
        if isinstance(number, int) and isinstance(value, str) and _folded(value) in self.known:
            return neutral_name(self.person_id) if number == self.person_id else value
        return self.scrub_data(value)

    @cached_property
    def _whole(self) -> frozenset[str]:
        """Full names: a value that is one of them and nothing else."""
        return frozenset(name for name in self.known if len(_words(name)) > 1)

    @cached_property
    def _patterns(self) -> list[tuple[re.Pattern[str], str]]:
        name, address = neutral_name(self.person_id), neutral_address(self.person_id)
        return [
            *((_address(email), address) for email in self.emails),
            *((pattern, "…") for phone in self.phones for pattern in _numbers(phone)),
            *((pattern, name) for known in self.names for pattern in _full_name(known)),
            *((_login(email), name) for email in self.emails if _is_telling(email)),
        ]

    @cached_property
    def _surname(self) -> re.Pattern[str] | None:
        return _alone(words[-1] for name in self.names if (words := _words(name)))

    @cached_property
    def _any_name(self) -> re.Pattern[str] | None:
        logins = (word for email in self.emails for word in _words(email.partition("@")[0]))
        return _alone([*(word for name in self.names for word in _words(name)), *logins])


def split(name: str) -> tuple[str, str]:
    """The name of a file, and its ending with the dot."""
    stem, dot, ending = name.rpartition(".")
    return (stem, dot + ending) if stem else (name, "")


def _folded(text: str) -> str:
    return normalize("NFC", " ".join(text.split())).lower()


def _words(text: str) -> list[str]:
    return re.findall(r"[^\W_]+", normalize("NFC", text))


def _full_name(name: str) -> list[re.Pattern[str]]:
    """`Ann Lindqvist` and `Lindqvist, Ann`; of one word alone nobody can tell whom it means."""
    words = [re.escape(word) for word in _words(name)]
    if len(words) < 2:
        return []
    orders = (words, [words[-1], *words[:-1]])
    return [_pattern(rf"{MAY_BEGIN}{BETWEEN.join(order)}{MAY_END}") for order in orders]


def _address(email: str) -> re.Pattern[str]:
    return _pattern(rf"(?<![\w.+-]){re.escape(email)}(?![\w-])")


def _login(email: str) -> re.Pattern[str]:
    return _pattern(rf"(?<![\w.+-]){re.escape(email.partition('@')[0])}(?![\w@-])")


def _is_telling(email: str) -> bool:
    """Whether what stands before the @ is nobody else's name: `ann.lindqvist`, `alindqvist7`; not `ann`."""
    local = email.partition("@")[0]
    return len(local) > 5 and bool(re.search(r"[\W_\d]", local))


def _numbers(phone: str) -> list[re.Pattern[str]]:
    """The number however it is grouped, with 00 or + before it, or a 0 in place of its country."""
    digits = re.sub(r"\D", "", phone)
    if len(digits) < SHORTEST_NUMBER:
        return []
    national = [digits[cut:] for cut in (1, 2, 3)] if phone.strip().startswith(("+", "00")) else []
    ways = [digits, *(f"0{rest}" for rest in national if len(rest) >= SHORTEST_NUMBER)]
    return [_pattern(r"(?<!\d)(?:\+|00)?" + r"[\s()./-]*".join(way) + r"(?!\d)") for way in ways]


def _alone(words: Any) -> re.Pattern[str] | None:
    wanted = sorted({re.escape(word) for word in words if len(word) >= SHORTEST_WORD}, key=len, reverse=True)
    return _pattern(rf"{MAY_BEGIN}(?:{'|'.join(wanted)}){MAY_END}") if wanted else None


def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(text, re.IGNORECASE)
