package dev.baton.spi.tls;

import dev.baton.spi.threading.AnyThread;
import java.security.GeneralSecurityException;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Signature;
import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.security.interfaces.RSAPrivateKey;
import java.security.interfaces.RSAPublicKey;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import javax.naming.InvalidNameException;
import javax.naming.ldap.LdapName;
import javax.naming.ldap.Rdn;

/**
 * A certificate with what proves it.
 *
 * @param chain the certificate itself, and behind it those that clients need to trust it
 * @param key the private key of the first
 */
@AnyThread
public record CertifiedKey(List<X509Certificate> chain, PrivateKey key) {
    private static final int DNS_NAME = 2;

    /** Copies the list, which is not empty. */
    public CertifiedKey {
        chain = List.copyOf(chain);
        if (chain.isEmpty()) {
            throw new IllegalArgumentException("a chain needs a certificate");
        }
    }

    /** The certificate itself. */
    public X509Certificate certificate() {
        return chain.get(0);
    }

    /** True if the key is of elliptic curves; false for RSA. */
    public boolean isEc() {
        return certificate().getPublicKey().getAlgorithm().equals("EC");
    }

    /**
     * The DNS names that the certificate is for, in lower case, {@code *.example.com} among them; its common name if it
     * has no such names.
     */
    public List<String> names() {
        List<String> names = new ArrayList<>();
        try {
            Collection<List<?>> alternatives = certificate().getSubjectAlternativeNames();
            if (alternatives != null) {
                for (List<?> each : alternatives) {
                    if (each.get(0).equals(DNS_NAME)) {
                        names.add(((String) each.get(1)).toLowerCase(Locale.ROOT));
                    }
                }
                return names;
            }
            for (Rdn each : new LdapName(certificate().getSubjectX500Principal().getName()).getRdns()) {
                if (each.getType().equalsIgnoreCase("CN")) {
                    names.add(String.valueOf(each.getValue()).toLowerCase(Locale.ROOT));
                }
            }
            return names;
        } catch (CertificateParsingException | InvalidNameException unreadable) {
            return names;
        }
    }

    /** Who has issued the certificate, as one line for people, without control characters. */
    public String issuer() {
        return certificate().getIssuerX500Principal().getName().replaceAll("[\\p{Cc}\\p{Cf}\\p{Zl}\\p{Zp}]+", " ");
    }

    /** True if the key is the certificate's. Cost: where the key is no RSA key, a signature. */
    public boolean fits() {
        PublicKey theirs = certificate().getPublicKey();
        if (key instanceof RSAPrivateKey ours && theirs instanceof RSAPublicKey other) {
            return ours.getModulus().equals(other.getModulus());
        }
        if (!key.getAlgorithm().equals(theirs.getAlgorithm())) {
            return false;
        }
        try {
            byte[] message = {1, 2, 3, 4};
            Signature signature = Signature.getInstance("SHA256withECDSA");
            signature.initSign(key);
            signature.update(message);
            byte[] signed = signature.sign();
            signature.initVerify(theirs);
            signature.update(message);
            return signature.verify(signed);
        } catch (GeneralSecurityException e) { // of another curve, for example
            return false;
        }
    }
}
