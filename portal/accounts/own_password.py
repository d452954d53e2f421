"""Asking for the password again before something weighty. Knows the web, as views do."""

from portal.accounts import throttle
from portal.accounts.own_forms import OwnPassword
from portal.accounts.throttle import TooOften
from portal.web.session import me


def refused(form: OwnPassword) -> int | None:
    """The status of the answer where the password was not right, or asked too often; None lets it go on."""
    if not form.validate():
        return 422
    try:
        throttle.count_guess(me().email)
    except TooOften as error:
        form.form_errors.append(str(error))
        return 429
    if not form.is_right_for(me()):
        return 422
    throttle.was_no_guess()
    return None
