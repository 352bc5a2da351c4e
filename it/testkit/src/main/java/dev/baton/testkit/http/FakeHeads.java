package dev.baton.testkit.http;

import dev.baton.spi.config.Hosts;
import dev.baton.spi.http.HttpAnswer;
import dev.baton.spi.http.HttpFields;
import dev.baton.spi.http.HttpRequest;
import dev.baton.spi.http.HttpResponse;
import java.util.regex.Pattern;

/** The heads of a {@link FakeExchange}. */
final class FakeHeads {
    private static final int STATUS_MIN = 200;
    private static final int STATUS_MAX = 599;
    private static final int NO_CONTENT = 204;
    private static final int NOT_MODIFIED = 304;
    private static final Pattern TARGET = Pattern.compile("/[!-~&&[^#]]*");
    private static final Pattern PORT = Pattern.compile(":\\d{1,5}$");

    private FakeHeads() {}

    /** True if a response of this status never has a body. */
    static boolean isBodiless(int status) {
        return status == NO_CONTENT || status == NOT_MODIFIED;
    }

    /** The head of a request. */
    static final class Request implements HttpRequest {
        final FakeFields fields = new FakeFields();
        String method;
        String scheme = "http";
        String version = "HTTP/1.1";
        String authority = "example.com";
        String target;
        long contentLength;
        boolean onItsWay;

        Request(String method, String target) {
            this.method = method;
            this.target = target;
        }

        /** Says how long the body is; -1: it is not known. */
        void length(long bytes) {
            contentLength = bytes;
            fields.drop("Content-Length");
            fields.drop("Transfer-Encoding");
            fields.sent(
                    bytes < 0 ? "Transfer-Encoding" : "Content-Length", bytes < 0 ? "chunked" : Long.toString(bytes));
        }

        @Override
        public String method() {
            return method;
        }

        @Override
        public String scheme() {
            return scheme;
        }

        @Override
        public String authority() {
            return authority;
        }

        @Override
        public String target() {
            return target;
        }

        @Override
        public String version() {
            return version;
        }

        @Override
        public HttpFields fields() {
            return fields;
        }

        @Override
        public long contentLength() {
            return contentLength;
        }

        @Override
        public void rewriteTarget(String wanted) {
            if (!TARGET.matcher(wanted).matches()) {
                throw new IllegalArgumentException("'" + wanted + "' is no target");
            }
            checkNotSent();
            target = wanted;
        }

        @Override
        public void rewriteAuthority(String wanted) {
            if (!Hosts.isHost(PORT.matcher(wanted).replaceFirst(""))) {
                throw new IllegalArgumentException("'" + wanted + "' is no host");
            }
            checkNotSent();
            authority = wanted;
        }

        private void checkNotSent() {
            if (onItsWay) {
                throw new IllegalStateException("the request is on its way already");
            }
        }
    }

    /** The head of a response. */
    static final class Response implements HttpResponse {
        final FakeFields fields = new FakeFields();
        private int status;
        long contentLength;

        Response(HttpAnswer head, long contentLength) {
            status = head.status();
            head.fields().forEach(field -> fields.sent(field.name(), field.value()));
            length(contentLength);
        }

        /** Says how long the body is; -1: it is not known. */
        void length(long bytes) {
            contentLength = bytes;
            fields.drop("Content-Length");
            if (bytes >= 0 && !isBodiless(status)) {
                fields.sent("Content-Length", Long.toString(bytes));
            }
        }

        @Override
        public int status() {
            return status;
        }

        @Override
        public void setStatus(int wanted) {
            if (wanted < STATUS_MIN || wanted > STATUS_MAX) {
                throw new IllegalArgumentException("status " + wanted + " is outside 200 to 599");
            }
            if (isBodiless(wanted) && contentLength != 0) {
                throw new IllegalArgumentException("a response of status " + wanted + " has no body, and this one has");
            }
            status = wanted;
        }

        @Override
        public HttpFields fields() {
            return fields;
        }

        @Override
        public long contentLength() {
            return contentLength;
        }
    }
}
