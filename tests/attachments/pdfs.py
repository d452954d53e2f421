"""PDFs written by hand, as small as they can be (ISO 32000-1)."""

RED_AND_BLUE = b"1 0 0 rg 0 0 150 200 re f 0 0 1 rg 150 0 150 200 re f"  # the left half, and the right
GREEN = b"0 1 0 rg 0 0 300 200 re f"


def pdf(*objects, trailer=b""):
    """The first of the objects, which are numbered from 1, is the catalog."""
    out, places = bytearray(b"%PDF-1.7\n"), []
    for number, content in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer\n<</Size %d/Root 1 0 R%s>>\n" % (len(objects) + 1, trailer)
    return bytes(out) + b"startxref\n%d\n%%%%EOF\n" % table


def stream(content, more=b""):
    return b"<</Length %d%s>>\nstream\n%s\nendstream" % (len(content), more, content)


def of_pages(*contents, box=b"0 0 300 200", catalog=b"", page=b"", trailer=b"", others=()):
    """A page for each of the contents; `others` are the objects after theirs."""
    first = 3
    numbers = range(first, first + 2 * len(contents), 2)
    kids = b" ".join(b"%d 0 R" % number for number in numbers)
    objects = [
        b"<</Type/Catalog/Pages 2 0 R%s>>" % catalog,
        b"<</Type/Pages/Kids[%s]/Count %d>>" % (kids, len(contents)),
    ]
    for number, content in zip(numbers, contents, strict=True):
        said = (box, number + 1, page)
        objects += [b"<</Type/Page/Parent 2 0 R/MediaBox[%s]/Contents %d 0 R%s>>" % said, stream(content)]
    return pdf(*objects, *others, trailer=trailer)


def two_pages():
    return of_pages(RED_AND_BLUE, GREEN)


def locked():
    """It takes a password, and none is the right one."""
    said = b"/Filter/Standard/V 1/R 2/P -4/O<%s>/U<%s>" % (b"41" * 32, b"42" * 32)
    return of_pages(GREEN, trailer=b"/ID[<00><00>]/Encrypt<<%s>>" % said)


def endless():
    """A page that is painted with a gradient, again and again: minutes of it in some kilobytes."""
    function = b"<</FunctionType 2/Domain[0 1]/C0[1 0 0]/C1[0 0 1]/N 1.7>>"
    shading = (
        b"<</ShadingType 3/ColorSpace/DeviceRGB/Coords[0 0 0 300 200 300]/Extend[true true]/Function %s>>"
    )
    return of_pages(
        b"/S sh " * 20_000, page=b"/Resources<</Shading<</S 5 0 R>>>>", others=[shading % function]
    )


def greedy():
    """Drawings of drawings, ten of each: a thousand million in the end, and each is remembered."""
    form = b"/Type/XObject/Subtype/Form/BBox[0 0 300 200]"
    inner = b"/Resources<</XObject<</X %d 0 R>>>>"
    forms = [stream(b"/X Do " * 10, form + inner % number) for number in range(6, 14)]
    forms.append(stream(b"0 0 300 200 re f", form))
    return of_pages(b"/X Do", page=inner % 5, others=forms)
