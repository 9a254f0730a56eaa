from . import partner_merge, smarter_key_dialog, smarter_replay
