package dev.baton.spi.traffic;

/**
 * Names and labels of the metrics that say how fast routes and servers answer, from which
 * {@link dev.baton.spi.admin.RuntimeView#top} is worked out. They are the same for every service.
 */
public final class TrafficMetrics {
    /** Histogram by {@link #SERVICE} and {@link #ROUTE}: from the request's head to the last byte of the response. */
    public static final String REQUEST_SECONDS = "baton_http_request_seconds";
    /** Histogram by {@link #SERVICE} and {@link #ROUTE}: from the request's head to the head of the response. */
    public static final String FIRST_BYTE_SECONDS = "baton_http_first_byte_seconds";
    /** Counter by {@link #SERVICE}, {@link #ROUTE} and {@link #STATUS}: exchanges that have ended. */
    public static final String RESPONSES = "baton_http_responses_total";
    /** Histogram by {@link #SERVICE} and {@link #SERVER}: from the request's head to the head of the response. */
    public static final String SERVER_SECONDS = "baton_http_server_seconds";
    /** Counter by {@link #SERVICE} and {@link #SERVER}: exchanges in which the server failed. */
    public static final String SERVER_FAILURES = "baton_http_server_failures_total";

    /** Label: name of the service. */
    public static final String SERVICE = "service";
    /** Label: name of the route. */
    public static final String ROUTE = "route";
    /** Label: address of the server. */
    public static final String SERVER = "server";
    /** Label: {@code 1xx} to {@code 5xx}, or {@code none} if no response was written. */
    public static final String STATUS = "status";
    /** A value of {@link #STATUS}. */
    public static final String SERVER_ERROR = "5xx";

    private TrafficMetrics() {}
}
