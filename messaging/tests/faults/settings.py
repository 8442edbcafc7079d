"""The settings of servers in fault tests: publications go through a layer that can be made to fail."""

from chatproject.settings import *  # noqa: F403
from chatproject.settings import CHANNEL_LAYERS

CHANNEL_LAYERS["default"]["BACKEND"] = "messaging.tests.faults.layer.FaultyLayer"
