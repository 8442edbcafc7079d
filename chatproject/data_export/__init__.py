"""What an installation holds, or a part of it, as files that people and other programs read (docs/export.md)."""
