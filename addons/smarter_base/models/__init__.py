from . import (
    res_company,
    res_config_settings,
    res_partner,
    res_partner_address,
    smarter_comuna,
    smarter_rut_search,
    smarter_tenant,
)
