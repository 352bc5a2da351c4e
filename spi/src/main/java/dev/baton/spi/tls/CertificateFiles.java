package dev.baton.spi.tls;

import dev.baton.spi.config.WrongValueException;
import dev.baton.spi.threading.OffLoop;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Where a certificate and its key are, as a section of the configuration. All files are PEM.
 *
 * @param certificate file of the certificate and, behind it, those that clients need to trust it
 * @param key file of its private key, of RSA or EC
 * @param keyPassword file whose first line is the password of an encrypted key
 */
public record CertificateFiles(Path certificate, Path key, Optional<Path> keyPassword) {
    /** Far more than any certificate has. */
    private static final long FILE_BYTES_MAX = 1 << 20;

    /** Reads the files, so that what is wrong with them is an error of the configuration, told with its place. */
    public CertificateFiles {
        read(certificate, key, keyPassword);
    }

    /**
     * Reads the files.
     *
     * @throws WrongValueException if one cannot be read or is malformed, or the key is not the certificate's; others as
     *     {@link Throwable#getSuppressed}
     */
    @OffLoop
    public CertifiedKey read() {
        return read(certificate, key, keyPassword);
    }

    private static CertifiedKey read(Path certificate, Path key, Optional<Path> keyPassword) {
        List<WrongValueException> wrong = new ArrayList<>();
        List<X509Certificate> chain = parse("certificate", certificate, Pem::certificates, wrong);
        char[] password = keyPassword
                .map(file -> parse(
                        "keyPassword",
                        file,
                        text -> text.lines().findFirst().orElse("").toCharArray(),
                        wrong))
                .orElse(null);
        boolean noPassword = password == null && keyPassword.isPresent();
        PrivateKey secret = noPassword ? null : parse("key", key, text -> Pem.privateKey(text, password), wrong);
        if (chain != null) {
            String algorithm = chain.get(0).getPublicKey().getAlgorithm();
            if (!algorithm.equals("RSA") && !algorithm.equals("EC")) {
                wrong.add(new WrongValueException(
                        "certificate", certificate + " has a key of " + algorithm + ": expected RSA or EC"));
            } else if (secret != null && !new CertifiedKey(chain, secret).fits()) {
                wrong.add(new WrongValueException("key", key + " is not the key of the certificate " + certificate));
            }
        }
        WrongValueException.throwAll(wrong);
        if (chain == null || secret == null) {
            throw new IllegalStateException("nothing is wrong, and nothing was read");
        }
        return new CertifiedKey(chain, secret);
    }

    /**
     * Reads certificates, without a key.
     *
     * @throws IllegalArgumentException if the file cannot be read or has none, with a message for people
     */
    @OffLoop
    public static List<X509Certificate> certificates(Path file) {
        List<WrongValueException> wrong = new ArrayList<>();
        List<X509Certificate> read = parse("", file, Pem::certificates, wrong);
        if (read == null) {
            throw new IllegalArgumentException(wrong.get(0).getMessage(), wrong.get(0));
        }
        return read;
    }

    private static <T> @Nullable T parse(
            String component, Path file, Function<String, T> parser, List<WrongValueException> wrong) {
        String problem;
        try {
            if (Files.size(file) <= FILE_BYTES_MAX) {
                return parser.apply(Files.readString(file));
            }
            problem = "cannot read " + file + ": it is larger than 1 MiB";
        } catch (NoSuchFileException e) {
            problem = "cannot read " + file + ": there is no such file";
        } catch (AccessDeniedException e) {
            problem = "cannot read " + file + ": permission denied";
        } catch (CharacterCodingException e) {
            problem = "cannot read " + file + ": it is not PEM";
        } catch (IOException e) {
            problem = "cannot read " + file + ": " + e.getMessage();
        } catch (IllegalArgumentException e) {
            problem = file + " " + e.getMessage();
        }
        wrong.add(new WrongValueException(component, problem));
        return null;
    }
}
