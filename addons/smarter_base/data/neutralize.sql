-- A copy for tests must not be taken for the tenant by the systems outside.
UPDATE smarter_tenant
   SET clerk_org_id = NULL,
       chatwoot_account_id = NULL,
       n8n_project_id = NULL,
       metabase_collection_id = NULL,
       botpress_workspace_id = NULL;
