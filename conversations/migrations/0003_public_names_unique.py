from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("conversations", "0002_public_names")]

    operations = [
        migrations.AddConstraint(
            model_name="conversation",
            constraint=models.UniqueConstraint(
                condition=models.Q(("deleted_at__isnull", True), ("kind", "channel")),
                fields=("name_skeleton",),
                name="public_names_look_unique",
            ),
        ),
    ]
