"""Every endpoint with an id: routes with a body for each method, and commands. Add new ones here."""

CONVERSATION, MESSAGE, MEMBER = "{conversation}", "{message}", "{bob}"
MEMBERS_ONLY = {
    # route: the path to request, and the bodies by method
    "conversations/<uuid:id>/": (
        f"conversations/{CONVERSATION}/",
        {"GET": None, "PATCH": {"name": "x"}, "DELETE": None},
    ),
    "conversations/<uuid:id>/join/": (f"conversations/{CONVERSATION}/join/", {"POST": {}}),
    "conversations/<uuid:id>/members/": (
        f"conversations/{CONVERSATION}/members/",
        {"GET": None, "POST": {"user_id": "{carol}"}},
    ),
    "conversations/<uuid:id>/members/<str:user>/": (
        f"conversations/{CONVERSATION}/members/{MEMBER}/",
        {"PATCH": {"role": "admin"}, "DELETE": None},
    ),
    "conversations/<uuid:id>/messages/": (
        f"conversations/{CONVERSATION}/messages/",
        {"GET": None, "POST": {"content": "Hi", "client_id": "stranger"}},
    ),
    "conversations/<uuid:id>/log/": (f"conversations/{CONVERSATION}/log/", {"GET": None}),
    "conversations/<uuid:id>/read/": (f"conversations/{CONVERSATION}/read/", {"POST": {"seq": 1}}),
    "conversations/<uuid:id>/delivered/": (f"conversations/{CONVERSATION}/delivered/", {"POST": {"seq": 1}}),
    "conversations/<uuid:id>/bans/": (
        f"conversations/{CONVERSATION}/bans/",
        {"GET": None, "POST": {"user_id": "{carol}"}},
    ),
    "conversations/<uuid:id>/bans/<uuid:user_id>/": (f"conversations/{CONVERSATION}/bans/{MEMBER}/", {"DELETE": None}),
    "conversations/<uuid:id>/invites/": (f"conversations/{CONVERSATION}/invites/", {"GET": None, "POST": {}}),
    "conversations/<uuid:id>/invites/<str:token>/": (
        f"conversations/{CONVERSATION}/invites/{{invite}}/",
        {"DELETE": None},
    ),
    "conversations/<uuid:id>/typing/": (
        f"conversations/{CONVERSATION}/typing/",
        {"GET": None, "POST": {"is_typing": True}},
    ),
    "conversations/<uuid:id>/pins/": (f"conversations/{CONVERSATION}/pins/", {"GET": None}),
    "conversations/<uuid:id>/media/": (f"conversations/{CONVERSATION}/media/", {"GET": None}),
    "conversations/<uuid:id>/avatar/": (
        f"conversations/{CONVERSATION}/avatar/",
        {"GET": None, "PUT": None, "DELETE": None},
    ),
    "media/<uuid:id>/": ("media/{upload}/", {"GET": None, "DELETE": None}),
    "media/<uuid:id>/content/": ("media/{upload}/content/", {"GET": None}),
    "media/<uuid:id>/aac/": ("media/{upload}/aac/", {"GET": None}),
    "media/<uuid:id>/thumbnail/": ("media/{upload}/thumbnail/", {"GET": None}),
    "messages/<uuid:id>/history/": (f"messages/{MESSAGE}/history/", {"GET": None}),
    "messages/<uuid:id>/receipts/": (f"messages/{MESSAGE}/receipts/", {"GET": None}),
    "messages/<uuid:id>/replies/": (f"messages/{MESSAGE}/replies/", {"GET": None}),
    "messages/<uuid:id>/read/": (f"messages/{MESSAGE}/read/", {"POST": {}}),
    "messages/<uuid:id>/reactions/<str:emoji>/": (
        f"messages/{MESSAGE}/reactions/\N{THUMBS UP SIGN}/",
        {"PUT": None, "DELETE": None},
    ),
    "messages/<uuid:id>/pin/": (f"messages/{MESSAGE}/pin/", {"PUT": None, "DELETE": None}),
    "messages/<uuid:id>/report/": (f"messages/{MESSAGE}/report/", {"POST": {"reason": "spam"}}),
    "messages/<uuid:id>/": (f"messages/{MESSAGE}/", {"GET": None, "PATCH": {"content": "x"}, "DELETE": None}),
    "moderation/reports/<uuid:id>/": ("moderation/reports/{report}/", {"GET": None}),
    "moderation/reports/<uuid:id>/open/": (
        "moderation/reports/{report}/open/",
        {"POST": {"reason": "To see what it says"}},
    ),
    "moderation/reports/<uuid:id>/decide/": ("moderation/reports/{report}/decide/", {"POST": {"decision": "warned"}}),
    "moderation/filters/<uuid:id>/": ("moderation/filters/{report}/", {"PATCH": {"note": "x"}, "DELETE": None}),
    "moderation/people/<uuid:id>/suspend/": (f"moderation/people/{MEMBER}/suspend/", {"POST": {}}),
    "moderation/people/<uuid:id>/restore/": (f"moderation/people/{MEMBER}/restore/", {"POST": {}}),
    "moderation/people/<uuid:id>/end-sessions/": (f"moderation/people/{MEMBER}/end-sessions/", {"POST": {}}),
    "moderation/people/<uuid:id>/resend-code/": (f"moderation/people/{MEMBER}/resend-code/", {"POST": {}}),
    "moderation/conversations/<uuid:id>/": (
        f"moderation/conversations/{CONVERSATION}/",
        {"PATCH": {"is_frozen": True}},
    ),
    "notifications/<uuid:id>/read/": ("notifications/{notification}/read/", {"POST": {}}),
    "backups/<uuid:backup_id>/": ("backups/{backup}/", {"GET": None}),
    "encryption/roster/<uuid:conversation_id>/": (f"encryption/roster/{CONVERSATION}/", {"GET": None}),
    "encryption/devices/<uuid:device_id>/": ("encryption/devices/{key_device}/", {"DELETE": None}),
    "users/me/devices/<uuid:device_id>/": ("users/me/devices/{device}/", {"DELETE": None}),
    "users/me/export/<uuid:export_id>/": ("users/me/export/{export}/", {"GET": None}),
    "users/me/export/<uuid:export_id>/archive/": ("users/me/export/{export}/archive/", {"GET": None}),
    "auth/sessions/<uuid:session_id>/": ("auth/sessions/{session}/", {"DELETE": None}),
}
FOR_EVERYONE = {"users/<uuid:id>/", "users/<uuid:id>/avatar/", "users/<uuid:id>/block/", "users/<uuid:id>/report/"}
FOR_EVERYONE |= {
    "invites/<str:token>/accept/",
    "encryption/public-key/<uuid:user_id>/",
    "encryption/key-log/<uuid:user_id>/",
}
"""Public to everyone who is signed in, or has the link."""

REFUSED_COMMANDS = {
    "message.send": {"conversation_id": CONVERSATION, "content": "Hi"},
    "message.edit": {"message_id": MESSAGE, "content": "Hi"},
    "message.delete": {"message_id": MESSAGE},
    "message.pin": {"message_id": MESSAGE},
    "message.unpin": {"message_id": MESSAGE},
    "reaction.add": {"message_id": MESSAGE, "emoji": "\N{THUMBS UP SIGN}"},
    "reaction.remove": {"message_id": MESSAGE, "emoji": "\N{THUMBS UP SIGN}"},
    "read.mark": {"conversation_id": CONVERSATION, "seq": 1},
    "delivered.mark": {"conversation_id": CONVERSATION, "seq": 1},
    "typing.start": {"conversation_id": CONVERSATION},
    "typing.stop": {"conversation_id": CONVERSATION},
}
SILENT_COMMANDS = {
    "sync": {"epoch": "{epoch}", "positions": {CONVERSATION: 10**9}},
    "presence.watch": {"user_ids": ["{bob}"]},
}
"""Commands that give everyone the same answer and reveal nothing."""
COMMANDS_WITHOUT_IDS = {"authenticate", "ping"}
