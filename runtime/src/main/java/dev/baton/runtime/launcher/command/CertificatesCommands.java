package dev.baton.runtime.launcher.command;

import dev.baton.runtime.launcher.ExitCode;
import dev.baton.runtime.launcher.admin.AdminException;
import dev.baton.spi.tls.CertificateMaker;
import dev.baton.spi.tls.CertifiedKey;
import dev.baton.spi.tls.Pem;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code baton certificates reload|self-signed NAME}. */
final class CertificatesCommands {
    private CertificatesCommands() {}

    @Command(
            name = "reload",
            mixinStandardHelpOptions = true,
            description = "Reads all files of certificates again. What is wrong is not taken.")
    static final class Reload implements Callable<Integer> {
        @Mixin
        private AdminOption admin = new AdminOption();

        @Spec
        @SuppressWarnings("NullAway.Init") // by picocli
        private CommandSpec spec;

        @Override
        public Integer call() throws AdminException {
            JsonObject answer = admin.client().post("/v1/certificates/reload").answer();
            JsonArray problems = answer.getJsonArray("problems", new JsonArray());
            spec.commandLine()
                    .getOut()
                    .println(answer.getInteger("replaced") + " of "
                            + RunCommand.count(answer.getInteger("certificates"), "certificate") + " replaced");
            problems.forEach(problem -> spec.commandLine().getErr().println("not taken: " + problem));
            return problems.isEmpty() ? ExitCode.FINE : ExitCode.FAILED;
        }
    }

    @Command(
            name = "self-signed",
            mixinStandardHelpOptions = true,
            description = {
                "Makes a certificate to try with, NAME.crt and NAME.key in the current folder.",
                "",
                "Clients do not trust it unless they are told to, as by `curl --cacert NAME.crt`."
            })
    static final class SelfSigned implements Callable<Integer> {
        private static final String NAME = "[A-Za-z0-9]([A-Za-z0-9.-]{0,61}[A-Za-z0-9])?";

        @Parameters(paramLabel = "NAME", description = "The DNS name or IP address that it is for.")
        private String name = "";

        @Spec
        @SuppressWarnings("NullAway.Init") // by picocli
        private CommandSpec spec;

        @Override
        public Integer call() throws IOException {
            if (!name.matches(NAME)) {
                throw new ParameterException(spec.commandLine(), "'" + name + "' is no name of a host");
            }
            CertifiedKey made = CertificateMaker.of(name).make();
            try {
                // The key first, so that what exists is not mixed with what is new.
                Path key = Path.of(name + ".key");
                Files.createFile(
                        key, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
                Files.writeString(key, Pem.write(made.key()));
                Files.writeString(Path.of(name + ".crt"), Pem.write(made.chain()), StandardOpenOption.CREATE_NEW);
            } catch (FileAlreadyExistsException e) {
                spec.commandLine().getErr().println(e.getFile() + " exists already: nothing is overwritten");
                return ExitCode.FAILED;
            }
            List.of(
                            "made " + name + ".crt and " + name + ".key, valid for a year; in the configuration:",
                            "  tls: { certificates: [ { certificate: " + name + ".crt, key: " + name + ".key } ] }")
                    .forEach(spec.commandLine().getOut()::println);
            return ExitCode.FINE;
        }
    }
}
