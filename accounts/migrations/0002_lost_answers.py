from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="session",
            name="is_received",
            field=models.BooleanField(db_default=True, default=True),
        ),
    ]
