package dev.baton.spi.config;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * Marks a String component, or a list or map of them, that names a service: a name that does not exist is an error of
 * the file. The record of a service that is so marked also says which services are made before it, so that
 * {@link dev.baton.spi.service.ServiceContext#service} has them; services that need each other in a circle are an error
 * of the file.
 */
@Documented
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.RECORD_COMPONENT)
public @interface ServiceName {}
