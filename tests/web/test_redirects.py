import pytest

from portal.web.htmx import is_own_path


@pytest.mark.parametrize("target", ["/", "/tickets/IT-7", "/queue?q=status%3Aopen", "/a/../b"])
def test_a_path_of_ours_is_followed(target):
    assert is_own_path(target)


@pytest.mark.parametrize(
    "target",
    [
        None,
        "",
        "//evil",
        "/\\evil",
        "\\\\evil",
        "https:evil",
        "https://evil",
        "javascript:alert(1)",
        "evil",
        "/\t/evil",
        "/\n/evil",
        "/\r\nSet-Cookie: a=b",
        " /evil",
        "///evil",
        "/\x00",
        "/%0d%0a\n",
    ],
)
def test_anything_else_is_not(target):
    assert not is_own_path(target)
