from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("conversations", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="conversation",
            name="name_skeleton",
            field=models.CharField(editable=False, max_length=255, null=True),
        ),
    ]
