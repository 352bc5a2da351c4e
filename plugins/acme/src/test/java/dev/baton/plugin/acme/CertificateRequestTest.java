package dev.baton.plugin.acme;

import static org.assertj.core.api.Assertions.assertThat;

import java.security.KeyPair;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.operator.jcajce.JcaContentVerifierProviderBuilder;
import org.bouncycastle.pkcs.jcajce.JcaPKCS10CertificationRequest;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A request is what Bouncy Castle reads as one. */
class CertificateRequestTest {
    @ParameterizedTest
    @EnumSource
    void shouldAskForAllNames(KeyType type) throws Exception {
        KeyPair pair = type.make();
        for (int count : new int[] {1, 5, 10, 100}) {
            List<String> names = IntStream.range(0, count)
                    .mapToObj(i -> "name-" + i + ".with-some-labels.example.com")
                    .toList();
            JcaPKCS10CertificationRequest request =
                    new JcaPKCS10CertificationRequest(CertificateRequest.of(names, pair));
            assertThat(request.isSignatureValid(new JcaContentVerifierProviderBuilder().build(pair.getPublic())))
                    .isTrue();
            assertThat(request.getPublicKey()).isEqualTo(pair.getPublic());
            GeneralName[] asked = GeneralNames.fromExtensions(
                            request.getRequestedExtensions(), Extension.subjectAlternativeName)
                    .getNames();
            assertThat(Arrays.stream(asked).map(each -> each.getName().toString()))
                    .containsExactlyElementsOf(names);
        }
    }
}
