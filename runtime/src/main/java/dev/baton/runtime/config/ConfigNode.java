package dev.baton.runtime.config;

import java.util.List;
import java.util.Map;

/** A piece of a configuration file that knows where it stands. */
sealed interface ConfigNode {

    /** Where it begins. */
    Position position();

    /** What a person calls this kind of thing, with its article. */
    String noun();

    /**
     * A single value.
     *
     * @param plain true if it was written without quotes
     */
    record Value(Position position, String text, boolean plain) implements ConfigNode {
        @Override
        public String noun() {
            return isNothing() ? "nothing" : "'" + text + "'";
        }

        /** True for {@code key:} with nothing behind it, and for {@code null} and {@code ~}. */
        boolean isNothing() {
            return plain && (text.isEmpty() || text.equals("~") || text.equals("null"));
        }
    }

    /** A list. */
    record Items(Position position, List<ConfigNode> items) implements ConfigNode {
        @Override
        public String noun() {
            return "a list";
        }
    }

    /** Keys with values, in the order of the file. */
    record Section(Position position, Map<String, Entry> entries) implements ConfigNode {
        @Override
        public String noun() {
            return "keys with values";
        }
    }

    /**
     * A key and its value.
     *
     * @param position of the key
     */
    record Entry(Position position, ConfigNode value) {}
}
