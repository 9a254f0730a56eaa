from . import (
    res_company,
    res_config_settings,
    res_partner,
    res_partner_address,
    res_partner_search,
    smarter_comuna,
    smarter_tenant,
)
