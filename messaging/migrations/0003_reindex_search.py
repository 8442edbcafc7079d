"""Messages of before are found by emoji, digits of any script and words without a tatweel once a task went through them."""

from django.db import migrations

from messaging.search.reindexing import reindex_search


def enqueue(apps, schema_editor):
    if apps.get_model("messaging", "Message").objects.using(schema_editor.connection.alias).exists():
        reindex_search.enqueue()


class Migration(migrations.Migration):
    dependencies = [
        ("messaging", "0002_one_spelling_per_emoji"),
        ("django_tasks_database", "0021_conditional_partial_index_ordering"),
    ]

    operations = [migrations.RunPython(enqueue, migrations.RunPython.noop)]
