"""Every door that has an id in it: routes with a body for each method, and commands. A new one needs a line here."""

CONVERSATION, MESSAGE, MEMBER = "{conversation}", "{message}", "{bob}"
HIDDEN = {
    # route: the path with what is in it, and the bodies by method
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
    "messages/<uuid:id>/": (f"messages/{MESSAGE}/", {"GET": None, "PATCH": {"content": "x"}, "DELETE": None}),
    "users/me/devices/<uuid:device_id>/": ("users/me/devices/{device}/", {"DELETE": None}),
    "users/me/export/<uuid:export_id>/": ("users/me/export/{export}/", {"GET": None}),
    "users/me/export/<uuid:export_id>/archive/": ("users/me/export/{export}/archive/", {"GET": None}),
    "auth/sessions/<uuid:session_id>/": ("auth/sessions/{session}/", {"DELETE": None}),
}
FOR_ALL = {"users/<uuid:id>/", "users/<uuid:id>/avatar/", "users/<uuid:id>/block/"}
"""Public to everybody who is signed in."""

REFUSED = {
    "message.send": {"conversation_id": CONVERSATION, "content": "Hi"},
    "message.edit": {"message_id": MESSAGE, "content": "Hi"},
    "message.delete": {"message_id": MESSAGE},
    "read.mark": {"conversation_id": CONVERSATION, "seq": 1},
    "delivered.mark": {"conversation_id": CONVERSATION, "seq": 1},
    "typing.start": {"conversation_id": CONVERSATION},
    "typing.stop": {"conversation_id": CONVERSATION},
}
SILENT = {
    "sync": {"epoch": "{epoch}", "positions": {CONVERSATION: 10**9}},
    "presence.watch": {"user_ids": ["{bob}"]},
}
"""Commands that answer alike and tell nothing."""
ABOUT_NOTHING = {"authenticate", "ping"}
