"""Forms of the settings screens."""

from __future__ import annotations

import re
from zoneinfo import ZoneInfo

from django import forms
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.utils import timezone

from handraiser.core.staff.models import Organisation, User
from handraiser.core.staff.roles import LABELS, Role
from handraiser.core.staff.zone import ZONES

CURRENCIES = {
    "GBP": "Pound sterling",
    "EUR": "Euro",
    "USD": "US dollar",
    "AUD": "Australian dollar",
    "BRL": "Brazilian real",
    "CAD": "Canadian dollar",
    "CHF": "Swiss franc",
    "CZK": "Czech koruna",
    "DKK": "Danish krone",
    "INR": "Indian rupee",
    "JPY": "Japanese yen",
    "MXN": "Mexican peso",
    "NOK": "Norwegian krone",
    "NZD": "New Zealand dollar",
    "PLN": "Polish złoty",
    "SEK": "Swedish krona",
    "SGD": "Singapore dollar",
    "ZAR": "South African rand",
}
ROLE_CHOICES = [(role.value, LABELS[role]) for role in Role]
ROLE_HELP = (
    "Owner: everything. Marketer: everything but staff, keys and mail. "
    "Sales rep: own leads and those without an owner. Analyst: reads, changes nothing."
)


def zone_choices() -> list[tuple[str, str]]:
    """All zones with their difference from UTC today."""
    now = timezone.now()
    shifts = {name: f"{now.astimezone(ZoneInfo(name)):%z}" for name in ZONES}
    return [
        (name, f"{name.replace('_', ' ')} (UTC{shift[:3]}:{shift[3:]})") for name, shift in shifts.items()
    ]


def currency_choices() -> list[tuple[str, str]]:
    return [(code, f"{code} · {name}") for code, name in CURRENCIES.items()]


class FirmForm(forms.ModelForm):
    """What visitors and readers see."""

    class Meta:
        model = Organisation
        fields: tuple[str, ...] = ("name", "postal_address", "brand_hue")
        labels = {"brand_hue": "Brand colour", "postal_address": "Postal address"}
        help_texts = {
            "name": "Shown on public pages and in mail.",
            "postal_address": "Stands at the foot of every marketing mail. Without it, none is sent.",
            "brand_hue": "Buttons and links of the public pages. The text colour is chosen for contrast.",
        }
        widgets = {
            "brand_hue": forms.TextInput(attrs={"type": "color"}),
            "postal_address": forms.Textarea(attrs={"rows": 3}),
        }

    def clean_brand_hue(self) -> str:
        hue: str = self.cleaned_data["brand_hue"]
        if not re.fullmatch("#[0-9A-Fa-f]{6}", hue):
            raise ValidationError("A colour is a # and six digits. Example: #0C6B58")
        return hue.upper()


class PlaceForm(forms.ModelForm):
    """When and in what money the organisation counts."""

    time_zone = forms.ChoiceField(choices=zone_choices, help_text="For reports, sending hours and deadlines.")
    currency = forms.ChoiceField(choices=currency_choices)
    country = forms.CharField(
        max_length=2,
        help_text="Two letters, for phone numbers written without +. Example: GB",
        widget=forms.TextInput(attrs={"class": "w-s", "autocomplete": "country"}),
    )

    class Meta:
        model = Organisation
        fields: tuple[str, ...] = ("time_zone", "currency", "country")

    def clean_country(self) -> str:
        country: str = self.cleaned_data["country"].upper()
        if not re.fullmatch("[A-Z]{2}", country):
            raise ValidationError("Two letters are needed. Example: GB")
        return country


class OrganisationForm(FirmForm, PlaceForm):
    """Who sends, in which zone, in which money, under which colour."""

    class Meta(FirmForm.Meta):
        fields = ("name", "time_zone", "currency", "country", "postal_address", "brand_hue")

    field_order = Meta.fields


class InviteForm(forms.Form):
    """Whom, as what."""

    email = forms.EmailField(label="Email address", widget=forms.EmailInput(attrs={"autocomplete": "off"}))
    role = forms.ChoiceField(choices=ROLE_CHOICES, initial=Role.REP, help_text=ROLE_HELP)


class MemberForm(forms.Form):
    """What an owner may change about a member."""

    role = forms.ChoiceField(choices=ROLE_CHOICES, help_text=ROLE_HELP)
    takes_leads = forms.BooleanField(
        required=False, label="Takes leads", help_text="Routing may hand new leads to this person."
    )


class YouForm(forms.ModelForm):
    """One's own name, look and notices."""

    time_zone = forms.ChoiceField(
        required=False, choices=lambda: [("", "As the organisation"), *zone_choices()]
    )
    theme = forms.ChoiceField(
        choices=[("auto", "As the device"), ("light", "Light"), ("dark", "Dark")], widget=forms.RadioSelect
    )
    density = forms.ChoiceField(
        choices=[("comfortable", "Comfortable"), ("compact", "Compact: more rows on a screen")],
        widget=forms.RadioSelect,
    )

    class Meta:
        model = User
        fields = ("name", "time_zone", "theme", "density", "notify_by_email", "keys")
        labels = {"notify_by_email": "Send my notices by mail too", "keys": "Single letters act as shortcuts"}
        help_texts = {
            "notify_by_email": "New hand-offs, deadlines and mentions. They always appear in the inbox.",
            "keys": "Press ? on any screen to see them.",
        }


class JoinForm(forms.Form):
    """What an invited person chooses."""

    name = forms.CharField(
        max_length=120, label="Your name", widget=forms.TextInput(attrs={"autocomplete": "name"})
    )
    password = forms.CharField(
        help_text="12 characters or more; a few words in a row are good.",
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def __init__(self, *args, member: User, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.member = member

    def clean_password(self) -> str:
        password = self.cleaned_data["password"]
        self.member.name = self.cleaned_data.get("name", "")
        validate_password(password, self.member)
        return password


class IntroduceForm(forms.ModelForm):
    """Who the first owner is."""

    class Meta:
        model = User
        fields = ("name", "email")
        labels = {"name": "Your name", "email": "Your email address"}
        help_texts = {"email": "You sign in with it from now on, with the same password."}
        widgets = {
            "name": forms.TextInput(attrs={"autocomplete": "name"}),
            "email": forms.EmailInput(attrs={"autocomplete": "email"}),
        }

    def clean_email(self) -> str:
        email = self.cleaned_data["email"].lower()
        if User.objects.filter(email=email).exclude(pk=self.instance.pk).exists():
            raise ValidationError("Somebody here has this address.")
        return email


class KeyForm(forms.Form):
    """A key for a program."""

    name = forms.CharField(max_length=120, help_text="Where it is used, so that it can be found again.")
    kind = forms.ChoiceField(
        label="Where it lives",
        choices=[("secret", "On a server: secret"), ("public", "In a web page: may only send events")],
        initial="secret",
        widget=forms.RadioSelect,
    )
    scopes = forms.MultipleChoiceField(
        required=False,
        label="It may",
        widget=forms.CheckboxSelectMultiple,
        help_text="A key in a web page may only send events, whatever is ticked.",
    )

    def __init__(self, *args, scopes: dict[str, str], **kwargs) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["scopes"]
        assert isinstance(field, forms.MultipleChoiceField)
        field.choices = list(scopes.items())

    def clean(self) -> dict:
        values = super().clean() or {}
        if values.get("kind") == "public":
            values["scopes"] = ["collect"]
        elif not values.get("scopes"):
            self.add_error("scopes", "Tick what the program needs, and no more.")
        return values
