"""The account page with its forms, which the views of each share. Knows the web, as views do."""

from portal.accounts.forms import ProfileForm
from portal.accounts.moving import open_wish
from portal.accounts.own_forms import (
    AbsenceForm,
    ChangePasswordForm,
    NoticesForm,
    OwnAddressForm,
    PictureForm,
)
from portal.accounts.passkeys import are_possible, passkeys_of
from portal.accounts.pictures import state_of
from portal.accounts.queries import agents, browsers_of
from portal.accounts.two_step import is_required_of
from portal.web.htmx import render
from portal.web.session import me

PAGE = "accounts/profile.html"


def account_page(status: int, **forms):
    """The page with the form that was sent, and the others as they are."""
    person = me()
    return render(
        PAGE,
        PAGE,
        status,
        form=forms.get("form") or ProfileForm(formdata=None, obj=person),
        password_form=forms.get("password_form") or ChangePasswordForm(formdata=None, person=person),
        address_form=forms.get("address_form") or OwnAddressForm(formdata=None, person=person),
        absence_form=forms.get("absence_form") or AbsenceForm.of(person, formdata=None),
        deputies=[each for each in agents() if each.id != person.id] if person.is_staff else [],
        picture_form=forms.get("picture_form") or PictureForm(formdata=None),
        picture_state=state_of(person),
        notices_form=forms.get("notices_form") or NoticesForm.of(person, formdata=None),
        wish=open_wish(person),
        passkeys=passkeys_of(person),
        passkeys_are_possible=are_possible(),
        two_step_is_required=is_required_of(person),
        sessions=browsers_of(person),
    )
