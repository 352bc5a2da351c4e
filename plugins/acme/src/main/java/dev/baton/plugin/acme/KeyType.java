package dev.baton.plugin.acme;

import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.spec.ECGenParameterSpec;

/** What kind of key a certificate has. */
enum KeyType {
    /** P-256. */
    EC,
    /** 2048 bits. */
    RSA;

    private static final int RSA_BITS = 2048;

    /** Makes a new pair. Cost: up to a second for RSA. */
    KeyPair make() {
        try {
            KeyPairGenerator generator = KeyPairGenerator.getInstance(name());
            if (this == EC) {
                generator.initialize(new ECGenParameterSpec("secp256r1"));
            } else {
                generator.initialize(RSA_BITS);
            }
            return generator.generateKeyPair();
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("this JDK has no keys of " + name(), e);
        }
    }
}
