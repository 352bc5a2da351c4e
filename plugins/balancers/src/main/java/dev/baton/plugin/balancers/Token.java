package dev.baton.plugin.balancers;

import dev.baton.spi.config.WrongValueException;
import java.util.regex.Pattern;

/** The form that names of fields and cookies have (RFC 9110 section 5.6.2, RFC 6265 section 4.1.1). */
final class Token {
    private static final Pattern FORM = Pattern.compile("[!#$%&'*+.^_`|~0-9A-Za-z-]{1,256}");

    private Token() {}

    static void check(String component, String name) {
        if (!FORM.matcher(name).matches()) {
            throw new WrongValueException(component, "'" + name + "' cannot be the name of a " + component);
        }
    }
}
