import re
from typing import Any
from urllib.parse import urlsplit

from flask import current_app
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, PasswordField, StringField, TextAreaField, ValidationError

from portal.config import Environment
from portal.gateways.oidc import SCOPES
from portal.organizations.models import Team
from portal.organizations.queries import all_teams
from portal.permissions import Role
from portal.sso.managing import rule_in_words
from portal.sso.models import GroupRule, IdentityProvider
from portal.sso.queries import is_slug_taken
from portal.web.forms import DeskForm, NotBlank, at_most, tidy

SLUG = re.compile(r"[a-z][a-z0-9-]{0,29}")
RULES = 100
PLAIN = ("name", "issuer", "client_id", "scopes", "groups_claim", "creates_accounts", "is_active")


class ProviderForm(DeskForm):
    """A provider as its own administration names things."""

    name = StringField(_l("Name on the log-in page"), [NotBlank(_l("Enter a name.")), at_most(80)], [tidy])
    issuer = StringField(_l("Issuer"), [NotBlank(_l("Enter the provider's address.")), at_most(300)], [tidy])
    client_id = StringField(_l("Client ID"), [NotBlank(_l("Enter the client ID.")), at_most(300)], [tidy])
    secret = PasswordField(_l("Client secret"), [at_most(1000)])
    scopes = StringField(
        _l("Scopes"),
        [NotBlank(_l("Enter at least openid.")), at_most(200)],
        [tidy],
        default=SCOPES,
    )
    groups_claim = StringField(_l("Claim that names the groups"), [at_most(80)], [tidy], default="groups")
    rules = TextAreaField(_l("What groups are here"), [at_most(20_000)])
    creates_accounts = BooleanField(_l("Make an account for whoever has none yet"), default=True)
    is_active = BooleanField(_l("Shown on the log-in page"), default=True)

    def __init__(self, *, provider: IdentityProvider | None = None, **kwargs: Any) -> None:
        super().__init__(data=_now(provider) if provider else None, **kwargs)
        self.read_rules: list[GroupRule] = []

    def validate_issuer(self, field: StringField) -> None:
        """HTTPS, so that nobody on the way lets people in; the desk's own machine apart, in development."""
        parts = urlsplit(field.data)
        is_local = parts.hostname in {"127.0.0.1", "localhost", "::1"}
        is_tried = current_app.config["DESK"].environment is not Environment.PRODUCTION
        is_safe = parts.scheme == "https" or (is_local and is_tried)
        if not parts.hostname or not is_safe or parts.query or parts.fragment:
            raise ValidationError(gettext("Enter an address that begins with https://."))

    def validate_rules(self, field: TextAreaField) -> None:
        lines = [line.strip() for line in (field.data or "").splitlines()]
        teams = {team.name.casefold(): team for team in all_teams()}
        if len([line for line in lines if line]) > RULES:
            raise ValidationError(gettext("Use at most %(max)s rules.", max=RULES))
        self.read_rules = [_rule(number, line, teams) for number, line in enumerate(lines, 1) if line]

    def wanted(self) -> dict[str, Any]:
        """The values as `managing.edit_provider` takes them."""
        return {name: self[name].data for name in PLAIN} | {
            "secret": self.secret.data or "",
            "rules": self.read_rules,
        }


class NewProviderForm(ProviderForm):
    slug = StringField(
        _l("Short name in addresses"), [NotBlank(_l("Enter a short name such as entra."))], [tidy]
    )

    def validate_slug(self, field: StringField) -> None:
        if not SLUG.fullmatch(field.data or ""):
            raise ValidationError(gettext("Use small letters, digits and hyphens, a letter first."))
        if is_slug_taken(field.data):
            raise ValidationError(gettext("Another provider has this short name. Choose another one."))


def _now(provider: IdentityProvider) -> dict[str, Any]:
    """Its secret never leaves the desk, not even for whoever entered it."""
    rules = "\n".join(map(rule_in_words, provider.rules))
    return {name: getattr(provider, name) for name in PLAIN} | {"rules": rules}


def _rule(number: int, line: str, teams: dict[str, Team]) -> GroupRule:
    """Raises ValidationError, naming the line."""
    group, sign, meant = (part.strip() for part in line.rpartition(":"))
    if not sign or not group or len(group) > 200:
        raise ValidationError(gettext("Line %(line)s is not of the form “group: agent”.", line=number))
    if meant.lower() in set(Role):
        return GroupRule(group=group, role=Role(meant.lower()))
    word, _space, name = meant.partition(" ")
    team = teams.get(name.strip().casefold()) if word.lower() == "team" else None
    if team is None:
        raise ValidationError(
            gettext("Line %(line)s: “%(meant)s” is neither a role nor a team.", line=number, meant=meant[:80])
        )
    return GroupRule(group=group, team_id=team.id)
