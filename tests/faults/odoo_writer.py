# ruff: noqa: F821
"""Runs in Odoo's shell: creates contacts until it is killed, one transaction each.

``DEVKIT_PREFIX`` begins their names, ``DEVKIT_COUNT`` of them are committed; then, with
``DEVKIT_HANG``, one more is written, flushed and left without a commit.
"""

import os
import signal
import time

env["smarter.tenant"]._provision("77654321-7", "Comercial Ejemplo SpA", "comercial-ejemplo")
env.cr.commit()
prefix = os.environ["DEVKIT_PREFIX"]
for number in range(int(os.environ["DEVKIT_COUNT"])):
    contact = env["res.partner"].create({"name": f"{prefix}{number}"})
    env.cr.commit()
    contact.phone = f"+5691234{number:04d}"
    env.cr.commit()
if os.environ.get("DEVKIT_HANG"):
    env["res.partner"].create({"name": f"{prefix}never"})
    env.cr.flush()
    time.sleep(0.2)
    os.kill(os.getpid(), signal.SIGKILL)
