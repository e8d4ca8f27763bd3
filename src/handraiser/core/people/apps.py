from django.apps import AppConfig


class PeopleConfig(AppConfig):
    name = "handraiser.core.people"
    default_auto_field = "django.db.models.BigAutoField"
