package dev.baton.plugin.http.exchange;

import dev.baton.spi.http.HttpFields;
import dev.baton.spi.http.HttpRequest;
import java.util.function.BooleanSupplier;

/** A request as filters see it. */
final class RequestView implements HttpRequest {
    private final Exchange exchange;
    private final BooleanSupplier changeable;
    private final Fields fields;

    RequestView(Exchange exchange, BooleanSupplier changeable) {
        this.exchange = exchange;
        this.changeable = changeable;
        fields = new Fields(exchange.fields());
    }

    @Override
    public String method() {
        return exchange.method().name();
    }

    @Override
    public String scheme() {
        return exchange.isSecure() ? "https" : "http";
    }

    @Override
    public String authority() {
        return exchange.authority();
    }

    @Override
    public String target() {
        return exchange.target();
    }

    @Override
    public String version() {
        return exchange.protocolVersion().text();
    }

    @Override
    public HttpFields fields() {
        return fields;
    }

    @Override
    public long contentLength() {
        return exchange.bodyLength();
    }

    @Override
    public void rewriteTarget(String target) {
        checkStage();
        if (exchange.isConnect()) {
            throw new IllegalArgumentException("a CONNECT asks for a host and a port, not for '" + target + "'");
        }
        if (!target.startsWith("/") || !Path.isTarget(target)) {
            throw new IllegalArgumentException("'" + target + "' is no path with a query");
        }
        exchange.rewriteTarget(target);
    }

    @Override
    public void rewriteAuthority(String authority) {
        checkStage();
        if (!(exchange.isConnect() ? Authority.isWithPort(authority) : Authority.isValid(authority))) {
            throw new IllegalArgumentException(
                    "'" + authority + "' is no host" + (exchange.isConnect() ? " with a port" : ""));
        }
        exchange.rewriteAuthority(authority);
    }

    private void checkStage() {
        if (!changeable.getAsBoolean()) {
            throw new IllegalStateException("the request is on its way already");
        }
    }
}
