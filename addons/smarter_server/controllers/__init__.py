from . import ready
