package dev.baton.runtime.launcher.command;

import dev.baton.runtime.config.Durations;
import java.time.Duration;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** {@code --grace 30s}. */
final class GraceConverter implements ITypeConverter<Duration> {

    /** As in the configuration. */
    private static final Duration MAX = Duration.ofHours(24);

    GraceConverter() {}

    @Override
    public Duration convert(String text) {
        try {
            Duration grace = Durations.parse(text);
            if (grace.compareTo(MAX) > 0) {
                throw new TypeConversionException("'" + text + "' is too long; 24h at most");
            }
            return grace;
        } catch (IllegalArgumentException e) {
            throw new TypeConversionException(String.valueOf(e.getMessage()));
        }
    }
}
