"""The settings of Unfold, the theme of the admin console."""

from typing import Any

from django.templatetags.static import static


def unfold_settings(site_name: str) -> dict[str, Any]:
    """`UNFOLD`: the name, the icon, and where the first page and the menu come from."""
    return {
        "SITE_TITLE": site_name,
        "SITE_HEADER": site_name,
        "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": lambda request: static("web/icon.svg")}],
        "DASHBOARD_CALLBACK": "operations.dashboard.dashboard",
        "SIDEBAR": {"navigation": "operations.navigation.navigation"},
    }
