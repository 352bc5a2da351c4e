package dev.baton.runtime.channel;

import io.netty.channel.ChannelId;
import io.netty.channel.DefaultChannelId;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * A channel's id: its number in this process. Netty's own id repeats machine, process, time and a random number in
 * every channel, 48 bytes for these 24; here the process has them once, for the long text.
 */
final class ChannelNumber implements ChannelId {
    private static final String PROCESS = DefaultChannelId.newInstance().asLongText();
    private static final AtomicLong NEXT = new AtomicLong();

    private final long number = NEXT.incrementAndGet();

    @Override
    public String asShortText() {
        return Long.toHexString(number);
    }

    @Override
    public String asLongText() {
        return PROCESS + '-' + asShortText();
    }

    @Override
    public int compareTo(ChannelId other) {
        return other instanceof ChannelNumber that
                ? Long.compare(number, that.number)
                : asLongText().compareTo(other.asLongText());
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof ChannelNumber that && number == that.number;
    }

    @Override
    public int hashCode() {
        return Long.hashCode(number);
    }

    @Override
    public String toString() {
        return asShortText();
    }
}
