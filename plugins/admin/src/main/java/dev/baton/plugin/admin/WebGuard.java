package dev.baton.plugin.admin;

import io.netty.util.NetUtil;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpVersion;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Keeps web pages out. A browser on this machine reaches a loopback address that the author of a page cannot, and a
 * page can make it send requests there: from another origin, or under a name of the author's that resolves to this
 * address (DNS rebinding).
 *
 * <pre>
 *   what gives it away                                       refused with
 *   Sec-Fetch-Site other than none or same-origin            403
 *   Origin other than ours in a request that changes something   403
 *   Host that is no address, no localhost, no name of ours   421
 *   no Host, or several, in HTTP/1.1 (RFC 9112, 3.2)         400
 * </pre>
 *
 * <p>The same on a unix socket: a browser may reach one through a port that is forwarded to it.
 */
final class WebGuard {
    private static final String SEC_FETCH_SITE = "Sec-Fetch-Site";
    private static final Set<String> OWN_SITES = Set.of("none", "same-origin");

    private final Set<String> names = new HashSet<>();

    /** What is wrong with a request. */
    record Refusal(int status, String error, String hint) {}

    /**
     * A guard.
     *
     * @param names by which it may be asked, besides {@code localhost} and addresses
     */
    WebGuard(List<String> names) {
        this.names.add("localhost");
        names.forEach(name -> this.names.add(name.toLowerCase(Locale.ROOT)));
    }

    /**
     * What is wrong with a request, or null.
     *
     * @param changes whether it is to change something
     */
    @Nullable
    Refusal check(HttpServerRequest request, boolean changes) {
        for (String site : request.headers().getAll(SEC_FETCH_SITE)) {
            if (!OWN_SITES.contains(site)) {
                return new Refusal(
                        403,
                        "a web page of another site must not use this API",
                        "send the " + request.method() + " without " + SEC_FETCH_SITE);
            }
        }
        if (changes && !isOwn(request.headers().getAll(HttpHeaders.ORIGIN), request.getHeader(HttpHeaders.HOST))) {
            return new Refusal(
                    403, "a web page must not change this process", "send the " + request.method() + " without Origin");
        }
        return host(request);
    }

    /** None is a program's; the dashboard's is the address that it has asked, which is checked as a Host. */
    private static boolean isOwn(List<String> origins, @Nullable String host) {
        return origins.isEmpty() || (origins.size() == 1 && origins.get(0).equals("http://" + host));
    }

    private @Nullable Refusal host(HttpServerRequest request) {
        List<String> hosts = request.headers().getAll(HttpHeaders.HOST);
        if (hosts.isEmpty() && request.version() == HttpVersion.HTTP_1_0) {
            return null; // no browser
        }
        if (hosts.size() != 1) {
            return new Refusal(400, hosts.isEmpty() ? "there is no Host" : "there are several Hosts", "send one");
        }
        String host = host(hosts.get(0));
        if (names.contains(host.toLowerCase(Locale.ROOT)) || NetUtil.isValidIpV4Address(host) || isIpV6(host)) {
            return null;
        }
        return new Refusal(
                421,
                "this process is not called \"" + host + "\"",
                "use its address, or allow the name by admin: { hosts: [\"" + host + "\"] }");
    }

    private static boolean isIpV6(String host) {
        return host.startsWith("[") && host.endsWith("]") && NetUtil.isValidIpV6Address(host);
    }

    /** Without its port. */
    private static String host(String authority) {
        int colon = authority.lastIndexOf(':');
        return colon < 0 || colon < authority.lastIndexOf(']') ? authority : authority.substring(0, colon);
    }
}
