"""Parts of an installation as files for people and other programs to read (docs/export.md)."""
