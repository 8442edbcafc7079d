"""Background tasks, whichever Django brings them."""

try:
    from django.tasks import TaskContext, task
except ImportError:  # before Django 6
    from django_tasks import TaskContext, task  # type: ignore[no-redef]

__all__ = ["TaskContext", "task"]
