from . import (
    test_company_rut,
    test_comuna,
    test_hooks,
    test_i18n,
    test_neutralize,
    test_partner_rut,
    test_partner_search,
    test_roles,
    test_settings,
    test_tenant,
)
