from . import smarter_key_dialog, smarter_replay
