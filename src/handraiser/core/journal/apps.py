from django.apps import AppConfig


class JournalConfig(AppConfig):
    name = "handraiser.core.journal"
    default_auto_field = "django.db.models.BigAutoField"
