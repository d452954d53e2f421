"""Identity providers, as admins see them."""

from flask import abort, current_app, flash, redirect, request, url_for
from flask_babel import gettext as _

from portal.admin.blueprint import bp
from portal.errors import DomainError
from portal.extensions import db
from portal.gateways import oidc
from portal.permissions import Permission, requires
from portal.settings.cache import forget_site, site
from portal.sso import local_login, managing
from portal.sso.forms import NewProviderForm, ProviderForm
from portal.sso.models import IdentityProvider
from portal.sso.queries import all_providers, identity_or_404, provider_or_404
from portal.web.htmx import render
from portal.web.session import me

LIST, EDIT = "admin/providers.html", "admin/provider.html"
ID = "<row:provider_id>"


@bp.get("/providers")
@requires(Permission.SETTINGS_MANAGE)
def providers():
    missing = local_login.what_is_missing() if site().password_login else []
    return render(LIST, LIST, providers=all_providers(), missing=missing)


@bp.post("/providers/password-login")
@requires(Permission.SETTINGS_MANAGE)
def switch_password_login():
    """On or off, as `password_login` says: a form sent twice changes nothing."""
    match request.form.get("password_login"):
        case "on":
            local_login.switch_on(actor=me())
            said = _("Whoever has a password logs in with it again.")
        case "off":
            local_login.switch_off(actor=me())
            said = _("From now on people log in by single sign-on alone.")
        case _unclear:
            abort(400)
    db.session.commit()
    forget_site()
    flash(said, "success")
    return redirect(url_for(".providers"), 303)


@bp.route("/providers/new", methods=["GET", "POST"])
@requires(Permission.SETTINGS_MANAGE)
def new_provider():
    form = NewProviderForm()
    if not form.validate_on_submit():
        return _page(form, None, 422 if form.is_submitted() else 200)
    provider = managing.create_provider(form.slug.data, actor=me(), **form.wanted())
    db.session.commit()
    flash(_("%(name)s stands on the log-in page.", name=provider.name), "success")
    return redirect(url_for(".provider", provider_id=provider.id), 303)


@bp.route(f"/providers/{ID}", methods=["GET", "POST"])
@requires(Permission.SETTINGS_MANAGE)
def provider(provider_id: int):
    provider = provider_or_404(provider_id)
    form = ProviderForm(provider=provider)
    if not form.validate_on_submit():
        return _page(form, provider, 422 if form.is_submitted() else 200)
    managing.edit_provider(provider, actor=me(), **form.wanted())
    db.session.commit()
    flash(_("Your changes to %(name)s are saved.", name=provider.name), "success")
    return redirect(url_for(".provider", provider_id=provider.id), 303)


@bp.post(f"/providers/{ID}/check")
@requires(Permission.SETTINGS_MANAGE)
def check_provider(provider_id: int):
    """Ask the provider who it is; nothing is changed."""
    provider = provider_or_404(provider_id)
    try:
        oidc.check(managing.client_of(provider))
    except (oidc.ProviderAway, DomainError) as error:
        flash(_("It does not answer as it should: %(why)s", why=error), "error")
    else:
        flash(_("%(name)s answers as it should.", name=provider.name), "success")
    return redirect(url_for(".provider", provider_id=provider_id), 303)


@bp.post("/people/<row:user_id>/identities/<row:identity_id>/removal")
@requires(Permission.PEOPLE_MANAGE)
def unlink_identity(user_id: int, identity_id: int):
    """For whom a provider means the wrong person, or somebody who has left it."""
    identity = identity_or_404(identity_id, user_id)
    name = identity.provider.name
    managing.unlink(identity, actor=me())
    db.session.commit()
    flash(_("%(name)s does not let them in as this person any more.", name=name), "success")
    return redirect(url_for(".person", user_id=user_id), 303)


def _page(form: ProviderForm, provider: IdentityProvider | None, status: int):
    slug = provider.slug if provider else "…"
    way_back = f"{current_app.config['DESK'].public_url}/login/with/{slug}/answer"
    return render(EDIT, EDIT, status, form=form, provider=provider, way_back=way_back)
