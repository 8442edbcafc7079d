from django.db import migrations, transaction

from common.text import skeleton

BATCH = 500


def fill(apps, schema_editor):
    """Of public conversations that look alike already, the oldest holds the name."""
    alias = schema_editor.connection.alias
    conversations = apps.get_model("conversations", "Conversation").objects.using(alias)
    channels = conversations.filter(kind="channel", deleted_at__isnull=True)
    taken = set(channels.filter(name_skeleton__isnull=False).values_list("name_skeleton", flat=True))
    waiting = channels.filter(name_skeleton__isnull=True).order_by("-is_lobby", "created_at", "id")
    named = list(waiting.values_list("id", "name"))
    for start in range(0, len(named), BATCH):
        with transaction.atomic(alias):
            for id_, name in named[start : start + BATCH]:
                look = skeleton(name)[:255]
                if look not in taken:
                    taken.add(look)
                    channels.filter(id=id_).update(name_skeleton=look)


class Migration(migrations.Migration):
    atomic = False  # a batch at a time: all that is done in a conversation waits for its row

    dependencies = [("conversations", "0003_public_names_unique")]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
