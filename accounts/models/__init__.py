from accounts.models.block import Block
from accounts.models.one_time import OneTime
from accounts.models.session import Session
from accounts.models.user import User

__all__ = ["Block", "OneTime", "Session", "User"]
