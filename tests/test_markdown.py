import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.markdown import MOST_NAMED, behind_signs, read_markdown, render_markdown


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


# Names behind an "@".

NAMES = ["Dana Kim", "Ann O'Neill", "Zoë Müller-Lüdenscheidt", "王小明", "dana@example.org"]


def named(behind):
    return max((len(name) for name in NAMES if behind.casefold().startswith(name.casefold())), default=0)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("@Dana Kim", ["Dana Kim"]),
        ("Please, @dana KIM, look.", ["dana KIM"]),
        ("(@Dana Kim) and **@Ann O'Neill**, _@Dana Kim_", ["Dana Kim", "Ann O'Neill", "Dana Kim"]),
        ("- @Zoë Müller-Lüdenscheidt\n- [ ] @王小明", ["Zoë Müller-Lüdenscheidt", "王小明"]),
        ("请@王小明看", ["王小明"]),
        ("cc:@Dana Kim", ["Dana Kim"]),
        ("| a |\n|--|\n| @Dana Kim |", ["Dana Kim"]),
        ("> # @Dana Kim", ["Dana Kim"]),
        ("@dana@example.org", ["dana@example.org"]),
        ("`@Dana Kim`", []),
        ("```\n@Dana Kim\n```", []),
        ("    @Dana Kim", []),
        ("x@Dana Kim and a.b-@Dana Kim", []),
        (r"\@Dana Kim", []),
        ("https://social.example/@Dana Kim", []),
        ("https://x.example/?to=@Dana Kim", []),
        ("www.x.example:@Dana Kim", []),
        ("<https://x.example/@Dana Kim>", []),
        ("<mail@dana@example.org>", []),
        ("[@Dana Kim](https://x.example)", []),
        ("[see](https://x.example/@Dana Kim)", []),
        ("![@Dana Kim](https://x.example/y.png)", []),
        ("@Dana\nKim", []),
        ("<b>@Dana Kim</b>", ["Dana Kim"]),
    ],
)
def test_who_is_named_is_found_in_text_and_nowhere_else(text, names):
    reading = read_markdown(text, named)

    assert reading.names == names
    assert reading.html(marked=reading.names).count('<span class="mention">@') == len(names)


def test_only_what_is_marked_stands_out_and_no_text_can_feign_it():
    text = '@Dana Kim <span class="mention">@Ben</span> @Ann O\'Neill'

    html = read_markdown(text, named).html(marked={"Dana Kim"})

    assert html.count("<span") == 1
    assert '<span class="mention">@Dana Kim</span>' in html
    assert "<span" not in render_markdown(text)


PIECES = st.sampled_from(
    ["@", "@Dana Kim", "@dana kim", "@王小明", "@Ann O'Neill", "@dana@example.org", "`", "```\n", "\n",
     "\n\n", " ", "*", "_", "[", "](x)", "!", "<", ">", "|", "-", "\\", "&amp;", "#", "~~", "https://", "a",
     "é", "1."]
)  # fmt: skip
TEXTS = st.lists(PIECES | st.text(max_size=3), max_size=30).map("".join)


@given(TEXTS)
@settings(max_examples=500, deadline=None)
def test_whoever_is_named_no_word_of_the_text_changes(text):
    reading = read_markdown(text, named)
    html = reading.html(marked=reading.names)

    assert re.sub(r'<span class="mention">(.*?)</span>', r"\1", html) == render_markdown(text)
    assert html.count('<span class="mention">') == len(reading.names)
    for code in re.findall(r"<code>(.*?)</code>", html, re.DOTALL):
        assert "<span" not in code


def test_a_text_full_of_signs_is_asked_of_few_places():
    signs = behind_signs("@x " * 10_000)

    assert 1 <= len(signs) <= MOST_NAMED
    assert behind_signs("a@b.example and nobody else") == []
