import { registry } from "@web/core/registry";
import { FormController } from "@web/views/form/form_controller";
import { formView } from "@web/views/form/form_view";
import { useService } from "@web/core/utils/hooks";
import { onWillStart } from "@odoo/owl";

/** Shows the signing key of a subscription when it is first saved, to who may see it. */
export class SubscriptionFormController extends FormController {
    setup() {
        super.setup();
        this.action = useService("action");
        onWillStart(async () => {
            this.mayShowKeys = await this.orm.call("smarter.subscription", "may_show_keys", []);
        });
    }

    async onWillSaveRecord(record) {
        this.isFirstSave = record.isNew;
        return super.onWillSaveRecord(...arguments);
    }

    async onRecordSaved(record) {
        await super.onRecordSaved(...arguments);
        if (this.isFirstSave && this.mayShowKeys && record.data.is_signed) {
            const key = await this.orm.call(record.resModel, "action_renew_key", [[record.resId]]);
            await this.action.doAction(key);
        }
        this.isFirstSave = false;
    }
}

registry.category("views").add("smarter_subscription_form", {
    ...formView,
    Controller: SubscriptionFormController,
});
