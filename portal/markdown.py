"""Free text as people write it, and as a page may show it."""

from html import escape

import nh3
from markdown_it import MarkdownIt

MAX_LENGTH = 256_000  # characters; nh3 is slow on what is nested very deep
MARKS = "\n!#$%&*+-:<=>@[\\]^_`{|}~"  # where markdown-it stops to look what begins or ends
MOST_MARKS = 15_000  # of a text; a log of 50,000 characters has about 8,000
MOST_CELLS = 10_000  # of all its tables

_markdown = MarkdownIt("commonmark", {"html": False, "linkify": False, "breaks": True}).enable(
    ["table", "strikethrough"]
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
    "strong",
    "table",
    "tbody",
    "td",
    "th",
    "thead",
    "tr",
    "ul",
}


def render_markdown(text: str) -> str:
    """HTML that is safe to show: Markdown (CommonMark, tables) without HTML, images or classes.

    Headings are lowered by two, so that a text never has a higher one than its page.
    A text with so many signs that reading them would take long is shown as it was typed.
    """
    lines = text[:MAX_LENGTH].replace("\r\n", "\n").replace("\r", "\n")
    html = _as_typed(lines) if _is_too_much(lines) else _markdown.render(lines)
    return _lower_headings(
        nh3.clean(
            html,
            tags=_TAGS,
            attributes={"a": {"href", "title"}, "ol": {"start"}},
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
