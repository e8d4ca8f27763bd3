from django.apps import AppConfig


class StaffConfig(AppConfig):
    name = "handraiser.core.staff"
    default_auto_field = "django.db.models.BigAutoField"
