"""The files of the demo world: made here, and sent through the store and past the scanner like any other."""

import logging
import zipfile
from collections.abc import Callable
from io import BytesIO

from PIL import Image, ImageDraw

from portal.accounts.models import User
from portal.attachments import actions as attachments
from portal.gateways.storage import StorageAway, storage
from portal.samples import EICAR
from portal.tickets.models import Comment, Ticket

log = logging.getLogger(__name__)

PAPER, INK, GREY = "#fdfdfb", "#22272e", "#9aa0a6"


def send_file(name: str, ticket: Ticket, sender: User, comment: Comment | None = None) -> None:
    """Give the ticket the demo file of that name; where the store does not answer, the world goes without."""
    mime, make = FILES[name]
    content, draft = make(), f"{ticket.id}:reply"
    sent = attachments.announce(name, mime=mime, size=len(content), uploader=sender, draft=draft)
    try:
        storage().send(sent.object_key, BytesIO(content), size=len(content), kind=sent.mime)
    except StorageAway:
        log.warning("The store does not answer: the demo world comes without %s.", name)
        attachments.expire([sent])
        return
    attachments.arrived(sent)
    attachments.attach(sender, draft, ticket, comment)


def _log_of_vpn() -> bytes:
    lines = []
    for turn in range(9):
        minute = 2 + 5 * turn
        lines += [
            f"08:{minute:02}:11 INFO  connected to vpn.nordwerk.example, address 10.20.4.71",
            f"08:{minute + 4:02}:53 WARN  no answer to keep-alive for 15 s",
            f"08:{minute + 4:02}:58 ERROR 809: the connection was reset by the other side",
        ]
    return "\n".join(["client 5.2.1, laptop NW-4471, Wi-Fi 5 GHz, MTU 1500", *lines, ""]).encode()


def _undervoltage() -> bytes:
    rows = [f"2026-{10 + n // 28:02}-{n % 28 + 1:02},C2,PSU{n % 2 + 1},{206 + n * 7 % 19}" for n in range(40)]
    return "\n".join(["day,cabinet,supply,volts", *rows, ""]).encode()


def _striped_page() -> bytes:
    page = Image.new("RGB", (1240, 1754), PAPER)
    draw = ImageDraw.Draw(page)
    for row in range(42):
        draw.rectangle((120, 160 + row * 34, 1110 - row * 83 % 330, 174 + row * 34), INK)
    for left in (210, 236, 590, 604, 980):
        draw.rectangle((left, 0, left + 9, 1754), GREY)
    return _saved(page, "PNG")


def _green_screen() -> bytes:
    wall = Image.new("RGB", (1600, 1000), "#31383a")
    draw = ImageDraw.Draw(wall)
    draw.rectangle((160, 110, 1440, 830), "#38b061")
    draw.rectangle((240, 190, 900, 250), "#0d4a24")
    for bar, height in enumerate((180, 320, 250, 400, 290)):
        draw.rectangle((280 + bar * 210, 760 - height, 420 + bar * 210, 760), "#157a3c")
    return _saved(wall, "JPEG")


def _saved(picture: Image.Image, kind: str) -> bytes:
    out = BytesIO()
    picture.save(out, kind)
    return out.getvalue()


def _list_of_starters() -> bytes:
    people = ("Tilda Berg, Sales", "Omar Haddad, Sales", "Grace Mwangi, Engineering", "Soren Holm, Terminal")
    lines = ["New starters on the first of next month", "", *people]
    shown = " ".join(f"({line}) Tj 0 -30 Td" for line in lines)
    return _pdf(f"BT /F1 20 Tf 72 740 Td {shown} ET".encode())


def _pdf(drawn: bytes) -> bytes:
    """One page A4 on which that is drawn (ISO 32000-1, 7.5)."""
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources 6 0 R >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(drawn), drawn),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        b"<< /Font << /F1 5 0 R >> >>",
    ]
    written, places = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, 1):
        places.append(len(written))
        written += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    end = b"xref\n0 %d\n0000000000 65535 f \n%strailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n"
    return written + end % (len(objects) + 1, table, len(objects) + 1, len(written))


def _blocked_zip() -> bytes:
    """What every scanner calls a virus, and is none."""
    out = BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("confirm.com", EICAR)
    return out.getvalue()


FILES: dict[str, tuple[str, Callable[[], bytes]]] = {
    "vpn-client.log": ("text/plain", _log_of_vpn),
    "Testseite mit Streifen.png": ("image/png", _striped_page),
    "room Elbe.jpg": ("image/jpeg", _green_screen),
    "confirm-mailbox.zip": ("application/zip", _blocked_zip),
    "new starters.pdf": ("application/pdf", _list_of_starters),
    "C2 voltage.csv": ("text/csv", _undervoltage),
}
