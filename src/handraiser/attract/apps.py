from django.apps import AppConfig


class AttractConfig(AppConfig):
    name = "handraiser.attract"
    default_auto_field = "django.db.models.BigAutoField"
