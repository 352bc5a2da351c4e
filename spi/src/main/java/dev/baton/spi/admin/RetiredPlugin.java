package dev.baton.spi.admin;

import java.util.List;

/**
 * A version of a plugin that was replaced, and whose classes are not gone.
 *
 * @param id the plugin's
 * @param version its version
 * @param generation how often the plugin had been loaded by then
 * @param users what uses it: {@code 2 connections of listener web}; empty if nothing does that the runtime knows of
 * @param holders what keeps its classes from being collected, each as a path from a root of the heap or as a thread;
 *     empty if that was not asked for, or its users do
 */
public record RetiredPlugin(String id, String version, int generation, List<String> users, List<String> holders) {}
