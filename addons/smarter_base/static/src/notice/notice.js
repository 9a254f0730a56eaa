import { Component } from "@odoo/owl";
import { session } from "@web/session";
import { WebClient } from "@web/webclient/webclient";

/** A line above every page, for as long as the server has something everybody must know. */
export class SmarterNotice extends Component {
    static template = "smarter_base.Notice";
    static props = {};

    get notice() {
        return session.smarter_notice;
    }
}

WebClient.components = { ...WebClient.components, SmarterNotice };
