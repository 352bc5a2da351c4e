package dev.baton.runtime.config;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/** Marks a component of one of the runtime's own records that names something: the name has to exist. */
@Documented
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.RECORD_COMPONENT)
@interface RefersTo {
    /** What it names. */
    Reference value();

    /** The name, where the key itself is it: what is written there are the keys of that one. */
    String name() default "";
}
