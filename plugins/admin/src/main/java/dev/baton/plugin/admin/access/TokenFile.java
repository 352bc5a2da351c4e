package dev.baton.plugin.admin.access;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
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
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The tokens of a file: a line each, with a name, a role ({@code read} or {@code act}) and the token, or
 * {@code sha256:} and its digest in hexadecimal digits. Blank lines and those that begin with {@code #} say nothing.
 * Read again when it has changed, by who {@linkplain #look() looks}; if it cannot be read any more, what it said before
 * holds.
 *
 * <p>Any thread. Whose a token is, is told at once; to look may block.
 */
public final class TokenFile {
    private static final Logger LOG = LoggerFactory.getLogger(TokenFile.class);
    private static final Pattern BLANKS = Pattern.compile("\\s+");
    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,62}");
    /** What a Bearer credential may be made of (RFC 6750, 2.1). Shorter ones can be guessed. */
    private static final Pattern TOKEN = Pattern.compile("[A-Za-z0-9._~+/-]{16,512}=*");

    private static final String DIGEST = "sha256:";
    private static final int SIZE_MAX = 1 << 20;

    private final Path path;
    private volatile Map<Secret, Caller> callers;
    /** Whether a thread looks. The fields below are that thread's. */
    private final AtomicBoolean looking = new AtomicBoolean();

    private Version seen;
    /** Why it could not be read the last time. */
    private String told = "";

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
            callers = read();
        } catch (IOException | IllegalArgumentException e) {
            throw new IllegalArgumentException("tokens: " + path + ": " + words(e), e);
        }
    }

    /** Whose a token is; null if it is nobody's. */
    @Nullable
    Caller caller(Secret token) {
        return callers.get(token);
    }

    /**
     * Looks whether the file has changed, and reads it again if so. Blocks as long as the file does; while a thread
     * does, another one returns at once.
     */
    public void look() {
        if (looking.compareAndSet(false, true)) {
            try {
                told = readIfChanged();
            } finally {
                looking.set(false);
            }
        }
    }

    /** Why it cannot be read; empty if all is well. */
    private String readIfChanged() {
        try {
            Version version = version();
            if (!version.equals(seen)) {
                Map<Secret, Caller> read = read();
                callers = read;
                seen = version; // last: one that could not be read is tried again
                LOG.info("{} was read again: {} tokens", path, read.size());
            }
            return "";
        } catch (IOException | RuntimeException e) {
            String why = words(e);
            if (!why.equals(told)) {
                LOG.error("{}: {}; what it said before still holds", path, why);
            }
            return why;
        }
    }

    private Version version() throws IOException {
        PosixFileAttributes now = Files.readAttributes(path, PosixFileAttributes.class);
        if (!now.isRegularFile()) { // a pipe would be waited for
            throw new IllegalArgumentException("it is no regular file");
        } else if (now.permissions().contains(PosixFilePermission.OTHERS_READ)) {
            throw new IllegalArgumentException("every user can read it, and with it the tokens: chmod o-r " + path);
        } else if (now.permissions().contains(PosixFilePermission.OTHERS_WRITE)) {
            throw new IllegalArgumentException("every user can write it, and let anybody in: chmod o-w " + path);
        }
        return new Version(now.fileKey(), now.lastModifiedTime().to(TimeUnit.NANOSECONDS), now.size());
    }

    private Map<Secret, Caller> read() throws IOException {
        try (InputStream in = Files.newInputStream(path)) {
            byte[] bytes = in.readNBytes(SIZE_MAX + 1);
            if (bytes.length > SIZE_MAX) {
                throw new IllegalArgumentException("it is larger than 1 MiB");
            }
            return parse(new String(bytes, StandardCharsets.UTF_8).lines().toList());
        }
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
