from django.apps import AppConfig


class IdentityConfig(AppConfig):
    name = "handraiser.core.identity"
    default_auto_field = "django.db.models.BigAutoField"
