from django.db import migrations, models


class Migration(migrations.Migration):
    """What a visit's touch was derived from, so that newer channel rules can be asked again."""

    dependencies = [("attract", "0002_identification_by_age")]

    operations = [
        migrations.AddField(
            model_name="visit",
            name="told",
            field=models.JSONField(
                help_text="What the first hit told: path, referrer, whether that was our own, utm, click_ids.",
                null=True,
            ),
        ),
    ]
