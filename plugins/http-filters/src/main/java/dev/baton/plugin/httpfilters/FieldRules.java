package dev.baton.plugin.httpfilters;

import dev.baton.spi.config.WrongValueException;
import dev.baton.spi.http.HttpFields;

/** What a field of the configuration may be, so that a wrong one is an error of the file and not of a request. */
final class FieldRules {
    private static final String TOKEN_MARKS = "!#$%&'*+-.^_`|~";

    private FieldRules() {}

    /**
     * Checks a name.
     *
     * @param component of the record that has it
     * @throws WrongValueException if it is no token, or a field that is changed by the service alone
     */
    static void checkName(String component, String name) {
        if (!isToken(name)) {
            throw new WrongValueException(component, "'" + name + "' is no name of a field");
        }
        if (HttpFields.isServicesOwn(name)) {
            throw new WrongValueException(
                    component, "'" + name + "' says how the message is sent: only the service changes it");
        }
    }

    /**
     * Checks a value.
     *
     * @throws WrongValueException if it has a control character, or one outside of ASCII
     */
    static void checkValue(String component, String name, String value) {
        if (!value.chars().allMatch(c -> c >= ' ' && c < 0x7F)) {
            throw new WrongValueException(component, "the value of '" + name + "' has a character outside of ASCII");
        }
    }

    /** True for what RFC 9110 calls a token (section 5.6.2). */
    static boolean isToken(String text) {
        return !text.isEmpty()
                && text.chars()
                        .allMatch(c -> (c >= '0' && c <= '9')
                                || (c >= 'A' && c <= 'Z')
                                || (c >= 'a' && c <= 'z')
                                || TOKEN_MARKS.indexOf(c) >= 0);
    }
}
