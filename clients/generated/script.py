"""What an app does first, with the client that openapi-python-client makes of the document."""

import json
import sys
from io import BytesIO

from chat_client import AuthenticatedClient, Client
from chat_client.api.auth import post_auth_login, post_auth_logout
from chat_client.api.conversations import (
    get_conversations_by_id_log,
    get_conversations_by_id_messages,
    post_conversations,
    post_conversations_by_id_messages,
)
from chat_client.api.media import get_media_by_id_content, post_media
from chat_client.models import (
    Login,
    NewConversation,
    NewConversationKind,
    NewMessage,
    NewMessageMetadataType0,
    PostMediaBody,
    PostMediaBodyKind,
    Problem,
    SignedIn,
)
from chat_client.types import File

base, login, password = sys.argv[1:]
anybody = Client(base)
refused = post_auth_login.sync(client=anybody, body=Login(login, "another"))
signed_in = post_auth_login.sync(client=anybody, body=Login(login, password))
assert isinstance(refused, Problem)
assert isinstance(signed_in, SignedIn), signed_in

with AuthenticatedClient(base, token=signed_in.access) as client:
    begun = post_conversations.sync(client=client, body=NewConversation(NewConversationKind.GROUP, name="Friends"))
    text = File(BytesIO(b"a few words"), "words.txt", "text/plain")
    file = post_media.sync(client=client, body=PostMediaBody(begun.id, text, PostMediaBodyKind.DOCUMENT))
    body = NewMessage("Hello", "one", metadata=NewMessageMetadataType0.from_dict({"mood": "good"}))
    first = post_conversations_by_id_messages.sync(begun.id, client=client, body=body)
    again = post_conversations_by_id_messages.sync(begun.id, client=client, body=body)
    post_conversations_by_id_messages.sync(begun.id, client=client, body=NewMessage(attachment_ids=[file.id]))
    history = get_conversations_by_id_messages.sync(begun.id, client=client, limit=10)
    log = get_conversations_by_id_log.sync(begun.id, client=client, after=0)
    kept = get_media_by_id_content.sync(file.id, client=client)
    out = post_auth_logout.sync_detailed(client=client)

print(
    json.dumps(
        {
            "refused": refused.code,
            "is_repeat": first.id == again.id,
            "metadata": first.metadata.to_dict(),
            "read": [[one.content, [file.filename for file in one.attachments]] for one in history.results],
            "entries": [[entry.seq, entry.type_] for entry in log.entries],
            "bytes": kept.payload.read().decode(),
            "out": out.status_code,
        }
    )
)
