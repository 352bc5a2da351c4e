package dev.baton.plugin.acme;

import dev.baton.spi.tls.CertifiedKey;
import dev.baton.spi.tls.Pem;
import java.io.IOException;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyPair;
import java.security.PublicKey;
import java.security.spec.X509EncodedKeySpec;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Where the account and the certificates are kept, for this process and the next ones:
 *
 * <pre>
 *   FOLDER/               0700
 *     lock                held by the process that orders certificates
 *     AUTHORITY/          0700, one for each directory: certificates to try with are never shown later
 *       account.key       0600, both keys of the account
 *       NAME.pem          0600, a certificate's chain and its key in one file, so that they are always a pair
 *       NAME.next         0600, why the last order has failed, and when the next one is due
 * </pre>
 *
 * <p>Files are written aside, forced to the disk and renamed: whoever reads one, also after a power cut, has the old or
 * the new one whole. For one thread; other processes may read at any time.
 */
final class Folder {
    private static final Logger LOG = LoggerFactory.getLogger(Folder.class);
    private static final Set<PosixFilePermission> OWNER_FOLDER = PosixFilePermissions.fromString("rwx------");
    private static final FileAttribute<Set<PosixFilePermission>> AS_FOLDER =
            PosixFilePermissions.asFileAttribute(OWNER_FOLDER);
    private static final FileAttribute<Set<PosixFilePermission>> AS_FILE =
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"));

    private static final String SUFFIX = ".pem";
    private static final String DELAY_SUFFIX = ".next";
    private static final String ACCOUNT = "account.key";
    /** What is not written whole yet. */
    private static final String NEW = ".new";
    /** More than a certificate with its chain and its key. */
    private static final int PROBE_BYTES = 64 << 10;

    private static final Pattern PUBLIC_KEY =
            Pattern.compile("-----BEGIN PUBLIC KEY-----([^-]*)-----END PUBLIC KEY-----");

    private final Path folder;
    private final Path authority;
    /** Not null while this process has the lock. */
    private @Nullable FileChannel lock;

    private Folder(Path folder, Path authority) {
        this.folder = folder;
        this.authority = authority;
    }

    /**
     * Makes the folders that are missing.
     *
     * @throws IOException if this process cannot use them, with a message for people
     */
    static Folder open(Path folder, URI directory) throws IOException {
        String path = directory.getRawPath() == null ? "" : directory.getRawPath();
        Path authority = folder.resolve((directory.getRawAuthority() + path).replaceAll("[^A-Za-z0-9.-]+", "_"));
        try {
            Files.createDirectories(folder.toAbsolutePath().getParent());
            for (Path each : new Path[] {folder, authority}) {
                if (!Files.isDirectory(each)) {
                    Files.createDirectory(each, AS_FOLDER);
                } else if (!Files.getPosixFilePermissions(each).equals(OWNER_FOLDER)) {
                    Files.setPosixFilePermissions(each, OWNER_FOLDER);
                }
                if (!Files.isWritable(each)) {
                    throw new FileSystemException(each.toString(), null, "permission denied");
                }
            }
        } catch (IOException e) {
            throw new IOException("cannot use the folder " + folder + ": " + Failure.words(e), e);
        }
        return new Folder(folder, authority);
    }

    // ---- who orders -----------------------------------------------------------------------------------------------

    /** Has the lock, or gets it; false if another process has it. */
    boolean lock() throws IOException {
        if (lock != null) {
            return true;
        }
        FileChannel channel = FileChannel.open(
                folder.resolve("lock"), Set.of(StandardOpenOption.CREATE, StandardOpenOption.WRITE), AS_FILE);
        try {
            if (channel.tryLock() != null) {
                lock = channel;
            }
        } catch (OverlappingFileLockException ofThisProcess) {
            // for example of the server before, in a test
        } finally {
            if (lock != channel) {
                channel.close();
            }
        }
        return lock != null;
    }

    boolean isLocked() {
        return lock != null;
    }

    /** Another process may order. */
    void unlock() throws IOException {
        FileChannel channel = lock;
        lock = null;
        if (channel != null) {
            channel.close();
        }
    }

    // ---- what is kept ---------------------------------------------------------------------------------------------

    /**
     * A certificate that is kept; null if there is none.
     *
     * @throws IOException if there is one that cannot be used
     */
    @Nullable
    CertifiedKey certificate(String name) throws IOException {
        String text = read(name + SUFFIX);
        if (text == null) {
            return null;
        }
        try {
            return new CertifiedKey(Pem.certificates(text), Pem.privateKey(text, null));
        } catch (IllegalArgumentException e) {
            throw new IOException(authority.resolve(name + SUFFIX) + " " + e.getMessage(), e);
        }
    }

    /** Changes with what is kept of a certificate, or with the whole folder as long as it has no file. */
    String version(String name) throws IOException {
        String own = versionOf(name + SUFFIX);
        return (own.isEmpty() ? versionOf("") : own) + " " + versionOf(name + DELAY_SUFFIX);
    }

    private String versionOf(String file) throws IOException {
        try {
            BasicFileAttributes found = Files.readAttributes(authority.resolve(file), BasicFileAttributes.class);
            return found.lastModifiedTime() + "/" + found.size() + "/" + found.fileKey();
        } catch (NoSuchFileException none) {
            return "";
        }
    }

    /** All certificates that are kept and can be used. Cost: reads all files. */
    List<CertifiedKey> certificates() throws IOException {
        List<CertifiedKey> all = new ArrayList<>();
        try (DirectoryStream<Path> files = Files.newDirectoryStream(authority, "*" + SUFFIX)) {
            for (Path each : files) {
                String file = each.getFileName().toString();
                try {
                    CertifiedKey one = certificate(file.substring(0, file.length() - SUFFIX.length()));
                    if (one != null) {
                        all.add(one);
                    }
                } catch (IOException unusable) {
                    LOG.debug("{} is left out", each, unusable);
                }
            }
        } catch (DirectoryIteratorException e) {
            throw e.getCause();
        }
        return all;
    }

    /** Keeps a certificate in the place of the one before. */
    void keep(String name, CertifiedKey key) throws IOException {
        write(name + SUFFIX, Pem.write(key.chain()) + Pem.write(key.key()));
    }

    /** What is kept of failed orders; null if there were none, or the file is damaged. */
    @Nullable
    Delay delay(String name) throws IOException {
        String text = read(name + DELAY_SUFFIX);
        return text == null ? null : Delay.read(text);
    }

    /** Keeps it for the next process. */
    void keep(String name, Delay delay) throws IOException {
        write(name + DELAY_SUFFIX, delay.write());
    }

    /** Orders fail no longer. */
    void endDelay(String name) throws IOException {
        Files.deleteIfExists(authority.resolve(name + DELAY_SUFFIX));
    }

    /** The keys of the account, made when there are none. */
    KeyPair account() throws IOException {
        String text = read(ACCOUNT);
        if (text == null) {
            KeyPair made = KeyType.EC.make();
            write(ACCOUNT, Pem.write(made.getPrivate()) + pem(made.getPublic()));
            return made;
        }
        Matcher found = PUBLIC_KEY.matcher(text);
        try {
            if (!found.find()) {
                throw new IllegalArgumentException("has no public key");
            }
            byte[] encoded = Base64.getMimeDecoder().decode(found.group(1));
            return new KeyPair(
                    KeyFactory.getInstance("EC").generatePublic(new X509EncodedKeySpec(encoded)),
                    Pem.privateKey(text, null));
        } catch (GeneralSecurityException | IllegalArgumentException e) {
            throw new IOException(authority.resolve(ACCOUNT) + " " + e.getMessage(), e);
        }
    }

    /** Where the keys of the account are. */
    Path accountFile() {
        return authority.resolve(ACCOUNT);
    }

    private static String pem(PublicKey key) {
        return "-----BEGIN PUBLIC KEY-----\n"
                + Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(key.getEncoded())
                + "\n-----END PUBLIC KEY-----\n";
    }

    private @Nullable String read(String file) throws IOException {
        try {
            return Files.readString(authority.resolve(file));
        } catch (NoSuchFileException none) {
            return null;
        }
    }

    /**
     * Tries to write. Cost: forces some KiB to the disk.
     *
     * @return why it cannot be done; empty if it can
     */
    String probe() {
        try {
            Files.deleteIfExists(writeAside("-".repeat(PROBE_BYTES)));
            return "";
        } catch (IOException e) {
            return Failure.words(e);
        }
    }

    private void write(String name, String text) throws IOException {
        Path written = writeAside(text);
        Files.move(
                written, authority.resolve(name), StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        try (FileChannel names = FileChannel.open(authority, StandardOpenOption.READ)) {
            names.force(true);
        }
    }

    private Path writeAside(String text) throws IOException {
        Path written = authority.resolve(NEW);
        Files.deleteIfExists(written); // of a process that was killed
        try (FileChannel file =
                FileChannel.open(written, Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE), AS_FILE)) {
            ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
            while (bytes.hasRemaining()) {
                file.write(bytes);
            }
            file.force(true);
        }
        return written;
    }
}
