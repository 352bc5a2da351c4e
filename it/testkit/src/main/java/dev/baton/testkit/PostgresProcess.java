package dev.baton.testkit;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * A PostgreSQL server of the test's own: a new cluster in a temporary folder, on a loopback address that no other test
 * has. It asks for no password. It ends with the test, and so do its files.
 */
public final class PostgresProcess implements AutoCloseable {
    /** The administrator, and the name of the first database. */
    public static final String ADMINISTRATOR = "postgres";

    /** PostgreSQL's own: the address is another one for each test. */
    public static final int PORT = 5432;

    private static final String READY = "database system is ready to accept connections";
    private static final long PATIENCE_SECONDS = 60;
    /** Where Debian has the programs of each version. */
    private static final Path DEBIAN = Path.of("/usr/lib/postgresql");
    /** PostgreSQL does not run as root. */
    private static final String NOT_ROOT = "nobody";

    private final Path folder;
    private final Path log;
    private final String host;
    private Optional<Process> process = Optional.empty();

    private PostgresProcess(Path folder) {
        this.folder = folder;
        this.log = folder.resolve("log.txt");
        this.host = LoopbackAddress.draw();
    }

    /** Starts one; back when it can be asked. Skips the test if PostgreSQL is not installed. */
    public static PostgresProcess start() throws IOException, InterruptedException {
        Optional<Path> programs = programs();
        assumeTrue(
                programs.isPresent(),
                "initdb is not there: install PostgreSQL (Debian's postgresql), or add it to PATH");
        PostgresProcess made = new PostgresProcess(Files.createTempDirectory("baton-postgres"));
        boolean started = false;
        try {
            made.run(programs.orElseThrow());
            started = true;
            return made;
        } finally {
            if (!started) {
                made.close();
            }
        }
    }

    private static Optional<Path> programs() throws IOException {
        List<Path> folders = new ArrayList<>(
                Stream.of(System.getenv("PATH").split(":", -1)).map(Path::of).toList());
        if (Files.isDirectory(DEBIAN)) {
            try (Stream<Path> versions = Files.list(DEBIAN)) {
                versions.sorted(Comparator.reverseOrder())
                        .map(each -> each.resolve("bin"))
                        .forEach(folders::add);
            }
        }
        return folders.stream()
                .filter(each ->
                        Files.isExecutable(each.resolve("initdb")) && Files.isExecutable(each.resolve("postgres")))
                .findFirst();
    }

    private void run(Path programs) throws IOException, InterruptedException {
        List<String> as = List.of();
        if (Files.getOwner(folder).getName().equals("root")) {
            Files.setOwner(
                    folder,
                    folder.getFileSystem().getUserPrincipalLookupService().lookupPrincipalByName(NOT_ROOT));
            as = List.of("setpriv", "--reuid=" + NOT_ROOT, "--regid=nogroup", "--clear-groups");
        }
        String data = folder.resolve("data").toString();
        Process initdb = start(
                as,
                programs.resolve("initdb").toString(),
                "--pgdata=" + data,
                "--auth=trust",
                "--no-sync",
                "--username=" + ADMINISTRATOR,
                "--locale=C",
                "--encoding=UTF8");
        ended(initdb);
        if (initdb.exitValue() != 0) {
            throw new IOException("initdb has failed:\n" + text());
        }
        Process server = start(
                as,
                programs.resolve("postgres").toString(),
                "-D",
                data,
                "-F",
                "-h",
                host,
                "-p",
                String.valueOf(PORT),
                "-k",
                folder.toString());
        process = Optional.of(server);
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
        while (!text().contains(READY)) {
            if (System.nanoTime() > end || server.waitFor(20, TimeUnit.MILLISECONDS)) {
                throw new IOException("PostgreSQL is not ready:\n" + text());
            }
        }
    }

    private Process start(List<String> as, String... command) throws IOException {
        ProcessBuilder builder = new ProcessBuilder(
                        Stream.concat(as.stream(), Stream.of(command)).toList())
                .directory(folder.toFile())
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()));
        builder.environment().put("LC_ALL", "C");
        return builder.start();
    }

    private static void ended(Process process) throws IOException, InterruptedException {
        try {
            if (!process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
                throw new IOException("process " + process.pid() + " has not ended");
            }
        } finally {
            process.destroyForcibly();
        }
    }

    /** Everything that it has printed so far. */
    public String text() throws IOException {
        return Files.readString(log);
    }

    /** Its address, one of 127.0.0.0/8. */
    public String host() {
        return host;
    }

    /** Names a database for JDBC. */
    public String url(String database) {
        return "jdbc:postgresql://" + host + ":" + PORT + "/" + database;
    }

    @Override
    public void close() throws IOException, InterruptedException {
        if (process.isPresent()) {
            // Cuts its clients; TERM would wait for them.
            ended(new ProcessBuilder(
                            "kill", "-INT", String.valueOf(process.get().pid()))
                    .start());
            ended(process.get());
        }
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path each : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(each);
            }
        }
    }
}
