from django.apps import AppConfig


class CommonConfig(AppConfig):
    name = "chatproject.common"
    label = "common"
    verbose_name = "Operation"
