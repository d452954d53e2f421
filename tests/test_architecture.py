"""The rules of the house, kept by a test instead of by memory."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

# A feature's models, policy, queries, actions and forms may import those to its left, and itself.
FEATURES = [
    "events", "settings", "outbox_mail", "accounts", "organizations", "lifecycles", "projects",
    "tickets", "attachments", "sla", "canned", "rules", "notifications", "desk", "bulk", "exports", "search",
    "sso", "privacy", "deletion", "configuration",
]  # fmt: skip
DOMAIN = {"models", "credentials", "policy", "queries", "actions", "comments", "once", "drafts", "conflicts",
          "record", "following", "deliveries", "lists", "filtering",
          "two_step", "half_logins", "challenges", "passkeys", "pictures", "notices", "emergency", "moving",
          "absence", "houses", "local_login", "memberships", "invitations", "audience", "confidentiality",
          "participants", "members", "viewing", "tokens", "retention", "traces", "sweep", "anonymizing",
          "exporting", "work", "mentions", "scanning", "releasing", "rescanning", "upkeep",
          "telling", "held", "attached", "relations", "family", "merging", "links", "splitting", "naming",
          "placeholders", "filling", "counts", "triage", "inbox", "flags", "acts", "rows", "writing",
          "latest", "texts", "wording", "finding", "ranking", "snippets", "spelling",
          "collecting", "hearers", "hiding", "numbering", "senders", "spam", "erasing", "plan", "checks",
          "diagram", "differences", "publishing", "steps", "told", "wishes", "catching_up",
          "calendar", "public_holidays", "replay", "keeping", "raising", "recounting", "registry", "inputs",
          "triggers", "effects", "speaking", "choosing", "evaluating", "engine", "macros",
          "clocks", "schedule", "waking", "sight", "ordering", "past", "shadow", "recalling", "promised",
          "rehearsal", "forecast", "learning", "outlook", "backtest", "trial"}  # fmt: skip
AUDIENCES = {
    "views", "desk", "admin", "mine", "live", "second_step", "two_step_views", "address_views",
    "passkey_views", "picture_views", "welcome_views", "view_as", "token_views", "link_views",
    "merge_views", "split_views", "view_pages", "triage_views", "mention_views", "step_views", "trial_views",
}  # fmt: skip
WEB_LIBRARIES = {"flask", "flask_login", "flask_wtf", "wtforms"}

APPLICATION = sorted([*ROOT.glob("portal/**/*.py"), *ROOT.glob("jobs/*.py")])
PORTAL = [path for path in APPLICATION if path.relative_to(ROOT).parts[0] == "portal"]
DOMAIN_FILES = [path for path in PORTAL if path.parent.name in FEATURES and path.stem in DOMAIN]


def name_of(path):
    return str(path.relative_to(ROOT))


def typing_only(tree):
    """What stands under `if TYPE_CHECKING:`."""
    blocks = [
        top for top in tree.body if isinstance(top, ast.If) and "TYPE_CHECKING" in ast.unparse(top.test)
    ]
    return {id(node) for block in blocks for node in ast.walk(block)}


def imports(path):
    """The modules that this one imports when it runs, and the names it takes from them."""
    tree = ast.parse(path.read_text())
    skipped = typing_only(tree)
    for node in ast.walk(tree):
        if id(node) in skipped:
            continue
        if isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def roots(path):
    return {name.split(".")[0] for name in imports(path)}


@pytest.mark.parametrize("path", PORTAL, ids=name_of)
def test_portal_imports_neither_jobs_nor_embedded(path):
    assert not roots(path) & {"jobs", "embedded", "tests", "bench"}


@pytest.mark.parametrize("path", APPLICATION, ids=name_of)
def test_nothing_but_the_app_imports_views(path):
    if path == ROOT / "portal" / "app.py":
        return
    views = {f"portal.{feature}.{name}" for feature in [*FEATURES, "admin", "home"] for name in AUDIENCES}
    views -= {f"portal.{feature}" for feature in FEATURES}
    assert not views & set(imports(path))


@pytest.mark.parametrize("path", DOMAIN_FILES, ids=name_of)
def test_the_domain_knows_no_request_and_never_commits(path):
    known = {name for name in imports(path) if name.split(".")[0] in WEB_LIBRARIES}
    assert known <= {"flask_login", "flask_login.UserMixin", "flask", "flask.current_app"} | allowed_commit(
        path, known
    )
    if name_of(path) != "portal/accounts/queries.py":  # the last-seen time, before a request begins
        assert ".commit()" not in path.read_text()


def allowed_commit(path, known):
    return (
        known
        if name_of(path) == "portal/outbox_mail/actions.py" and known <= {"flask", "flask.render_template"}
        else set()
    )


@pytest.mark.parametrize("path", [p for p in PORTAL if p.parent.name in FEATURES], ids=name_of)
def test_features_import_only_to_their_left(path):
    if path.stem in AUDIENCES | {"cli", "page"}:
        return
    feature = path.parent.name
    allowed = FEATURES[: FEATURES.index(feature) + 1]
    for name in imports(path):
        parts = name.split(".")
        if parts[0] == "portal" and len(parts) > 1 and parts[1] in FEATURES:
            assert parts[1] in allowed, name


@pytest.mark.parametrize("path", sorted(ROOT.glob("portal/filters/*.py")), ids=name_of)
def test_the_filter_language_knows_no_feature(path):
    known = {name.split(".")[1] for name in imports(path) if name.startswith("portal.")}
    assert known <= {"filters", "errors", "clock"}


@pytest.mark.parametrize("path", APPLICATION, ids=name_of)
def test_imports_stand_at_the_top(path):
    for function in ast.walk(ast.parse(path.read_text())):
        if isinstance(function, ast.FunctionDef):
            inside = [node for node in ast.walk(function) if isinstance(node, ast.Import | ast.ImportFrom)]
            assert not inside, function.name


@pytest.mark.parametrize("path", APPLICATION, ids=name_of)
def test_only_the_clock_asks_the_time(path):
    assert "portal.clock.now" not in set(imports(path)), "say clock.now(), so that a test can patch it"
    if path.name == "clock.py":
        return
    text = path.read_text()
    for asking in ("datetime.now(", "datetime.utcnow(", "date.today(", "time.time("):
        assert asking not in text


@pytest.mark.parametrize("path", APPLICATION, ids=name_of)
def test_only_record_writes_events(path):
    assert path.name == "record.py" or "= Event(" not in path.read_text()


@pytest.mark.parametrize("path", APPLICATION, ids=name_of)
def test_only_config_reads_the_environment(path):
    assert path.name == "config.py" or not {"os.environ", "os.getenv"} & used(path)


def used(path):
    tree = ast.parse(path.read_text())
    return {ast.unparse(node) for node in ast.walk(tree) if isinstance(node, ast.Attribute)}


MACHINES = {"minio", "clamd", "smtplib", "imaplib", "requests", "urllib3", "socket", "redis"}


@pytest.mark.parametrize("path", APPLICATION, ids=name_of)
def test_only_gateways_talk_to_other_machines(path):
    if path.parent.name in {"gateways", "jobs"}:
        return
    assert not roots(path) & MACHINES


@pytest.mark.parametrize("path", APPLICATION, ids=name_of)
def test_what_reads_a_pdf_is_loaded_by_the_program_alone_that_is_confined(path):
    program = ROOT / "portal" / "attachments" / "first_page.py"
    if path == program:
        assert roots(path) <= {"resource", "struct", "sys", "pypdfium2"}, "it starts on its own, and soon"
        return
    assert not {"pypdfium2", "portal.attachments.first_page"} & set(imports(path))


@pytest.mark.parametrize("path", APPLICATION, ids=name_of)
def test_a_module_stays_readable(path):
    assert len(path.read_text().splitlines()) <= 400
