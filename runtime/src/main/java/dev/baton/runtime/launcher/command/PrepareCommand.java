package dev.baton.runtime.launcher.command;

import dev.baton.runtime.launcher.ExitCode;
import dev.baton.runtime.launcher.admin.AdminClient;
import dev.baton.runtime.launcher.admin.AdminException;
import dev.baton.runtime.output.StandardStreams;
import dev.baton.runtime.plugin.PluginException;
import dev.baton.runtime.server.ConfigSource;
import dev.baton.runtime.server.Server;
import dev.baton.runtime.server.StartException;
import dev.baton.spi.loop.Rescue;
import dev.baton.spi.loop.WatchedLoop;
import dev.baton.spi.tls.CertificateMaker;
import dev.baton.spi.tls.CertifiedKey;
import dev.baton.spi.tls.Pem;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.Writer;
import java.net.HttpURLConnection;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import picocli.CommandLine.Command;

/**
 * {@code baton prepare}: a rehearsal of {@code run} and of the commands that ask it, in one process, so that the
 * classes of all of them, and of the plugins, are loaded when it ends. {@code bin/baton} has the JVM write them down at
 * its end, and later JVMs map what is written instead of reading and verifying the jars: about a third of the CPU time
 * of a start.
 */
@Command(
        name = "prepare",
        mixinStandardHelpOptions = true,
        description = {
            "Makes later starts of this installation faster. Run it once.",
            "",
            "Writes the classes that a start needs to a file in the installation's folder, from which the JVM",
            "maps them into memory. The file fits only this JDK and this folder: after an update, a move or a",
            "change of the JDK run it again. Without a file that fits, Baton starts as always, only slower."
        })
final class PrepareCommand implements Callable<Integer> {
    /** How often, a millisecond apart, it is looked whether a rescue is over. */
    private static final int RESCUE_LOOKS = 200;

    private static final String LOOPBACK = "127.0.0.1";

    private static final Pattern WEB = Pattern.compile("listener web on (\\S+) .*");
    private static final Pattern SECURE = Pattern.compile("listener secure on (\\S+) .*");
    private static final Pattern ADMIN = Pattern.compile("admin on (\\S+)");

    @Override
    public Integer call() throws StartException, PluginException, InterruptedException, IOException {
        Path folder = Files.createTempDirectory("baton-prepare-");
        Path certificate = folder.resolve(LOOPBACK + ".crt");
        Path key = folder.resolve(LOOPBACK + ".key");
        CertifiedKey made = CertificateMaker.of(LOOPBACK).make();
        try {
            Files.writeString(certificate, Pem.write(made.chain()));
            Files.writeString(key, Pem.write(made.key())); // for this process, and only while it runs
            try {
                rehearse(ConfigSource.rehearsal(certificate, key), made);
            } catch (StartException withoutTls) { // its plugin is not installed
                rehearse(ConfigSource.rehearsal(), made);
            }
        } finally {
            Files.deleteIfExists(certificate);
            Files.deleteIfExists(key);
            Files.deleteIfExists(folder);
        }
        return ExitCode.FINE;
    }

    private static void rehearse(ConfigSource source, CertifiedKey trusted)
            throws StartException, PluginException, InterruptedException {
        StandardStreams.install();
        Said said = new Said();
        RunCommand run = new RunCommand(source, said);
        CompletableFuture<Void> asked = said.ready.thenRunAsync(() -> {
            Server server = run.assembled().join();
            try {
                ask(said.lines, trusted);
                rescue(server);
            } catch (IOException | AdminException e) {
                throw new CompletionException(e);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            } finally {
                server.stop(null);
            }
        });
        run.call();
        asked.join();
    }

    /** What the run says. */
    private static final class Said extends PrintWriter {
        private final List<String> lines = new CopyOnWriteArrayList<>();
        private final CompletableFuture<Void> ready = new CompletableFuture<>();

        Said() {
            super(Writer.nullWriter());
        }

        @Override
        public void println(String line) {
            lines.add(line);
            if (line.startsWith(RunCommand.READY)) {
                ready.complete(null);
            }
        }
    }

    private static void ask(List<String> said, CertifiedKey trusted)
            throws IOException, AdminException, InterruptedException {
        new AdminClient(address(WEB, said).orElseThrow(), "").get("/");
        Optional<String> secure = address(SECURE, said);
        if (secure.isPresent()) {
            getSecurely(secure.get(), trusted);
        }
        for (String command : List.of("status", "pools")) {
            ask(command, address(ADMIN, said).orElseThrow());
        }
    }

    private static Optional<String> address(Pattern wanted, List<String> lines) {
        return lines.stream()
                .map(wanted::matcher)
                .filter(Matcher::matches)
                .map(matcher -> matcher.group(1))
                .findFirst();
    }

    /** Asks over TLS and HTTP/2: the first client would wait for these classes, and the loop with it. */
    private static void getSecurely(String address, CertifiedKey trusted) throws IOException, InterruptedException {
        try {
            KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
            store.load(null, null);
            store.setCertificateEntry(LOOPBACK, trusted.certificate());
            TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
            trust.init(store);
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(null, trust.getTrustManagers(), null);
            HttpClient client = HttpClient.newBuilder().sslContext(context).build();
            HttpResponse<Void> answer = client.send(
                    HttpRequest.newBuilder(URI.create("https://" + address + "/"))
                            .build(),
                    BodyHandlers.discarding());
            if (answer.statusCode() != HttpURLConnection.HTTP_OK || answer.version() != HttpClient.Version.HTTP_2) {
                throw new IllegalStateException("https is answered with " + answer);
            }
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("a certificate just made", e);
        }
    }

    private static void ask(String command, String admin) {
        PrintWriter printed = new PrintWriter(new StringWriter());
        int code = Baton.execute(printed, printed, command, "--admin", admin);
        if (code != ExitCode.FINE) {
            throw new IllegalStateException(command + " answers " + code);
        }
    }

    /**
     * The loops only exchange a few connections; but one that is blocked some day is not to wait for classes as well.
     */
    private static void rescue(Server server) {
        for (WatchedLoop loop : server.watch().loops()) {
            loop.running();
            Rescue rescue = loop.rescue();
            for (int i = 0; i < RESCUE_LOOKS && !rescue.isOver(); i++) {
                LockSupport.parkNanos(1_000_000);
            }
            rescue.end();
        }
    }
}
