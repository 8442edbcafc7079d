"""People whose address was never confirmed become registrations that wait: with their ids, so that codes that are out
serve. Those that only stood in for a known address go. Who is suspended stays as they are."""

from datetime import timedelta

from django.db import migrations
from django.utils import timezone

from accounts.keys import keyed_hash

HELD_FOR = timedelta(days=1)


def become_registrations(apps, schema_editor):
    user_model, registration_model = apps.get_model("accounts.User"), apps.get_model("accounts.Registration")
    one_time = apps.get_model("accounts.OneTime")
    unconfirmed = user_model.objects.filter(email_verified_at=None, erased_at=None, is_active=True)
    for user in unconfirmed.exclude(email=None).iterator():
        registration = registration_model.objects.create(
            id=user.id,
            email=user.email,
            username=user.username,
            username_key=user.username_key,
            full_name=user.full_name,
            password=user.password,
            created_at=max(user.created_at, timezone.now() - timedelta(days=6)),
        )
        codes = one_time.objects.filter(user=user)
        codes.filter(purpose="verify_email").update(registration=registration, user=None)
        codes.filter(user=user).delete()
        hold_name(apps.get_model("accounts.RestingName"), user)
    unconfirmed.delete()


def hold_name(resting, user):
    until = user.created_at + HELD_FOR
    if until < timezone.now():
        return
    held_for = keyed_hash("name-holder", user.email)
    for part in {user.username_key, user.username_skeleton}:
        name_hash = keyed_hash("resting-name", part)
        resting.objects.get_or_create(name_hash=name_hash, defaults={"until": until, "held_for": held_for})


class Migration(migrations.Migration):
    dependencies = [("accounts", "0004_registrations")]

    operations = [migrations.RunPython(become_registrations, migrations.RunPython.noop)]
