package dev.baton.runtime.launcher.scaffold;

/** What the plugin of a new project contributes: each has a folder of templates. */
public enum ProjectKind {
    /** Speaks on connections. */
    SERVICE("service", "Service", false, "a service that greets its clients"),
    /** Stands in the way of HTTP requests. */
    FILTER("filter", "Filter", true, "an HTTP filter that adds a header field to responses"),
    /** Answers HTTP requests. */
    HANDLER("handler", "Handler", true, "an HTTP handler that answers with a greeting"),
    /** Decides about connections. */
    CONNECTION_FILTER(
            "connection-filter",
            "ConnectionFilter",
            false,
            "a connection filter that lets in the clients of a network"),
    /** Starts and stops with the process. */
    COMPONENT("component", "Component", false, "a component that counts at regular times"),
    /** Is told of every fd. */
    HOOK("hook", "Hook", false, "an fd hook that counts what is open"),
    /** Makes listening sockets. */
    LISTENER("listener", "Kind", false, "a kind of listener, for clients of this machine"),
    /** Chooses servers. */
    BALANCER("balancer", "Balancer", true, "a balancer that fills one server after the other");

    private final String folder;
    private final String suffix;
    private final boolean http;
    private final String summary;

    ProjectKind(String folder, String suffix, boolean http, String summary) {
        this.folder = folder;
        this.suffix = suffix;
        this.http = http;
        this.summary = summary;
    }

    /** The name of its templates' folder, and of the option that asks for it. */
    public String folder() {
        return folder;
    }

    /** What the name of its main class ends with, and its template's name. */
    String suffix() {
        return suffix;
    }

    /** True if its tests need the service {@code http}. */
    boolean needsHttp() {
        return http;
    }

    /** True if its class has a record of keys. */
    boolean hasKeys() {
        return this != HOOK && this != LISTENER;
    }

    /** What the plugin is, before its author has changed it. */
    String summary() {
        return summary;
    }
}
