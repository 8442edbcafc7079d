"""Reactions with the same emoji in two spellings, such as a heart with and without a variation selector, become one."""

from django.db import migrations, transaction

from common.text import emoji_of

BATCH = 500
SHOWN = 50


def respell(apps, schema_editor):
    reactions = apps.get_model("messaging", "Reaction").objects.using(schema_editor.connection.alias)
    messages = apps.get_model("messaging", "Message").objects.using(schema_editor.connection.alias)
    for emoji in list(reactions.order_by().values_list("emoji", flat=True).distinct()):
        spelling = emoji_of(emoji)
        if spelling in (None, emoji):
            continue
        while found := list(reactions.filter(emoji=emoji).order_by("id")[:BATCH]):
            with transaction.atomic(schema_editor.connection.alias):
                _respell(reactions, messages, found, spelling)


def _respell(reactions, messages, found, spelling):
    about = {one.message_id for one in found}
    locked = list(messages.filter(id__in=about).order_by("id").select_for_update())
    taken = set(reactions.filter(message_id__in=about, emoji=spelling).values_list("message_id", "user_id"))
    twice = [one.id for one in found if (one.message_id, one.user_id) in taken]
    reactions.filter(id__in=twice).delete()
    reactions.filter(id__in=[one.id for one in found]).update(emoji=spelling)
    for message in locked:
        messages.filter(id=message.id).update(reactions=_shown(reactions, message.id))


def _shown(reactions, message_id):
    shown = {}
    for emoji, user_id in reactions.filter(message_id=message_id).order_by("id").values_list("emoji", "user_id"):
        state = shown.setdefault(emoji, {"count": 0, "user_ids": []})
        state["count"] += 1
        if len(state["user_ids"]) < SHOWN:
            state["user_ids"].append(str(user_id))
    return shown or None


class Migration(migrations.Migration):
    atomic = False  # a batch at a time: nobody who reacts meanwhile waits for all of them

    dependencies = [("messaging", "0001_initial")]

    operations = [migrations.RunPython(respell, migrations.RunPython.noop)]
