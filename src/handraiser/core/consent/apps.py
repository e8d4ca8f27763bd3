from django.apps import AppConfig


class ConsentConfig(AppConfig):
    name = "handraiser.core.consent"
    default_auto_field = "django.db.models.BigAutoField"
