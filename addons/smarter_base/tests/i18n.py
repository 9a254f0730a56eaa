"""Prove that an addon speaks Spanish: for the tests of every addon of SmarterOS.

To begin or refresh the file of an addon, in ``odoo shell`` of a database that has it::

    from odoo.addons.smarter_base.tests import i18n
    i18n.write_po(env, "smarter_xxx")

Terms keep the translations they have; new ones are left empty, and the test names them.
"""

import os

import polib

from odoo.modules import Manifest
from odoo.tools.translate import TranslationFileWriter, TranslationModuleReader

LANG = "es_CL"
_FIELD = "ir.model.fields,"
_METADATA = {
    "Content-Transfer-Encoding": "8bit",
    "Plural-Forms": "nplurals=2; plural=(n != 1);",
}


class _ModuleTerms(TranslationModuleReader):
    """Odoo's own export of one module, without the walk through Odoo's whole source."""

    def _export_translatable_resources(self):
        (module,) = self._modules
        self._path_list = [(os.path.dirname(Manifest.for_addon(module).path), True)]
        super()._export_translatable_resources()


def exported_rows(env, module):
    """Return the rows of Odoo's export of ``module``, without what other addons bring into it.

    A mixin (``mail.thread``) gains fields when ``sms`` or ``website`` is installed; those are
    not ``module``'s to translate.
    """
    env.flush_all()
    closure = {module, *_dependencies(env, module)}
    return [
        row
        for row in _ModuleTerms(env.cr, modules=[module])
        if not row[2].startswith(_FIELD) or _is_from(env, row[3], closure)
    ]


def _dependencies(env, module):
    record = env["ir.module.module"].search([("name", "=", module)])
    return record.upstream_dependencies(exclude_states=("uninstallable",)).mapped("name")


def _is_from(env, xmlid, modules):
    record = env.ref(xmlid)
    field = env[record.model]._fields.get(record.name)
    return field is None or not field._modules or bool(modules.intersection(field._modules))


def exported_terms(env, module):
    """Return every term of ``module`` a person may see, as ``{source: where it was found}``."""
    return {
        source: f"{ttype}:{name}:{res_id}"
        for _module, ttype, name, res_id, source, _value, _comments in exported_rows(env, module)
    }


def translations(module, lang=LANG):
    """Return the translations the addon ships, as ``{source: translation}``."""
    path = _po_path(module, lang)
    if not os.path.exists(path):
        return {}
    return {entry.msgid: entry.msgstr for entry in polib.pofile(path) if not entry.obsolete}


def write_po(env, module, lang=LANG):
    """Write the addon's file anew from its terms and the translations it already has."""
    known = translations(module, lang)
    path = _po_path(module, lang)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as target:
        writer = TranslationFileWriter(target, fileformat="po", lang=lang)
        writer.write_rows(exported_rows(env, module))
    # Odoo leaves a translation empty when it equals the source ("RUT"); here it is deliberate.
    catalogue = polib.pofile(path)
    for entry in catalogue:
        entry.msgstr = known.get(entry.msgid, "")
    catalogue.metadata.update(_METADATA, Language=lang)
    catalogue.save(path)


def _po_path(module, lang):
    return os.path.join(Manifest.for_addon(module).path, "i18n", f"{lang}.po")


def assert_translated(env, module):
    """Raise ``AssertionError`` naming each term of ``module`` without translation to es_CL, and
    each translation whose term is gone."""
    terms, shipped = exported_terms(env, module), translations(module)
    missing = {source: where for source, where in terms.items() if not shipped.get(source)}
    stale = sorted(shipped.keys() - terms.keys())
    listing = "\n".join(f"  {source!r} ({where})" for source, where in sorted(missing.items()))
    assert not missing, f"{len(missing)} terms of {module} are not in {LANG}.po:\n{listing}"
    assert not stale, f"{LANG}.po of {module} has terms nobody uses: {stale}"
