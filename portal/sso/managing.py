"""What admins do with providers. Nothing here commits."""

from collections.abc import Iterable
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import delete

from portal.accounts.models import User, about
from portal.accounts.sealing import Unreadable, seal, unseal
from portal.errors import DomainError
from portal.events.changes import change, set_fields
from portal.events.kinds import Kind
from portal.events.record import record
from portal.extensions import db
from portal.gateways.oidc import Client
from portal.organizations.models import Team
from portal.sso import local_login
from portal.sso.models import ExternalIdentity, GroupRule, IdentityProvider


def create_provider(slug: str, *, secret: str, rules: Iterable[GroupRule], actor: User, **values: Any):
    """Another way in; its secret is kept sealed."""
    provider = IdentityProvider(slug=slug, sealed_secret=_sealed(slug, secret), **values)
    provider.rules = list(rules)
    db.session.add(provider)
    db.session.flush()
    record(Kind.PROVIDER_CREATED, actor=actor, provider_id=provider.id, provider=provider.name)
    return provider


def edit_provider(
    provider: IdentityProvider, *, secret: str, rules: Iterable[GroupRule], actor: User, **values: Any
) -> None:
    """Set these values; an empty secret leaves the old one. What was kept secret is not in the log.

    Raises DomainError where the only way in would end.
    """
    if provider.is_active and not values.get("is_active", True):
        local_login.refuse_the_last_door(provider)
    changes = set_fields(provider, **values)
    if secret:
        provider.sealed_secret = _sealed(provider.slug, secret)
        changes["secret"] = change(_("kept"), _("another"))
    before, after = _told(provider.rules), _told(rules := list(rules))
    if before != after:
        provider.rules = rules
        changes["rules"] = change(before, after)
    if changes:
        record(Kind.PROVIDER_EDITED, actor=actor, provider_id=provider.id, provider=provider.name,
               changes=changes)  # fmt: skip


def unlink(identity: ExternalIdentity, *, actor: User) -> None:
    """From now on the provider means nobody by that subject. Raises DomainError for one's own only way in."""
    user = identity.user
    if user.id == actor.id and user.password_hash is None:
        raise DomainError(_("Choose a password first: this is your only way in."))
    db.session.execute(delete(ExternalIdentity).where(ExternalIdentity.id == identity.id))
    record(Kind.IDENTITY_UNLINKED, actor=actor, **about(user), provider=identity.provider.name)


def client_of(provider: IdentityProvider) -> Client:
    """How the desk is known to it. Raises DomainError where the secret was sealed with another SECRET_KEY."""
    try:
        secret = unseal(provider.sealed_secret, about=_about(provider.slug)) if provider.sealed_secret else ""
    except Unreadable:
        raise DomainError(
            _("The secret of %(name)s cannot be read any more. Enter it again.", name=provider.name)
        ) from None
    return Client(provider.slug, provider.issuer, provider.client_id, secret, provider.scopes)


def rule_in_words(rule: GroupRule) -> str:
    """As it is typed: `staff: agent`, `net-admins: team Network`."""
    return f"{rule.group}: {rule.role.value if rule.role else f'team {_team(rule).name}'}"


def _team(rule: GroupRule) -> Team:
    return rule.team or db.session.get_one(Team, rule.team_id)


def _told(rules: Iterable[GroupRule]) -> str | None:
    return "; ".join(map(rule_in_words, rules)) or None


def _sealed(slug: str, secret: str) -> str:
    return seal(secret, about=_about(slug)) if secret else ""


def _about(slug: str) -> str:
    return f"identity provider {slug}"
