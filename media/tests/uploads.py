"""Uploading files to conversations, and what is stored."""

from pathlib import Path

from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile

from media.file_processor import FileProcessor
from media.tests.files import picture


def bring(client, conversation, content=None, name="picture.png", **fields):
    """Upload a file. The fields stand before it, as a good client sends them."""
    file = SimpleUploadedFile(name, picture() if content is None else content, "application/x-whatever")
    form = {"conversation_id": str(conversation.id), **fields, "file": file}
    return client.post("/api/v1/media/", form, format="multipart")


def brought(client, conversation, *args, **fields):
    """The upload, processed unless it needs none."""
    response = bring(client, conversation, *args, **fields)
    assert response.status_code == 201, response.content
    process()
    return client.get(f"/api/v1/media/{response.json()['id']}/").json()


def process():
    """Do what is to be done in the background."""
    processor = FileProcessor()
    while processor.run_next():
        pass


def send(client, conversation, *uploads, content="", **fields):
    """Send a message with these uploads."""
    body = {"content": content, "attachment_ids": [one["id"] for one in uploads], **fields}
    return client.post(f"/api/v1/conversations/{conversation.id}/messages/", body)


def stored():
    """The files in the storage."""
    folder = Path(settings.STORAGES["default"]["OPTIONS"]["location"])
    return sorted(path for path in (folder / "files").glob("*/*") if path.is_file())
