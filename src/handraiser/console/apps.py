from django.apps import AppConfig


class ConsoleConfig(AppConfig):
    name = "handraiser.console"
    default_auto_field = "django.db.models.BigAutoField"
