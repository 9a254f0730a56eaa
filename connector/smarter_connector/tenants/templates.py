"""Template databases: one for each set of modules, built once, never served, cloned for a tenant.

A template is keyed by a hash of Odoo's build, the release's code, its modules and its language.
When one of them changes it is stale: nothing is updated in place, a new one is built.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace

from psycopg import sql

from smarter_connector.exceptions import ConfigurationError
from smarter_connector.registry import ReleaseRow, TemplateRow
from smarter_connector.registry.errors import InvalidRequest, RegistryError
from smarter_connector.tenants import releases
from smarter_connector.tenants.modules import recipe_digest
from smarter_connector.tenants.platform import Platform
from smarter_domain.tenancy import scratch_name, template_name

BUILD = "smarteros-tenant template build"

#: The company's country decides which chart of accounts ``account`` loads, so it comes first.
CHILEAN_COMPANY = """
UPDATE res_partner SET tz = 'America/Santiago', country_id = (
    SELECT res_id FROM ir_model_data WHERE module = 'base' AND name = 'cl')
WHERE id IN (SELECT partner_id FROM res_company)
"""
#: What the customers' first account may do in the applications, granted once they are all there.
#: Odoo compiles stylesheets when the first person asks; here it is done for all tenants at once.
FINISH = """
if 'smarter.tenant' in env:
    env['smarter.tenant']._grant_apps_to_owners()
env['ir.qweb']._pregenerate_assets_bundles()
env.cr.commit()
"""


class TemplateUnusable(RegistryError, ConfigurationError):
    """There is no template, or it was made from other code than the release's."""


@dataclass(frozen=True)
class Recipe:
    """What a template is made from."""

    release: ReleaseRow
    module_set: str
    modules: tuple[str, ...]
    language: str

    @property
    def digest(self) -> str:
        release = self.release
        return recipe_digest(release.odoo_build, release.modules, self.modules, self.language)

    @property
    def database(self) -> str:
        return template_name(self.module_set, self.digest)


def current_release(platform: Platform, name: str = "") -> ReleaseRow:
    """The release called so, that of the settings, or the newest. Raises ConfigurationError."""
    wanted = name or platform.settings.release
    if wanted:
        return platform.registry.release(wanted)
    found = platform.registry.releases()
    if not found:
        raise TemplateUnusable("no release is registered: smarteros-tenant release add")
    return found[-1]


def recipe(
    platform: Platform, release: str = "", module_set: str = "", modules: tuple[str, ...] = ()
) -> Recipe:
    """The recipe of a set of modules; the usual set needs no list of them."""
    settings = platform.settings
    chosen = module_set or settings.module_set
    listed = modules or (settings.modules if chosen == settings.module_set else ())
    if not listed:
        raise InvalidRequest(f"the modules of the set {chosen!r} are not known: name them")
    return Recipe(current_release(platform, release), chosen, tuple(listed), settings.language)


def usable(platform: Platform, module_set: str = "", release: str = "") -> TemplateRow:
    """The template that a new tenant of the release is cloned from.

    Raises TemplateUnusable, saying what to do.
    """
    chosen = module_set or platform.settings.module_set
    wanted = current_release(platform, release)
    rows = of_release(platform, chosen, wanted)
    if not rows:
        raise TemplateUnusable(
            f"there is no template of the set {chosen} in release {wanted.name}: {BUILD}"
        )
    problems = [problem(platform, row, wanted) for row in rows]
    for row, trouble in zip(rows, problems, strict=True):
        if not trouble:
            return row
    raise TemplateUnusable(f"{problems[0]}: {BUILD}")


def of_release(platform: Platform, module_set: str, release: ReleaseRow) -> list[TemplateRow]:
    """The templates of a set in a release, as rows of that release.

    Releases with the same code share a template: the registry knows it by the one that built it.
    """
    rows = platform.registry.templates(module_set=module_set)
    language = platform.settings.language
    return [
        replace(row, release=release.name)
        for row in rows
        if row.release == release.name
        or row.digest == Recipe(release, module_set, row.modules, language).digest
    ]


def problem(platform: Platform, row: TemplateRow, release: ReleaseRow | None = None) -> str:
    """Why the template cannot be used; empty when it can."""
    release = release or platform.registry.release(row.release)
    expected = Recipe(release, row.module_set, row.modules, platform.settings.language)
    if row.state == "building":
        return f"the template {row.database} is not finished"
    if row.state == "stale" or row.digest != expected.digest:
        return f"the template {row.database} is stale: release {release.name} has other code now"
    if not platform.databases.exists(row.database):
        return f"the template {row.database} is gone from the server"
    return ""


def build(platform: Platform, wanted: Recipe) -> TemplateRow:
    """Build the template unless it is there. Raises StepFailed with Odoo's own words.

    It is made under a name of its own by ``odoo -i`` and renamed when it is finished, so one that
    is half done is never used; a command that was killed leaves a ``scratch_`` database.
    """
    with platform.registry.lock(f"template:{wanted.database}"):
        row = platform.registry.template(wanted.database)
        if row and not problem(platform, row, wanted.release):
            return row
        draft = scratch_name(secrets.token_hex(8))
        _enter(platform, wanted.database, wanted, "building")
        try:
            _fill(platform, draft, wanted)
            platform.databases.drop(wanted.database)
            platform.databases.rename(draft, wanted.database)
        finally:
            platform.databases.drop(draft)
        close(platform, wanted.database)
        return _enter(platform, wanted.database, wanted, "ready")


def register(
    platform: Platform, database: str, *, release: str = "", module_set: str = ""
) -> TemplateRow:
    """Enter a database that was built elsewhere from the present code as a ready template."""
    if not platform.databases.exists(database):
        raise InvalidRequest(f"there is no database {database}")
    if platform.databases.allows_connections(database):
        close(platform, database)
    return _enter(platform, database, recipe(platform, release, module_set), "ready")


def close(platform: Platform, database: str) -> None:
    """Keep everybody out: nobody can log in to a template, and Odoo does not list it."""
    platform.databases.allow_connections(database, False)
    platform.databases.disconnect(database)
    platform.databases.give(database, platform.settings.pg_admin_user)


def mark_stale(platform: Platform) -> list[TemplateRow]:
    """Note which templates were made from other code; returns them."""
    found = [row for row in platform.registry.templates(state=["ready"]) if problem(platform, row)]
    return [platform.registry.update_template(row.database, state="stale") for row in found]


def prune(platform: Platform) -> list[str]:
    """Drop stale templates with their databases; returns their names."""
    mark_stale(platform)
    names = [row.database for row in platform.registry.templates(state=["stale"])]
    for name in names:
        platform.databases.drop(name)
        platform.registry.remove_template(name)
    return names


def _enter(platform: Platform, database: str, wanted: Recipe, state: str) -> TemplateRow:
    return platform.registry.add_template(
        database,
        module_set=wanted.module_set,
        modules=wanted.modules,
        digest=wanted.digest,
        release=wanted.release.name,
        state=state,
    )


def _fill(platform: Platform, draft: str, wanted: Recipe) -> None:
    """Odoo's base, then the Chilean company, then everything else."""
    settings, odoo = platform.settings, releases.runner(platform, wanted.release)
    platform.say("creating the database")
    platform.databases.clone(settings.base_template, draft)
    platform.databases.give(draft, settings.odoo_role)
    _open_to(platform, draft, settings.odoo_role)
    platform.say("installing Odoo's base")
    odoo.install(draft, ["base"], f"--load-language={wanted.language}")
    with platform.admin(draft) as admin:
        admin.execute(CHILEAN_COMPANY)
    platform.say(f"installing {len(wanted.modules)} modules and what they need")
    odoo.install(draft, wanted.modules)
    odoo.shell(draft, FINISH)


def _open_to(platform: Platform, database: str, role: str) -> None:
    statement = sql.SQL("GRANT ALL ON DATABASE {} TO {}")
    with platform.admin() as admin:
        admin.execute(statement.format(sql.Identifier(database), sql.Identifier(role)))
