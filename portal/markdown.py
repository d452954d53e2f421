"""Free text as people write it, and as a page may show it."""

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from html import escape
from typing import Any

import nh3
from markdown_it import MarkdownIt
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token

MAX_LENGTH = 256_000  # characters; nh3 is slow on what is nested very deep
MARKS = "\n!#$%&*+-:<=>@[\\]^_`{|}~"  # where markdown-it stops to look what begins or ends
MOST_MARKS = 15_000  # of a text; a log of 50,000 characters has about 8,000
MOST_CELLS = 10_000  # of all its tables

MOST_NAMED = 50  # signs of a text at which somebody may be named
LONGEST_NAME = 120  # characters
_ADDRESS_OF_PAGE = re.compile(r"://|\b(?:www\.|mailto:)", re.IGNORECASE)
_ADDRESS_OF_MAIL = re.compile(r"[^\W_][._%+/@-]*\Z")
# Letters that are written without blanks between words: Thai and Lao, Hangul, kana, Chinese characters.
UNSPACED = re.compile(
    r"[\u0e00-\u0eff\u1100-\u11ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff]"
)
_TAGS = {
    "a",
    "blockquote",
    "br",
    "code",
    "del",
    "em",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "hr",
    "li",
    "ol",
    "p",
    "pre",
    "s",
    "span",
    "strong",
    "table",
    "tbody",
    "td",
    "th",
    "thead",
    "tr",
    "ul",
}


Named = Callable[[str], int]  # how many of these characters, which stand behind an "@", name somebody


@dataclass(frozen=True)
class Reading:
    """A text that was read, by tokens in which each name behind an "@" is one."""

    text: str
    tokens: list[Token] | None = None  # None where reading it would take too long
    env: dict[str, Any] = field(default_factory=dict)

    @property
    def names(self) -> list[str]:
        """What stands behind the "@" where somebody is named, in the order of the text."""
        inside = (child for token in self.tokens or () for child in token.children or ())
        return [token.content for token in inside if token.type == "mention"]

    def html(self, *, marked: Collection[str] = ()) -> str:
        """As a page may show it; of `names`, those that are `marked` stand out."""
        if self.tokens is None:
            return _clean(_as_typed(self.text))
        self.env["marked"] = marked
        return _clean(_markdown.renderer.render(self.tokens, _markdown.options, self.env))


def render_markdown(text: str) -> str:
    """HTML that is safe to show: Markdown (CommonMark, tables) without HTML, images or classes.

    Headings are lowered by two, so that a text never has a higher one than its page.
    A text with so many signs that reading them would take long is shown as it was typed.
    """
    return read_markdown(text).html()


def read_markdown(text: str, named: Named | None = None) -> Reading:
    """The same in two steps: between them one sees who is named, as `named` tells.

    Nobody is in code, in the words of a link, or in the address of a page or of mail.
    """
    lines = text[:MAX_LENGTH].replace("\r\n", "\n").replace("\r", "\n")
    if _is_too_much(lines):
        return Reading(lines)
    env: dict[str, Any] = {"named": named}
    return Reading(lines, _markdown.parse(lines, env), env)


def behind_signs(text: str) -> list[str]:
    """What stands behind the first `MOST_NAMED` signs "@" at which somebody may be named."""
    found: dict[str, None] = {}

    def hear(behind: str) -> int:
        if len(found) < MOST_NAMED:
            found[behind] = None
        return 0

    if "@" in text:
        read_markdown(text, hear)
    return list(found)


def _mention(state: StateInline, silent: bool) -> bool:
    """An inline rule: "@" and a name are one token, in which no other sign means anything."""
    if state.src[state.pos] != "@" or state.linkLevel:
        return False
    named: Named | None = state.env["named"]
    if named is None or not _is_free(state.src, state.pos):
        return False
    begin = state.pos + 1
    behind = state.src[begin : min(begin + LONGEST_NAME, state.posMax)].partition("\n")[0]
    length = named(behind)
    if not length:
        return False
    if not silent:
        state.push("mention", "span", 0).content = behind[:length]
    state.pos = begin + length
    return True


def _is_free(text: str, at: int) -> bool:
    """Whether the sign at that place belongs to no address."""
    before = text[max(at - LONGEST_NAME, 0) : at]
    if not before or before[-1].isspace():
        return True
    word = before.split()[-1]
    if _ADDRESS_OF_PAGE.search(word):
        return False
    letter = _ADDRESS_OF_MAIL.search(word)
    return letter is None or UNSPACED.match(letter.group()) is not None


def _draw_mention(_renderer: Any, tokens: list[Token], place: int, _options: Any, env: Any) -> str:
    name = tokens[place].content
    written = "@" + escape(name)
    return f'<span class="mention">{written}</span>' if name in env["marked"] else written


_markdown = MarkdownIt("commonmark", {"html": False, "linkify": False, "breaks": True}).enable(
    ["table", "strikethrough"]
)
_markdown.inline.ruler.push("mention", _mention)
_markdown.add_render_rule("mention", _draw_mention)


def _clean(html: str) -> str:
    return _lower_headings(
        nh3.clean(
            html,
            tags=_TAGS,
            attributes={"a": {"href", "title"}, "ol": {"start"}},
            allowed_classes={"span": {"mention"}},
            url_schemes={"http", "https", "mailto", "tel"},
            link_rel="noopener noreferrer nofollow",
        )
    )


def _is_too_much(text: str) -> bool:
    """Whether reading it could take half a second: each sign takes up to 20 µs, and so does a cell."""
    return sum(map(text.count, MARKS)) > MOST_MARKS or _cells(text) > MOST_CELLS


def _cells(text: str) -> int:
    """At most how many cells its tables have: each row is filled up to the columns of its head."""
    cells = columns = 0
    for line in text.split("\n"):
        if not line.strip():
            columns = 0
        elif not line.strip(">|:- \t"):  # below a head, or as good as that
            columns = max(columns, line.count("|") + 1)
        cells += columns
    return cells


def _as_typed(text: str) -> str:
    return "<p>" + escape(text).replace("\n", "<br>\n") + "</p>"


def _lower_headings(html: str) -> str:
    for level in range(6, 0, -1):
        lower = min(level + 2, 6)
        html = html.replace(f"<h{level}>", f"<h{lower}>").replace(f"</h{level}>", f"</h{lower}>")
    return html
