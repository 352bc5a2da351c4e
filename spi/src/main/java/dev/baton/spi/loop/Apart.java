package dev.baton.spi.loop;

import jakarta.inject.Qualifier;
import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * Marks what runs on a loop of its own, apart from those that serve connections: {@code @Apart Vertx}. It is for what
 * has to answer when all the others are blocked, and is not rescued itself: little, and never anything that may take
 * long.
 */
@Qualifier
@Documented
@Retention(RetentionPolicy.RUNTIME)
@Target({ElementType.FIELD, ElementType.METHOD, ElementType.PARAMETER})
public @interface Apart {}
