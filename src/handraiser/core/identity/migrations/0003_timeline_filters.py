"""The index of the timeline holds what a filter asks of an event."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('identity', '0002_merges'),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name='timelineitem',
            name='timeline_newest',
        ),
        migrations.AddIndex(
            model_name='timelineitem',
            index=models.Index(fields=['person', '-occurred_at', '-id', 'name', 'lead_id'], name='timeline_newest'),
        ),
    ]
