from enum import StrEnum


class Kind(StrEnum):
    """Everything that can happen. Values are stored for ever: add, never rename.

    Whatever an automation rule does has `rule {"id", "label"}` in its data, and no actor.

    A change says for each field what it was and what it became:
    `changes: {field: {"old": {"id", "label"}, "new": {"id", "label"}}}`.
    """

    # On a ticket.
    TICKET_SUBMITTED = "ticket.submitted"  # data: values {field: {"id", "label"}}, submitted_by
    STATUS_CHANGED = "ticket.status_changed"  # data: changes.status (with category), waiting_for
    TICKET_ASSIGNED = "ticket.assigned"  # data: changes.assignee, changes.team
    TICKET_EDITED = "ticket.edited"  # data: changes
    TICKET_TAGGED = "ticket.tagged"  # data: changes.tags, of lists; never public
    DUE_CHANGED = "ticket.due_changed"  # data: changes.due_at; never public
    # data: comment_id; side: for whom it speaks, "desk" or "requester"; mentions: the ids of whom it is told
    # to by name
    COMMENT_ADDED = "comment.added"
    NOTE_ADDED = "note.added"  # data: comment_id, mentions; never public
    TICKET_WATCHED = "ticket.watched"  # data: user_id, user; never public
    TICKET_UNWATCHED = "ticket.unwatched"  # data: user_id, user; never public
    PARTICIPANT_ADDED = "ticket.participant_added"  # data: user_id, user
    PARTICIPANT_REMOVED = "ticket.participant_removed"  # data: user_id, user
    CONFIDENTIALITY_CHANGED = "ticket.confidentiality_changed"  # data: changes.is_confidential
    TICKET_MOVED = "ticket.moved"  # data: changes.project, .key, and those of .category, .team, .status
    TICKET_RATED = "ticket.rated"  # data: changes.rating; never public
    TIME_SPENT = "ticket.time_spent"  # data: changes.spent, minutes, user; never public
    TICKET_LINKED = "ticket.linked"  # data: relation, other {"id", "label"}, split; never public
    TICKET_UNLINKED = "ticket.unlinked"  # data: relation, other; never public
    TICKET_MERGED = "ticket.merged"  # data: into {"id", "label"}; on the one that goes on there
    TICKET_ABSORBED = "ticket.absorbed"  # data: merged {"id", "label"}; on the one that it goes on in
    TICKET_UNMERGED = "ticket.unmerged"  # data: into
    TICKET_RELEASED = "ticket.released"  # data: merged
    TICKET_KEPT = "ticket.kept"  # data: team {"id", "label"}, which it has already; never public
    TICKET_DECLINED = "ticket.declined"  # data: comment_id, of the reason
    TICKET_WITHDRAWN = "ticket.withdrawn"
    TICKET_SNOOZED = "ticket.snoozed"  # data: until, None for an answer; never public
    TICKET_MARKED_SPAM = "ticket.marked_spam"  # data: changes.is_spam; never public
    TICKET_UNMARKED_SPAM = "ticket.unmarked_spam"  # data: changes.is_spam; never public
    SLA_WARNED = "ticket.sla_warned"  # data: target, due_at, policy {"id", "label"}, version; never public
    SLA_BREACHED = "ticket.sla_breached"  # data: the same
    TICKET_WOKEN = "ticket.woken"  # data: by (time, answer, hand); never public
    PEOPLE_TOLD = "ticket.people_told"  # data: told, ids; people, their names; words; never public
    MACRO_APPLIED = "ticket.macro_applied"  # data: macro, its name, rule_id; causes what it did; never public
    RULE_CAME_DUE = "ticket.rule_came_due"  # data: due_at, late: minutes; causes what the rule did; internal
    RULE_PAUSED = "ticket.rule_paused"  # data: told: its owner, paused: its name, rule_id, error; internal

    # On a file; data: file_id, file, size, ticket_key. On its ticket, where it belongs to one.
    FILE_UPLOADED = "file.uploaded"
    FILE_ATTACHED = "file.attached"
    FILE_BLOCKED = "file.blocked"  # data: found
    FILE_UNSCANNABLE = "file.unscannable"  # data: reason, found
    FILE_FAILED = "file.failed"
    FILE_RETRIED = "file.retried"
    FILE_RELEASE_ASKED = "file.release_asked"  # data: why
    FILE_RELEASED = "file.released"  # data: why
    FILE_RELEASE_REFUSED = "file.release_refused"  # data: reason
    FILE_LOST = "file.lost"  # it is said to be served, and its object is gone
    FILE_DELETED = "file.deleted"

    # On an account; data: user_id, user.
    ACCOUNT_CREATED = "account.created"
    ACCOUNT_REGISTERED = "account.registered"
    ACCOUNT_VERIFIED = "account.verified"
    ACCOUNT_EDITED = "account.edited"  # data: changes
    ACCOUNT_DEACTIVATED = "account.deactivated"
    ACCOUNT_REACTIVATED = "account.reactivated"
    EXPORT_ASKED = "account.export_asked"
    EXPORT_FETCHED = "account.export_fetched"
    EXPORT_CANCELLED = "account.export_cancelled"
    ANONYMIZING_BEGUN = "account.anonymizing_begun"
    ACCOUNT_ANONYMIZED = "account.anonymized"  # data: cleaned
    MENTION_DECIDED = "account.mention_decided"  # data: key, place, decision
    TICKETS_HANDED_OVER = "account.tickets_handed_over"  # data: unassigned, unseen, given, heir
    PASSWORD_CHANGED = "account.password_changed"  # noqa: S105
    PASSWORD_RESET_ASKED = "account.password_reset_asked"  # noqa: S105
    LOGGED_IN = "account.logged_in"  # data: way, where it was a passkey
    EMERGENCY_LOGIN = "account.emergency_login"
    LOGGED_OUT = "account.logged_out"
    LOGIN_FAILED = "account.login_failed"  # data: email, reason
    IDENTITY_LINKED = "account.identity_linked"  # data: provider
    IDENTITY_UNLINKED = "account.identity_unlinked"  # data: provider
    SESSIONS_ENDED = "account.sessions_ended"  # data: count
    TOKEN_CREATED = "account.token_created"  # noqa: S105, data: token, prefix, scopes, until
    TOKEN_REVOKED = "account.token_revoked"  # noqa: S105, data: token, prefix
    TOKENS_REVOKED = "account.tokens_revoked"  # data: tokens, their names
    VIEWING_BEGAN = "account.viewing_began"  # data: why
    VIEWING_ENDED = "account.viewing_ended"  # data: ended_by
    TWO_STEP_ON = "account.two_step_on"
    TWO_STEP_OFF = "account.two_step_off"
    TWO_STEP_RESET = "account.two_step_reset"
    RECOVERY_CODES_MADE = "account.recovery_codes_made"
    RECOVERY_CODE_USED = "account.recovery_code_used"  # data: left
    AUTHENTICATOR_REMOVED = "account.authenticator_removed"
    PASSKEY_ADDED = "account.passkey_added"  # data: passkey, its name
    PASSKEY_RENAMED = "account.passkey_renamed"  # data: passkey, changes
    PASSKEY_REMOVED = "account.passkey_removed"  # data: passkey
    PASSKEY_SUSPECTED = "account.passkey_suspected"  # data: passkey
    ADDRESS_CHANGE_ASKED = "account.address_change_asked"  # data: email
    ADDRESS_CHANGE_CANCELLED = "account.address_change_cancelled"  # data: email
    ADDRESS_CHANGED = "account.address_changed"  # data: changes

    PICTURE_CHANGED = "account.picture_changed"
    PICTURE_REMOVED = "account.picture_removed"
    PICTURE_REFUSED = "account.picture_refused"  # data: reason, virus

    # On the desk itself.
    PROJECT_CREATED = "project.created"  # data: project_id, project, changes
    PROJECT_EDITED = "project.edited"  # data: project_id, project, changes
    PROJECT_DELETED = "project.deleted"  # data: project_id, project, changes
    PROJECT_MEMBER_ADDED = "project.member_added"  # data: project_id, project, user_id, user
    PROJECT_MEMBER_REMOVED = "project.member_removed"  # data: project_id, project, user_id, user
    CONFIGURATION_IMPORTED = "configuration.imported"  # data: made, changed: how many
    LIFECYCLE_CREATED = "lifecycle.created"  # data: lifecycle_id, lifecycle, like, changes
    LIFECYCLE_EDITED = "lifecycle.edited"  # data: lifecycle_id, lifecycle, changes
    LIFECYCLE_PUBLISHED = "lifecycle.published"  # data: lifecycle_id, lifecycle, changes, why
    LIFECYCLE_DELETED = "lifecycle.deleted"  # data: lifecycle_id, lifecycle, changes
    CATEGORY_CREATED = "category.created"  # data: category_id, category
    CATEGORY_EDITED = "category.edited"  # data: category_id, category, changes
    TAG_CREATED = "tag.created"  # data: tag_id, tag
    TAG_RENAMED = "tag.renamed"  # data: tag_id, tag, changes
    TAG_MERGED = "tag.merged"  # data: tag_id, tag, into_id, into
    TAG_DELETED = "tag.deleted"  # data: tag_id, tag, tickets; their events do not tell it
    TICKET_DELETED = "tickets.deleted"  # data: key, why, comments, files; of one that is gone for good
    SENDER_FORGOTTEN = "sender.forgotten"  # data: email, spam: of how many tickets
    TEAM_CREATED = "team.created"  # data: team_id, team
    TEAM_EDITED = "team.edited"  # data: team_id, team, changes
    VIEW_SHARED = "view.shared"  # data: view_id, view, changes.shared_with
    VIEW_EDITED = "view.edited"  # data: view_id, view, changes; of shared ones only
    VIEW_DELETED = "view.deleted"  # data: view_id, view, changes.shared_with; of shared ones only
    TICKETS_EXPORTED = "tickets.exported"  # data: asked, the filter; format, tickets: how many
    BULK_BEGAN = "bulk.began"  # data: operation, act, tickets, filter; the cause of what it changes
    BULK_CANCELLED = "bulk.cancelled"  # data: operation, act
    BULK_UNDO_BEGAN = "bulk.undo_began"  # data: operation, act, tickets
    ORGANIZATION_CREATED = "organization.created"  # data: organization_id, organization, changes
    ORGANIZATION_EDITED = "organization.edited"  # data: organization_id, organization, changes
    ORGANIZATION_DELETED = "organization.deleted"  # data: organization_id, organization, changes
    DEPARTMENT_CREATED = "department.created"  # data: department_id, department, organization
    DEPARTMENT_EDITED = "department.edited"  # data: department_id, department, organization, changes
    DEPARTMENT_DELETED = "department.deleted"  # data: department_id, department, organization, changes
    MEMBER_ADDED = "member.added"  # data: user_id, user, organization, changes.membership, invited_by
    MEMBER_EDITED = "member.edited"  # data: user_id, user, organization, changes
    MEMBER_REMOVED = "member.removed"  # data: user_id, user, organization, changes
    INVITATION_SENT = "invitation.sent"  # data: email, organization, changes
    INVITATION_WITHDRAWN = "invitation.withdrawn"  # data: email, organization, changes
    PROVIDER_CREATED = "provider.created"  # data: provider_id, provider
    PROVIDER_EDITED = "provider.edited"  # data: provider_id, provider, changes
    CANNED_SHARED = "canned.shared"  # data: canned_id, canned, changes; only of what is shared
    CANNED_EDITED = "canned.edited"  # data: canned_id, canned, changes
    CANNED_UNSHARED = "canned.unshared"  # data: canned_id, canned, changes
    SLA_CALENDAR_CREATED = "sla_calendar.created"  # data: calendar_id, calendar, changes
    SLA_CALENDAR_EDITED = "sla_calendar.edited"  # data: calendar_id, calendar, changes, version
    SLA_CALENDAR_DELETED = "sla_calendar.deleted"  # data: calendar_id, calendar
    SLA_POLICY_CREATED = "sla_policy.created"  # data: policy_id, policy, changes
    SLA_POLICY_EDITED = "sla_policy.edited"  # data: policy_id, policy, changes, version
    SLA_POLICIES_ORDERED = "sla_policies.ordered"  # data: changes.order, of names
    RULE_CREATED = "rule.created"  # data: rule_id, automation: its name, changes
    RULE_EDITED = "rule.edited"  # data: rule_id, automation, version, changes, from_version
    RULE_DELETED = "rule.deleted"  # data: rule_id, automation, kind_of_rule, changes
    # data: changes.order, of names; was: the ids of all; of one that was moved also rule_id, changes.place
    RULES_ORDERED = "rules.ordered"
    SETTINGS_EDITED = "settings.edited"  # data: changes
    AUDIT_EXPORTED = "audit.exported"  # data: asked, the filter in words
    AUDIT_SHORTENED = "audit.shortened"  # data: removed, before
    MAIL_RETRIED = "mail.retried"  # data: mail_id
    DELIVERY_RETRIED = "delivery.retried"  # data: event_id, reaction
    TICKETS_IMPORTED = "tickets.imported"  # data: source, created, skipped

    @property
    def is_change(self) -> bool:
        """Whether it changes the ticket's own fields, and so its version."""
        return self in CHANGES


CHANGES = frozenset(
    {
        Kind.STATUS_CHANGED,
        Kind.TICKET_ASSIGNED,
        Kind.TICKET_EDITED,
        Kind.TICKET_TAGGED,
        Kind.DUE_CHANGED,
        Kind.CONFIDENTIALITY_CHANGED,
        Kind.TICKET_MOVED,
        Kind.TICKET_RATED,
        Kind.TIME_SPENT,
        Kind.TICKET_MARKED_SPAM,
        Kind.TICKET_UNMARKED_SPAM,
    }
)
# What these change besides is a part of them, and rings no bell of its own.
WITH_CONSEQUENCES = frozenset(
    {
        Kind.TICKET_MERGED,
        Kind.TICKET_ABSORBED,
        Kind.TICKET_UNMERGED,
        Kind.TICKET_RELEASED,
        Kind.TICKET_DECLINED,
        Kind.TICKET_WITHDRAWN,
    }
)
# What is decided of a ticket and an auditor reads all the same: `portal.events.models.AUDITED`.
WHO_SEES = frozenset(
    {
        Kind.PARTICIPANT_ADDED,
        Kind.PARTICIPANT_REMOVED,
        Kind.CONFIDENTIALITY_CHANGED,
        Kind.TICKET_MOVED,
    }
)
