package dev.baton.spi;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * Marks what plugins call and Baton implements. A minor version of the SPI may add methods to it, so a plugin that
 * implements it would break; {@code baton plugin check} says so. Tests may implement it.
 */
@Documented
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.TYPE)
public @interface ByBaton {}
