package dev.baton.spi.config;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * What a component of a configuration record must be, beyond its type. It is checked whatever else is wrong in the
 * file, and the record is still made, so that its constructor can say what is wrong with other components; a
 * constructor that refuses the value itself is not called where another component cannot be read.
 *
 * <p>In a component that is a list or a map, each value is checked.
 */
@Documented
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.RECORD_COMPONENT)
public @interface Checked {
    /** Has a constructor without parameters, which may be private. */
    Class<? extends ValueCheck<?>> value();
}
