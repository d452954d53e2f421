from sqlalchemy import select
from sqlalchemy.orm import contains_eager, joinedload

from portal.accounts.models import User
from portal.extensions import db
from portal.memory import Remembered
from portal.sso.models import ExternalIdentity, IdentityProvider


def all_providers() -> list[IdentityProvider]:
    return list(db.session.scalars(select(IdentityProvider).order_by(IdentityProvider.name)))


def provider_or_404(provider_id: int) -> IdentityProvider:
    return db.one_or_404(select(IdentityProvider).where(IdentityProvider.id == provider_id))


def open_provider_or_404(slug: str) -> IdentityProvider:
    """One that lets people in; a provider that is switched off does not exist for them."""
    asked = IdentityProvider.slug == slug, IdentityProvider.is_active.is_(True)
    return db.one_or_404(select(IdentityProvider).where(*asked))


def is_slug_taken(slug: str) -> bool:
    return db.session.scalar(select(IdentityProvider.id).where(IdentityProvider.slug == slug)) is not None


def _doors() -> list[tuple[str, str]]:
    rows = select(IdentityProvider.slug, IdentityProvider.name).where(IdentityProvider.is_active.is_(True))
    return [(slug, name) for slug, name in db.session.execute(rows.order_by(IdentityProvider.name))]


doors = Remembered(_doors, models=(IdentityProvider,))  # the log-in page's ways in: slug and name


def user_of(provider: IdentityProvider, subject: str) -> User | None:
    """Whom the provider means; somebody deactivated is still meant."""
    meant = (
        select(User)
        .join(ExternalIdentity, ExternalIdentity.user_id == User.id)
        .where(ExternalIdentity.provider_id == provider.id, ExternalIdentity.subject == subject)
    )
    return db.session.scalar(meant)


def identities_of(user: User) -> list[ExternalIdentity]:
    """The providers that let this person in, by name."""
    theirs = select(ExternalIdentity).join(ExternalIdentity.provider)
    theirs = theirs.where(ExternalIdentity.user_id == user.id).order_by(IdentityProvider.name)
    return list(db.session.scalars(theirs.options(contains_eager(ExternalIdentity.provider))))


def identity_or_404(identity_id: int, user_id: int) -> ExternalIdentity:
    """One of this person's, with its provider."""
    own = select(ExternalIdentity).where(
        ExternalIdentity.id == identity_id, ExternalIdentity.user_id == user_id
    )
    return db.one_or_404(own.options(joinedload(ExternalIdentity.provider)))
