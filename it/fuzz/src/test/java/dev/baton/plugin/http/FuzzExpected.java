package dev.baton.plugin.http;

import dev.baton.fuzz.FuzzParser;
import dev.baton.fuzz.FuzzParser.Field;
import dev.baton.fuzz.FuzzParser.Message;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What a message must have become behind the proxy, said a second time and in other words than the proxy's. */
public final class FuzzExpected {
    private static final Pattern ABSOLUTE = Pattern.compile("(?i:https?)://([^/?#]+)([/?][^#]*)?");

    private static final Set<String> FRAMING = Set.of("host", "content-length", "transfer-encoding", "connection");
    private static final Set<String> HOP_BY_HOP = Set.of(
            "te",
            "close",
            "proxy",
            "upgrade",
            "keep-alive",
            "http2-settings",
            "proxy-connection",
            "proxy-authenticate",
            "proxy-authorization",
            "proxy-authentication-info");
    private static final String FORWARDED_PREFIX = "x-forwarded-";
    private static final Set<String> FORWARDED = Set.of("x-forwarded-for", "x-forwarded-proto", "x-forwarded-host");

    private FuzzExpected() {}

    /** A request, without what differs from hop to hop. */
    public record Essence(
            String word,
            String target,
            String host,
            String forwardedFor,
            List<Field> fields,
            String body,
            boolean chunked,
            List<Field> trailers) {}

    /** What the server must get of this request. */
    public static Essence request(Message in) {
        String host = in.values("Host").isEmpty()
                ? "origin.test:80"
                : in.values("Host").get(0);
        String target = in.target();
        Matcher absolute = ABSOLUTE.matcher(target);
        if (absolute.matches()) {
            host = absolute.group(1);
            String rest = absolute.group(2) == null ? "" : absolute.group(2);
            boolean server = rest.isEmpty() && in.word().equals("OPTIONS");
            target = server ? "*" : rest.startsWith("/") ? rest : "/" + rest;
        }
        List<Field> fields = new ArrayList<>(passed(in.fields(), options(in), true, in.http10()));
        if (in.countsHops()) {
            fields.replaceAll(f -> f.is("Max-Forwards") ? new Field(f.name(), fewer(f.value())) : f);
        }
        if (!in.http10() && elements(in.values("TE")).contains("trailers")) {
            fields.add(new Field("TE", "trailers"));
        }
        if (asksForUpgrade(in)) {
            fields.add(new Field("Upgrade", in.values("Upgrade").get(0)));
        }
        return new Essence(
                in.word(),
                target,
                host,
                "192.0.2.1", // what a client says of itself is dropped
                fields,
                in.body(),
                in.chunked(),
                passed(in.trailers(), options(in), true, true));
    }

    private static boolean asksForUpgrade(Message in) {
        List<String> upgrades = in.values("Upgrade");
        return !in.http10()
                && in.body().isEmpty()
                && !in.chunked()
                && upgrades.size() == 1
                && options(in).contains("upgrade")
                && elements(upgrades).stream()
                        .noneMatch(each ->
                                each.isEmpty() || each.equals("h2c") || each.equals("h2") || each.startsWith("http/"));
    }

    /** Says who the client is. */
    private static boolean isForwarded(String name) {
        return name.equals("forwarded")
                || (name.startsWith(FORWARDED_PREFIX) && name.length() > FORWARDED_PREFIX.length());
    }

    private static String fewer(String hops) {
        return String.valueOf(Long.parseLong(hops) - 1);
    }

    /** What the server got. */
    public static Essence forwarded(Message out) {
        return new Essence(
                out.word(),
                out.target(),
                out.values("Host").get(0),
                String.join("|", out.values("X-Forwarded-For")),
                out.fields().stream()
                        .filter(f -> !FRAMING.contains(FuzzParser.folded(f.name()))
                                && !FORWARDED.contains(FuzzParser.folded(f.name())))
                        .toList(),
                out.body(),
                out.chunked(),
                out.trailers());
    }

    /** The fields that the client must get of this answer. */
    static List<Field> answerFields(Message in) {
        return passed(in.fields(), options(in), false, false);
    }

    /** The fields that the client got, without those that frame. */
    static List<Field> unframed(Message out) {
        return out.fields().stream()
                .filter(f -> f.is("Host") || !FRAMING.contains(FuzzParser.folded(f.name())))
                .toList();
    }

    /** True if the connection may carry another message after this one. */
    static boolean keepsAlive(Message message) {
        Set<String> options = options(message);
        return !options.contains("close") && (!message.http10() || options.contains("keep-alive"));
    }

    private static Set<String> options(Message message) {
        return elements(message.values("Connection"));
    }

    /** Of lists, in one case. */
    private static Set<String> elements(List<String> values) {
        Set<String> elements = new HashSet<>();
        for (String value : values) {
            for (String element : value.split(",", -1)) {
                elements.add(FuzzParser.folded(element.replaceAll("^[ \t]+|[ \t]+$", "")));
            }
        }
        return elements;
    }

    /** The same but for underscores as a field that the proxy acts on. */
    private static boolean isLookalike(String name) {
        String meant = name.replace('_', '-');
        return !meant.equals(name)
                && (meant.equals("max-forwards")
                        || FRAMING.contains(meant)
                        || HOP_BY_HOP.contains(meant)
                        || (isForwarded(meant) && !isForwarded(name)));
    }

    private static List<Field> passed(List<Field> fields, Set<String> options, boolean request, boolean noExpect) {
        return fields.stream()
                .filter(field -> {
                    String name = FuzzParser.folded(field.name());
                    if (FRAMING.contains(name) || HOP_BY_HOP.contains(name)) {
                        // In an answer Host means nothing, and goes through as it is.
                        return !request && name.equals("host");
                    }
                    if (isLookalike(name)) {
                        return false;
                    }
                    if (isForwarded(name)) {
                        return !request;
                    }
                    return name.equals("expect") ? !noExpect : !options.contains(name);
                })
                .toList();
    }
}
