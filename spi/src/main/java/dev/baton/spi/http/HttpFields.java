package dev.baton.spi.http;

import dev.baton.spi.ByBaton;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The fields of a head or trailer, in the order in which they were sent. Names are compared without regard to case.
 *
 * <p>Some fields are the service's own ({@link #isServicesOwn}), because they say where a message ends and how a
 * connection is used. They can be read; a change of one is refused. The authority is changed by
 * {@link HttpRequest#rewriteAuthority}, the length follows from the body.
 *
 * <p>Used under the claim on the client's connection, or by the one to whom its exchange waits for.
 */
@ByBaton
public interface HttpFields {
    /**
     * True for a field that only the service changes: {@code Content-Length}, {@code Transfer-Encoding}, {@code Host},
     * {@code Expect}, and what is between two hops, such as {@code Connection} and {@code Upgrade} (RFC 9110, section
     * 7.6.1); also for one that a server might take for such a field, because it has {@code _} for {@code -}.
     */
    static boolean isServicesOwn(String name) {
        return ServicesOwnFields.contain(name);
    }

    /** How many there are. */
    int size();

    /**
     * A field's name, as it was sent.
     *
     * @param index from 0 to {@link #size} - 1
     * @throws IndexOutOfBoundsException if there is none
     */
    String name(int index);

    /**
     * A field's value, without white space at its ends.
     *
     * @param index from 0 to {@link #size} - 1
     * @throws IndexOutOfBoundsException if there is none
     */
    String value(int index);

    /** The value of the first field of a name; null if there is none. */
    @Nullable
    String get(String name);

    /** The values of all fields of a name, in order; a copy. */
    default List<String> all(String name) {
        List<String> values = new ArrayList<>();
        for (int i = 0; i < size(); i++) {
            if (name(i).equalsIgnoreCase(name)) {
                values.add(value(i));
            }
        }
        return values;
    }

    /** True if there is a field of a name. */
    default boolean contains(String name) {
        return get(name) != null;
    }

    /**
     * Adds a field behind the others.
     *
     * @throws IllegalArgumentException if the name is no token (RFC 9110, section 5.6.2), the value has a control
     *     character such as CR, LF or NUL, the field is the service's own, or there are too many
     */
    HttpFields add(String name, String value);

    /**
     * Replaces all fields of a name by one.
     *
     * @throws IllegalArgumentException as {@link #add} does; nothing has changed then
     */
    HttpFields set(String name, String value);

    /**
     * Removes all fields of a name.
     *
     * @throws IllegalArgumentException if the field is the service's own
     */
    HttpFields remove(String name);
}
