"""What operators need: backups, exports, erasure, status, metrics, roles, console pages, and the worker."""
