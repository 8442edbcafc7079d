from accounts.models.block import Block
from accounts.models.device import Device
from accounts.models.name_word import NameWord
from accounts.models.one_time import OneTime
from accounts.models.registration import Registration
from accounts.models.resting_name import RestingName
from accounts.models.session import Session
from accounts.models.user import User

__all__ = ["Block", "Device", "NameWord", "OneTime", "Registration", "RestingName", "Session", "User"]
