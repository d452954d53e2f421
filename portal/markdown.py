"""Free text as people write it, and as a page may show it."""

import nh3
from markdown_it import MarkdownIt

MAX_LENGTH = 256_000  # characters; nh3 is slow on what is nested very deep

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
    """
    html = _markdown.render(text[:MAX_LENGTH])
    return _lower_headings(
        nh3.clean(
            html,
            tags=_TAGS,
            attributes={"a": {"href", "title"}, "ol": {"start"}},
            url_schemes={"http", "https", "mailto", "tel"},
            link_rel="noopener noreferrer nofollow",
        )
    )


def _lower_headings(html: str) -> str:
    for level in range(6, 0, -1):
        lower = min(level + 2, 6)
        html = html.replace(f"<h{level}>", f"<h{lower}>").replace(f"</h{level}>", f"</h{lower}>")
    return html
