package dev.baton.plugin.httpproxy;

import dev.baton.plugin.httpproxy.Heads.Persistence;
import dev.baton.spi.http.HttpDate;
import io.netty.handler.codec.http.HttpResponseStatus;
import org.jspecify.annotations.Nullable;

/**
 * An answer of the proxy's own.
 *
 * @param fields lines of fields beside Date, Content-Length and Connection, each with its line end
 * @param content what an answer to HEAD says the length of and leaves out (RFC 9110, section 9.3.2)
 */
record OwnAnswer(HttpResponseStatus status, String fields, String content) {
    private static final String TEXT = "Content-Type: text/plain\r\n";

    /** Says why there is no answer of a server's. */
    static OwnAnswer of(Refusal refusal) {
        return new OwnAnswer(refusal.status(), TEXT, refusal.words() + "\n");
    }

    /**
     * Puts it together.
     *
     * @param connection what to say about the connection, null for nothing
     * @param toHead it answers a HEAD
     */
    HeadWriter write(@Nullable Persistence connection, boolean toHead) {
        HeadWriter out = HeadWriter.begin();
        out.text("HTTP/1.1 ")
                .text(status.codeAsText())
                .octet(' ')
                .text(status.reasonPhrase())
                .crlf();
        out.field("Date", HttpDate.now()).text(fields);
        out.text("Content-Length: ").number(content.length()).crlf();
        if (connection != null) {
            out.field("Connection", connection == Persistence.CLOSE ? "close" : "keep-alive");
        }
        out.crlf();
        return toHead ? out : out.text(content);
    }
}
