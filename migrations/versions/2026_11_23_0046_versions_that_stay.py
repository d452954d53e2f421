"""Versions of rules outlive the rule, so that one that was deleted comes back; shared canned replies have versions.

Revision ID: 0046
Revises: 0045
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0046"
down_revision = "0045"
branch_labels = None
depends_on = None

# What a reply is now is its first version; what somebody has for themselves has none.
FIRST = """
    INSERT INTO canned_reply_versions (reply_id, version, content, changed_by_id, created_at)
    SELECT reply.id, reply.version, jsonb_build_object(
             'name', reply.name, 'body', reply.body,
             'team', CASE WHEN team.id IS NOT NULL
                     THEN jsonb_build_object('id', team.id, 'label', team.name) END,
             'project', CASE WHEN project.id IS NOT NULL
                        THEN jsonb_build_object('id', project.id, 'label', project.name) END),
           reply.changed_by_id, reply.updated_at
      FROM canned_replies reply
      LEFT JOIN teams team ON team.id = reply.team_id
      LEFT JOIN projects project ON project.id = reply.project_id
     WHERE reply.owner_id IS NULL
"""


def upgrade() -> None:
    op.drop_constraint("fk_rule_versions_rule_id_rules", "rule_versions", type_="foreignkey")
    op.create_table(
        "canned_reply_versions",
        sa.Column("reply_id", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("content", JSONB(), nullable=False),
        sa.Column("changed_by_id", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["changed_by_id"], ["users.id"], name=op.f("fk_canned_reply_versions_changed_by_id_users")
        ),
        sa.ForeignKeyConstraint(
            ["reply_id"],
            ["canned_replies.id"],
            name=op.f("fk_canned_reply_versions_reply_id_canned_replies"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("reply_id", "version", name=op.f("pk_canned_reply_versions")),
    )
    op.execute(FIRST)


def downgrade() -> None:
    op.drop_table("canned_reply_versions")
    op.execute("DELETE FROM rule_versions WHERE NOT EXISTS (SELECT FROM rules WHERE rules.id = rule_id)")
    op.create_foreign_key(
        op.f("fk_rule_versions_rule_id_rules"),
        "rule_versions",
        "rules",
        ["rule_id"],
        ["id"],
        ondelete="CASCADE",
    )
