from django.db import migrations, transaction

from common.text import name_search_terms

BATCH = 1000


def fill(apps, schema_editor):
    """Have those found by every word of their names who are here already, a batch at a time."""
    alias = schema_editor.connection.alias
    people = apps.get_model("accounts", "User").objects.using(alias).filter(erased_at__isnull=True).order_by("id")
    word_model = apps.get_model("accounts", "NameWord")
    last = None
    while found := list((people.filter(id__gt=last) if last else people).only("username", "full_name")[:BATCH]):
        last = found[-1].id
        words = [
            word_model(user_id=user.id, word=word) for user in found for word in name_search_terms(user.username, user.full_name)
        ]
        with transaction.atomic(alias):
            word_model.objects.using(alias).bulk_create(words, batch_size=1000, ignore_conflicts=True)


class Migration(migrations.Migration):
    atomic = False  # a batch at a time

    dependencies = [("accounts", "0006_name_words")]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
