package dev.baton.plugin.admin.access;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The tokens of a file: a line each, with a name, a role ({@code read} or {@code act}) and the token, or
 * {@code sha256:} and its digest in hexadecimal digits. Blank lines and those that begin with {@code #} say nothing.
 * Read again when it has changed, by who asks after a second; if it cannot be read any more, what it said before holds.
 *
 * <p>Any thread. A request may wait for the file to be read.
 */
public final class TokenFile {
    private static final Logger LOG = LoggerFactory.getLogger(TokenFile.class);
    private static final Pattern BLANKS = Pattern.compile("\\s+");
    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,62}");
    /** What a Bearer credential may be made of (RFC 6750, 2.1). Shorter ones can be guessed. */
    private static final Pattern TOKEN = Pattern.compile("[A-Za-z0-9._~+/-]{16,512}=*");

    private static final String DIGEST = "sha256:";
    private static final int SIZE_MAX = 1 << 20;
    private static final long PERIOD_NANOS = TimeUnit.SECONDS.toNanos(1);

    private final Path path;
    private Map<Secret, Caller> callers;
    private Version seen;
    /** Why it could not be read the last time. */
    private String told = "";

    private long lookedNanos = System.nanoTime();

    /** What changes when a file does. */
    private record Version(@Nullable Object key, long modified, long size) {}

    /**
     * Reads the file.
     *
     * @throws IllegalArgumentException if it cannot be read, if others may read it, or if a line is wrong: with a
     *     message for people
     */
    public TokenFile(Path path) {
        this.path = path;
        try {
            seen = version();
            callers = read(seen);
        } catch (IOException e) {
            throw new IllegalArgumentException("tokens: " + path + ": " + words(e), e);
        }
    }

    /** Whose a token is; null if it is nobody's. */
    @Nullable
    Caller caller(String token) {
        return callers().get(Secret.of(token));
    }

    private synchronized Map<Secret, Caller> callers() {
        long now = System.nanoTime();
        if (now - lookedNanos >= PERIOD_NANOS) {
            lookedNanos = now;
            look();
        }
        return callers;
    }

    private void look() {
        try {
            Version version = version();
            if (!version.equals(seen)) {
                callers = read(version);
                seen = version; // last: one that could not be read is tried again
                LOG.info("{} was read again: {} tokens", path, callers.size());
            }
        } catch (IOException | IllegalArgumentException e) {
            String why = words(e);
            if (!why.equals(told)) {
                LOG.error("{}: {}; what it said before still holds", path, why);
            }
            told = why;
            return;
        }
        told = "";
    }

    private Version version() throws IOException {
        PosixFileAttributes now = Files.readAttributes(path, PosixFileAttributes.class);
        if (now.permissions().contains(PosixFilePermission.OTHERS_READ)) {
            throw new IllegalArgumentException("every user can read it, and with it the tokens: chmod o-r " + path);
        } else if (now.permissions().contains(PosixFilePermission.OTHERS_WRITE)) {
            throw new IllegalArgumentException("every user can write it, and let anybody in: chmod o-w " + path);
        }
        return new Version(now.fileKey(), now.lastModifiedTime().to(TimeUnit.NANOSECONDS), now.size());
    }

    private Map<Secret, Caller> read(Version version) throws IOException {
        if (version.size() > SIZE_MAX) {
            throw new IllegalArgumentException("it is larger than 1 MiB");
        }
        return parse(Files.readAllLines(path));
    }

    /** Of a line that is wrong only the number and the name are told: the rest may be a secret. */
    static Map<Secret, Caller> parse(List<String> lines) {
        Map<Secret, Caller> found = new HashMap<>();
        for (int i = 0; i < lines.size(); i++) {
            String line = lines.get(i).strip();
            if (line.isEmpty() || line.startsWith("#")) {
                continue;
            }
            String where = "line " + (i + 1) + ": ";
            String[] words = BLANKS.split(line);
            if (words.length != 3 || !NAME.matcher(words[0]).matches()) {
                throw new IllegalArgumentException(
                        where + "expected NAME ROLE TOKEN, as in: deploy act " + "(a token of 16 characters or more)");
            }
            Role role = Role.of(words[1])
                    .orElseThrow(() ->
                            new IllegalArgumentException(where + "the role of " + words[0] + " must be read or act"));
            if (found.put(secret(where, words), new Caller(words[0], role)) != null) {
                throw new IllegalArgumentException(where + words[0] + " has a token that another line has");
            }
        }
        if (found.isEmpty()) {
            throw new IllegalArgumentException("it has no token: nobody could ask");
        }
        return found;
    }

    private static Secret secret(String where, String... words) {
        if (words[2].startsWith(DIGEST)) {
            try {
                return Secret.ofDigest(words[2].substring(DIGEST.length()));
            } catch (IllegalArgumentException e) {
                throw new IllegalArgumentException(
                        where + "the digest of " + words[0] + " must be sha256: and 64 hexadecimal digits", e);
            }
        }
        if (!TOKEN.matcher(words[2]).matches()) {
            throw new IllegalArgumentException(
                    where + "the token of " + words[0] + " must have 16 to 512 characters of A-Z a-z 0-9 . _ ~ + / -");
        }
        return Secret.of(words[2]);
    }

    private static String words(Exception e) {
        if (e instanceof NoSuchFileException) {
            return "there is no such file";
        }
        return e instanceof AccessDeniedException ? "permission denied" : String.valueOf(e.getMessage());
    }
}
