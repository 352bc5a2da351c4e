package dev.baton.testkit.world;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * A request or response as an {@link HttpPeer} has received it, with the body that its transfer coding carried. Content
 * codings, such as gzip, are left as they are.
 */
public final class HttpMessage {
    private static final int STATUS_AT = "HTTP/1.1 ".length();
    private static final int STATUS_LENGTH = 3;

    private final String head;
    private final List<String> lines;
    private final List<String> trailers = new ArrayList<>();
    private byte[] body = {};

    /**
     * Without a body so far.
     *
     * @param head as it came, with the empty line
     */
    HttpMessage(String head) {
        this.head = head;
        lines = head.strip().lines().toList();
    }

    void body(byte[] bytes) {
        body = bytes;
    }

    void trailer(String line) {
        trailers.add(line);
    }

    /** The request line or the status line. */
    public String start() {
        return lines.get(0);
    }

    /** The method of a request. */
    public String method() {
        return start().substring(0, start().indexOf(' '));
    }

    /** What a request asks for, as it was sent. */
    public String target() {
        String rest = start().substring(method().length() + 1);
        return rest.substring(0, rest.indexOf(' '));
    }

    /** The status of a response. */
    public int status() {
        if (!start().startsWith("HTTP/1.")) {
            throw new AssertionError("no response, but: " + start());
        }
        return Integer.parseInt(start().substring(STATUS_AT, STATUS_AT + STATUS_LENGTH));
    }

    /** The values of all fields of a name, in their order. */
    public List<String> fields(String name) {
        return values(lines.subList(1, lines.size()), name);
    }

    /** The value of the field of a name; empty if there is none, and an error if there are several. */
    public String field(String name) {
        List<String> values = fields(name);
        if (values.size() > 1) {
            throw new AssertionError("several fields " + name + ": " + values);
        }
        return values.isEmpty() ? "" : values.get(0);
    }

    /** The values of the fields of a name behind the body. */
    public List<String> trailers(String name) {
        return values(trailers, name);
    }

    private static List<String> values(List<String> lines, String name) {
        return lines.stream()
                .filter(line -> line.regionMatches(true, 0, name + ":", 0, name.length() + 1))
                .map(line -> line.substring(name.length() + 1).strip())
                .toList();
    }

    /** The body, which a transfer coding no longer is around. */
    public byte[] bytes() {
        return body.clone();
    }

    /** The body as text in UTF-8. */
    public String text() {
        return new String(body, StandardCharsets.UTF_8);
    }

    @Override
    public String toString() {
        return head + text();
    }
}
