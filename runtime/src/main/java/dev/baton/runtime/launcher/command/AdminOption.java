package dev.baton.runtime.launcher.command;

import picocli.CommandLine.Option;

/** {@code --admin ADDRESS}. */
final class AdminOption {
    @Option(
            names = "--admin",
            paramLabel = "ADDRESS",
            defaultValue = "127.0.0.1:9901",
            description = "The admin address of the process, host:port. Default: ${DEFAULT-VALUE}")
    private String address = "";

    AdminClient client() throws AdminException {
        return new AdminClient(address);
    }
}
