"""The way in by an identity provider: out to it, and back with its answer."""

from flask import Blueprint, current_app, render_template, request, session, url_for
from flask_babel import gettext as _

from portal.accounts.actions import note_failed_login
from portal.accounts.entering import ask_for_code, enter
from portal.errors import DomainError
from portal.extensions import db
from portal.gateways import oidc
from portal.permissions import for_anyone
from portal.sso.actions import admit
from portal.sso.managing import client_of
from portal.sso.models import IdentityProvider
from portal.sso.queries import open_provider_or_404
from portal.web.htmx import is_own_path

bp = Blueprint("sso", __name__, url_prefix="/login/with")
NEXT = "sso_next"


@bp.get("/<slug>")
@for_anyone
def begin(slug: str):
    """Out to the provider, by a link: the CSP lets no form lead to another host, redirects included."""
    provider = open_provider_or_404(slug)
    target = request.args.get("next", "")
    session[NEXT] = target if is_own_path(target) else ""
    try:
        return oidc.send_to_provider(client_of(provider), _way_back(slug))
    except (oidc.ProviderAway, DomainError) as error:
        current_app.logger.warning("%s cannot let anybody in: %s", provider.name, error)
        return _refused(provider, _("%(name)s cannot be reached just now.", name=provider.name), 503)


@bp.get("/<slug>/answer")
@for_anyone
def answer(slug: str):
    """Back from the provider. What does not answer this browser's own question lets nobody in."""
    provider = open_provider_or_404(slug)
    try:
        claims = oidc.claims_of_answer(client_of(provider))
        user = admit(provider, claims)
    except oidc.ProviderAway as error:
        current_app.logger.warning("%s does not answer: %s", provider.name, error)
        return _refused(provider, _("%(name)s cannot be reached just now.", name=provider.name), 503)
    except oidc.LoginRefused as error:
        current_app.logger.warning("%s let nobody in: %s", provider.name, error)
        said = _("%(name)s did not let you in, or its answer came too late. Begin again.", name=provider.name)
        return _refused(provider, said, 400)
    except DomainError as error:
        db.session.rollback()
        _note(claims.email)
        return _refused(provider, str(error), 403)
    target = session.pop(NEXT, "") or None
    if user.two_step_since is not None:  # a second step that somebody has set up is asked for here too
        return ask_for_code(user, remember=False, target=target)
    return enter(user, target=target)


def _note(email: str) -> None:
    note_failed_login(email, reason="provider")
    db.session.commit()


def _refused(provider: IdentityProvider, why: str, status: int):
    return render_template("sso/refused.html", provider=provider, why=why), status


def _way_back(slug: str) -> str:
    """From PUBLIC_URL, as everything that leaves the desk: the provider knows this address alone."""
    return current_app.config["DESK"].public_url + url_for(".answer", slug=slug)
