"""Names and reasons of before are cleaned by a task: what turns, breaks or hides the text around it is taken out."""

from django.db import migrations

from operations.cleaning import clean_older_text


def enqueue(apps, schema_editor):
    if apps.get_model("accounts", "User").objects.using(schema_editor.connection.alias).exists():
        clean_older_text.enqueue()


class Migration(migrations.Migration):
    dependencies = [
        ("chatproject", "0001_initial"),
        ("accounts", "0006_name_words"),
        ("django_tasks_database", "0021_conditional_partial_index_ordering"),
    ]

    operations = [migrations.RunPython(enqueue, migrations.RunPython.noop)]
