"""Who has what somebody of the desk keeps, besides themself."""

from enum import StrEnum

from flask_babel import lazy_gettext as _l


class Sharing(StrEnum):
    NOBODY = "nobody"
    TEAM = "team"
    EVERYONE = "everyone"

    @property
    def label(self) -> str:
        return str(SHARING_LABELS[self])


SHARING_LABELS = {
    Sharing.NOBODY: _l("Only me"),
    Sharing.TEAM: _l("A team"),
    Sharing.EVERYONE: _l("Everyone at the desk"),
}
