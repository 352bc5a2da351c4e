package dev.baton.fuzz;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Reads HTTP/1 messages by the grammar of RFC 9110 and 9112 and nothing else, on purpose without a line of the proxy's
 * or of Netty's: what these two read in one way and this one in another is where smuggling begins. Texts are Latin-1, a
 * character a byte.
 *
 * <p>Of what a recipient may forgive it forgives a client empty lines before a request line and nothing else. A server,
 * whose answer is written anew and read by nobody else, it forgives what the RFC lets it: white space of any kind
 * between the words of a status line and before it, folded fields, blanks behind a field's name and behind a chunk
 * size.
 */
public final class FuzzParser {
    private static final String TOKEN = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
    private static final Pattern REQUEST_LINE = Pattern.compile("(" + TOKEN + ") ([!-~]+) HTTP/1\\.([01])");
    private static final Pattern STATUS_LINE = Pattern.compile(
            "[\0-\40\177-\u009f]*HTTP/1\\.([01])[\t\13\f\r ]+([1-9][0-9][0-9])(?:[\t\13\f\r ]+[\t -~\u0080-\u00ff]*)?",
            Pattern.DOTALL);
    private static final Pattern FIELD = Pattern.compile("(" + TOKEN + "):([\t -~\u0080-\u00ff]*)");
    private static final Pattern PADDED_FIELD = Pattern.compile("(" + TOKEN + ")[\t ]*:([\t -~\u0080-\u00ff]*)");
    private static final Pattern HOST =
            Pattern.compile("(?:(?:[0-9A-Za-z\\-._~!$&'()*+;=,]|%[0-9A-Fa-f]{2})+|\\[[0-9A-Fa-f:.]+\\])(?::([0-9]*))?");
    private static final Pattern ABSOLUTE = Pattern.compile("(?i:https?)://([^/?#]*).*");
    private static final Pattern SIZE = Pattern.compile("[0-9A-Fa-f]+");
    /** Of a chunk: one extension, its value excepted if that is quoted. */
    private static final Pattern EXTENSION =
            Pattern.compile("[ \t]*;[ \t]*" + TOKEN + "(?:[ \t]*=[ \t]*(?:(\")|" + TOKEN + "))?");

    /** What follows the last whole message. */
    public enum Rest {
        NOTHING,
        BEGUN,
        WRONG
    }

    /** One header field. */
    public record Field(String name, String value) {
        /** True if this is its name, in any case. */
        public boolean is(String other) {
            return name.equalsIgnoreCase(other);
        }
    }

    /**
     * One message; the last one may lack some of its body.
     *
     * @param word the method of a request, the status of an answer
     * @param chunked how its body is framed; else by its length, or by its end
     * @param trailers what was read of them
     */
    public record Message(
            String word,
            String target,
            boolean http10,
            List<Field> fields,
            boolean chunked,
            boolean untilClose,
            String body,
            List<Field> trailers) {
        /** The values of all fields of a name. */
        public List<String> values(String name) {
            return fields.stream().filter(f -> f.is(name)).map(Field::value).toList();
        }

        /** True for a request that may go through so many proxies only. */
        public boolean countsHops() {
            return word.equals("TRACE") || word.equals("OPTIONS");
        }

        /** True for a request that must not go further than to the first proxy. */
        public boolean endsHere() {
            return countsHops() && values("Max-Forwards").stream().anyMatch(hops -> hops.matches("0+"));
        }

        /** True for what comes before an answer. */
        public boolean informational() {
            return word.startsWith("1");
        }
    }

    /**
     * What a stream of bytes is.
     *
     * @param partial the message whose head is there and whose body is not, at the end or before what is wrong; at most
     *     one
     * @param next the method of the request that is not whole, as far as there is one: GET if there is none
     */
    public record Parsed(List<Message> whole, List<Message> partial, Rest rest, String next) {
        Parsed(List<Message> whole, List<Message> partial, Rest rest) {
            this(whole, partial, rest, "GET");
        }

        /** The methods of the requests, of the one that is not whole too. */
        public List<String> methods() {
            List<String> methods = new ArrayList<>();
            whole.forEach(request -> methods.add(request.word()));
            methods.add(next);
            return methods;
        }
    }

    /** Not thrown further than to the loop over messages. */
    private static final class Wrong extends Exception {}

    private static final class Unfinished extends Exception {}

    private final String in;
    private final boolean requests;
    private int at;

    private FuzzParser(String in, boolean requests) {
        this.in = in;
        this.requests = requests;
    }

    /** Reads requests. */
    public static Parsed requests(String bytes) {
        return new FuzzParser(bytes, true).all("");
    }

    /**
     * Reads answers.
     *
     * @param methods the requests that they answer
     * @param closed the connection has ended: what lasts until then is whole
     */
    public static Parsed answers(String bytes, List<String> methods, boolean closed) {
        FuzzParser parser = new FuzzParser(bytes, false);
        List<Message> whole = new ArrayList<>();
        Parsed last = new Parsed(whole, List.of(), bytes.isEmpty() ? Rest.NOTHING : Rest.WRONG);
        for (String method : methods) {
            Parsed one = parser.all(method);
            whole.addAll(one.whole());
            last = new Parsed(whole, one.partial(), one.rest());
            if (one.whole().isEmpty() || one.whole().get(one.whole().size() - 1).informational()) {
                break;
            }
            if (one.rest() != Rest.NOTHING || parser.at == bytes.length()) {
                last = new Parsed(whole, one.partial(), parser.at == bytes.length() ? Rest.NOTHING : Rest.WRONG);
            }
        }
        if (closed && !last.partial().isEmpty() && last.partial().get(0).untilClose()) {
            whole.add(last.partial().get(0));
            return new Parsed(whole, List.of(), Rest.NOTHING);
        }
        return last;
    }

    /** All requests there are; or the answer to one request, with what comes before it. */
    private Parsed all(String method) {
        List<Message> whole = new ArrayList<>();
        List<Message> partial = new ArrayList<>(1);
        int begin = at;
        try {
            while (true) {
                while (requests && in.startsWith("\r\n", at)) {
                    at += 2;
                }
                if (at == in.length()) {
                    return new Parsed(whole, List.of(), Rest.NOTHING);
                }
                partial.clear();
                begin = at;
                Message message = message(method, partial);
                whole.add(message);
                partial.clear();
                if (!requests && !message.informational()) {
                    return new Parsed(whole, List.of(), at == in.length() ? Rest.NOTHING : Rest.BEGUN);
                }
            }
        } catch (Wrong wrong) {
            return new Parsed(whole, partial, Rest.WRONG, methodAt(begin));
        } catch (Unfinished more) {
            return new Parsed(whole, partial, Rest.BEGUN, methodAt(begin));
        }
    }

    private String methodAt(int begin) {
        return in.startsWith("HEAD ", begin) ? "HEAD" : "GET";
    }

    private Message message(String method, List<Message> partial) throws Wrong, Unfinished {
        if (!requests) {
            skipControls();
        }
        String line = line(!requests);
        Matcher start = (requests ? REQUEST_LINE : STATUS_LINE).matcher(line);
        if (!start.matches()) {
            throw new Wrong();
        }
        boolean http10 = start.group(requests ? 3 : 1).equals("0");
        String word = start.group(requests ? 1 : 2);
        String target = requests ? start.group(2) : "";
        List<Field> fields = fields(!requests);
        Message head = new Message(word, target, http10, fields, false, false, "", List.of());
        if (requests) {
            checkHost(head);
            checkMaxForwards(head);
        } else if (word.equals("101")) {
            throw new Wrong();
        }
        boolean informational = !requests && head.informational(); // a method may begin with a 1, too
        boolean bodyless =
                !requests && (informational || word.equals("204") || word.equals("304") || method.equals("HEAD"));
        if (requests && fields.stream().anyMatch(FuzzParser::looksLikeALength)) {
            throw new Wrong();
        }
        List<String> codings = head.values("Transfer-Encoding");
        List<String> lengths = head.values("Content-Length");
        if (!informational && codings.size() + lengths.size() > 1) {
            throw new Wrong();
        }
        if (!informational && !codings.isEmpty()) {
            if (http10 || !codings.get(0).equalsIgnoreCase("chunked")) {
                throw new Wrong();
            }
            checkTrace(head, requests);
            return bodyless ? head : chunked(head, partial);
        }
        if (!informational && !lengths.isEmpty()) {
            if (!lengths.get(0).matches("[0-9]{1,18}")) {
                throw new Wrong();
            }
            checkTrace(head, requests && !lengths.get(0).matches("0+"));
            return bodyless ? head : counted(head, Long.parseLong(lengths.get(0)), partial);
        }
        if (bodyless || requests) {
            return head;
        }
        partial.add(new Message(word, target, http10, fields, false, true, in.substring(at), List.of()));
        at = in.length();
        throw new Unfinished();
    }

    private static void checkTrace(Message head, boolean content) throws Wrong {
        if (content && head.word().equals("TRACE")) {
            throw new Wrong();
        }
    }

    private static void checkMaxForwards(Message head) throws Wrong {
        List<String> hops = head.values("Max-Forwards");
        if (head.countsHops()
                && !hops.isEmpty()
                && !(hops.size() == 1 && hops.get(0).matches("[0-9]{1,18}"))) {
            throw new Wrong();
        }
    }

    private static boolean looksLikeALength(Field field) {
        String name = folded(field.name());
        return name.equals("content_length") || name.equals("transfer_encoding");
    }

    private static void checkHost(Message head) throws Wrong {
        List<String> hosts = head.values("Host");
        if (hosts.size() > 1
                || (hosts.isEmpty() && !head.http10())
                || head.word().equals("CONNECT")) {
            throw new Wrong();
        }
        if (!hosts.isEmpty() && !hosts.get(0).isEmpty()) {
            checkAuthority(hosts.get(0));
        }
        Matcher absolute = ABSOLUTE.matcher(head.target());
        if (absolute.matches()) {
            checkAuthority(absolute.group(1));
        }
    }

    private static void checkAuthority(String text) throws Wrong {
        Matcher host = HOST.matcher(text);
        if (!host.matches()) {
            throw new Wrong();
        }
        String port = host.group(1);
        if (port != null && !port.isEmpty() && new BigInteger(port).bitLength() > 16) {
            throw new Wrong();
        }
    }

    private Message counted(Message head, long length, List<Message> partial) throws Unfinished {
        int available = (int) Math.min(length, in.length() - at);
        Message message = new Message(
                head.word(),
                head.target(),
                head.http10(),
                head.fields(),
                false,
                false,
                in.substring(at, at + available),
                List.of());
        at += available;
        if (available < length) {
            partial.add(message);
            throw new Unfinished();
        }
        return message;
    }

    private Message chunked(Message head, List<Message> partial) throws Wrong, Unfinished {
        StringBuilder body = new StringBuilder();
        List<Field> trailers = new ArrayList<>();
        try {
            while (true) {
                long length = chunkSize(line(false));
                if (length == 0) {
                    trailers.addAll(fields(false));
                    return with(head, body, trailers);
                }
                int available = (int) Math.min(length, in.length() - at);
                body.append(in, at, at + available);
                at += available;
                if (available < length || in.length() - at < 2) {
                    throw new Unfinished();
                }
                if (!in.startsWith("\r\n", at)) {
                    throw new Wrong();
                }
                at += 2;
            }
        } finally {
            partial.add(with(head, body, trailers));
        }
    }

    private long chunkSize(String line) throws Wrong {
        Matcher size = SIZE.matcher(line);
        if (!size.lookingAt() || size.end() > 15) {
            throw new Wrong();
        }
        int end = size.end();
        Matcher extension = EXTENSION.matcher(line);
        while (extension.region(end, line.length()).lookingAt()) {
            end = extension.group(1) == null ? extension.end() : quotedEnd(line, extension.end());
        }
        String rest = line.substring(end);
        if (!(requests ? rest.isEmpty() : rest.matches("[ \t]*"))) {
            throw new Wrong();
        }
        return Long.parseLong(size.group(), 16);
    }

    private static int quotedEnd(String line, int from) throws Wrong {
        for (int i = from; i < line.length(); i++) {
            char c = line.charAt(i);
            if (c == '"') {
                return i + 1;
            }
            if (c == '\\' && ++i < line.length()) {
                c = line.charAt(i);
            }
            if ((c < ' ' && c != '\t') || c == 0x7f) {
                break;
            }
        }
        throw new Wrong();
    }

    private static Message with(Message head, StringBuilder body, List<Field> trailers) {
        return new Message(
                head.word(), head.target(), head.http10(), head.fields(), true, false, body.toString(), trailers);
    }

    private void skipControls() throws Unfinished {
        while (at < in.length() && (in.charAt(at) <= ' ' || (in.charAt(at) >= 0x7f && in.charAt(at) < 0xa0))) {
            at++;
        }
        if (at == in.length()) {
            throw new Unfinished();
        }
    }

    private List<Field> fields(boolean forgiving) throws Wrong, Unfinished {
        List<Field> fields = new ArrayList<>();
        for (String line = line(false); !line.isEmpty(); line = line(false)) {
            if (forgiving && !fields.isEmpty() && " \t".indexOf(line.charAt(0)) >= 0) {
                Field last = fields.remove(fields.size() - 1);
                if (!line.matches("[\t -~\u0080-\u00ff]*")) {
                    throw new Wrong();
                }
                fields.add(new Field(last.name(), trimmed(last.value() + " " + trimmed(line))));
                continue;
            }
            Matcher field = (forgiving ? PADDED_FIELD : FIELD).matcher(line);
            if (!field.matches()) {
                throw new Wrong();
            }
            fields.add(new Field(field.group(1), trimmed(field.group(2))));
        }
        return fields;
    }

    private static String trimmed(String value) {
        int from = 0;
        int to = value.length();
        while (from < to && " \t".indexOf(value.charAt(from)) >= 0) {
            from++;
        }
        while (to > from && " \t".indexOf(value.charAt(to - 1)) >= 0) {
            to--;
        }
        return value.substring(from, to);
    }

    /**
     * Up to CR LF; a line feed alone is no line end.
     *
     * @param returns a carriage return alone is white space, else an error
     */
    private String line(boolean returns) throws Wrong, Unfinished {
        int lf = in.indexOf('\n', at);
        if (lf < 0) {
            throw new Unfinished();
        }
        int end = lf - 1;
        if (end < at
                || in.charAt(end) != '\r'
                || (!returns && in.substring(at, end).indexOf('\r') >= 0)) {
            throw new Wrong();
        }
        String line = in.substring(at, end);
        at = lf + 1;
        return line;
    }

    /** In one case. */
    public static String folded(String name) {
        return name.toLowerCase(Locale.ROOT);
    }
}
