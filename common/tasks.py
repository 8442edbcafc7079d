"""Background tasks, from Django 6 or from its backport."""

try:
    from django.tasks import TaskContext, task
except ImportError:  # before Django 6
    from django_tasks import TaskContext, task  # type: ignore[no-redef]

__all__ = ["MAX_ATTEMPTS", "TaskContext", "task"]

MAX_ATTEMPTS = 5
"""How often a task is tried before it is given up."""
