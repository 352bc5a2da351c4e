package dev.baton.runtime.config;

/** What a word of the configuration can name. */
enum Reference {
    /** A key under {@code services:}. */
    SERVICE("service"),
    /** A key under {@code upstreams:}. */
    UPSTREAM("upstream"),
    /** A poller of a plugin. */
    POLLER("poller"),
    /** A service type of a plugin. */
    SERVICE_TYPE("service type"),
    /** An unbind strategy of a plugin. */
    UNBIND_STRATEGY("unbind strategy"),
    /** A takeover policy of a plugin. */
    TAKEOVER_POLICY("takeover policy"),
    /** A balancer of a plugin. */
    BALANCER("balancer"),
    /** A listener kind of a plugin. */
    LISTENER_KIND("listener kind"),
    /** A connection filter of a plugin. */
    CONNECTION_FILTER("connection filter"),
    /** An HTTP filter of a plugin. */
    HTTP_FILTER("HTTP filter"),
    /** An HTTP handler of a plugin. */
    HTTP_HANDLER("HTTP handler");

    private final String noun;

    Reference(String noun) {
        this.noun = noun;
    }

    /** What a person calls it. */
    String noun() {
        return noun;
    }
}
