package dev.baton.runtime.tls;

import com.sun.net.httpserver.HttpServer;
import dev.baton.spi.tls.CertificateMaker;
import dev.baton.spi.tls.CertifiedKey;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigInteger;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.time.Duration;
import java.time.Instant;
import java.util.Date;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Function;
import org.bouncycastle.asn1.ASN1Integer;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.DERSequence;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.AccessDescription;
import org.bouncycastle.asn1.x509.AuthorityInformationAccess;
import org.bouncycastle.asn1.x509.ExtendedKeyUsage;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.asn1.x509.SubjectPublicKeyInfo;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509CertificateHolder;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.cert.ocsp.BasicOCSPRespBuilder;
import org.bouncycastle.cert.ocsp.CertificateID;
import org.bouncycastle.cert.ocsp.CertificateStatus;
import org.bouncycastle.cert.ocsp.OCSPReq;
import org.bouncycastle.cert.ocsp.OCSPRespBuilder;
import org.bouncycastle.operator.DigestCalculator;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.bouncycastle.operator.jcajce.JcaDigestCalculatorProviderBuilder;
import org.jspecify.annotations.Nullable;

/** An authority, its OCSP responder, and a certificate of it. What it answers is made by Bouncy Castle. */
final class FakeResponder implements AutoCloseable {
    private final HttpServer server;
    private final SecureRandom random = new SecureRandom();
    final CertifiedKey issuer =
            CertificateMaker.of("Test Authority").authority().make();
    final CertifiedKey certificate;
    final List<byte[]> questions = new CopyOnWriteArrayList<>();
    /** What is answered to a question; null means status 500. */
    volatile Function<byte[], byte @Nullable []> answer = this::good;

    FakeResponder() throws Exception {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/", exchange -> {
            byte[] question = exchange.getRequestBody().readAllBytes();
            questions.add(question);
            byte[] made = answer.apply(question);
            exchange.sendResponseHeaders(made == null ? 500 : 200, made == null || made.length == 0 ? -1 : made.length);
            if (made != null) {
                exchange.getResponseBody().write(made);
            }
            exchange.close();
        });
        server.start();
        certificate = issue(null, true);
    }

    String address() {
        return "http://127.0.0.1:" + server.getAddress().getPort() + "/ocsp";
    }

    /** A certificate of the authority's; with a purpose, that of a responder. */
    CertifiedKey issue(@Nullable KeyPurposeId purpose, boolean mustStaple) throws Exception {
        KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
        generator.initialize(new ECGenParameterSpec("secp256r1"));
        KeyPair pair = generator.generateKeyPair();
        Instant now = Instant.now();
        JcaX509v3CertificateBuilder builder = new JcaX509v3CertificateBuilder(
                new X500Name(issuer.certificate().getSubjectX500Principal().getName()),
                new BigInteger(64, random).add(BigInteger.ONE),
                Date.from(now.minus(Duration.ofDays(10))),
                Date.from(now.plus(Duration.ofDays(80))),
                new X500Name("CN=shop.test"),
                pair.getPublic());
        builder.addExtension(
                Extension.authorityInfoAccess,
                false,
                new AuthorityInformationAccess(
                        AccessDescription.id_ad_ocsp,
                        new GeneralName(GeneralName.uniformResourceIdentifier, address())));
        if (purpose != null) {
            builder.addExtension(Extension.extendedKeyUsage, false, new ExtendedKeyUsage(purpose));
        }
        if (mustStaple) {
            builder.addExtension(
                    new ASN1ObjectIdentifier("1.3.6.1.5.5.7.1.24"), false, new DERSequence(new ASN1Integer(5)));
        }
        X509Certificate made = new JcaX509CertificateConverter()
                .getCertificate(builder.build(new JcaContentSignerBuilder("SHA256withECDSA").build(issuer.key())));
        return new CertifiedKey(List.of(made, issuer.certificate()), pair.getPrivate());
    }

    byte[] good(byte[] question) {
        Instant now = Instant.now();
        return answer(certificate, issuer, null, now.minusSeconds(3600), now.plusSeconds(3600));
    }

    /**
     * An answer about a certificate.
     *
     * @param status null: it is good
     */
    byte[] answer(
            CertifiedKey about,
            CertifiedKey signer,
            @Nullable CertificateStatus status,
            Instant from,
            @Nullable Instant to) {
        try {
            DigestCalculator sha1 =
                    new JcaDigestCalculatorProviderBuilder().build().get(CertificateID.HASH_SHA1);
            BasicOCSPRespBuilder builder = new BasicOCSPRespBuilder(
                    SubjectPublicKeyInfo.getInstance(
                            signer.certificate().getPublicKey().getEncoded()),
                    sha1);
            builder.addResponse(
                    new CertificateID(
                            sha1,
                            new JcaX509CertificateHolder(issuer.certificate()),
                            about.certificate().getSerialNumber()),
                    status,
                    Date.from(from),
                    to == null ? null : Date.from(to));
            X509CertificateHolder[] chain = {new JcaX509CertificateHolder(signer.certificate())};
            return new OCSPRespBuilder()
                    .build(
                            OCSPRespBuilder.SUCCESSFUL,
                            builder.build(
                                    new JcaContentSignerBuilder("SHA256withECDSA").build(signer.key()),
                                    chain,
                                    Date.from(from)))
                    .getEncoded();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    /** True if a question is about the certificate. */
    boolean asksForTheCertificate(byte[] question) throws Exception {
        CertificateID id = new OCSPReq(question).getRequestList()[0].getCertID();
        return id.getSerialNumber().equals(certificate.certificate().getSerialNumber())
                && id.matchesIssuer(
                        new JcaX509CertificateHolder(issuer.certificate()),
                        new JcaDigestCalculatorProviderBuilder().build());
    }

    @Override
    public void close() {
        server.stop(0);
    }
}
