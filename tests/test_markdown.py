import time

import pytest

from portal.markdown import render_markdown


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("**bold**", "<p><strong>bold</strong></p>"),
        ("one\ntwo", "<p>one<br>\ntwo</p>"),
        ("# Big", "<h3>Big</h3>"),
        ("###### Small", "<h6>Small</h6>"),
        ("`<b>`", "<p><code>&lt;b&gt;</code></p>"),
    ],
)
def test_markdown_becomes_html(text, html):
    assert render_markdown(text).strip() == html


HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt&colon;alert(1))",
    "[x](java\tscript:alert(1))",
    "[x](data:text/html,<script>1</script>)",
    "[x](vbscript:x)",
    "<svg><style><img src=x onerror=alert(1)></style></svg>",
    '<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=alert(1)&gt;">',
    "<a hx-get='/admin' hx-trigger='load'>x</a>",
    "<div data-hx-post='/logout'>x</div>",
    "<form action=/logout method=post><button>x</button></form>",
    "<iframe src=//evil></iframe>",
    "![x](http://evil/track.png)",
    "<style>*{display:none}</style>",
    "<p style='position:fixed'>x</p>",
    '<noscript><p title="</noscript><img src=x onerror=alert(1)>">',
]


BAD = (
    "<script", "<img", "<svg", "<iframe", "<style", "<form", "<div", "<math", "<p style", "<a hx-",
    'href="javascript', 'href="data', 'href="vbscript',
)  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_hostile_survives(text):
    html = render_markdown(text).lower()
    for bad in BAD:
        assert bad not in html


@pytest.mark.parametrize(
    "text",
    [
        "[" * 50_000,
        "*" * 50_000,
        "> " * 20_000,
        "`" * 50_000,
        "<div>" * 40_000,
        "a" * 200_000,
        "![" * 30_000,
        "|" * 20_000,
    ],
)
def test_a_text_made_to_be_slow_is_not(text):
    began = time.perf_counter()
    render_markdown(text)
    assert time.perf_counter() - began < 5
