import { registry } from "@web/core/registry";

const KEY = ".modal .o_field_widget[name='key']";

registry.category("web_tour.tours").add("smarter_subscription_tour", {
    steps: () => [
        { content: "Begin a subscription", trigger: ".o_list_button_add", run: "click" },
        {
            content: "Name it",
            trigger: ".o_field_widget[name='name'] input",
            run: "edit Pedidos de la tienda",
        },
        {
            content: "Say where to",
            trigger: ".o_field_widget[name='url'] input",
            run: "edit https://n8n.example.cl/webhook/tienda",
        },
        {
            content: "Say what",
            trigger: ".o_field_widget[name='patterns'] textarea",
            run: "edit order.*",
        },
        { content: "Save", trigger: ".o_form_button_save", run: "click" },
        {
            content: "The signing key is shown",
            trigger: `${KEY}:contains(/^\\s*whsec_/)`,
        },
        { content: "It was copied", trigger: ".modal footer .btn-primary", run: "click" },
        {
            content: "The key is nowhere to be seen any more",
            trigger: "body:not(:has(.modal)) .o_form_view .o_field_widget[name='key_created_at']",
            run() {
                if (document.body.textContent.includes("whsec_")) {
                    throw new Error("The signing key is still on the page");
                }
            },
        },
        {
            content: "Send a test",
            trigger: "button[name='action_send_test']",
            run: "click",
        },
        { content: "It is on its way", trigger: ".o_notification:contains(Pedidos de la tienda)" },
    ],
});
