"""A bot that takes down every message of its conversations once, however often it is killed and started again."""

import json
import os
import sqlite3
import time

import httpx
from websockets.exceptions import WebSocketException
from websockets.sync.client import connect

base, who = os.environ["CHAT_URL"], {"login": os.environ["BOT_LOGIN"], "password": os.environ["BOT_PASSWORD"]}
db = sqlite3.connect(os.environ["BOT_FILE"])
db.execute("CREATE TABLE IF NOT EXISTS places (epoch, conversation, seq, PRIMARY KEY (epoch, conversation))")
db.execute("CREATE TABLE IF NOT EXISTS messages (id PRIMARY KEY, content)")


def take(event):
    """Take the next event of a log. A message and its place are kept together, or neither is."""
    id_, seq = event["conversation_id"], event["seq"]
    if seq > held.get(id_, 0) + 1:
        catch_up(id_)
    elif seq == held.get(id_, 0) + 1:
        with db:
            if event["type"] == "message.created":
                db.execute("INSERT OR IGNORE INTO messages VALUES (:id, :content)", event["data"]["message"])
            db.execute("INSERT OR REPLACE INTO places VALUES (?, ?, ?)", (epoch, id_, seq))
        held[id_] = seq


def catch_up(id_):
    """Read a log to its end: from the place that is held on, or from the beginning."""
    page, log = {"has_more": True}, f"conversations/{id_}/log/"
    while page["has_more"] and (answer := api.get(log, params={"after": held.get(id_, 0)})).status_code != 404:
        page = answer.raise_for_status().json()
        for event in page["entries"]:
            take(event)


while True:
    try:
        signed_in = httpx.post(f"{base}/api/v1/auth/login/", json=who).raise_for_status().json()
        headers = {"Authorization": f"Bearer {signed_in['access']}"}
        api = httpx.Client(base_url=f"{base}/api/v1/", headers=headers)
        with connect(f"ws{base[4:]}/ws/", additional_headers=headers, max_size=None) as socket:
            for event in map(json.loads, socket):
                if event["type"] == "hello":
                    epoch = event["data"]["epoch"]  # another one when the server was restored: its places are others
                    held = dict(db.execute("SELECT conversation, seq FROM places WHERE epoch = ?", [epoch]))
                    positions = {"epoch": epoch, "positions": dict([*held.items()][:1000])}
                    socket.send(json.dumps({"type": "sync", "data": positions}))
                elif event["type"] == "sync.complete":
                    for id_ in (id_ for id_, told in event["data"]["conversations"].items() if told["has_more"]):
                        catch_up(id_)
                elif event["type"] == "conversation.added":
                    catch_up(event["conversation_id"])
                elif "seq" in event:
                    take(event)
    except (httpx.HTTPError, WebSocketException, OSError):
        time.sleep(1)
