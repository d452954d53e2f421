"""Passkeys (WebAuthn Level 3): they stand for both steps of a log-in, or for the second alone.

Each proves that its owner's device was there and knew them, by PIN or by look, so
whoever has one is asked for a second step from then on, as with an app: the
password alone lets them in no more. Nothing here commits.
"""

from ipaddress import ip_address
from urllib.parse import urlsplit

from flask import current_app
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    options_to_json,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import (
    parse_authentication_credential_json,
    parse_registration_credential_json,
)
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AttestationConveyancePreference,
    AuthenticationCredential,
    AuthenticatorSelectionCriteria,
    AuthenticatorTransport,
    PublicKeyCredentialDescriptor,
    RegistrationCredential,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from portal import clock
from portal.accounts import two_step
from portal.accounts.credentials import Passkey
from portal.accounts.links import mail_passkey
from portal.accounts.models import User, about
from portal.accounts.queries import has_app, hold
from portal.errors import DomainError
from portal.events.changes import change
from portal.events.kinds import Kind
from portal.events.record import record
from portal.extensions import db
from portal.settings.cache import site

MOST = 20  # of one person
PATIENCE = 120_000  # milliseconds that a browser waits for somebody to find their key
NO_ANSWER = (WebAuthnException, ValueError, TypeError, KeyError, IndexError, OverflowError, RecursionError)


def are_possible() -> bool:
    """Whether PUBLIC_URL is an address that passkeys are made for: a name, by HTTPS or on this machine."""
    try:
        return not ip_address(_host())
    except ValueError:
        return current_app.config["DESK"].is_https or _host() == "localhost"


def passkeys_of(user: User) -> list[Passkey]:
    """The oldest first."""
    theirs = select(Passkey).where(Passkey.user_id == user.id).order_by(Passkey.id)
    return list(db.session.scalars(theirs))


def passkey_or_404(public_id: str, owner: User) -> Passkey:
    return db.one_or_404(select(Passkey).where(Passkey.public_id == public_id, Passkey.user_id == owner.id))


def to_be_made(user: User, challenge: bytes) -> str:
    """What the browser needs to make a passkey, as JSON; not another one on a device that has one."""
    options = generate_registration_options(
        rp_id=_host(),
        rp_name=site().name,
        user_id=_handle(user),
        user_name=user.email,
        user_display_name=user.name,
        challenge=challenge,
        timeout=PATIENCE,
        attestation=AttestationConveyancePreference.NONE,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED,
            user_verification=UserVerificationRequirement.REQUIRED,
        ),
        exclude_credentials=_described(user),
    )
    return options_to_json(options)


def to_be_shown(challenge: bytes, *, user: User | None = None) -> str:
    """What the browser needs to sign with a passkey, as JSON: with any for this desk, or one of theirs."""
    options = generate_authentication_options(
        rp_id=_host(),
        challenge=challenge,
        timeout=PATIENCE,
        allow_credentials=_described(user) if user else [],
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return options_to_json(options)


def add(user: User, answer: str, *, challenge: bytes, name: str) -> list[str]:
    """Keep the passkey that the browser has made; the recovery codes, where it is their first second step.

    Raises DomainError where the answer is none to that challenge, or there are too many.
    """
    hold(user)
    if len(passkeys_of(user)) >= MOST:
        raise DomainError(_("You have %(most)s passkeys. Remove one that you do not use.", most=MOST))
    passkey = _made(user, answer, challenge)
    passkey.name = name
    try:
        with db.session.begin_nested():
            db.session.add(passkey)
    except IntegrityError:
        raise DomainError(_("This passkey is known already.")) from None
    is_first = user.two_step_since is None
    record(Kind.PASSKEY_ADDED, actor=user, **about(user), passkey=name)
    mail_passkey(user, "added", name=name, is_turn=is_first)
    if not is_first:
        return []
    record(Kind.TWO_STEP_ON, actor=user, **about(user))
    return two_step.begin(user)


def rename(passkey: Passkey, name: str) -> None:
    if name == passkey.name:
        return
    old, passkey.name = passkey.name, name
    record(
        Kind.PASSKEY_RENAMED,
        actor=passkey.user,
        **about(passkey.user),
        passkey=name,
        changes={"passkey": change(old, name)},
    )


def remove(passkey: Passkey) -> None:
    """It lets nobody in any more; where it was their last second step, the password alone does again.

    Raises DomainError for the last one of somebody whose role must have two-step login.
    """
    user, name = passkey.user, passkey.name
    hold(user)
    is_last = not has_app(user) and len(passkeys_of(user)) == 1
    if is_last and two_step.is_required_of(user):
        raise DomainError(
            _("Your role needs a second step, and this is your only one. First add another passkey or app.")
        )
    db.session.delete(passkey)
    record(Kind.PASSKEY_REMOVED, actor=user, **about(user), passkey=name)
    mail_passkey(user, "removed", name=name, is_turn=is_last)
    if is_last:
        two_step.end(user)
        record(Kind.TWO_STEP_OFF, actor=user, **about(user))


def owner_of_answer(answer: str, *, challenge: bytes, user: User | None = None) -> User | None:
    """The active person whose passkey has signed the challenge; with `user`, only if it is they.

    Nobody for all else: another challenge, address or key, a device that did not
    ask who is there, and a key that seems to have been copied, of which its owner
    is told.
    """
    try:
        signed = parse_authentication_credential_json(answer)
    except NO_ANSWER:
        return None
    passkey = _held(signed.raw_id)
    if passkey is None or not _is_theirs(passkey, signed, user) or not _is_signed(passkey, signed, challenge):
        return None
    return passkey.user


def _made(user: User, answer: str, challenge: bytes) -> Passkey:
    try:
        credential = parse_registration_credential_json(answer)
        made = verify_registration_response(
            credential=credential,
            expected_challenge=challenge,
            expected_rp_id=_host(),
            expected_origin=_origin(),
            require_user_verification=True,
        )
    except NO_ANSWER:
        raise DomainError(_("Your browser made no passkey that counts here. Try it once more.")) from None
    return Passkey(
        user=user,
        credential_id=made.credential_id,
        public_key=made.credential_public_key,
        sign_count=made.sign_count,
        transports=_transports(credential),
        is_backed_up=made.credential_backed_up,
    )


def _held(credential_id: bytes) -> Passkey | None:
    """The row of that passkey, locked: two log-ins with one signature count are one too many."""
    found = select(Passkey).where(Passkey.credential_id == credential_id).with_for_update()
    return db.session.scalar(found.execution_options(populate_existing=True))


def _is_theirs(passkey: Passkey, signed: AuthenticationCredential, user: User | None) -> bool:
    """Whether the passkey, what it says of its owner, and whom it is asked of are one active person.

    One that was asked for by name need not say whose it is.
    """
    owner, handle = passkey.user, signed.response.user_handle
    if user is not None and user.id != owner.id:
        return False
    is_named = handle == _handle(owner) or (handle is None and user is not None)
    return is_named and owner.is_active


def _is_signed(passkey: Passkey, signed: AuthenticationCredential, challenge: bytes) -> bool:
    """The count is looked at here, once the signature holds: only then does it mean something."""
    try:
        verified = verify_authentication_response(
            credential=signed,
            expected_challenge=challenge,
            expected_rp_id=_host(),
            expected_origin=_origin(),
            credential_public_key=passkey.public_key,
            credential_current_sign_count=0,
            require_user_verification=True,
        )
    except NO_ANSWER:
        return False
    return _counts_on(passkey, verified.new_sign_count, is_backed_up=verified.credential_backed_up)


def _counts_on(passkey: Passkey, count: int, *, is_backed_up: bool) -> bool:
    """A count that does not grow is that of a copy, or of what it was copied from (WebAuthn, 6.1.1)."""
    if (count or passkey.sign_count) and count <= passkey.sign_count:
        record(Kind.PASSKEY_SUSPECTED, actor=None, **about(passkey.user), passkey=passkey.name)
        mail_passkey(passkey.user, "suspected", name=passkey.name)
        return False
    passkey.sign_count, passkey.is_backed_up, passkey.last_used_at = count, is_backed_up, clock.now()
    return True


def _described(user: User) -> list[PublicKeyCredentialDescriptor]:
    return [
        PublicKeyCredentialDescriptor(
            id=passkey.credential_id,
            transports=[AuthenticatorTransport(each) for each in passkey.transports.split(",") if each],
        )
        for passkey in passkeys_of(user)
    ]


def _transports(credential: RegistrationCredential) -> str:
    return ",".join(each.value for each in credential.response.transports or [])[:100]


def _handle(user: User) -> bytes:
    """Who somebody is to their devices: nothing that says who they are to people."""
    return f"user:{user.id}".encode()


def _host() -> str:
    return urlsplit(current_app.config["DESK"].public_url).hostname or ""


def _origin() -> str:
    """As browsers say it: small letters, and no port that is the usual one."""
    parts = urlsplit(current_app.config["DESK"].public_url)
    usual = {"http": 80, "https": 443}[parts.scheme]
    port = f":{parts.port}" if parts.port and parts.port != usual else ""
    return f"{parts.scheme}://{parts.hostname}{port}"
