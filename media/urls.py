"""Addresses below `/api/v1/`."""

from django.urls import path

from media.api import avatars, links, uploads

urlpatterns = [
    path("media/", uploads.UploadsView.as_view()),
    path("media/links/", links.LinksView.as_view()),
    path("media/<uuid:id>/", uploads.UploadView.as_view()),
    path("media/<uuid:id>/content/", uploads.ContentView.as_view()),
    path("media/<uuid:id>/aac/", uploads.AacView.as_view()),
    path("media/<uuid:id>/thumbnail/", uploads.ThumbnailView.as_view()),
    path("conversations/<uuid:id>/media/", uploads.SharedView.as_view()),
    path("conversations/<uuid:id>/avatar/", avatars.ConversationAvatarView.as_view()),
    path("users/me/avatar/", avatars.MyAvatarView.as_view()),
    path("users/<uuid:id>/avatar/", avatars.AvatarView.as_view()),
]
