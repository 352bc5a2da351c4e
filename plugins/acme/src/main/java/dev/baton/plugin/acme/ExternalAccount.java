package dev.baton.plugin.acme;

import dev.baton.spi.config.Checked;
import dev.baton.spi.config.ValueCheck;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.Optional;

/**
 * The account that the user has with the authority by other means (RFC 8555, section 7.3.4).
 *
 * @param id the key identifier that the authority has given
 * @param key file whose first line is the key that it has given, in base64url
 */
record ExternalAccount(String id, @Checked(KeyFile.class) Path key) {
    /** Reads the file, so that what is wrong with it is an error of the configuration. */
    static final class KeyFile implements ValueCheck<Path> {
        @Override
        public Optional<String> problem(Path file) {
            try {
                ExternalAccount.read(file);
                return Optional.empty();
            } catch (IOException e) {
                return Optional.of("cannot read " + Failure.words(e));
            } catch (IllegalArgumentException e) {
                return Optional.of("the first line of " + file + " is no base64url");
            }
        }
    }

    /** The key, in base64url. */
    String read() throws IOException {
        return read(key);
    }

    private static String read(Path file) throws IOException {
        String line = Files.readString(file).lines().findFirst().orElse("").strip();
        if (Base64.getUrlDecoder().decode(line).length == 0) {
            throw new IllegalArgumentException("it is empty");
        }
        return line;
    }
}
