package dev.baton.plugin.http.config;

import dev.baton.spi.config.ByteSize;
import dev.baton.spi.config.Default;
import dev.baton.spi.config.Range;

/**
 * What one HTTP/2 connection of a client's may ask of this process. A client that asks for more streams than it may
 * have is told to ask again later; who goes over one of the other limits has its connection ended with GOAWAY,
 * {@code ENHANCE_YOUR_CALM}.
 *
 * @param maxStreams open at the same time
 * @param streamWindow bytes of a request's body that a client may send before they were taken; all of them may have to
 *     be kept
 * @param maxResets streams that are reset within 30 s, by the client or because of what it sent
 * @param maxIdleFrames frames within 10 s that bring nothing: PING, SETTINGS, PRIORITY, empty DATA, unknown ones, and
 *     WINDOW_UPDATE beyond one for each KiB that was sent
 * @param maxContinuations small CONTINUATION frames of one head
 */
public record Http2Config(
        @Default("100") @Range(min = "1", max = "10000") int maxStreams,

        @Default("64KiB") @Range(min = "16KiB", max = "64MiB")
        ByteSize streamWindow,

        @Default("200") @Range(min = "1", max = "1000000") int maxResets,

        @Default("2000") @Range(min = "10", max = "10000000")
        int maxIdleFrames,

        @Default("16") @Range(min = "1", max = "10000") int maxContinuations) {

    /** What holds where the file says nothing. */
    public static final Http2Config DEFAULT = new Http2Config(100, new ByteSize(64 << 10), 200, 2000, 16);
}
