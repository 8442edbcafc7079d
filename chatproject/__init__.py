"""The roof: settings, addresses, server, console and commands."""

__version__ = "0.1.0"
