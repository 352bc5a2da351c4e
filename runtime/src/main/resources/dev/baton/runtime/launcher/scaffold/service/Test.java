package __package__;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

/** The handler alone, on a channel without a network. */
class __Name__Test {

    @Test
    void shouldGreet() {
        EmbeddedChannel channel = new EmbeddedChannel(new __Name__Service.Greeter("good morning, "));
        channel.writeInbound(Unpooled.copiedBuffer("world\n", StandardCharsets.UTF_8));
        ByteBuf answer = channel.readOutbound();
        assertThat(answer.toString(StandardCharsets.UTF_8)).isEqualTo("good morning, world\n");
        answer.release();
        assertThat(channel.finish()).isFalse();
    }
}
