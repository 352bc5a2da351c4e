package dev.baton.plugin.http.exchange;

import dev.baton.spi.http.HttpFields;
import dev.baton.spi.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseStatus;

/** A response as filters see it. */
final class ResponseView implements HttpResponse {
    private static final int STATUS_MIN = 200;
    private static final int STATUS_MAX = 599;

    private final ResponseHead head;
    private final Exchange exchange;
    private final Fields fields;

    ResponseView(ResponseHead head, Exchange exchange) {
        this.head = head;
        this.exchange = exchange;
        fields = new Fields(head.fields());
    }

    ResponseHead head() {
        return head;
    }

    @Override
    public int status() {
        return head.status().code();
    }

    @Override
    public void setStatus(int status) {
        if (head.beginsTunnel()) {
            throw new IllegalArgumentException("the response begins a tunnel: answer instead");
        }
        if (status < STATUS_MIN || status > STATUS_MAX) {
            throw new IllegalArgumentException("status " + status + " is outside " + STATUS_MIN + " to " + STATUS_MAX);
        }
        boolean without = head.isBodyless(exchange);
        if (!without && head.bodyLength() != 0 && (status == 204 || status == 304)) {
            throw new IllegalArgumentException("status " + status + " has no body, and this response has one");
        }
        if (without && !exchange.isHead() && status != 204 && status != 304) {
            throw new IllegalArgumentException("status " + status + " has a body, and this response has none");
        }
        head.setStatus(HttpResponseStatus.valueOf(status));
    }

    @Override
    public HttpFields fields() {
        return fields;
    }

    @Override
    public long contentLength() {
        return Math.max(-1, head.bodyLength());
    }
}
