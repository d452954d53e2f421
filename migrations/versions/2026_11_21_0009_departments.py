"""Departments of organizations, what their people share, and invitations to join.

Revision ID: 0009
Revises: 0008
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

OPEN = sa.text("status_category <> 'done'")
WITH_DEPARTMENT = sa.text("department_id IS NOT NULL")


def upgrade() -> None:
    op.add_column(
        "organizations",
        sa.Column(
            "shares",
            sa.Enum(
                "own",
                "department",
                "all",
                name="shares",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            server_default="own",
            nullable=False,
        ),
    )
    op.create_table(
        "departments",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("organization_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name=op.f("fk_departments_organization_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_departments")),
        sa.UniqueConstraint("organization_id", "name", name=op.f("uq_departments_organization_id_name")),
        sa.UniqueConstraint("organization_id", "id", name=op.f("uq_departments_organization_id_id")),
    )
    op.add_column("memberships", sa.Column("department_id", sa.BigInteger(), nullable=True))
    op.create_foreign_key(
        op.f("fk_memberships_organization_id_department_id"),
        "memberships",
        "departments",
        ["organization_id", "department_id"],
        ["organization_id", "id"],
    )
    op.create_index("ix_memberships_department_id", "memberships", ["department_id"], unique=False)
    _create_invitations()
    op.add_column("tickets", sa.Column("department_id", sa.BigInteger(), nullable=True))
    op.create_foreign_key(
        op.f("fk_tickets_department_id"), "tickets", "departments", ["department_id"], ["id"]
    )
    place = ["updated_at", "id"]
    op.create_index("ix_tickets_organization", "tickets", ["organization_id", *place], unique=False)
    op.create_index(
        "ix_tickets_open_organization",
        "tickets",
        ["organization_id", *place],
        unique=False,
        postgresql_where=OPEN,
    )
    op.create_index(
        "ix_tickets_department",
        "tickets",
        ["department_id", *place],
        unique=False,
        postgresql_where=WITH_DEPARTMENT,
    )


def _create_invitations() -> None:
    op.create_table(
        "invitations",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("organization_id", sa.BigInteger(), nullable=False),
        sa.Column("department_id", sa.BigInteger(), nullable=True),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column(
            "role",
            sa.Enum(
                "owner",
                "admin",
                "member",
                "viewer",
                name="membershiprole",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("token_digest", sa.String(length=64), nullable=False),
        sa.Column("invited_by_id", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id", "department_id"],
            ["departments.organization_id", "departments.id"],
            name=op.f("fk_invitations_organization_id_department_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name=op.f("fk_invitations_organization_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["invited_by_id"], ["users.id"], name=op.f("fk_invitations_invited_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invitations")),
        sa.UniqueConstraint("organization_id", "email", name=op.f("uq_invitations_organization_id_email")),
        sa.UniqueConstraint("token_digest", name=op.f("uq_invitations_token_digest")),
    )
    op.create_index("ix_invitations_department_id", "invitations", ["department_id"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_tickets_department", table_name="tickets", postgresql_where=WITH_DEPARTMENT)
    op.drop_index("ix_tickets_open_organization", table_name="tickets", postgresql_where=OPEN)
    op.drop_index("ix_tickets_organization", table_name="tickets")
    op.drop_constraint(op.f("fk_tickets_department_id"), "tickets", type_="foreignkey")
    op.drop_column("tickets", "department_id")
    op.drop_table("invitations")
    op.drop_constraint(
        op.f("fk_memberships_organization_id_department_id"), "memberships", type_="foreignkey"
    )
    op.drop_index("ix_memberships_department_id", table_name="memberships")
    op.drop_column("memberships", "department_id")
    op.drop_table("departments")
    op.drop_column("organizations", "shares")
