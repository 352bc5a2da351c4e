package dev.baton.plugin.httpfilters;

import at.favre.lib.crypto.bcrypt.BCrypt;
import at.favre.lib.crypto.bcrypt.LongPasswordStrategies;
import dev.baton.plugin.httpfilters.Credentials.Secret;
import dev.baton.spi.threading.OffLoop;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Pattern;
import org.apache.commons.codec.digest.Md5Crypt;
import org.apache.commons.codec.digest.Sha2Crypt;

/**
 * Users and the hashes of their passwords, in the form of htpasswd: {@code NAME:HASH} a line. Hashes are bcrypt's
 * ({@code $2a$}, {@code $2b$}, {@code $2y$}), SHA-crypt's ({@code $5$}, {@code $6$}) or Apache's MD5 ({@code $apr1$}).
 *
 * <p>To check a password takes tens of milliseconds, on purpose; so those that were right are remembered, as digests,
 * for as long as the file stays as it is.
 */
final class Users {
    private static final int REMEMBERED_MAX = 10_000;
    /** SHA-crypt takes longer for longer passwords. */
    private static final int PASSWORD_BYTES_MAX = 256;

    private static final Pattern BCRYPT = Pattern.compile("\\$2[aby]\\$(0[4-9]|[12]\\d|3[01])\\$[./A-Za-z0-9]{53}");
    private static final Pattern SHA = Pattern.compile("\\$[56]\\$(rounds=\\d{1,9}\\$)?[./A-Za-z0-9]{1,16}\\$\\S+");
    private static final Pattern MD5 = Pattern.compile("\\$apr1\\$[./A-Za-z0-9]{1,8}\\$[./A-Za-z0-9]{22}");

    private final Map<String, String> hashes;
    /** Checked for users that are not there, so that the time does not tell which there are. */
    private final String decoy;

    private final Set<Secret> remembered = ConcurrentHashMap.newKeySet();

    private Users(Map<String, String> hashes) {
        this.hashes = Map.copyOf(hashes);
        decoy = hashes.values().iterator().next();
    }

    /**
     * Reads them.
     *
     * @throws IllegalArgumentException with a message that tells no hash
     */
    static Users parse(List<String> lines) {
        Map<String, String> hashes = new HashMap<>();
        for (int i = 0; i < lines.size(); i++) {
            String line = lines.get(i).strip();
            if (line.isEmpty() || line.startsWith("#")) {
                continue;
            }
            String where = "line " + (i + 1) + ": ";
            int colon = line.indexOf(':');
            if (colon < 1) {
                throw new IllegalArgumentException(where + "expected NAME:HASH");
            }
            String name = line.substring(0, colon);
            String hash = line.substring(colon + 1);
            if (!name.chars().allMatch(c -> c >= ' ' && c < 0x7F)) {
                throw new IllegalArgumentException(where + "a name is in ASCII");
            }
            if (!isHash(hash)) {
                throw new IllegalArgumentException(
                        where + "no hash that is strong enough and known; make one by 'htpasswd -B'");
            }
            if (hashes.put(name, hash) != null) {
                throw new IllegalArgumentException(where + "the user '" + name + "' stands there twice");
            }
        }
        if (hashes.isEmpty()) {
            throw new IllegalArgumentException("it has no user");
        }
        return new Users(hashes);
    }

    private static boolean isHash(String hash) {
        return BCRYPT.matcher(hash).matches()
                || SHA.matcher(hash).matches()
                || MD5.matcher(hash).matches();
    }

    /** True if the user is there and the password is right. */
    @OffLoop
    boolean check(String name, String password) {
        Secret both = Credentials.digest(name + ':' + password);
        if (remembered.contains(both)) {
            return true;
        }
        byte[] bytes = password.getBytes(StandardCharsets.UTF_8);
        String hash = hashes.getOrDefault(name, decoy);
        boolean right = bytes.length <= PASSWORD_BYTES_MAX && matches(bytes, hash) && hashes.containsKey(name);
        if (right && remembered.size() < REMEMBERED_MAX) {
            remembered.add(both);
        }
        return right;
    }

    private static boolean matches(byte[] password, String hash) {
        if (hash.startsWith("$2")) {
            // As htpasswd does: bcrypt takes no more than 72 bytes.
            return BCrypt.verifyer(
                            BCrypt.Version.VERSION_2Y, LongPasswordStrategies.truncate(BCrypt.Version.VERSION_2Y))
                    .verify(password, hash.getBytes(StandardCharsets.US_ASCII))
                    .verified;
        }
        String again = hash.startsWith("$5$")
                ? Sha2Crypt.sha256Crypt(password, hash)
                : hash.startsWith("$6$") ? Sha2Crypt.sha512Crypt(password, hash) : Md5Crypt.apr1Crypt(password, hash);
        return MessageDigest.isEqual(
                again.getBytes(StandardCharsets.US_ASCII), hash.getBytes(StandardCharsets.US_ASCII));
    }
}
