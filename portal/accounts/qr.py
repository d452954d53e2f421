"""A QR code as a drawing within the page: the Content Security Policy allows no data: picture."""

from dataclasses import dataclass

import segno

MARGIN = 4  # modules of white around it (ISO/IEC 18004)


@dataclass(frozen=True)
class QrCode:
    side: int  # of the square, in modules, with its margin
    path: str  # of an SVG `path`: the dark modules


def qr_code(text: str) -> QrCode:
    """Error correction M: a screen is neither dirty nor torn."""
    rows = segno.make(text, error="m", micro=False).matrix
    dark = (
        f"M{x + MARGIN} {y + MARGIN}h1v1h-1z"
        for y, row in enumerate(rows)
        for x, bit in enumerate(row)
        if bit
    )
    return QrCode(side=len(rows) + 2 * MARGIN, path="".join(dark))
