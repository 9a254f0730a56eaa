# ruff: noqa: F821
"""In Odoo's shell: one write at a time, and the moment the database had committed it."""

import json
import os
import time

prefix = os.environ["DEVKIT_PREFIX"]
partner = env["res.partner"].create({"name": "Cliente"})
env.cr.commit()
time.sleep(1)
committed, waited = {}, []
for n in range(int(os.environ["DEVKIT_COUNT"]) + 20):
    label = f"{prefix}{n}"
    partner.name = label
    env.cr.flush()
    # Before every other hook: the first thing after the database's own commit.
    env.cr.postcommit._funcs.appendleft(
        lambda label=label: committed.setdefault(label, time.monotonic())
    )
    env.cr.commit()
    waited.append((time.monotonic() - committed[label]) * 1e3)
    if n < 20:
        committed.pop(label)  # warm-up
    time.sleep(0.03)
with open(os.environ["DEVKIT_OUT"], "w") as file:
    json.dump({"committed": committed, "waited": sorted(waited)[len(waited) // 2]}, file)
