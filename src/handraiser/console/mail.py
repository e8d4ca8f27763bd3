"""The mail server's settings: the form that Settings and the set-up share, and storing it."""

from __future__ import annotations

from datetime import datetime

from django import forms
from django.db import transaction

from handraiser.core.delivery.actions import smtp
from handraiser.core.staff.actions import audit
from handraiser.core.staff.models import Organisation, User
from handraiser.kit import sealing

SECURITY = [
    ("starttls", "STARTTLS, usually port 587"),
    ("tls", "TLS from the start, usually port 465"),
    ("none", "None: only inside your own network"),
]


class MailForm(forms.ModelForm):
    """Sender and server. The password is written, never shown; left empty, the stored one stays."""

    smtp_security = forms.ChoiceField(label="Security", choices=SECURITY)
    password = forms.CharField(
        required=False,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password", "class": "w-m"}),
    )

    class Meta:
        model = Organisation
        fields = ("sender_name", "sender_email", "smtp_host", "smtp_port", "smtp_security", "smtp_user")
        labels = {
            "sender_name": "Sender’s name",
            "sender_email": "Sender’s address",
            "smtp_host": "Mail server",
            "smtp_port": "Port",
            "smtp_user": "User name",
        }
        help_texts = {
            "sender_name": "Empty: the organisation’s name.",
            "sender_email": "Use an address of your own domain; free mail addresses are often refused.",
            "smtp_host": "Your mail provider calls it SMTP server. Example: smtp.example.com",
        }
        widgets = {
            "smtp_port": forms.NumberInput(attrs={"class": "w-s", "min": 1, "max": 65535}),
            "smtp_user": forms.TextInput(attrs={"autocomplete": "off"}),
        }

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.fields["sender_email"].required = True
        self.fields["smtp_host"].required = True
        stored = bool(self.instance.smtp_password_sealed)
        self.fields["password"].help_text = (
            "One is stored, sealed with a key outside the database. Leave empty to keep it."
            if stored
            else "Stored sealed, with a key outside the database."
        )

    def clean_smtp_port(self) -> int:
        port: int = self.cleaned_data["smtp_port"]
        if not 1 <= port <= 65535:
            raise forms.ValidationError("A port is a number from 1 to 65535. Usual: 587")
        return port


@transaction.atomic
def store(form: MailForm, *, by: User, at: datetime) -> Organisation:
    """Save the settings; a change makes the last test void."""
    row: Organisation = form.save(commit=False)
    if password := form.cleaned_data["password"]:
        row.smtp_password_sealed = sealing.seal(password)
    elif not row.smtp_user:
        row.smtp_password_sealed = ""
    if form.changed_data:
        row.mail_tested_at = None
        audit.record(actor=by, action="mail.changed", object=f"{row.smtp_host}:{row.smtp_port}", at=at)
    row.save()
    return row


def test(row: Organisation, *, by: User, at: datetime) -> str:
    """Send a test mail to whoever asks; returns the server's answer. Raises as `smtp.test` does."""
    reply = smtp.test(to=by.email, at=at, organisation=row)
    with transaction.atomic():
        Organisation.objects.filter(pk=row.pk).update(mail_tested_at=at)
        audit.record(actor=by, action="mail.tested", object=row.smtp_host, at=at)
    return reply
