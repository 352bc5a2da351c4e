package dev.baton.examples;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.channel.nio.NioIoHandler;
import io.netty.util.Version;
import org.junit.jupiter.api.Test;

class ExampleLoaderTest {
    private static final String ECHO = ExampleLoader.EXAMPLES + "echo.EchoServer";

    @Test
    void shouldBeOfTheVersionOfNetty() {
        assertThat(getClass()
                        .getClassLoader()
                        .getResource(ECHO.replace('.', '/') + ".class")
                        .getPath())
                .contains("netty-example-"
                        + Version.identify().get("netty-transport").artifactVersion() + ".jar!");
    }

    /** Each example reads its properties when its class is initialised. */
    @Test
    void shouldLoadAnExampleOncePerLoader() throws Exception {
        ExampleLoader loader = new ExampleLoader();
        Class<?> first = loader.loadClass(ECHO);
        assertThat(loader.loadClass(ECHO)).isSameAs(first);
        assertThat(new ExampleLoader().loadClass(ECHO)).isNotSameAs(first);
    }

    @Test
    void shouldSayThatThereIsNoSuchExample() {
        assertThatThrownBy(() -> new ExampleLoader().loadClass(ExampleLoader.EXAMPLES + "Missing"))
                .isInstanceOf(ClassNotFoundException.class)
                .hasMessageContaining("is not in the jar of Netty's examples");
    }

    @Test
    void shouldGiveLoopsToExamplesAlone() {
        assertThatThrownBy(() -> new ExampleLoops(NioIoHandler.newFactory()))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("an example makes its loops in its main");
    }
}
