"""The Django project: settings, URLs, the server and its commands."""

__version__ = "0.1.0"
