package dev.baton.runtime.launcher.command;

import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** {@code --admin ADDRESS}. */
final class AdminOption {
    @Option(
            names = "--admin",
            paramLabel = "ADDRESS",
            defaultValue = "127.0.0.1:9901",
            converter = Address.class,
            description = "The admin address of the process, host:port. Default: ${DEFAULT-VALUE}")
    private String address = "";

    AdminClient client() {
        return new AdminClient(address);
    }

    /** Checks it as the command line is read: what cannot be an address is wrong usage, not a process that is not there. */
    static final class Address implements ITypeConverter<String> {
        private static final int PORT_MAX = 65_535;
        private static final Pattern HOST_PORT = Pattern.compile("(\\[[^\\]\\s]+]|[^:\\s/\\[\\]]+):(\\d{1,5})");

        Address() {}

        @Override
        public String convert(String text) {
            Matcher matcher = HOST_PORT.matcher(text);
            if (!matcher.matches()) {
                throw new TypeConversionException("'" + text + "' is not host:port, for example 127.0.0.1:9901");
            }
            int port = Integer.parseInt(matcher.group(2));
            if (port < 1 || port > PORT_MAX) {
                throw new TypeConversionException("'" + text + "': the port must be 1 to " + PORT_MAX);
            }
            return text;
        }
    }
}
