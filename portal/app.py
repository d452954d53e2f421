"""The application's table of contents: the parts it is made of, in the order they stand in."""

from pathlib import Path

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix
from whitenoise import WhiteNoise

from portal import assets, cli, clock, events, logs, models, reactions, translations  # noqa: F401, the mapper needs all models
from portal.accounts import (
    absence,
    address_views,
    confinement,
    passkey_views,
    picture_views,
    read_only,
    second_step,
    token_views,
    two_step_views,
    view_as,
    welcome_views,
)
from portal.accounts import admin as people_admin
from portal.accounts import cli as accounts_cli
from portal.accounts import mine as accounts_mine
from portal.accounts import views as accounts_views
from portal.accounts.blueprint import bp as accounts
from portal.admin import samples as admin_samples
from portal.admin import views as admin_views
from portal.admin.blueprint import bp as admin
from portal.api import link_views as api_link_views
from portal.api import views as api_views
from portal.api.blueprint import bp as api
from portal.attachments import admin as files_admin
from portal.attachments import arriving, choosing, receiving, words
from portal.attachments import views as attachments
from portal.attachments.filtering import HAS_FILE
from portal.bulk import views as bulk
from portal.bulk.acts import acts_on
from portal.canned import desk as canned_desk
from portal.canned import views as canned
from portal.config import Settings, read_settings
from portal.configuration import admin as configuration_admin
from portal.deletion import views as deletion_views
from portal.desk import moving_cards, view_pages
from portal.desk import views as desk_views
from portal.desk.blueprint import bp as desk
from portal.exports import views as exports
from portal.extensions import csrf, db, htmx, limiter, migrate
from portal.filters.grammar import quoted_value
from portal.gateways import database, live, oidc, queue, redis, storage
from portal.home.views import bp as home
from portal.importing import admin as import_admin
from portal.lifecycles import admin as lifecycles_admin
from portal.lifecycles import queries as lifecycle_queries
from portal.notifications import live as live_pages
from portal.notifications import views as notifications
from portal.organizations import admin as teams_admin
from portal.organizations.views import bp as organizations
from portal.outbox_mail import admin as mail_admin
from portal.privacy import admin as privacy_admin
from portal.privacy import mine as privacy_mine
from portal.projects import admin as projects_admin
from portal.rules import admin as rules_admin
from portal.rules import clocks, effects, registry, sight, speaking, texts, trial_views, triggers
from portal.rules import desk as rules_desk
from portal.search import views as search
from portal.settings import views as settings_views
from portal.sla import admin as sla_admin
from portal.sla import desk as sla_desk
from portal.sla import trial_views as sla_trials
from portal.sla import words as sla_words
from portal.sso import admin as sso_admin
from portal.sso import views as sso
from portal.sso.queries import doors
from portal.tickets import admin as tags_admin
from portal.tickets import desk as ticket_desk
from portal.tickets import (
    labels,
    link_views,
    mention_views,
    merge_views,
    split_views,
    step_views,
    time_views,
    triage_views,
)
from portal.tickets import marks as ticket_marks
from portal.tickets import mine as tickets_mine
from portal.tickets import people as ticket_people
from portal.tickets import views as ticket_views
from portal.tickets.blueprint import bp as tickets
from portal.tickets.due import is_late
from portal.tickets.filtering import offer_traits
from portal.web import attributes, errors, headers, health, keys, locale, navigation, session
from portal.web.templates import TranslatedEnvironment

ROOT = Path(__file__).parent.parent
VIEWS = (  # whose routes stand on the blueprints of accounts, admin, tickets, the API and the desk
    accounts_mine,
    accounts_views,
    address_views,
    picture_views,
    passkey_views,
    second_step,
    token_views,
    two_step_views,
    welcome_views,
    view_as,
    admin_samples,
    admin_views,
    files_admin,
    mail_admin,
    people_admin,
    import_admin,
    privacy_admin,
    privacy_mine,
    projects_admin,
    rules_admin,
    sso_admin,
    tags_admin,
    lifecycles_admin,
    configuration_admin,
    teams_admin,
    ticket_desk,
    ticket_marks,
    canned_desk,
    sla_desk,
    sla_admin,
    sla_trials,
    rules_desk,
    trial_views,
    moving_cards,
    ticket_people,
    time_views,
    ticket_views,
    link_views,
    mention_views,
    merge_views,
    split_views,
    step_views,
    triage_views,
    tickets_mine,
    deletion_views,
    api_views,
    api_link_views,
    desk_views,
    view_pages,
)
BLUEPRINTS = (
    health.bp,
    settings_views.bp,
    accounts,
    picture_views.public,
    sso.bp,
    admin,
    tickets,
    organizations,
    attachments.bp,
    canned.bp,
    notifications.bp,
    live_pages.bp,
    desk,
    bulk.bp,
    exports.bp,
    search.bp,
    api,
    home,
)

IN_TEMPLATES = {  # what every template may call
    "field_label": labels.field_label,
    "value_label": labels.value_label,
    "relation_label": labels.relation_label,
    "sla_target_label": sla_words.target_label,
    "sla_badge": sla_words.badge,
    "sla_promised": sla_words.promised,
    "away": absence.away,
    "hues": lifecycle_queries.hues,
    "quoted_value": quoted_value,
    "is_late": lambda ticket: is_late(ticket, clock.now()),
    "file_said": words.said_of,
    "file_trouble": words.trouble_of,
    "accepted_files": choosing.accepted_files,
    "ways_of_file": arriving.ways_of,
    "sso_doors": doors,
    "page_since": live_pages.page_since,
    "bulk_acts": acts_on,
}


def create_app(settings: Settings | None = None) -> Flask:
    """The application, with the given settings or those of the environment.

    Raises ConfigError where a setting is missing or wrong.
    """
    settings = settings or read_settings()
    logs.set_up(settings)
    app = Flask(__name__, template_folder=ROOT / "templates", static_folder=ROOT / "static")
    app.jinja_environment = TranslatedEnvironment  # type: ignore[assignment]  # a kind of it
    app.config.from_mapping(settings.for_flask())
    attributes.write_faster()

    for part in (headers, db, read_only, csrf, htmx, limiter, redis, queue, live, storage, oidc):
        part.init_app(app)
    for part in (
        session,
        confinement,
        picture_views,
        receiving,
        locale,
        navigation,
        keys,
        errors,
        assets,
        cli,
        accounts_cli,
        translations,
    ):
        part.init_app(app)
    with app.app_context():
        database.watch(db.engine)
    database.keep_plans(app)
    migrate.init_app(app, db, directory=str(ROOT / "migrations"))
    offer_traits(HAS_FILE)
    registry.offer(
        triggers=triggers.TRIGGERS,
        clocks=clocks.CLOCKS,
        effects=(
            *effects.EFFECTS_ON_FIELDS,
            *texts.EFFECTS_ON_TEXTS,
            *sight.EFFECTS_ON_SIGHT,
            *speaking.EFFECTS_OF_WORDS,
        ),
    )
    events.follow_with(at_once=reactions.AT_ONCE, afterwards=reactions.AFTERWARDS, only_if=reactions.ONLY_IF)

    app.jinja_env.globals |= IN_TEMPLATES
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    _stand_behind(app, settings)
    return app


def _stand_behind(app: Flask, settings: Settings) -> None:
    """Serve hashed files compressed; believe proxies only as far as they are ours."""
    vendor = ROOT / "static" / "vendor"
    vendor.mkdir(parents=True, exist_ok=True)
    app.wsgi_app = WhiteNoise(  # type: ignore[method-assign]  # Flask documents it so
        app.wsgi_app,
        root=vendor,
        prefix="/static/vendor/",
        max_age=31536000,
        immutable_file_test=lambda *_: True,
        allow_all_origins=False,
        add_headers_function=headers.for_files(settings),
    )
    if settings.trusted_proxy_count:
        hops = settings.trusted_proxy_count
        proxied = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)
        app.wsgi_app = proxied  # type: ignore[method-assign]  # Flask documents it so
