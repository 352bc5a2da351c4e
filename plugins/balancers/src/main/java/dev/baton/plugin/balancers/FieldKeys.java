package dev.baton.plugin.balancers;

/**
 * Keys of {@code hash-field}.
 *
 * @param field the name of the header field whose value decides, compared without case
 */
public record FieldKeys(String field) {
    /** Refuses what is no name. */
    public FieldKeys {
        Token.check("field", field);
    }
}
