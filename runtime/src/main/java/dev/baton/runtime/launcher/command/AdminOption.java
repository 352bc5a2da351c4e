package dev.baton.runtime.launcher.command;

import dev.baton.runtime.launcher.admin.AdminAddress;
import dev.baton.runtime.launcher.admin.AdminClient;
import dev.baton.runtime.launcher.admin.AdminException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** {@code --admin ADDRESS}, or {@code -c FILE} that says it. */
final class AdminOption {
    @Option(
            names = "--admin",
            paramLabel = "ADDRESS",
            converter = Address.class,
            description = {
                "The admin address of the process, host:port or unix:/path. Default: " + AdminAddress.VARIABLE
                        + ", else admin: listen: of the configuration, else 127.0.0.1:9901"
            })
    private @Nullable String address;

    @Option(
            names = {"-c", "--config"},
            paramLabel = "FILE",
            description = "The configuration of the process. Default: ./baton.yaml if there is one.")
    private @Nullable Path file;

    AdminClient client() throws AdminException {
        return new AdminClient(AdminAddress.find(address, System.getenv(), file));
    }

    /**
     * Checks it as the command line is read: what cannot be an address is wrong usage, not a process that is not there.
     */
    static final class Address implements ITypeConverter<String> {
        Address() {}

        @Override
        public String convert(String text) {
            AdminAddress.wrong(text).ifPresent(wrong -> {
                throw new TypeConversionException(wrong);
            });
            return text;
        }
    }
}
