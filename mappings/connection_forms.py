"""The form of a connection: what its kind wants to know, secrets that are only ever written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from zoneinfo import available_timezones

from django import forms
from django.core.exceptions import ValidationError

from mappings.changes import fingerprint
from mappings.models import OwnershipModel, System, SystemKind
from syncadmin.connectors.auth import end_of_certificate
from syncadmin.connectors.registry import KINDS
from syncadmin.sync.errors import SyncError
from syncadmin.ui.forms import Section, SectionedForm

if TYPE_CHECKING:
    _SystemModelForm = forms.ModelForm[System]
else:
    _SystemModelForm = forms.ModelForm

_PLACE = ("name", "time_zone", "address", "tenant", "environment", "company", "web_address")
_ACCESS = ("client_id", "new_secret", "secret_expires_on", "new_certificate")
_ADVANCED = ("token_address", "scope")
_OF_COMPANY = ("ownership", "write_in_product")
_KEPT = "Stored. Leave empty to keep it."


class ConnectionForm(SectionedForm, _SystemModelForm):
    """A system of one kind. Secrets are taken, encrypted and never shown again."""

    address = forms.URLField(max_length=300, assume_scheme="https", widget=forms.URLInput(attrs={"spellcheck": "false"}))
    web_address = forms.URLField(
        max_length=300,
        assume_scheme="https",
        required=False,
        label="Web client",
        help_text="Where people open it in the browser, for links to its records. Leave empty for the usual one of Microsoft's cloud.",
        widget=forms.URLInput(attrs={"spellcheck": "false"}),
    )
    token_address = forms.URLField(max_length=300, assume_scheme="https", required=False, label="Sign-in address")
    ownership = forms.ChoiceField(
        label="Ownership model",
        choices=OwnershipModel.choices,
        help_text="Records in Sales belong to the user of their salesperson, or to the company's owning team.",
    )
    new_secret = forms.CharField(
        required=False, label="Client secret", widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}), max_length=500
    )
    new_certificate = forms.CharField(
        required=False,
        label="Certificate",
        widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false", "autocomplete": "off"}),
        help_text="PEM text with the certificate and its RSA private key without passphrase; it wins over the secret.",
        max_length=20_000,
    )

    seen = forms.CharField(widget=forms.HiddenInput, required=False)

    sections = (
        Section(title="Connection", fields=_PLACE, wide=("address", "web_address")),
        Section(title="Sign-in", fields=_ACCESS, wide=("new_certificate",)),
        Section(title="Company", fields=_OF_COMPANY),
        Section(title="Advanced", fields=_ADVANCED, open=False),
    )

    class Meta:
        model = System
        fields = (
            "name",
            "address",
            "web_address",
            "tenant",
            "environment",
            "company",
            "time_zone",
            "client_id",
            "secret_expires_on",
            "write_in_product",
            *_ADVANCED,
        )
        labels = {"client_id": "Client ID"}
        widgets = {"secret_expires_on": forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")}

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.kind = KINDS[self.instance.kind]
        wanted = {setting.name: setting for setting in self.kind.settings}
        for name in {*_PLACE, "client_id", *_ADVANCED} & set(self.fields):
            if name in wanted:
                self.fields[name].help_text, self.fields[name].required = wanted[name].help, wanted[name].required
                self.fields[name].initial = wanted[name].default or None
            elif name in ("environment", "company"):
                del self.fields[name]
        if self.instance.kind == SystemKind.BUSINESS_CENTRAL:
            self.initial["ownership"] = self.instance.ownership_model
        else:
            for name in _OF_COMPANY:
                del self.fields[name]
        self.fields["time_zone"] = forms.ChoiceField(
            choices=[(zone, zone.replace("_", " ")) for zone in sorted(available_timezones())],
            help_text="Decides what today is for this system.",
            initial="UTC",
        )
        self.initial["seen"] = _state(self.instance)
        self._tell_stored()

    def clean_new_certificate(self) -> str:
        pem: str = self.cleaned_data["new_certificate"]
        try:
            if pem:
                end_of_certificate(pem)
        except SyncError as error:
            raise ValidationError(error.text) from error
        return pem

    def clean(self) -> dict[str, Any]:
        row, given = self.instance, self.cleaned_data
        if given.get("seen") != self.initial["seen"]:
            raise ValidationError("The connection was changed meanwhile, by somebody else or in another window. Open the page again.")
        if not (row.encrypted_secret or row.encrypted_certificate or given.get("new_secret") or given.get("new_certificate")):
            self.add_error("new_secret", "Give a client secret or a certificate.")
        return given

    def _post_clean(self) -> None:
        super()._post_clean()  # type: ignore[misc]  # of ModelForm
        if self.cleaned_data.get("new_secret"):
            self.instance.client_secret = self.cleaned_data["new_secret"]
        if self.cleaned_data.get("new_certificate"):
            self.instance.certificate = self.cleaned_data["new_certificate"]
        if {"address", "environment", "company"} & set(self.changed_data):
            self.instance.company_id = ""  # another place: the company is looked up by its name again

    def _tell_stored(self) -> None:
        if self.instance.encrypted_secret:
            self.fields["new_secret"].widget.attrs["placeholder"] = _KEPT
        if self.instance.encrypted_certificate:
            self.fields["new_certificate"].widget.attrs["placeholder"] = _KEPT


def _state(row: System) -> str:
    """Another text whenever something is another that the form shows, or a secret that it can replace."""
    if not row.pk:
        return "new"
    names = (*ConnectionForm.Meta.fields, "ownership_model", "encrypted_secret", "encrypted_certificate")
    return fingerprint({name: str(getattr(row, name)) for name in names})


def new_system(kind: str) -> System:
    """A system of this kind, not saved; raises ValueError for a kind that does not exist."""
    return System(kind=SystemKind(kind))
