"""Settings that would hurt: each is found before the server starts and told in a sentence with a way out."""

from chatproject.checks import background, console, files, processes, security  # noqa: F401 (registers them)
