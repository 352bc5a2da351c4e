package dev.baton.plugin.http.http2;

import dev.baton.plugin.http.config.Http2Config;

/**
 * What all HTTP/2 connections of one service share. Any thread.
 *
 * @param headerLimit bytes of the fields of a head, as HPACK counts them
 */
public record Http2Limits(Http2Config config, int headerLimit) {
    private static final int CONNECTION_WINDOW_MAX = 16 << 20;

    int streamWindow() {
        return (int) config.streamWindow().bytes();
    }

    /**
     * Bytes that all streams together may send unasked: as many as their windows have, up to 16 MiB, so that streams
     * whose bodies wait do not hold up the others.
     */
    int connectionWindow() {
        return connectionWindow(config.maxStreams());
    }

    /** The same for a server, with as many streams as it usually allows. */
    int upstreamConnectionWindow() {
        return connectionWindow(Http2UpstreamConnection.STREAMS_FIRST);
    }

    private int connectionWindow(int streams) {
        long all = Math.min((long) streams * streamWindow(), CONNECTION_WINDOW_MAX);
        return (int) Math.max(all, streamWindow());
    }
}
