package dev.baton.plugin.http.exchange;

import dev.baton.spi.http.HttpFields;
import io.netty.handler.codec.http.TooLongHttpHeaderException;
import org.jspecify.annotations.Nullable;

/** Fields as filters see them: what frames a message and what is between two hops cannot be changed. */
public final class Fields implements HttpFields {
    private final HeaderFields fields;

    Fields(HeaderFields fields) {
        this.fields = fields;
    }

    private static void check(String name) {
        if (HttpFields.isServicesOwn(name)) {
            throw new IllegalArgumentException("the field " + name + " is the service's own and cannot be changed");
        }
    }

    @Override
    public int size() {
        return fields.size();
    }

    @Override
    public String name(int index) {
        return fields.name(checked(index)).toString();
    }

    @Override
    public String value(int index) {
        return fields.value(checked(index)).toString();
    }

    private int checked(int index) {
        if (index < 0 || index >= fields.size()) {
            throw new IndexOutOfBoundsException(index);
        }
        return index;
    }

    @Override
    public @Nullable String get(String name) {
        return fields.get(name);
    }

    @Override
    public HttpFields add(String name, String value) {
        check(name);
        if (name.isEmpty()) {
            throw new IllegalArgumentException("a field name is empty");
        }
        try {
            fields.add(name, value);
        } catch (TooLongHttpHeaderException e) {
            throw new IllegalArgumentException(e.getMessage(), e);
        }
        return this;
    }

    @Override
    public HttpFields set(String name, String value) {
        add(name, value); // which checks, before anything is lost
        fields.keepLast(name);
        return this;
    }

    @Override
    public HttpFields remove(String name) {
        check(name);
        fields.remove(name);
        return this;
    }
}
