package dev.baton.runtime.loop;

/**
 * What the channels of some loops share. The loops carry it, for channels that are made before anybody knows with which
 * loops they will live.
 */
public interface ChannelHome {}
