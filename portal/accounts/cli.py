"""`flask users …`: the first admin, or anybody, from the command line."""

import secrets

import click
from flask import Flask
from flask.cli import AppGroup
from sqlalchemy import select

from portal import clock
from portal.accounts import two_step
from portal.accounts.addresses import is_address, tidy_address
from portal.accounts.models import User, about
from portal.accounts.passwords import hash_password
from portal.accounts.queries import user_by_email
from portal.accounts.strength import weakness
from portal.events.kinds import Kind
from portal.events.record import record
from portal.extensions import db
from portal.permissions import Role
from portal.settings.actions import change_settings
from portal.web.forms import tidy

users = AppGroup("users", help="The people who can log in.")


def init_app(app: Flask) -> None:
    app.cli.add_command(users)


@users.command("create")
@click.option("--email", prompt=True)
@click.option("--name", prompt=True)
@click.option(
    "--role", type=click.Choice([role.value for role in Role]), default=Role.EMPLOYEE.value, show_default=True
)
@click.option("--password", help="Better leave it out and be asked: others can read your command line.")
@click.option("--generate", is_flag=True, help="Make a password and print it.")
def create(email: str, name: str, role: str, password: str | None, *, generate: bool) -> None:
    """Make an account that can log in at once; the address counts as confirmed."""
    email, name = tidy_address(email), (tidy(name) or "")[:120]
    if not is_address(email):
        raise click.ClickException(f"{email} is not a mail address.")
    if not name:
        raise click.ClickException("Say a name.")
    if user_by_email(email):
        raise click.ClickException(f"{email} has an account already.")
    if generate:
        password = secrets.token_urlsafe(15)
    password = password or click.prompt("Password", hide_input=True, confirmation_prompt=True)
    if problem := weakness(password, role=Role(role), about=(name, email)):
        raise click.ClickException(problem)
    user = User(
        name=name,
        email=email,
        role=Role(role),
        password_hash=hash_password(password),
        email_verified_at=clock.now(),
    )
    db.session.add(user)
    db.session.flush()
    record(Kind.ACCOUNT_CREATED, actor=None, **about(user))
    db.session.commit()
    click.echo(f"{name} can log in as {email} ({role}).")
    if generate:
        click.echo(f"Password: {password}")


@users.command("reset-two-step")
@click.argument("email")
def reset_two_step(email: str) -> None:
    """Let somebody who has lost app, passkeys and recovery codes in with the password alone."""
    user = user_by_email(tidy_address(email))
    if user is None:
        raise click.ClickException(f"{email} has no account.")
    if user.two_step_since is None:
        raise click.ClickException(f"{user.email} has no two-step login.")
    two_step.reset(user, actor=None)
    db.session.commit()
    click.echo(f"{user.name} logs in with the password alone; every browser is logged out.")


@users.command("allow-passwords")
def allow_passwords() -> None:
    """Let everybody log in with a password again, where only single sign-on lets people in."""
    change_settings(actor=None, password_login=True)
    db.session.commit()
    click.echo("Whoever has a password logs in with it, within seconds.")


@users.command("list")
def show() -> None:
    """Everybody, by name."""
    for user in db.session.scalars(select(User).order_by(User.sort_name, User.id)):
        state = "" if user.is_active else "  deactivated"
        waits = "" if user.is_verified else "  not confirmed"
        access = "  emergency access" if user.is_break_glass else ""
        click.echo(f"{user.role:<9} {user.email:<40} {user.name}{state}{waits}{access}")
