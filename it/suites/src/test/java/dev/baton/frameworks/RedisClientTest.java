package dev.baton.frameworks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.baton.embed.Baton;
import dev.baton.suites.Batons;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.redis.client.Redis;
import io.vertx.redis.client.RedisAPI;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Vert.x's client with Redis, whose server {@code it/integration/install} installs. */
class RedisClientTest {
    private static final Path SERVER = Path.of("/usr/bin/redis-server");
    private static final int COMMANDS_AT_ONCE = 100;

    private static <T> T get(Future<T> future) throws Exception {
        return future.toCompletionStage().toCompletableFuture().get(20, TimeUnit.SECONDS);
    }

    private static Process start(Path folder, Path socket) throws IOException {
        return new ProcessBuilder(
                        SERVER.toString(),
                        "--port",
                        "0",
                        "--unixsocket",
                        socket.toString(),
                        "--save",
                        "",
                        "--dir",
                        folder.toString())
                .redirectErrorStream(true)
                .start();
    }

    private static void awaitReady(Process server) throws IOException {
        BufferedReader lines =
                new BufferedReader(new InputStreamReader(server.getInputStream(), StandardCharsets.UTF_8));
        List<String> said = new ArrayList<>();
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            said.add(line);
            if (line.contains("ready to accept connections")) {
                return;
            }
        }
        throw new AssertionError(String.join("\n", said));
    }

    @Test
    @Timeout(60)
    void shouldTalkToRedis(@TempDir Path folder) throws Exception {
        assumeTrue(Files.isExecutable(SERVER), SERVER + " is not there: it/integration/install, as root, installs it");
        Path socket = folder.resolve("redis.sock");
        Process server = start(folder, socket);
        try (Baton baton = Batons.turning(2)) {
            awaitReady(server);
            Vertx vertx = Vertx.builder().withTransport(baton.transport()).build();
            Redis client = Redis.createClient(vertx, "unix://" + socket);
            RedisAPI redis = RedisAPI.api(get(client.connect()));
            get(redis.set(List.of("greeting", "hello")));
            assertThat(get(redis.get("greeting"))).hasToString("hello");
            List<Future<?>> counts = new ArrayList<>();
            for (int i = 0; i < COMMANDS_AT_ONCE; i++) {
                counts.add(redis.incr("count"));
            }
            get(Future.all(counts));
            assertThat(get(redis.get("count"))).hasToString(Integer.toString(COMMANDS_AT_ONCE));
            get(client.close());
            get(vertx.close());
        } finally {
            server.destroyForcibly().waitFor();
        }
    }
}
