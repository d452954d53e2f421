"""Kinds of files that the desk knows."""

from portal.attachments.kinds import KINDS
from portal.settings.queries import UPLOAD_TYPES


def test_the_settings_offer_every_kind_that_is_known_and_no_other():
    assert sorted(UPLOAD_TYPES) == sorted(KINDS)
