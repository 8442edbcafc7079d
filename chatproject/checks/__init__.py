"""System checks of the settings. Each problem is reported before the server starts, with a hint on how to fix it."""

from chatproject.checks import background, console, files, processes, security  # noqa: F401 (registers them)
