"""Addresses below `/api/v1/`."""

from django.urls import path

from media.api import avatars

urlpatterns = [
    path("users/me/avatar/", avatars.MyAvatarView.as_view()),
    path("users/<uuid:id>/avatar/", avatars.AvatarView.as_view()),
]
