package dev.baton.plugin.http.exchange;

import dev.baton.plugin.http.config.RedirectConfig;
import dev.baton.spi.upstream.Upstream;
import dev.baton.spi.upstream.UpstreamConnections;

/** Where a route leads. */
sealed interface Target {

    /**
     * The servers of an upstream.
     *
     * @param upstream chooses among them
     * @param ends where the server's ends of exchanges come from
     */
    record Servers(Upstream upstream, UpstreamEnds ends) implements Target {
        /** To them. */
        public UpstreamConnections connections() {
            return ends.connections();
        }
    }

    /** A plugin's handler. */
    record Handler(HandlerUse use) implements Target {}

    /** A refusal. */
    record Refused(Refusal refusal) implements Target {}

    /** The same answer for all. */
    record Fixed(OwnAnswer answer) implements Target {}

    /** Another place for the client to go to. */
    record Redirect(RedirectConfig config, String pathPrefix) implements Target {
        /** The answer to one request. */
        OwnAnswer answer(Exchange exchange) {
            String target = exchange.target();
            int query = target.indexOf('?');
            String path = query < 0 ? target : target.substring(0, query);
            if (!path.startsWith(pathPrefix)) { // it was written with escapes, or with more slashes
                path = Path.of(target).encoded();
            }
            String rest = path.length() > pathPrefix.length() ? path.substring(pathPrefix.length()) : "";
            String to = config.to().replace(RedirectConfig.REST, rest);
            if (to.startsWith("//") && !config.to().startsWith("//")) {
                to = "/" + to.replaceFirst("^/+", ""); // else another host's, as the client's path says
            }
            if (query >= 0 && to.indexOf('?') < 0) {
                to += target.substring(query);
            }
            return OwnAnswer.redirect(config.status(), to);
        }
    }
}
