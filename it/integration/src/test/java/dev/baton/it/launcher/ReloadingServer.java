package dev.baton.it.launcher;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.runtime.server.ConfigSource;
import dev.baton.runtime.server.Foundation;
import dev.baton.runtime.server.Installation;
import dev.baton.runtime.server.Server;
import dev.baton.testkit.BatonProcess;
import io.netty.util.ResourceLeakDetector;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.lang.management.ManagementFactory;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import javax.management.ObjectName;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * A server in this JVM, whose plugins are replaced and which ends with each test. While it is used no leaks of buffers
 * are recorded: records of whoever has touched a buffer that is in use hold classes, of replaced versions as well.
 */
final class ReloadingServer implements BeforeAllCallback, AfterEachCallback, AfterAllCallback {
    private ResourceLeakDetector.Level leaks = ResourceLeakDetector.getLevel();
    private @Nullable Server server;
    private String admin = "";

    @Override
    public void beforeAll(ExtensionContext context) {
        leaks = ResourceLeakDetector.getLevel();
        ResourceLeakDetector.setLevel(ResourceLeakDetector.Level.DISABLED);
    }

    @Override
    public void afterAll(ExtensionContext context) {
        ResourceLeakDetector.setLevel(leaks);
    }

    @Override
    public void afterEach(ExtensionContext context) throws Exception {
        Server ended = server;
        server = null;
        if (ended != null) {
            ended.stop(Duration.ZERO);
            ended.stopped().get(20, TimeUnit.SECONDS);
            ended.end();
        }
    }

    /** Starts it, with the plugins of the distribution. */
    void start(Path file) throws Exception {
        ConfigSource source = ConfigSource.find(file);
        Foundation foundation = Foundation.lay(
                new Installation("test", List.of(BatonProcess.distribution().resolve("plugins"))), source.reader());
        Server made = Server.assemble(foundation, foundation.read(source));
        server = made;
        made.open();
        made.start(line -> {
            if (line.startsWith("admin on ")) {
                admin = line.substring("admin on ".length());
            }
        });
    }

    /** Where its admin API is. */
    String admin() {
        return admin;
    }

    /** Where a listener is. */
    String address(String listener) {
        Server running = server;
        return String.valueOf(running == null ? null : running.addressOf(listener))
                .replace("/", "");
    }

    /** Has a plugin loaded anew, and answers what the admin API does. */
    JsonObject reload(String plugin, int status) throws Exception {
        HttpResponse<String> answer = Client.post(admin, "/v1/plugins/" + plugin + "/reload", "");
        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(status);
        return new JsonObject(answer.body());
    }

    /**
     * The versions that were replaced and are not gone.
     *
     * @param collect whether it looks for what holds them
     */
    JsonArray retired(boolean collect) throws Exception {
        HttpResponse<String> answer = Client.post(admin, "/v1/retired-plugins?collect=" + collect, "");
        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
        return new JsonObject(answer.body()).getJsonArray("retired");
    }

    /** How many versions of a class are in this JVM, by its name, after a collection of garbage. */
    static long versionsInMemory(String name) throws Exception {
        Object histogram = ManagementFactory.getPlatformMBeanServer()
                .invoke(
                        new ObjectName("com.sun.management:type=DiagnosticCommand"),
                        "gcClassHistogram",
                        new Object[] {new String[0]},
                        new String[] {String[].class.getName()});
        return String.valueOf(histogram)
                .lines()
                .filter(line -> line.endsWith(" " + name))
                .count();
    }

    /** What classes take, in bytes, after a collection of garbage. */
    static long metaspace() {
        System.gc();
        return ManagementFactory.getMemoryPoolMXBeans().stream()
                .filter(pool -> pool.getName().equals("Metaspace"))
                .mapToLong(pool -> pool.getUsage().getUsed())
                .sum();
    }
}
