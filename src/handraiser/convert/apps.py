from django.apps import AppConfig


class ConvertConfig(AppConfig):
    name = "handraiser.convert"
    default_auto_field = "django.db.models.BigAutoField"
