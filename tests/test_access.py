"""The table of who may do what. A route that is not in it fails; so does one that answers otherwise."""

import pytest

from portal.extensions import db
from portal.permissions import GRANTS, Permission, Role, Scope
from tests import factories as make
from tests.web.routes import doors

ANYONE, LOGIN = None, "login"
SUBMIT, WORK = Permission.TICKET_SUBMIT, Permission.TICKET_WORK
OPERATE, PEOPLE, PROJECTS = Permission.OPERATE, Permission.PEOPLE_MANAGE, Permission.PROJECT_MANAGE
SETTINGS = Permission.SETTINGS_MANAGE

TABLE = {
    "static": ANYONE,
    # Machines and people who operate the desk.
    "health.lives": ANYONE,
    "health.ready": ANYONE,
    # The desk's own picture.
    "settings.logo": ANYONE,
    # Accounts.
    "accounts.first_run": ANYONE,
    "accounts.login": ANYONE,
    "accounts.logout": ANYONE,
    "accounts.register": ANYONE,
    "accounts.emergency_access": ANYONE,
    "accounts.second_step": ANYONE,
    "accounts.login_challenge": ANYONE,
    "accounts.second_step_challenge": ANYONE,
    "accounts.verify": ANYONE,
    "accounts.forgot": ANYONE,
    "accounts.reset": ANYONE,
    "accounts.language": ANYONE,
    "accounts.agree_to_address": ANYONE,
    "accounts.refuse_address": ANYONE,
    "accounts.profile": LOGIN,
    "accounts.appearance": LOGIN,
    "accounts.change_notices": LOGIN,
    "accounts.send_picture": LOGIN,
    "accounts.remove_picture": LOGIN,
    "pictures.picture": LOGIN,
    "accounts.change_password": LOGIN,
    "accounts.change_address": LOGIN,
    "accounts.cancel_address_change": LOGIN,
    "accounts.absence": WORK,
    "accounts.two_step": LOGIN,
    "accounts.passkeys": LOGIN,
    "accounts.passkey": LOGIN,
    "accounts.remove_passkey": LOGIN,
    "accounts.new_passkey_challenge": LOGIN,
    "accounts.new_recovery_codes": LOGIN,
    "accounts.switch_off_two_step": LOGIN,
    "accounts.end_session": LOGIN,
    "accounts.end_other_sessions": LOGIN,
    "accounts.stop_viewing": LOGIN,
    "accounts.tokens": LOGIN,
    "accounts.revoke_token": LOGIN,
    "accounts.export": LOGIN,
    "accounts.begin_export": LOGIN,
    "accounts.cancel_export": LOGIN,
    "accounts.export_file": LOGIN,
    # Everybody's pages.
    "home.index": LOGIN,
    "notifications.index": LOGIN,
    "notifications.panel": LOGIN,
    "notifications.read_all": LOGIN,
    "live.stream": LOGIN,
    # Tickets.
    "attachments.presign": SUBMIT,
    "attachments.presign_for_ticket": SUBMIT,
    "attachments.parts": SUBMIT,
    "attachments.complete": SUBMIT,
    "attachments.file": SUBMIT,
    "attachments.download": SUBMIT,
    "attachments.picture": SUBMIT,
    "attachments.remove": SUBMIT,
    "tickets.submit": SUBMIT,
    "tickets.mine": SUBMIT,
    "tickets.show": SUBMIT,
    "tickets.earlier": SUBMIT,
    "tickets.rate": SUBMIT,
    "tickets.reply": SUBMIT,
    "tickets.settle": SUBMIT,
    "tickets.reopen": SUBMIT,
    "tickets.preview": LOGIN,
    "tickets.keep_draft": LOGIN,
    "tickets.change_status": WORK,
    "tickets.choose_assignee": WORK,
    "tickets.assign": WORK,
    "tickets.change_priority": WORK,
    "tickets.suggest_tags": WORK,
    "tickets.change_tags": WORK,
    "tickets.change_due": WORK,
    "tickets.show_clocks": WORK,
    "desk.forecast": WORK,
    "admin.sla": Permission.SLA_MANAGE,
    "admin.new_sla_policy": Permission.SLA_MANAGE,
    "admin.sla_policy": Permission.SLA_MANAGE,
    "admin.move_sla_policy": Permission.SLA_MANAGE,
    "admin.switch_sla_policy": Permission.SLA_MANAGE,
    "admin.copy_sla_policy": Permission.SLA_MANAGE,
    "admin.sla_policy_versions": Permission.SLA_MANAGE,
    "admin.restore_sla_policy": Permission.SLA_MANAGE,
    "admin.sla_calendars": Permission.SLA_MANAGE,
    "admin.new_sla_calendar": Permission.SLA_MANAGE,
    "admin.sla_calendar": Permission.SLA_MANAGE,
    "admin.preview_holidays": Permission.SLA_MANAGE,
    "admin.try_sla_calendar": Permission.SLA_MANAGE,
    "admin.try_sla_policy": Permission.SLA_MANAGE,
    "admin.delete_sla_calendar": Permission.SLA_MANAGE,
    "admin.sla_calendar_versions": Permission.SLA_MANAGE,
    "admin.restore_sla_calendar": Permission.SLA_MANAGE,
    "tickets.add_note": WORK,
    "tickets.be_present": WORK,
    "tickets.show_preview": WORK,
    "tickets.watch": WORK,
    "tickets.edit": WORK,
    "tickets.move": WORK,
    "tickets.spend_time": WORK,
    "tickets.take_step": SUBMIT,
    "tickets.take_time_back": WORK,
    "tickets.suggest_tickets": WORK,
    "tickets.add_link": WORK,
    "tickets.remove_link": WORK,
    "tickets.show_merge": WORK,
    "tickets.merge": WORK,
    "tickets.unmerge": WORK,
    "tickets.accept": WORK,
    "tickets.decline": WORK,
    "tickets.duplicate": WORK,
    "tickets.route": WORK,
    "tickets.snooze": WORK,
    "tickets.wake": WORK,
    "tickets.withdraw": SUBMIT,
    "tickets.mark_spam": WORK,
    "tickets.unmark_spam": WORK,
    "tickets.delete": Permission.TICKET_DELETE,
    "tickets.split": WORK,
    "tickets.suggest_people": SUBMIT,
    "tickets.suggest_mentions": SUBMIT,
    "tickets.add_participant": SUBMIT,
    "tickets.remove_participant": SUBMIT,
    "tickets.show_people": WORK,
    "tickets.change_confidentiality": WORK,
    "tickets.canned_replies": WORK,
    "tickets.canned_reply": WORK,
    "canned.index": WORK,
    "canned.new": WORK,
    "canned.reply": WORK,
    "canned.delete": WORK,
    "canned.versions": WORK,
    "canned.restore": WORK,
    "canned.preview": WORK,
    "desk.choose_filter": WORK,
    "desk.suggest": WORK,
    "desk.explain": WORK,
    "desk.queue": WORK,
    "desk.show_board": WORK,
    "tickets.move_card": WORK,
    "desk.next_to_triage": WORK,
    "search.index": SUBMIT,
    "search.suggest": SUBMIT,
    "exports.new": WORK,
    "exports.exports": WORK,
    "exports.show": WORK,
    "exports.cancel": WORK,
    "exports.file": WORK,
    "desk.view": WORK,
    "desk.choose_columns": WORK,
    "desk.count_views": WORK,
    "desk.count_list": WORK,
    "desk.views": WORK,
    "desk.new_view": WORK,
    "desk.edit_view": WORK,
    "desk.delete_view": WORK,
    "desk.move_view": WORK,
    "desk.hide_view": WORK,
    "bulk.new": WORK,
    "bulk.begin": WORK,
    "bulk.operations": WORK,
    "bulk.show": WORK,
    "bulk.cancel": WORK,
    "bulk.undo": WORK,
    # Organizations: their own people's, whatever they are to the desk.
    "organizations.index": LOGIN,
    "organizations.people": LOGIN,
    "organizations.requests": LOGIN,
    "organizations.member": LOGIN,
    "organizations.remove": LOGIN,
    "organizations.invite": LOGIN,
    "organizations.invite_again": LOGIN,
    "organizations.withdraw": LOGIN,
    "organizations.join": ANYONE,
    # Administration.
    "admin.overview": OPERATE,
    "admin.components": OPERATE,
    "admin.show_health": OPERATE,
    "admin.files": OPERATE,
    "admin.scanner": OPERATE,
    "admin.files_storage": OPERATE,
    "admin.count_files": OPERATE,
    "admin.one_file": OPERATE,
    "admin.release_file": OPERATE,
    "admin.retry_file": OPERATE,
    "admin.retry_files": OPERATE,
    "admin.delete_file": OPERATE,
    "admin.mail": OPERATE,
    "admin.one_mail": OPERATE,
    "admin.retry_mail": OPERATE,
    "admin.work": OPERATE,
    "admin.retry_delivery": OPERATE,
    "admin.retry_deliveries": OPERATE,
    "admin.people": PEOPLE,
    "admin.import_people": PEOPLE,
    "admin.providers": SETTINGS,
    "admin.new_provider": SETTINGS,
    "admin.provider": SETTINGS,
    "admin.unlink_identity": PEOPLE,
    "admin.switch_password_login": SETTINGS,
    "admin.check_provider": SETTINGS,
    "sso.begin": ANYONE,
    "sso.answer": ANYONE,
    "admin.export_audit": Permission.AUDIT_READ,
    "admin.new_person": PEOPLE,
    "admin.person": PEOPLE,
    "admin.invite_person": PEOPLE,
    "admin.activate_person": PEOPLE,
    "admin.deactivate_person": PEOPLE,
    "admin.change_address": PEOPLE,
    "admin.reset_two_step": PEOPLE,
    "admin.view_as": Permission.IMPERSONATE,
    "admin.revoke_token": PEOPLE,
    "admin.export_person": PEOPLE,
    "admin.anonymize_person": PEOPLE,
    "admin.person_job": PEOPLE,
    "admin.cancel_person_job": PEOPLE,
    "admin.retry_person_job": PEOPLE,
    "admin.person_job_file": PEOPLE,
    "admin.mentions": PEOPLE,
    "admin.mention": PEOPLE,
    "admin.keep_mention": PEOPLE,
    "admin.organizations": PEOPLE,
    "admin.new_organization": PEOPLE,
    "admin.organization": PEOPLE,
    "admin.delete_organization": PEOPLE,
    "admin.new_department": PEOPLE,
    "admin.department": PEOPLE,
    "admin.delete_department": PEOPLE,
    "admin.new_member": PEOPLE,
    "admin.member": PEOPLE,
    "admin.delete_member": PEOPLE,
    "admin.teams": PEOPLE,
    "admin.new_team": PEOPLE,
    "admin.team": PEOPLE,
    "admin.projects": PROJECTS,
    "admin.new_project": PROJECTS,
    "admin.project": PROJECTS,
    "admin.suggest_agents": PROJECTS,
    "admin.add_project_member": PROJECTS,
    "admin.remove_project_member": PROJECTS,
    "admin.delete_project": PROJECTS,
    "admin.change_workflow": PROJECTS,
    "admin.configuration": SETTINGS,
    "admin.export_configuration": SETTINGS,
    "admin.lifecycles": SETTINGS,
    "admin.new_lifecycle": SETTINGS,
    "admin.lifecycle": SETTINGS,
    "admin.name_lifecycle": SETTINGS,
    "admin.delete_lifecycle": SETTINGS,
    "admin.change_lifecycle": SETTINGS,
    "admin.discard_lifecycle_draft": SETTINGS,
    "admin.publish_lifecycle": SETTINGS,
    "admin.lifecycle_versions": SETTINGS,
    "admin.roll_back_lifecycle": SETTINGS,
    "admin.lifecycle_moves": SETTINGS,
    "admin.archive_project": PROJECTS,
    "admin.reopen_project": PROJECTS,
    "admin.categories": PROJECTS,
    "admin.senders": PEOPLE,
    "admin.forget_sender": PEOPLE,
    "admin.rules": Permission.RULE_MANAGE,
    "admin.new_rule": Permission.RULE_MANAGE,
    "admin.rule": Permission.RULE_MANAGE,
    "admin.switch_rule": Permission.RULE_MANAGE,
    "admin.move_rule": Permission.RULE_MANAGE,
    "admin.copy_rule": Permission.RULE_MANAGE,
    "admin.delete_rule": Permission.RULE_MANAGE,
    "admin.rule_versions": Permission.RULE_MANAGE,
    "admin.restore_rule": Permission.RULE_MANAGE,
    "admin.rule_trial": Permission.RULE_MANAGE,
    "admin.cancel_rule_trial": Permission.RULE_MANAGE,
    "admin.rule_changes": Permission.RULE_MANAGE,
    "admin.undo_rule_change": Permission.RULE_MANAGE,
    "tickets.rules": WORK,
    "tickets.macros": WORK,
    "tickets.apply_macro": WORK,
    "admin.tags": PROJECTS,
    "admin.tag": PROJECTS,
    "admin.merge_tag": PROJECTS,
    "admin.delete_tag": PROJECTS,
    "admin.new_category": PROJECTS,
    "admin.category": PROJECTS,
    "admin.move_category": PROJECTS,
    "admin.archive_category": PROJECTS,
    "admin.restore_category": PROJECTS,
    "admin.settings": SETTINGS,
    "admin.audit": Permission.AUDIT_READ,
    # For programs: each asks for a token with that scope, and no cookie counts.
    "api.me": Scope.PROFILE_READ,
    "api.tickets": Scope.TICKETS_READ,
    "api.ticket": Scope.TICKETS_READ,
    "api.add_comment": Scope.TICKETS_WRITE,
    "api.put_tags": Scope.TICKETS_WRITE,
    "api.put_due": Scope.TICKETS_WRITE,
    "api.add_link": Scope.TICKETS_WRITE,
    "api.remove_link": Scope.TICKETS_WRITE,
}


def test_every_route_is_in_the_table_and_names_its_permission(app):
    named = {
        rule.endpoint: getattr(app.view_functions[rule.endpoint], "permission", "nothing")
        for rule in app.url_map.iter_rules()
        if rule.endpoint != "static"
    }
    assert named == {endpoint: wanted for endpoint, wanted in TABLE.items() if endpoint != "static"}


@pytest.fixture
def all_doors(app, world):
    ticket = make.ticket()
    db.session.commit()
    arguments = {
        "key": ticket.key, "token": "x" * 43, "public_id": "x" * 16, "name": "open", "category_id": 999,
        "token_id": "x" * 16, "tag_id": 999, "policy_id": 999, "calendar_id": 999, "number": 999,
        "project_id": 999, "user_id": 999, "team_id": 999, "mail_id": 999, "event_id": 999,
        "reaction": "notify_people", "digest": "x" * 32, "project_key": "NONE", "direction": "up",
        "filename": "x", "organization_id": 999, "department_id": 999, "invitation_id": 999,
        "provider_id": 999, "identity_id": 999, "slug": "house", "size": "preview",
        "job_id": 999, "entry_id": 999, "mention_id": 999, "link_id": 999, "ticket_id": 999,
        "comment_id": "x", "note_id": 999, "lifecycle_id": 999, "status_id": 999,
        "rule_id": 999,
    }  # fmt: skip
    return doors(app, arguments)


@pytest.fixture
def doors_for_people(all_doors):
    return [door for door in all_doors if not door.is_for_machines]


@pytest.fixture
def doors_for_machines(all_doors):
    return [door for door in all_doors if door.is_for_machines]


def granted(role, permission):
    return permission in {ANYONE, LOGIN} or permission in GRANTS[role]


@pytest.mark.parametrize("role", Role)
def test_each_role_gets_through_just_where_the_table_says(doors_for_people, client_for, role):
    person = getattr(make, role)()
    db.session.commit()
    wrong = []
    for door in doors_for_people:
        if door.endpoint == "accounts.logout":
            continue
        answer = client_for(person).open(door.path, method=door.method)
        refused = answer.status_code == 403
        if refused == granted(role, TABLE[door.endpoint]):
            wrong.append((str(door), answer.status_code))
    assert wrong == []


def test_nobody_gets_through_without_a_login_but_where_the_table_says(doors_for_people, client_for):
    wrong = []
    make.employee()
    db.session.commit()
    for door in doors_for_people:
        answer = client_for(None).open(door.path, method=door.method)
        to_login = answer.status_code == 303 and answer.location.startswith("/login")
        if TABLE[door.endpoint] is not ANYONE and not to_login:
            wrong.append((str(door), answer.status_code))
    assert wrong == []


def test_htmx_without_a_login_is_told_and_the_page_stays(doors_for_people, client_for):
    for door in doors_for_people:
        if TABLE[door.endpoint] is ANYONE:
            continue
        answer = client_for(None).open(door.path, method=door.method, headers={"HX-Request": "true"})
        assert (answer.status_code, answer.headers["HX-Trigger"]) == (401, "login-needed"), door


def test_without_its_token_every_change_is_refused(doors_for_people, client_for):
    client = client_for(make.admin())
    client.sends_token = False
    changing = [door for door in doors_for_people if door.method != "GET"]
    assert changing
    for door in changing:
        answer = client.open(door.path, method=door.method)
        assert answer.status_code == 400, door
        assert "CSRF" in answer.text, door


def test_a_route_of_the_api_is_for_programs_alone_and_no_other_is(all_doors):
    for door in all_doors:
        assert door.is_for_machines == isinstance(TABLE[door.endpoint], Scope), door


@pytest.mark.parametrize("role", Role)
def test_no_program_gets_through_by_the_cookie_of_somebody(doors_for_machines, client_for, role):
    client = client_for(getattr(make, role)())
    for door in doors_for_machines:
        answer = client.open(door.path, method=door.method, json={"body": "x"})
        assert (answer.status_code, answer.json["error_code"]) == (401, "E_UNAUTHORIZED"), door
        assert answer.headers["WWW-Authenticate"].startswith("Bearer"), door


@pytest.mark.parametrize("role", Role)
def test_a_token_gets_through_just_where_its_scope_says(doors_for_machines, client_for, role):
    person, wrong = getattr(make, role)(), []
    for scope in Scope:
        sent = {"Authorization": f"Bearer {make.token(person, scope)}"}
        db.session.commit()
        for door in doors_for_machines:
            answer = client_for(None).open(door.path, method=door.method, headers=sent, json={"body": "x"})
            refused = answer.status_code == 403 and answer.json["error_code"] == "E_INSUFFICIENT_SCOPE"
            if refused == (TABLE[door.endpoint] is scope):
                wrong.append((str(door), scope, answer.status_code))
    assert wrong == []


def test_a_token_opens_no_page(doors_for_people, client_for):
    sent = {"Authorization": f"Bearer {make.token(make.admin())}"}
    db.session.commit()
    for door in doors_for_people:
        if TABLE[door.endpoint] is ANYONE:
            continue
        answer = client_for(None).open(door.path, method=door.method, headers=sent)
        assert (answer.status_code, answer.location[:6]) == (303, "/login"), door
