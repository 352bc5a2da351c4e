package dev.baton.runtime.launcher.admin;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * What this user shows to the admin API: {@code BATON_ADMIN_TOKEN}, or what is in the file that
 * {@code BATON_ADMIN_TOKEN_FILE} names. Never on a command line, where every user of the machine sees it.
 */
final class AdminToken {
    private static final String TOKEN = "BATON_ADMIN_TOKEN";
    private static final String FILE = "BATON_ADMIN_TOKEN_FILE";
    private static final Pattern VALID = Pattern.compile("[!-~]{1,1024}");

    private AdminToken() {}

    /**
     * The token; empty if there is none.
     *
     * @throws AdminException if it cannot be read, or is none
     */
    static String of(Map<String, String> environment) throws AdminException {
        String token = environment.getOrDefault(TOKEN, "");
        String from = TOKEN;
        String file = environment.getOrDefault(FILE, "");
        if (token.isEmpty() && !file.isEmpty()) {
            from = FILE + " " + file;
            token = read(file);
        }
        if (!token.isEmpty() && !VALID.matcher(token).matches()) {
            throw new AdminException(from + " has something else than one token in it");
        }
        return token;
    }

    private static String read(String file) throws AdminException {
        try {
            return Files.readString(Path.of(file)).strip();
        } catch (NoSuchFileException e) {
            throw new AdminException(FILE + " names " + file + ", which is not there", e);
        } catch (IOException | IllegalArgumentException e) {
            throw new AdminException(FILE + " names " + file + ", which cannot be read: " + e.getMessage(), e);
        }
    }
}
