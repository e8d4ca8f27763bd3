from django.apps import AppConfig


class NoticesConfig(AppConfig):
    name = "handraiser.core.notices"
    default_auto_field = "django.db.models.BigAutoField"
