"""The organisation, the people who work here, their keys, and the record of what they changed."""

from __future__ import annotations

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.db import models

from handraiser.core.staff import rights
from handraiser.core.staff.roles import Role
from handraiser.kit import rows


class UserManager(BaseUserManager["User"]):
    """Staff sign in by email address."""

    def create_user(self, email: str, password: str | None = None, **fields):
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields):
        return self.create_user(email, password, role=Role.OWNER, is_superuser=True, **fields)


class User(AbstractBaseUser, PermissionsMixin):  # type: ignore[django-manager-missing]
    """A member of staff. What a role may open is written in `config/permissions.py`."""

    email = models.EmailField(unique=True)
    name = models.CharField(max_length=120)
    role = models.CharField(max_length=16, default=Role.REP)
    time_zone = models.CharField(max_length=64, blank=True, help_text="Empty: that of the organisation.")
    is_active = models.BooleanField(default=True)
    takes_leads = models.BooleanField(default=True, help_text="Routing may offer leads to this person.")
    density = models.CharField(max_length=12, default="comfortable")
    theme = models.CharField(max_length=8, default="auto")
    notify_by_email = models.BooleanField(default=True)
    keys = models.BooleanField(default=True, help_text="Single letters act as shortcuts.")
    invited_at = models.DateTimeField(null=True, help_text="Invited and not here yet; null: came in.")
    created_at = models.DateTimeField(auto_now_add=True)

    objects = UserManager()
    USERNAME_FIELD = "email"
    REQUIRED_FIELDS = ["name"]

    class Meta:
        db_table = "staff_user"

    def __str__(self) -> str:
        return self.name or self.email

    def save(self, *args, **kwargs) -> None:
        """Store, and give the rights in Wagtail that follow from the role."""
        self.is_superuser = self.role == Role.OWNER
        super().save(*args, **kwargs)
        rights.follow_role(self)

    @property
    def is_staff(self) -> bool:
        return self.is_active

    def get_full_name(self) -> str:
        return self.name

    def get_short_name(self) -> str:
        return self.name.split(" ")[0]

    @property
    def first_name(self) -> str:
        return self.name.partition(" ")[0]

    @property
    def last_name(self) -> str:
        return self.name.partition(" ")[2]

    def may(self, *roles: str) -> bool:
        """True if this person has one of these roles."""
        return self.is_active and self.role in roles


class Organisation(models.Model):
    """The one organisation of this instance: row 1."""

    id = models.SmallIntegerField(primary_key=True, default=1)
    name = models.CharField(max_length=120, default="Your organisation")
    time_zone = models.CharField(max_length=64, default="Europe/London")
    currency = models.CharField(max_length=3, default="GBP")
    country = models.CharField(max_length=2, default="GB", help_text="For telephone numbers without +.")
    postal_address = models.TextField(
        blank=True, help_text="Shown in every marketing mail; required to send."
    )
    sender_name = models.CharField(max_length=120, blank=True)
    sender_email = models.EmailField(blank=True)
    smtp_host = models.CharField(max_length=200, blank=True)
    smtp_port = models.PositiveIntegerField(default=587)
    smtp_security = models.CharField(max_length=10, default="starttls", help_text="starttls, tls or none")
    smtp_user = models.CharField(max_length=200, blank=True)
    smtp_password_sealed = models.TextField(blank=True)
    mail_tested_at = models.DateTimeField(null=True, help_text="A test mail went out with these settings.")
    brand_hue = models.CharField(max_length=7, default="#0C6B58")
    set_up_at = models.DateTimeField(null=True)
    demo = models.BooleanField(default=False, help_text="Demo data is installed.")

    class Meta:
        db_table = "staff_organisation"

    def __str__(self) -> str:
        return self.name

    @classmethod
    def get(cls) -> Organisation:
        """The row, made with defaults on first use."""
        found = rows.find(cls, {"id": 1})
        return found[0] if found else cls.objects.get_or_create(id=1)[0]


class ApiKey(models.Model):
    """A key for programs. Only a hash is kept; the prefix lets people tell keys apart."""

    id = models.CharField(max_length=40, primary_key=True)
    name = models.CharField(max_length=120)
    prefix = models.CharField(max_length=16)
    hash = models.CharField(max_length=64, unique=True)
    scopes = models.JSONField(default=list)
    public = models.BooleanField(default=False, help_text="May stand in a page: page views and tracks only.")
    made_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "staff_api_key"

    def __str__(self) -> str:
        return self.name


class AuditEntry(models.Model):
    """Who changed what in the product's configuration. No foreign keys: nothing is kept from deletion."""

    actor = models.CharField(max_length=120)
    action = models.CharField(max_length=80)
    object = models.CharField(max_length=120)
    detail = models.JSONField(default=dict)
    at = models.DateTimeField()

    class Meta:
        db_table = "staff_audit"
        indexes = [models.Index(fields=["-at"], name="audit_newest_first")]

    def __str__(self) -> str:
        return f"{self.actor}: {self.action} {self.object}"
