from django.db import migrations, models

from chatproject.common.text import skeleton


def fill(apps, schema_editor):
    """Of public conversations that look alike already, the oldest holds the name."""
    channels = apps.get_model("conversations", "Conversation").objects.using(schema_editor.connection.alias)
    taken = set()
    for one in channels.filter(kind="channel", deleted_at__isnull=True).order_by("-is_lobby", "created_at", "id"):
        look = skeleton(one.name)[:255]
        if look not in taken:
            taken.add(look)
            channels.filter(id=one.id).update(name_skeleton=look)


class Migration(migrations.Migration):
    dependencies = [("conversations", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="conversation",
            name="name_skeleton",
            field=models.CharField(editable=False, max_length=255, null=True),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]
