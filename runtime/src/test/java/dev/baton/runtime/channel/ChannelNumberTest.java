package dev.baton.runtime.channel;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.channel.ChannelId;
import io.netty.channel.DefaultChannelId;
import org.junit.jupiter.api.Test;

/** Ids of channels beside each other, and beside Netty's own. */
class ChannelNumberTest {
    @Test
    void differAndCompareByAge() {
        ChannelId older = new ChannelNumber();
        ChannelId younger = new ChannelNumber();
        assertThat(older).isNotEqualTo(younger).isEqualTo(older);
        assertThat(older.compareTo(younger)).isNegative();
        assertThat(younger.compareTo(older)).isPositive();
        assertThat(older.asLongText()).isNotEqualTo(younger.asLongText()).endsWith(older.asShortText());
    }

    @Test
    void compareWithOthersTheSameWayFromBothSides() {
        ChannelId ours = new ChannelNumber();
        ChannelId other = DefaultChannelId.newInstance();
        assertThat(ours).isNotEqualTo(other);
        assertThat(ours.compareTo(other)).isNotZero();
        assertThat(Integer.signum(other.compareTo(ours))).isEqualTo(-Integer.signum(ours.compareTo(other)));
    }
}
