package dev.baton.spi.config;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * What a component of a configuration record is when its key is absent, written as it would stand in the file. A
 * component without it is required, unless it is an Optional, a List or a Map, which are empty then.
 */
@Documented
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.RECORD_COMPONENT)
public @interface Default {
    /** The value, for example {@code 60s}. */
    String value();
}
