"""Letting in whom a provider vouches for. Nothing here commits."""

from flask_babel import gettext as _
from sqlalchemy.exc import IntegrityError

from portal import clock
from portal.accounts import people
from portal.accounts.addresses import is_address, tidy_address
from portal.accounts.models import User, about
from portal.accounts.queries import user_by_email
from portal.errors import DomainError
from portal.events.kinds import Kind
from portal.events.record import record
from portal.extensions import db
from portal.gateways.oidc import Claims
from portal.organizations.actions import set_teams
from portal.organizations.queries import teams_of
from portal.permissions import STAFF, Role
from portal.sso.models import ExternalIdentity, IdentityProvider
from portal.sso.queries import user_of
from portal.tickets.handover import hand_over, leave_projects

RANK = list(Role)  # of several roles the last one here counts


def admit(provider: IdentityProvider, claims: Claims) -> User:
    """The person whom the provider has let in: known, found by their confirmed address, or new.

    Their role and teams follow the provider's groups, as far as its rules name any.
    Raises DomainError, in words for whoever stands before the door.
    """
    user = user_of(provider, claims.subject) or _found_by_address(provider, claims)
    if user is None:
        user = _new_account(provider, claims)
    if not user.is_active:
        raise DomainError(_("This account is deactivated. Ask an admin of the desk."))
    _follow_groups(provider, user, _groups(provider, claims))
    return user


def _found_by_address(provider: IdentityProvider, claims: Claims) -> User | None:
    """An account is given only to whom the provider confirms its address; then for good."""
    user = user_by_email(claims.email) if claims.email else None
    if user is None:
        return None
    if not claims.is_email_verified:
        raise DomainError(
            _("%(name)s does not confirm that this address is yours.", name=provider.name)
            + " "
            + _("Log in here with your password, or ask an admin of the desk.")
        )
    if not user.is_verified and user.password_hash:
        user.password_hash = None  # chosen by somebody who never showed that the address was theirs
    _confirm(user)
    _remember(provider, claims, user)
    return user


def _new_account(provider: IdentityProvider, claims: Claims) -> User:
    address = tidy_address(claims.email)
    if not provider.creates_accounts:
        raise DomainError(
            _("There is no account for %(email)s yet. Ask an admin of the desk.", email=address)
        )
    if not is_address(address) or not claims.is_email_verified:
        raise DomainError(
            _("%(name)s does not tell the desk your confirmed mail address.", name=provider.name)
        )
    user = User(email=address, name=claims.name or address.partition("@")[0], role=Role.EMPLOYEE)
    try:
        with db.session.begin_nested():
            db.session.add(user)
    except IntegrityError:  # the same person in two windows
        raise DomainError(_("That was too fast. Log in once more.")) from None
    label = {"id": Role.EMPLOYEE, "label": Role.EMPLOYEE}
    record(Kind.ACCOUNT_CREATED, actor=user, **about(user), values={"role": label}, provider=provider.name)
    _confirm(user)
    _remember(provider, claims, user)
    return user


def _confirm(user: User) -> None:
    if not user.is_verified:
        user.email_verified_at = clock.now()
        record(Kind.ACCOUNT_VERIFIED, actor=user, **about(user))


def _remember(provider: IdentityProvider, claims: Claims, user: User) -> None:
    db.session.add(ExternalIdentity(provider_id=provider.id, subject=claims.subject, user=user))
    db.session.flush()
    record(Kind.IDENTITY_LINKED, actor=user, **about(user), provider=provider.name)


def _groups(provider: IdentityProvider, claims: Claims) -> set[str]:
    """The groups that the claim names; `realm_access.roles` names a claim within another."""
    found: object = claims.everything
    for part in provider.groups_claim.split("."):
        found = found.get(part) if isinstance(found, dict) else None
    if isinstance(found, str):
        return {found}
    return {each for each in found if isinstance(each, str)} if isinstance(found, list) else set()


def _follow_groups(provider: IdentityProvider, user: User, groups: set[str]) -> None:
    """Rules for roles decide the role whole, rules for teams only the teams that they name."""
    held = [rule for rule in provider.rules if rule.group in groups]
    if any(rule.role for rule in provider.rules):
        wanted = max((rule.role for rule in held if rule.role), key=RANK.index, default=Role.EMPLOYEE)
        _give_role(user, wanted)
    named = {rule.team_id for rule in provider.rules if rule.team_id}
    if not named or user.role not in STAFF:
        return
    theirs = {rule.team_id: rule.team for rule in held if rule.team}
    kept = [team for team in teams_of(user) if team.id not in named]
    set_teams(user, [*kept, *theirs.values()], actor=None)


def _give_role(user: User, role: Role) -> None:
    """The last admin stays one, whatever a provider says: somebody must be able to correct it."""
    if role == user.role:
        return
    try:
        with db.session.begin_nested():
            people.change_role(user, role, actor=None)
    except DomainError:
        return
    hand_over(user, actor=None)
    leave_projects(user, actor=None)
