from django.apps import AppConfig


class QualifyConfig(AppConfig):
    name = "handraiser.qualify"
    default_auto_field = "django.db.models.BigAutoField"
