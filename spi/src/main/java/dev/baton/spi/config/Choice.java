package dev.baton.spi.config;

/**
 * One of the things that plugins contribute to an extension point, as a user has chosen it: {@code NAME}, or {@code {
 * type: NAME, KEY: VALUE }}. A component of a configuration record may have this type, in a list too; the service makes
 * it by {@link dev.baton.spi.service.ServiceContext#make}.
 *
 * @param <T> what it is
 * @param kind the class of T: {@link dev.baton.spi.http.HttpFilter} or {@link dev.baton.spi.http.HttpHandler}
 * @param type the name under which it was contributed
 * @param settings its own keys
 * @param options keys that all of its kind have, for example {@link dev.baton.spi.http.HttpFilterOptions}
 */
public record Choice<T>(Class<T> kind, String type, Record settings, Record options) {}
