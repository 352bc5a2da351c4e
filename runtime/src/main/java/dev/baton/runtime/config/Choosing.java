package dev.baton.runtime.config;

import dev.baton.spi.config.Choice;
import dev.baton.spi.http.HttpFilter;
import dev.baton.spi.http.HttpFilterOptions;
import dev.baton.spi.http.HttpHandler;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Type;
import java.util.List;
import java.util.Optional;

/**
 * What a {@link Choice} can be one of.
 *
 * @param kind the extension point's type
 * @param reference what its words name
 * @param options the record of the keys that all of the kind have
 */
record Choosing(Class<?> kind, Reference reference, Class<? extends Record> options) {
    private static final List<Choosing> ALL = List.of(
            new Choosing(HttpFilter.class, Reference.HTTP_FILTER, HttpFilterOptions.class),
            new Choosing(HttpHandler.class, Reference.HTTP_HANDLER, HttpFilterOptions.class));

    /** That of a {@code Choice<T>}; empty if there is no such extension point. */
    static Optional<Choosing> of(Type choice) {
        return choice instanceof ParameterizedType generic
                ? ALL.stream()
                        .filter(each -> each.kind() == generic.getActualTypeArguments()[0])
                        .findFirst()
                : Optional.empty();
    }
}
