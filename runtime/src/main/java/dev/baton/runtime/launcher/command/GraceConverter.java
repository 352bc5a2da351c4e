package dev.baton.runtime.launcher.command;

import dev.baton.runtime.config.Durations;
import java.time.Duration;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** {@code --grace 30s}. */
final class GraceConverter implements ITypeConverter<Duration> {

    GraceConverter() {}

    @Override
    public Duration convert(String text) {
        try {
            return Durations.parse(text);
        } catch (IllegalArgumentException e) {
            throw new TypeConversionException(String.valueOf(e.getMessage()));
        }
    }
}
