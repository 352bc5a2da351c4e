package dev.baton.runtime.config;

import dev.baton.runtime.config.ConfigNode.Entry;
import dev.baton.runtime.config.ConfigNode.Items;
import dev.baton.runtime.config.ConfigNode.Section;
import dev.baton.runtime.config.ConfigNode.Value;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.yaml.snakeyaml.DumperOptions.ScalarStyle;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.error.Mark;
import org.yaml.snakeyaml.error.MarkedYAMLException;
import org.yaml.snakeyaml.error.YAMLException;
import org.yaml.snakeyaml.events.AliasEvent;
import org.yaml.snakeyaml.events.CollectionStartEvent;
import org.yaml.snakeyaml.events.Event;
import org.yaml.snakeyaml.events.NodeEvent;
import org.yaml.snakeyaml.events.ScalarEvent;
import org.yaml.snakeyaml.events.SequenceStartEvent;
import org.yaml.snakeyaml.parser.ParserImpl;
import org.yaml.snakeyaml.reader.ReaderException;
import org.yaml.snakeyaml.reader.StreamReader;

/**
 * Turns YAML into a tree with positions. Works on the parser's events because nothing above them keeps the place of
 * every key. Of YAML only what a configuration needs is allowed: one document of plain keys, lists and values; anchors,
 * aliases and tags would let a reader see something else than what is meant.
 */
final class YamlTree {
    /** Deeper nesting than anything meant seriously; bounds the recursion. */
    private static final int DEPTH_MAX = 32;

    /** Longer than any key that means something; every message about what is under a key repeats it. */
    private static final int KEY_CHARS_MAX = 256;

    // As the parser counts.
    private static final String LINE_ENDS = "\r\n\u0085\u2028\u2029";
    private static final int BYTE_ORDER_MARK = 0xfeff;

    private final Problems problems;
    private final ParserImpl parser;

    /** Where what was read last ends. */
    private Position read = Position.START;

    private YamlTree(String text, Problems problems) {
        this.problems = problems;
        LoaderOptions options = new LoaderOptions();
        options.setProcessComments(false);
        this.parser = new ParserImpl(new StreamReader(lastLineEnded(text)), options);
    }

    /**
     * The parser takes a carriage return for no line end where nothing follows it: places behind it were in the wrong
     * line.
     */
    private static String lastLineEnded(String text) {
        return text.endsWith("\r") ? text + "\n" : text;
    }

    /**
     * Parses a file's text.
     *
     * @return the top level, or null if there is none; then, and possibly also otherwise, there are problems
     */
    static @Nullable Section parse(String text, Problems problems) {
        try {
            return new YamlTree(text, problems).parsed();
        } catch (MarkedYAMLException e) {
            problems.add(position(e), "this is not valid YAML: " + explain(e));
        } catch (ReaderException e) {
            problems.add(
                    position(text, e.getPosition()),
                    String.format(
                            "this is not valid YAML: the character U+%04X is not allowed; remove it",
                            e.getCodePoint()));
        } catch (YAMLException e) {
            problems.add(Position.START, "this is not valid YAML: " + e.getMessage());
        }
        return null;
    }

    private @Nullable Section parsed() {
        try {
            return document();
        } catch (IllegalArgumentException e) {
            // The parser's own, of an escape such as U+FFFFFFFF, and without a place: it is behind what was read last.
            problems.add(
                    read, "this is not valid YAML: an escape behind this place names a character that does not exist");
            return null;
        }
    }

    private @Nullable Section document() {
        next(); // stream start
        if (parser.checkEvent(Event.ID.StreamEnd)) {
            problems.add(Position.START, "the file is empty; it needs at least 'version: 1'");
            return null;
        }
        next(); // document start
        ConfigNode root = node(next(), 0);
        next(); // document end
        Event after = parser.peekEvent();
        if (!after.is(Event.ID.StreamEnd)) {
            problems.add(
                    position(after.getStartMark()),
                    "a second YAML document begins here; a configuration is one document, remove the '---'");
        }
        if (root instanceof Section section) {
            return section;
        }
        problems.add(
                root.position(),
                "expected keys with values at the top level, for example 'version: 1', not " + root.noun());
        return null;
    }

    private ConfigNode node(Event event, int depth) {
        refuseExtras(event);
        Position position = position(event.getStartMark());
        if (event instanceof ScalarEvent scalar) {
            return new Value(position, scalar.getValue(), scalar.getScalarStyle() == ScalarStyle.PLAIN);
        }
        if (event instanceof AliasEvent alias) {
            return new Value(position, "*" + alias.getAnchor(), true);
        }
        if (depth == DEPTH_MAX) {
            throw new TooDeep(event.getStartMark());
        }
        return event instanceof SequenceStartEvent ? items(position, depth) : section(position, depth);
    }

    private Items items(Position position, int depth) {
        List<ConfigNode> items = new ArrayList<>();
        Event event = next();
        while (!event.is(Event.ID.SequenceEnd)) {
            items.add(node(event, depth + 1));
            event = next();
        }
        return new Items(position, items);
    }

    private Section section(Position position, int depth) {
        Map<String, Entry> entries = new LinkedHashMap<>();
        Event event = next();
        while (!event.is(Event.ID.MappingEnd)) {
            ConfigNode key = node(event, depth + 1);
            ConfigNode value = node(next(), depth + 1);
            if (!(key instanceof Value word) || word.text().isEmpty()) {
                problems.add(key.position(), "a key must be a word, not " + key.noun());
            } else if (word.text().length() > KEY_CHARS_MAX) {
                problems.add(key.position(), "a key has at most " + KEY_CHARS_MAX + " characters, not " + key.noun());
            } else {
                Entry first = entries.putIfAbsent(word.text(), new Entry(key.position(), value));
                if (first != null) {
                    problems.add(
                            key.position(),
                            "duplicate key '" + word.text() + "'; the first one is in line "
                                    + first.position().line());
                }
            }
            event = next();
        }
        return new Section(position, entries);
    }

    private void refuseExtras(Event event) {
        Position position = position(event.getStartMark());
        if (event instanceof AliasEvent alias) {
            problems.add(position, "aliases are not allowed (*" + alias.getAnchor() + "); write the value itself");
            return;
        }
        if (event instanceof NodeEvent node && node.getAnchor() != null) {
            problems.add(position, "anchors are not allowed (&" + node.getAnchor() + "); remove it");
        }
        String tag = null;
        if (event instanceof ScalarEvent scalar) {
            tag = scalar.getTag();
        } else if (event instanceof CollectionStartEvent collection) {
            tag = collection.getTag();
        }
        if (tag != null) {
            problems.add(
                    position,
                    "tags are not allowed (" + tag.replace("tag:yaml.org,2002:", "!!")
                            + "); the key says what type its value has");
        }
    }

    private Event next() {
        Event event = parser.getEvent();
        read = position(event.getEndMark());
        return event;
    }

    private static Position position(@Nullable Mark mark) {
        return mark == null ? Position.START : new Position(mark.getLine() + 1, mark.getColumn() + 1);
    }

    private static Position position(MarkedYAMLException e) {
        return position(e.getProblemMark() != null ? e.getProblemMark() : e.getContextMark());
    }

    private static Position position(String text, int codePointIndex) {
        int line = 1;
        int column = 1;
        int[] codePoints = text.codePoints().limit(codePointIndex).toArray();
        for (int i = 0; i < codePoints.length; i++) {
            boolean crLf = codePoints[i] == '\r' && i + 1 < codePoints.length && codePoints[i + 1] == '\n';
            if (LINE_ENDS.indexOf(codePoints[i]) >= 0 && !crLf) {
                line++;
                column = 1;
            } else if (codePoints[i] != BYTE_ORDER_MARK) {
                column++;
            }
        }
        return new Position(line, column);
    }

    /** The parser's words, with what to do for the mistakes that people really make. */
    private static String explain(MarkedYAMLException e) {
        String problem = e.getProblem() == null ? String.valueOf(e.getMessage()) : e.getProblem();
        if (problem.contains("(TAB)") || problem.contains("\\t")) {
            return "a tab cannot indent; use spaces";
        }
        if (problem.contains("mapping values are not allowed here")) {
            return "a second ': ' in one line, or a wrong indentation; put quotes around a value that contains ': '";
        }
        if (problem.contains("found unexpected end of stream") || problem.contains("but got <stream end>")) {
            return "the file ends in the middle of something that was opened with a quote or a bracket";
        }
        if (problem.startsWith("expected <block end>")) {
            return "the indentation of this line fits none of the lines above";
        }
        String context = e.getContext();
        return context == null || context.isBlank() ? problem : context + ", " + problem;
    }

    private static final class TooDeep extends MarkedYAMLException {
        TooDeep(Mark mark) {
            super(null, null, "nested more than " + DEPTH_MAX + " levels deep", mark);
        }
    }
}
