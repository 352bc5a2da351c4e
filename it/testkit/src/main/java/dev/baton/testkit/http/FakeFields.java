package dev.baton.testkit.http;

import dev.baton.spi.http.HttpAnswer;
import dev.baton.spi.http.HttpFields;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Fields in a list, with the checks of the real ones. */
final class FakeFields implements HttpFields {
    /** As many as the service {@code http} takes. */
    static final int FIELDS_MAX = 256;

    private static final String TOKEN_MARKS = "!#$%&'*+-.^_`|~";

    private final List<HttpAnswer.Field> fields = new ArrayList<>();

    /** Adds a field that was sent, which may be the service's own. */
    void sent(String name, String value) {
        check(name, value);
        fields.add(new HttpAnswer.Field(name, value));
    }

    /** Removes a field in the name of the service. */
    void drop(String name) {
        fields.removeIf(field -> field.name().equalsIgnoreCase(name));
    }

    @Override
    public int size() {
        return fields.size();
    }

    @Override
    public String name(int index) {
        return fields.get(index).name();
    }

    @Override
    public String value(int index) {
        return fields.get(index).value();
    }

    @Override
    public @Nullable String get(String name) {
        for (HttpAnswer.Field field : fields) {
            if (field.name().equalsIgnoreCase(name)) {
                return field.value();
            }
        }
        return null;
    }

    @Override
    public HttpFields add(String name, String value) {
        checkChange(name, value);
        if (fields.size() == FIELDS_MAX) {
            throw new IllegalArgumentException("more than " + FIELDS_MAX + " fields");
        }
        fields.add(new HttpAnswer.Field(name, value));
        return this;
    }

    @Override
    public HttpFields set(String name, String value) {
        checkChange(name, value);
        drop(name);
        return add(name, value);
    }

    @Override
    public HttpFields remove(String name) {
        checkOwner(name);
        drop(name);
        return this;
    }

    /** Checks a field that a plugin wants in a head. */
    static void checkChange(String name, String value) {
        check(name, value);
        checkOwner(name);
    }

    private static void checkOwner(String name) {
        if (HttpFields.isServicesOwn(name)) {
            throw new IllegalArgumentException("the field " + name + " is the service's own");
        }
    }

    private static void check(String name, String value) {
        if (name.isEmpty() || !name.chars().allMatch(FakeFields::inToken)) {
            throw new IllegalArgumentException("'" + name + "' is no name of a field");
        }
        if (!value.chars().allMatch(FakeFields::inValue)) {
            throw new IllegalArgumentException("the value of " + name + " has a character that is not allowed");
        }
    }

    private static boolean inToken(int c) {
        return (c >= '0' && c <= '9')
                || (c >= 'A' && c <= 'Z')
                || (c >= 'a' && c <= 'z')
                || TOKEN_MARKS.indexOf(c) >= 0;
    }

    private static boolean inValue(int c) {
        return c == '\t' || (c >= ' ' && c <= 0xFF && c != 0x7F);
    }

    @Override
    public String toString() {
        StringBuilder text = new StringBuilder();
        fields.forEach(field ->
                text.append(field.name()).append(": ").append(field.value()).append('\n'));
        return text.toString();
    }
}
