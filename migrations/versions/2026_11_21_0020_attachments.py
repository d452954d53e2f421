"""Files of tickets, on their way through the scanner, and objects of the store to be removed.

Revision ID: 0020
Revises: 0019
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "discarded_objects",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("area", sa.String(length=20), nullable=False),
        sa.Column("key", sa.String(length=80), nullable=False),
        sa.Column("upload_id", sa.String(length=400), nullable=True),
        sa.Column("available_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_discarded_objects")),
    )
    op.create_index("ix_discarded_objects_available_at", "discarded_objects", ["available_at"], unique=False)
    op.create_table(
        "attachments",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("public_id", sa.String(length=24), nullable=False),
        sa.Column("ticket_id", sa.BigInteger(), nullable=True),
        sa.Column("comment_id", sa.BigInteger(), nullable=True),
        sa.Column("draft", sa.String(length=40), nullable=True),
        sa.Column("is_internal", sa.Boolean(), nullable=False),
        sa.Column("uploader_id", sa.BigInteger(), nullable=False),
        sa.Column("original_filename", sa.String(length=255), nullable=False),
        sa.Column("mime", sa.String(length=120), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column(
            "scanned_status",
            sa.Enum(
                "PENDING",
                "UPLOADED",
                "SCANNING",
                "CLEAN",
                "INFECTED",
                "UNSCANNABLE",
                "FAILED",
                "EXPIRED",
                name="state",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column(
            "reason",
            sa.Enum(
                "encrypted",
                "limits",
                "mismatch",
                "damaged",
                name="reason",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=True,
        ),
        sa.Column("object_key", sa.String(length=80), nullable=False),
        sa.Column("upload_id", sa.String(length=400), nullable=True),
        sa.Column("announced_sha256", postgresql.ARRAY(sa.String(length=64)), nullable=True),
        sa.Column("clean_key", sa.String(length=80), nullable=True),
        sa.Column("sha256", sa.String(length=64), nullable=True),
        sa.Column("sniffed", sa.String(length=120), nullable=True),
        sa.Column("found", sa.String(length=200), nullable=True),
        sa.Column("engine", sa.String(length=80), nullable=True),
        sa.Column("signatures", sa.String(length=80), nullable=True),
        sa.Column("thumbnail_key", sa.String(length=80), nullable=True),
        sa.Column("preview_key", sa.String(length=80), nullable=True),
        sa.Column("has_excerpt", sa.Boolean(), nullable=False),
        sa.Column("excerpt", sa.String(), nullable=True),
        sa.Column("attempts", sa.BigInteger(), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error", sa.String(length=500), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("uploaded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("scanned_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("release_asked_by_id", sa.BigInteger(), nullable=True),
        sa.Column("released_by_id", sa.BigInteger(), nullable=True),
        sa.Column("release_reason", sa.String(length=500), nullable=True),
        sa.CheckConstraint(
            "(scanned_status = 'CLEAN') = (clean_key IS NOT NULL)", name=op.f("ck_attachments_clean")
        ),
        sa.CheckConstraint(
            "scanned_status <> 'CLEAN' OR sha256 IS NOT NULL", name=op.f("ck_attachments_hashed")
        ),
        sa.CheckConstraint(
            "comment_id IS NULL OR ticket_id IS NOT NULL", name=op.f("ck_attachments_comment")
        ),
        sa.CheckConstraint("num_nonnulls(ticket_id, draft) <= 1", name=op.f("ck_attachments_owner")),
        sa.CheckConstraint("size > 0", name=op.f("ck_attachments_size")),
        sa.ForeignKeyConstraint(["comment_id"], ["comments.id"], name=op.f("fk_attachments_comment_id")),
        sa.ForeignKeyConstraint(
            ["release_asked_by_id"], ["users.id"], name=op.f("fk_attachments_release_asked_by_id")
        ),
        sa.ForeignKeyConstraint(["released_by_id"], ["users.id"], name=op.f("fk_attachments_released_by_id")),
        sa.ForeignKeyConstraint(["ticket_id"], ["tickets.id"], name=op.f("fk_attachments_ticket_id")),
        sa.ForeignKeyConstraint(["uploader_id"], ["users.id"], name=op.f("fk_attachments_uploader_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attachments")),
        sa.UniqueConstraint("clean_key", name=op.f("uq_attachments_clean_key")),
        sa.UniqueConstraint("object_key", name=op.f("uq_attachments_object_key")),
        sa.UniqueConstraint("public_id", name=op.f("uq_attachments_public_id")),
    )
    op.create_index(op.f("ix_attachments_comment_id"), "attachments", ["comment_id"], unique=False)
    op.create_index(
        "ix_attachments_draft",
        "attachments",
        ["uploader_id", "draft"],
        unique=False,
        postgresql_where=sa.text("draft IS NOT NULL"),
    )
    op.create_index(
        "ix_attachments_scanned_at",
        "attachments",
        ["scanned_at"],
        unique=False,
        postgresql_where=sa.text("scanned_status = 'CLEAN'"),
    )
    op.create_index("ix_attachments_scanned_status", "attachments", ["scanned_status", "id"], unique=False)
    op.create_index("ix_attachments_ticket_id", "attachments", ["ticket_id", "id"], unique=False)
    op.create_index("ix_attachments_uploader_id", "attachments", ["uploader_id", "created_at"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_attachments_uploader_id", table_name="attachments")
    op.drop_index("ix_attachments_ticket_id", table_name="attachments")
    op.drop_index("ix_attachments_scanned_status", table_name="attachments")
    op.drop_index(
        "ix_attachments_scanned_at",
        table_name="attachments",
        postgresql_where=sa.text("scanned_status = 'CLEAN'"),
    )
    op.drop_index(
        "ix_attachments_draft", table_name="attachments", postgresql_where=sa.text("draft IS NOT NULL")
    )
    op.drop_index(op.f("ix_attachments_comment_id"), table_name="attachments")
    op.drop_table("attachments")
    op.drop_index("ix_discarded_objects_available_at", table_name="discarded_objects")
    op.drop_table("discarded_objects")
