package dev.baton.embed;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelInitializer;
import io.vertx.core.Vertx;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/** The example of the page is code that compiles; what its lines do the other tests show. */
class ExampleTest {
    private static final String BEGIN = "// example\n";
    private static final String END = "// end of the example";

    private static String code(String text, String begin, String end) {
        int from = text.indexOf(begin) + begin.length();
        return text.substring(from, text.indexOf(end, from))
                .lines()
                .map(String::strip)
                .reduce("", (all, line) -> all + " " + line)
                .replace(" .", ".")
                .strip();
    }

    @Test
    void shouldStandOnThePage() throws Exception {
        String source = Files.readString(Path.of("src/test/java/dev/baton/embed/ExampleTest.java"));
        assertThat(code(Files.readString(Path.of("README.md")), "```java\n", "```"))
                .isEqualTo(code(source.substring(source.lastIndexOf(BEGIN)), BEGIN, END));
    }

    /** Never called: its ports are fixed. */
    @SuppressWarnings("unused")
    private static void example(ChannelInitializer<Channel> init, ChannelHandler client) throws Exception {
        // example
        try (Baton baton =
                Baton.builder().loops(4).rescue(Duration.ofMillis(50)).start()) {
            baton.listen("127.0.0.1:8080", channel -> channel.pipeline().addLast(new Echo()));
            Vertx vertx = Vertx.builder().withTransport(baton.transport()).build();
            new ServerBootstrap()
                    .group(baton.loops())
                    .channelFactory(baton.serverChannels())
                    .childHandler(init)
                    .bind(8081);
            new Bootstrap()
                    .group(baton.loops())
                    .channelFactory(baton.channels())
                    .handler(client)
                    .connect("127.0.0.1", 9000);
            baton.awaitStop();
        }
        // end of the example
    }
}
