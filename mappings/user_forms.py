"""The form of a person who signs in, and of a person's own password."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib.auth.forms import PasswordChangeForm
from django.contrib.auth.models import User
from django.contrib.auth.password_validation import validate_password

from mappings.users import MAY, SUPERUSER, Role, role_of
from syncadmin.ui.forms import Section, SectionedForm

if TYPE_CHECKING:
    _UserModelForm = forms.ModelForm[User]
else:
    _UserModelForm = forms.ModelForm


# AUTH_PASSWORD_VALIDATORS in one line.
RULES_IN_WORDS = "At least 8 characters, not digits alone, not like the name or address, and no common password."


class UserForm(SectionedForm, _UserModelForm):
    """A person: ``me`` is who fills it in. Nobody changes their own role or locks themselves out; a superuser is left to superusers."""

    role = forms.ChoiceField(
        required=False, widget=forms.RadioSelect, choices=[(role.value, f"{role.label}: {MAY[role]}") for role in Role]
    )
    new_password = forms.CharField(
        required=False, strip=False, widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}), label="Password"
    )

    sections = (
        Section(title="General", fields=("username", "first_name", "last_name", "email", "is_active")),
        Section(title="Role", fields=("role",), wide=("role",)),
        Section(title="Password", fields=("new_password",)),
    )

    class Meta:
        model = User
        fields = ("username", "first_name", "last_name", "email", "is_active")
        labels = {"username": "User name", "email": "E-mail", "is_active": "May sign in"}
        help_texts = {"username": "What they sign in with. Letters, digits and @ . + - _", "is_active": "", "email": "For notices."}

    def __init__(self, *args: Any, me: User, **options: Any) -> None:
        super().__init__(*args, **options)
        user = self.instance
        self.initial["role"] = role_of(user) if user.pk else Role.READER.value
        self.fields["new_password"].help_text = f"Leave it empty to keep the present one. {RULES_IN_WORDS}" if user.pk else RULES_IN_WORDS
        self.fields["new_password"].required = not user.pk
        if user.pk == me.pk:
            for name in ("role", "is_active"):
                self.fields[name].disabled = True
            del self.fields["new_password"]
        if role_of(user) == SUPERUSER:
            self.fields.pop("role", None)

    def _post_clean(self) -> None:
        """A password is compared with the name and address that are typed in with it: the instance has them only now."""
        super()._post_clean()  # type: ignore[misc]
        if password := self.cleaned_data.get("new_password"):
            try:
                validate_password(password, self.instance)
            except forms.ValidationError as error:
                self.add_error("new_password", error)

    def save(self, commit: bool = True) -> User:
        if password := self.cleaned_data.get("new_password"):
            self.instance.set_password(password)
        return super().save(commit)


class OwnPasswordForm(SectionedForm, PasswordChangeForm):
    sections = (Section(title="Password", fields=("old_password", "new_password1", "new_password2")),)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["new_password1"].help_text = RULES_IN_WORDS
        self.fields["new_password2"].label = "New password once more"
        self.fields["new_password2"].help_text = ""
