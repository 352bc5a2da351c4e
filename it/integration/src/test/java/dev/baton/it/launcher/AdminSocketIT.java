package dev.baton.it.launcher;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.baton.testkit.BatonProcess;
import dev.baton.testkit.BatonProcess.Outcome;
import io.vertx.core.json.JsonObject;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The admin API on a unix socket, and how commands find it. */
@Timeout(120)
class AdminSocketIT {
    @TempDir
    Path folder;

    private BatonProcess baton;
    private Optional<ProcessHandle> successor = Optional.empty();

    @AfterEach
    void end() {
        if (baton != null) {
            baton.close();
        }
        successor.ifPresent(ProcessHandle::destroyForcibly);
    }

    private Path socket() {
        return folder.resolve("admin.sock");
    }

    private String yaml(String more) {
        return """
                version: 1
                loops: 1
                grace: 1s
                admin: { listen: "unix:%s"%s }
                listeners:
                  web: { bind: "127.0.0.1:0", service: page }
                services:
                  page: { type: http, routes: [ { handler: demo-origin } ] }
                """.formatted(socket(), more);
    }

    private static String mode(Path file) throws Exception {
        return Integer.toOctalString((Integer) Files.getAttribute(file, "unix:mode") & 0777);
    }

    private static JsonObject status(Outcome outcome) {
        assertThat(outcome.code()).as(outcome.text()).isZero();
        return new JsonObject(outcome.text());
    }

    @Tag("long")
    @Test
    void commandsFindTheSocketByItsNameTheVariableAndTheFile() throws Exception {
        baton = BatonProcess.serve(folder, yaml(""));
        assertThat(mode(socket())).isEqualTo("600");
        assertThat(baton.text()).contains("admin on unix:" + socket());

        String address = "unix:" + socket();
        Path elsewhere = Files.createDirectory(folder.resolve("elsewhere"));
        assertThat(status(BatonProcess.run(elsewhere, "status", "--json", "--admin", address))
                        .getLong("pid"))
                .isEqualTo(baton.pid());
        assertThat(status(BatonProcess.run(folder, "status", "--json")).getLong("pid"))
                .as("by ./baton.yaml")
                .isEqualTo(baton.pid());
        assertThat(status(BatonProcess.run(elsewhere, "status", "--json", "-c", "../baton.yaml"))
                        .getLong("pid"))
                .isEqualTo(baton.pid());
        try (BatonProcess named = BatonProcess.launch(
                BatonProcess.distribution().resolve("bin/baton"),
                elsewhere,
                Map.of("BATON_ADMIN", address),
                "status",
                "--json")) {
            assertThat(status(named.outcome()).getLong("pid")).isEqualTo(baton.pid());
        }

        // Only somebody there is asked: never another process by the default address.
        Files.writeString(elsewhere.resolve("baton.yaml"), "version: 1\nadmin: { listen: \"127.0.0.1:0\" }\n");
        Outcome unknown = BatonProcess.run(elsewhere, "status");
        assertThat(unknown.code()).isEqualTo(1);
        assertThat(unknown.text()).contains("admin: listen:", "the port must be 1 to 65535", "--admin names it");

        assertThat(BatonProcess.run(folder, "stop").code()).isZero();
        assertThat(baton.exitCode()).isZero();
        Outcome gone = BatonProcess.run(folder, "status");
        assertThat(gone.code()).isEqualTo(1);
        assertThat(gone.text()).contains("nothing answers at " + address);
    }

    @Test
    void aSocketOfADeadProcessIsNoObstacleAndOneOfALiveProcessIs() throws Exception {
        baton = BatonProcess.serve(folder, yaml(", mode: \"0660\""));
        baton.signal("KILL");
        baton.exitCode();
        assertThat(socket()).exists();
        baton = BatonProcess.serve(folder, yaml(", mode: \"0660\""));
        assertThat(mode(socket())).isEqualTo("660");

        Outcome second = BatonProcess.run(folder, "run");
        assertThat(second.code()).as(second.text()).isEqualTo(3);
        assertThat(second.text()).contains("cannot bind admin unix:" + socket() + ": EADDRINUSE");
    }

    @Tag("long")
    @Test
    void theSocketGoesAlongInAnUpgrade() throws Exception {
        baton = BatonProcess.serve(folder, yaml(""));
        Outcome upgraded = BatonProcess.run(folder, "upgrade");
        assertThat(upgraded.code()).as(upgraded.text()).isZero();
        long pid = status(BatonProcess.run(folder, "status", "--json")).getLong("pid");
        successor = ProcessHandle.of(pid);
        assertThat(pid).isNotEqualTo(baton.pid());
        assertThat(mode(socket())).isEqualTo("600");
        assertThat(BatonProcess.run(folder, "stop").code()).isZero();
    }

    @Test
    void otherUsersAreRefusedThoughTheFileLetsThemConnect() throws Exception {
        assumeTrue(Files.getAttribute(Path.of("/proc/self"), "unix:uid").equals(0), "only root can be somebody else");
        Files.setAttribute(folder, "unix:mode", 0755);
        baton = BatonProcess.serve(folder, yaml(", mode: \"0666\", users: [ \"65533\" ]"));

        assertThat(askAs(65_533)).startsWith("HTTP/1.0 200");
        assertThat(askAs(65_534)).isEmpty();
        assertThat(baton.await(line -> line.contains("refused a connection to unix:")))
                .contains("of user 65534");
    }

    /** What a process of another user is answered. */
    private String askAs(int user) throws Exception {
        String script = "use Socket; $SIG{PIPE} = 'IGNORE'; socket(my $s, AF_UNIX, SOCK_STREAM, 0) or die;"
                + "connect($s, sockaddr_un($ARGV[0])) or die $!;"
                + "syswrite($s, \"GET /live HTTP/1.0\\r\\n\\r\\n\"); sysread($s, my $answer, 100); print $answer;";
        String id = Integer.toString(user);
        Process process = new ProcessBuilder(
                        List.of("setpriv", "--reuid", id, "--clear-groups", "perl", "-e", script, socket().toString()))
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        try (InputStream out = process.getInputStream()) {
            String text = new String(out.readAllBytes(), StandardCharsets.UTF_8).strip();
            assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
            return text;
        }
    }
}
