"""How tests set up two-step login, and the codes that an app would show."""

import re

import pyotp

from portal import clock
from portal.accounts import two_step
from portal.extensions import db

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


def code_at(steps=0, secret=SECRET):
    """What the app shows now, or so many half minutes later."""
    return pyotp.HOTP(secret).at(int(clock.now().timestamp()) // 30 + steps)


def with_two_step(person):
    """Switch it on as the person would; their recovery codes. The code of one minute ago was used for it."""
    step = two_step.step_of
    two_step.step_of = lambda _secret, _code: int(clock.now().timestamp()) // 30 - 2
    try:
        codes = two_step.switch_on(person, SECRET, "000000")
    finally:
        two_step.step_of = step
    db.session.commit()
    return codes


def send_code(client, code, **more):
    headers = more.pop("headers", {})
    return client.post("/login/code", data={"code": code, **more}, headers=headers)


def secret_on(page):
    """The secret that the page to set it up shows."""
    return re.search(r'<code class="secret">([A-Z2-7 ]+)</code>', page.text)[1].replace(" ", "")


def hidden_on(page, name):
    return re.search(rf'name="{name}" type="hidden" value="([^"]*)"', page.text)[1]
