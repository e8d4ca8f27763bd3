from django.apps import AppConfig


class AudienceConfig(AppConfig):
    name = "handraiser.core.audience"
    default_auto_field = "django.db.models.BigAutoField"
