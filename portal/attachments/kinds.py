"""Which files are taken, by their extension, and what their content may then be.

A file is taken where its extension is allowed, the type that its sender says belongs to it,
and what libmagic sees in its content does, too.
"""

from dataclasses import dataclass

OCTETS = "application/octet-stream"
ZIPPED = frozenset({"application/zip", "application/x-zip-compressed"})
OLD_OFFICE = frozenset({"application/x-ole-storage", "application/CDFV2", "application/cdfv2",
                        "application/msword", "application/vnd.ms-excel", "application/vnd.ms-powerpoint",
                        "application/vnd.ms-office", "application/vnd.ms-outlook",
                        "application/encrypted", "application/CDFV2-encrypted"})  # fmt: skip
OFFICE = "application/vnd.openxmlformats-officedocument."
OPEN_DOCUMENT = "application/vnd.oasis.opendocument."
# What libmagic calls texts by that are none to RFC 2046.
OF_TEXTS = frozenset({"application/json", "application/javascript", "application/xml-sitemap",
                      "application/x-setupscript", "application/x-wine-extension-ini", "application/x-sylk",
                      "application/pgp-encrypted", "application/pgp-keys", "application/pgp-signature",
                      "application/x-putty-private-key", "application/postscript", "model/vrml"})  # fmt: skip
MARKED_UP = frozenset({"text/html", "application/xhtml+xml", "image/svg+xml"})
# Never text that a browser or a shell would run, whatever its extension.
ACTIVE = MARKED_UP | frozenset({"text/x-shellscript",
                    "application/x-executable", "application/x-pie-executable", "application/x-sharedlib",
                    "application/x-dosexec", "application/vnd.microsoft.portable-executable",
                    "application/x-mach-binary", "application/x-msdownload"})  # fmt: skip


@dataclass(frozen=True)
class FileKind:
    """`declared` are the types that senders give it, `content` what libmagic may see in it."""

    declared: frozenset[str]
    content: frozenset[str]
    is_text: bool = False


def _kind(*types: str, seen: frozenset[str] | set[str] = frozenset(), is_text: bool = False) -> FileKind:
    return FileKind(frozenset(types), frozenset(types) | seen, is_text)


def _text(*types: str) -> FileKind:
    return _kind("text/plain", *types, is_text=True)


_JPEG = _kind("image/jpeg", "image/jpg", "image/pjpeg")
_MP4 = _kind("video/mp4", "audio/mp4", seen={"video/x-m4v", "application/mp4"})
_ZIP = _kind(*ZIPPED)
_GZIP = _kind("application/gzip", "application/x-gzip")

KINDS: dict[str, FileKind] = {
    "png": _kind("image/png"),
    "jpg": _JPEG,
    "jpeg": _JPEG,
    "gif": _kind("image/gif"),
    "webp": _kind("image/webp"),
    "bmp": _kind("image/bmp", "image/x-ms-bmp"),
    "tif": _kind("image/tiff"),
    "tiff": _kind("image/tiff"),
    "heic": _kind("image/heic", "image/heif"),
    "pdf": _kind("application/pdf"),
    "txt": _text(),
    "log": _text("text/x-log"),
    "md": _text("text/markdown", "text/x-markdown"),
    "csv": _text("text/csv", "application/csv", "application/vnd.ms-excel"),
    "tsv": _text("text/tab-separated-values"),
    "json": _text("application/json"),
    "ndjson": _text("application/x-ndjson", "application/json"),
    "yaml": _text("application/yaml", "application/x-yaml", "text/yaml", "text/x-yaml"),
    "yml": _text("application/yaml", "application/x-yaml", "text/yaml", "text/x-yaml"),
    "xml": _text("application/xml", "text/xml"),
    "ini": _text(),
    "conf": _text(),
    "ics": _text("text/calendar"),
    "vcf": _text("text/vcard", "text/x-vcard"),
    "eml": _kind("message/rfc822", "text/plain", is_text=True),
    "msg": _kind("application/vnd.ms-outlook", seen=OLD_OFFICE),
    "rtf": _kind("application/rtf", "text/rtf", seen={"text/rtf"}),
    "doc": _kind("application/msword", seen=OLD_OFFICE),
    "xls": _kind("application/vnd.ms-excel", seen=OLD_OFFICE),
    "ppt": _kind("application/vnd.ms-powerpoint", seen=OLD_OFFICE),
    "docx": _kind(f"{OFFICE}wordprocessingml.document", seen=ZIPPED),
    "xlsx": _kind(f"{OFFICE}spreadsheetml.sheet", seen=ZIPPED),
    "pptx": _kind(f"{OFFICE}presentationml.presentation", seen=ZIPPED),
    "odt": _kind(f"{OPEN_DOCUMENT}text", seen=ZIPPED),
    "ods": _kind(f"{OPEN_DOCUMENT}spreadsheet", seen=ZIPPED),
    "odp": _kind(f"{OPEN_DOCUMENT}presentation", seen=ZIPPED),
    "zip": _ZIP,
    "7z": _kind("application/x-7z-compressed"),
    "gz": _GZIP,
    "tgz": _GZIP,
    "tar": _kind("application/x-tar"),
    "mp3": _kind("audio/mpeg"),
    "m4a": _kind("audio/x-m4a", "audio/mp4", "audio/aac", seen={"video/mp4"}),
    "wav": _kind("audio/wav", "audio/x-wav", "audio/wave"),
    "mp4": _MP4,
    "mov": _kind("video/quicktime", seen={"video/mp4"}),
    "webm": _kind("video/webm", "audio/webm", seen={"video/x-matroska"}),
}
PICTURES = frozenset({"png", "jpg", "jpeg", "gif", "webp"})


def extension_of(filename: str) -> str:
    """In small letters, without the dot; none where there is none."""
    _, dot, extension = filename.rpartition(".")
    return extension.lower() if dot else ""


def is_declared_well(filename: str, mime: str) -> bool:
    """Whether the sender's type belongs to the extension. Browsers that know none say octets, or nothing."""
    kind = KINDS.get(extension_of(filename))
    declared = mime.partition(";")[0].strip().lower()
    return kind is not None and (declared in kind.declared or declared in {"", OCTETS})


def is_what_it_says(filename: str, sniffed: str) -> bool:
    """Whether what libmagic sees in its content belongs to the extension."""
    kind = KINDS.get(extension_of(filename))
    if kind is None or sniffed in ACTIVE:
        return False
    return sniffed in kind.content or (kind.is_text and is_of_texts(sniffed))


def is_of_texts(sniffed: str) -> bool:
    """Whether libmagic says so of what an editor of texts opens: a mail or a script is one, too."""
    return sniffed.startswith(("text/", "message/")) or sniffed.endswith("+xml") or sniffed in OF_TEXTS
