package dev.baton.runtime.config;

/**
 * One of several things that plugins bring, as the configuration has it: a word, or a section whose {@code type} is the
 * word.
 *
 * @param type the word
 * @param settings all other keys, bound to the record of that type
 */
public record Variant(String type, Record settings) {
    /** One that has no keys of its own. */
    public static Variant of(String type) {
        return new Variant(type, new NoKeys());
    }
}
