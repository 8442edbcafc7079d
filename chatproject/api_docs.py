"""The settings of drf-spectacular, which generates the OpenAPI document."""

from typing import Any

TAGS = {
    "auth": "Registering, signing in and staying signed in.",
    "users": "My account, other people, and blocking.",
    "conversations": "Conversations, their members, messages and logs.",
    "invites": "Invitation links to conversations.",
    "messages": "One message: editing, reactions, threads; search and unread counts.",
    "sync": "A snapshot of everything, and what has changed since.",
    "media": "Files.",
    "notifications": "Notifications and notification settings.",
    "encryption": "Public keys of devices, key backups, and keys held by the server.",
    "moderation": "Moderation by the staff. Requires a role.",
    "backups": "Backups. Requires a role.",
    "status": "The state of the installation. Requires a role.",
}


def openapi_settings(site_name: str, version: str) -> dict[str, Any]:
    """`SPECTACULAR_SETTINGS`: everything is served from this server, to anyone."""
    return {
        "TITLE": f"{site_name} API",
        "VERSION": version,
        "DESCRIPTION": "Chat over HTTP. The socket protocol is described at `/api/asyncapi/`.",
        "OAS_VERSION": "3.1.1",
        "SCHEMA_PATH_PREFIX": "/api/v1/",
        "SERVE_INCLUDE_SCHEMA": False,
        "SERVE_PUBLIC": True,
        "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
        "SERVE_AUTHENTICATION": [],
        "SWAGGER_UI_DIST": "SIDECAR",
        "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
        "REDOC_DIST": "SIDECAR",
        "POSTPROCESSING_HOOKS": ["common.openapi.add_wire_components"],
        "TAGS": [{"name": name, "description": description} for name, description in TAGS.items()],
    }
