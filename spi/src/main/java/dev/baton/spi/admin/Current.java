package dev.baton.spi.admin;

/** What a loop runs now. */
public record Current(int fd, long generation, String plugin) {}
