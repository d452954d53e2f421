import pytest
from sqlalchemy import BigInteger, DateTime, Enum, Integer, SmallInteger, text
from sqlalchemy.exc import IntegrityError

from portal.extensions import db
from tests import factories as make

COLUMNS = [column for table in db.metadata.sorted_tables for column in table.columns]


@pytest.mark.parametrize("column", COLUMNS, ids=str)
def test_numbers_times_and_enums_are_as_the_base_says(column):
    if isinstance(column.type, Integer) and not column.computed:
        assert isinstance(column.type, BigInteger) and not isinstance(column.type, SmallInteger)
    if isinstance(column.type, DateTime):
        assert column.type.timezone
    if isinstance(column.type, Enum):
        assert not column.type.native_enum
        assert column.type.create_constraint
        assert column.type.enums == [member.value for member in column.type.enum_class]


def test_the_database_refuses_a_value_that_is_none(app, world):
    make.ticket()
    with pytest.raises(IntegrityError, match="ck_tickets_priority"):
        db.session.execute(text("UPDATE tickets SET priority = 'urgent'"))


def test_every_foreign_key_that_is_deleted_by_has_an_index(app):
    """A CASCADE without an index reads the whole child table for each row that goes."""
    missing = db.session.execute(
        text("""
        SELECT c.conrelid::regclass::text, a.attname FROM pg_constraint c
        JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
        WHERE c.contype = 'f' AND c.confdeltype = 'c' AND NOT EXISTS (
          SELECT 1 FROM pg_index i WHERE i.indrelid = c.conrelid AND i.indkey[0] = c.conkey[1])
        """)
    ).all()
    assert missing == []
