package dev.baton.plugin.acme;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.baton.spi.tls.CertificateMaker;
import dev.baton.spi.tls.CertifiedKey;
import dev.baton.spi.tls.Pem;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.io.InputStream;
import java.math.BigInteger;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.security.AlgorithmParameters;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.MessageDigest;
import java.security.PublicKey;
import java.security.SecureRandom;
import java.security.Signature;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.security.spec.ECParameterSpec;
import java.security.spec.ECPoint;
import java.security.spec.ECPublicKeySpec;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.Date;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509TrustManager;
import org.bouncycastle.asn1.pkcs.PKCSObjectIdentifiers;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.Extensions;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.bouncycastle.operator.jcajce.JcaContentVerifierProviderBuilder;
import org.bouncycastle.pkcs.jcajce.JcaPKCS10CertificationRequest;
import org.jspecify.annotations.Nullable;

/**
 * A certificate authority that speaks ACME as RFC 8555 says it, and checks what it is told: nonces, signatures,
 * accounts, proofs (by really asking the ports that it is given) and requests for certificates. It can be told to fail.
 */
public final class FakeAuthority implements AutoCloseable {
    /** One answer that it gives in the place of the right one. */
    private record Fault(String path, int status, String contentType, String body, Map<String, String> fields) {}

    private record Account(int id, PublicKey key, String thumbprint, JsonObject contact) {}

    private static final class Proof {
        final String token;
        final String name;
        volatile String status = "pending";
        volatile String error = "";

        Proof(String token, String name) {
            this.token = token;
            this.name = name;
        }
    }

    private static final class Order {
        final Set<String> names;
        final List<Proof> proofs = new ArrayList<>();
        volatile String certificate = "";
        volatile String status = "pending";

        Order(Set<String> names) {
            this.names = names;
        }
    }

    private static final String HTTP = "http-01";
    private static final String TLS = "tls-alpn-01";
    private static final String ACME_IDENTIFIER = "1.3.6.1.5.5.7.1.31";
    private static final int TIMEOUT_MS = 5000;
    private static final int WAIT_S = 30;

    static {
        // Else each answer waits for the client to acknowledge its head.
        System.setProperty("sun.net.httpserver.nodelay", "true");
    }

    private final HttpServer server;
    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final CertifiedKey issuer =
            CertificateMaker.of("Fake Authority").authority().make();
    private final SecureRandom random = new SecureRandom();
    private final Set<String> nonces = ConcurrentHashMap.newKeySet();
    private final Map<String, Account> accounts = new ConcurrentHashMap<>();
    private final Map<String, Order> orders = new ConcurrentHashMap<>();
    private final List<Fault> faults = new CopyOnWriteArrayList<>();
    private final Map<String, CompletableFuture<Void>> stalls = new ConcurrentHashMap<>();
    private final CountDownLatch closed = new CountDownLatch(1);
    private final List<String> asked = new CopyOnWriteArrayList<>();
    private final List<X509Certificate> issued = new CopyOnWriteArrayList<>();
    private final Set<String> revoked = ConcurrentHashMap.newKeySet();

    private final CompletableFuture<Integer> httpPort = new CompletableFuture<>();
    private final CompletableFuture<Integer> tlsPort = new CompletableFuture<>();
    private volatile Duration lifetime = Duration.ofDays(90);
    private volatile String externalId = "";
    private volatile byte[] externalKey = {};
    private volatile boolean wrongKey;
    private volatile String surplusName = "";
    private volatile String otherName = "";
    private volatile Duration validIn = Duration.ofMinutes(-1);

    /** Begins to serve on loopback, in plain text. */
    public FakeAuthority() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setExecutor(threads);
        server.createContext("/", this::serve);
        server.start();
    }

    /** Address of its directory. */
    public String directory() {
        return base() + "/directory";
    }

    private String base() {
        return "http://127.0.0.1:" + server.getAddress().getPort();
    }

    /** Where it looks for proofs; until it knows, it waits. */
    public void check(int http, int tls) {
        httpPort.complete(http);
        tlsPort.complete(tls);
    }

    /** Its own certificate. */
    public X509Certificate root() {
        return issuer.certificate();
    }

    /** How long the next certificates are valid. */
    public void lifetime(Duration valid) {
        lifetime = valid;
    }

    /** New accounts must be bound to one that it knows. */
    public void wantExternalAccount(String id, byte[] key) {
        externalId = id;
        externalKey = key.clone();
    }

    /** It refuses all accounts that there are. */
    public void revokeAccounts() {
        revoked.addAll(accounts.keySet());
    }

    /** It issues for another key than the one in the request. */
    public void issueForAnotherKey() {
        wrongKey = true;
    }

    /** The next certificates are for this name too. */
    public void issueAlsoFor(String name) {
        surplusName = name;
    }

    /** The next certificates are valid from then on. */
    public void validIn(Duration fromNow) {
        validIn = fromNow;
    }

    /** It wants a proof for this name in the place of each. */
    public void wantProofFor(String name) {
        otherName = name;
    }

    /** The next request for a path is answered with an error of ACME's. */
    public void failOnce(String path, int status, String type, String detail, Map<String, String> fields) {
        String body = new JsonObject()
                .put("type", "urn:ietf:params:acme:error:" + type)
                .put("detail", detail)
                .encode();
        faults.add(new Fault(path, status, "application/problem+json", body, fields));
    }

    /** The next request for a path is answered with this. */
    public void answerOnce(String path, int status, String contentType, String body) {
        faults.add(new Fault(path, status, contentType, body, Map.of()));
    }

    /** The same with more header fields. */
    public void answerOnce(String path, int status, String contentType, String body, Map<String, String> fields) {
        faults.add(new Fault(path, status, contentType, body, fields));
    }

    /**
     * The next request for a path is answered with the head and the first byte of a body, and nothing more.
     *
     * @return completed once that byte is written
     */
    public CompletableFuture<Void> stallOnce(String path) {
        CompletableFuture<Void> stalled = new CompletableFuture<>();
        stalls.put(path, stalled);
        return stalled;
    }

    /** What was asked, as {@code METHOD PATH}. */
    public List<String> asked() {
        return asked;
    }

    /** The certificates that it has issued. */
    public List<X509Certificate> issued() {
        return issued;
    }

    /** Addresses of mail of its accounts. */
    public List<String> contacts() {
        return accounts.values().stream()
                .map(each ->
                        each.contact().getJsonArray("contact", new JsonArray()).encode())
                .toList();
    }

    @Override
    public void close() {
        closed.countDown();
        server.stop(0);
        threads.shutdownNow();
    }

    // ---- requests -------------------------------------------------------------------------------------------------

    private static final class Refusal extends Exception {
        private static final long serialVersionUID = 1;

        final int status;
        final String type;

        Refusal(int status, String type, String detail) {
            super(detail);
            this.status = status;
            this.type = type;
        }
    }

    private void serve(HttpExchange exchange) throws IOException {
        String path = exchange.getRequestURI().getPath();
        asked.add(exchange.getRequestMethod() + " " + path);
        try (exchange) {
            byte[] body = exchange.getRequestBody().readAllBytes();
            exchange.getResponseHeaders().set("Replay-Nonce", nonce());
            CompletableFuture<Void> stalled = stalls.remove(path);
            if (stalled != null) {
                stall(exchange, stalled);
                return;
            }
            Fault fault = faults.stream()
                    .filter(each -> path.startsWith(each.path()))
                    .findFirst()
                    .orElse(null);
            if (fault != null && faults.remove(fault)) {
                fault.fields().forEach(exchange.getResponseHeaders()::set);
                send(exchange, fault.status(), fault.contentType(), fault.body());
                return;
            }
            try {
                answer(exchange, path, body);
            } catch (Refusal e) {
                JsonObject problem = new JsonObject()
                        .put("type", "urn:ietf:params:acme:error:" + e.type)
                        .put("detail", e.getMessage());
                send(exchange, e.status, "application/problem+json", problem.encode());
            } catch (Exception e) {
                send(
                        exchange,
                        500,
                        "application/problem+json",
                        new JsonObject()
                                .put("type", "urn:ietf:params:acme:error:serverInternal")
                                .put("detail", e.toString())
                                .encode());
            }
        }
    }

    private void stall(HttpExchange exchange, CompletableFuture<Void> stalled) throws IOException {
        exchange.getResponseHeaders().set("Content-Type", "application/json");
        exchange.sendResponseHeaders(200, 1000);
        exchange.getResponseBody().write('{');
        exchange.getResponseBody().flush();
        stalled.complete(null);
        try {
            closed.await();
        } catch (InterruptedException end) {
            Thread.currentThread().interrupt();
        }
    }

    private String nonce() {
        String made = random();
        nonces.add(made);
        return made;
    }

    private String random() {
        byte[] bytes = new byte[16];
        random.nextBytes(bytes);
        return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
    }

    private static void send(HttpExchange exchange, int status, String contentType, String body) throws IOException {
        byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
        exchange.getResponseHeaders().set("Content-Type", contentType);
        boolean head = exchange.getRequestMethod().equals("HEAD");
        exchange.sendResponseHeaders(status, head || bytes.length == 0 ? -1 : bytes.length);
        if (!head) {
            exchange.getResponseBody().write(bytes);
        }
    }

    private static void json(HttpExchange exchange, int status, JsonObject body) throws IOException {
        send(exchange, status, "application/json", body.encode());
    }

    private void answer(HttpExchange exchange, String path, byte[] body) throws Exception {
        String base = base();
        if (path.equals("/directory")) {
            json(
                    exchange,
                    200,
                    new JsonObject()
                            .put("newNonce", base + "/new-nonce")
                            .put("newAccount", base + "/new-account")
                            .put("newOrder", base + "/new-order")
                            .put(
                                    "meta",
                                    new JsonObject()
                                            .put("termsOfService", base + "/terms")
                                            .put("externalAccountRequired", !externalId.isEmpty())));
            return;
        }
        if (path.equals("/new-nonce")) {
            send(exchange, 200, "text/plain", "");
            return;
        }
        Signed signed = verify(exchange, base + path, body);
        if (path.equals("/new-account")) {
            newAccount(exchange, signed);
            return;
        }
        Account account = signed.account();
        if (account == null) {
            throw new Refusal(400, "malformed", "a key where an account is wanted");
        }
        String[] parts = path.substring(1).split("/", -1);
        switch (parts[0]) {
            case "new-order" -> newOrder(exchange, signed.payload());
            case "order" -> order(exchange, parts[1], 200);
            case "authorization" -> authorization(exchange, proof(parts));
            case "challenge" -> challenge(exchange, proof(parts), parts[3], account);
            case "finalize" -> finish(exchange, parts[1], signed.payload());
            case "certificate" -> send(exchange, 200, "application/pem-certificate-chain", order(parts[1]).certificate);
            default -> throw new Refusal(404, "malformed", "there is no " + path);
        }
    }

    private Order order(String id) {
        return Objects.requireNonNull(orders.get(id), id);
    }

    private Proof proof(String[] parts) {
        return order(parts[1]).proofs.get(Integer.parseInt(parts[2]));
    }

    // ---- signatures -----------------------------------------------------------------------------------------------

    private record Signed(
            JsonObject payload,
            @Nullable Account account,
            @Nullable JsonObject jwk,
            PublicKey key) {}

    private static byte[] decoded(String text) {
        return Base64.getUrlDecoder().decode(text);
    }

    private static String encoded(byte[] bytes) {
        return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
    }

    private static JsonObject object(String encoded) {
        String text = new String(decoded(encoded), StandardCharsets.UTF_8);
        return text.isEmpty() ? new JsonObject() : new JsonObject(text);
    }

    private Signed verify(HttpExchange exchange, String url, byte[] body) throws Exception {
        if (!exchange.getRequestMethod().equals("POST")) {
            throw new Refusal(405, "malformed", "expected POST");
        }
        if (!"application/jose+json".equals(exchange.getRequestHeaders().getFirst("Content-Type"))) {
            throw new Refusal(415, "malformed", "expected application/jose+json");
        }
        JsonObject jws = new JsonObject(new String(body, StandardCharsets.UTF_8));
        JsonObject header = object(jws.getString("protected"));
        if (!nonces.remove(header.getString("nonce"))) {
            throw new Refusal(400, "badNonce", "this nonce is not known");
        }
        if (!url.equals(header.getString("url"))) {
            throw new Refusal(401, "unauthorized", "signed for " + header.getString("url"));
        }
        JsonObject jwk = header.getJsonObject("jwk");
        String kid = header.getString("kid");
        if ((jwk == null) == (kid == null) || !"ES256".equals(header.getString("alg"))) {
            throw new Refusal(400, "malformed", "expected jwk or kid, and ES256");
        }
        Account account = kid == null ? null : account(kid);
        PublicKey key = account == null ? key(Objects.requireNonNull(jwk)) : account.key();
        Signature signature = Signature.getInstance("SHA256withECDSAinP1363Format");
        signature.initVerify(key);
        signature.update(
                (jws.getString("protected") + "." + jws.getString("payload")).getBytes(StandardCharsets.US_ASCII));
        if (!signature.verify(decoded(jws.getString("signature")))) {
            throw new Refusal(400, "malformed", "the signature is wrong");
        }
        return new Signed(object(jws.getString("payload")), account, jwk, key);
    }

    private Account account(String kid) throws Refusal {
        Account account = accounts.values().stream()
                .filter(each -> kid.equals(base() + "/account/" + each.id()))
                .findFirst()
                .orElseThrow(() -> new Refusal(400, "accountDoesNotExist", "there is no account " + kid));
        if (revoked.contains(account.thumbprint())) {
            throw new Refusal(401, "unauthorized", "the account was deactivated");
        }
        return account;
    }

    private static PublicKey key(JsonObject jwk) throws GeneralSecurityException {
        AlgorithmParameters curve = AlgorithmParameters.getInstance("EC");
        curve.init(new ECGenParameterSpec("secp256r1"));
        return KeyFactory.getInstance("EC")
                .generatePublic(new ECPublicKeySpec(
                        new ECPoint(
                                new BigInteger(1, decoded(jwk.getString("x"))),
                                new BigInteger(1, decoded(jwk.getString("y")))),
                        curve.getParameterSpec(ECParameterSpec.class)));
    }

    /** RFC 7638. */
    private static String thumbprint(JsonObject jwk) throws GeneralSecurityException {
        String text = "{\"crv\":\"" + jwk.getString("crv") + "\",\"kty\":\"" + jwk.getString("kty") + "\",\"x\":\""
                + jwk.getString("x") + "\",\"y\":\"" + jwk.getString("y") + "\"}";
        return encoded(MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.US_ASCII)));
    }

    // ---- accounts and orders --------------------------------------------------------------------------------------

    private void newAccount(HttpExchange exchange, Signed signed) throws Exception {
        JsonObject jwk = signed.jwk();
        if (jwk == null) {
            throw new Refusal(400, "malformed", "expected a jwk");
        }
        String thumbprint = thumbprint(jwk);
        if (revoked.contains(thumbprint)) {
            throw new Refusal(401, "unauthorized", "the account was deactivated");
        }
        Account known = accounts.get(thumbprint);
        if (known == null) {
            if (!Boolean.TRUE.equals(signed.payload().getBoolean("termsOfServiceAgreed"))) {
                throw new Refusal(403, "userActionRequired", "agree to the terms of service");
            }
            if (!externalId.isEmpty()) {
                checkExternalAccount(signed.payload(), thumbprint);
            }
            known = new Account(accounts.size() + 1, signed.key(), thumbprint, signed.payload());
            accounts.put(thumbprint, known);
        }
        exchange.getResponseHeaders().set("Location", base() + "/account/" + known.id());
        json(exchange, 201, new JsonObject().put("status", "valid").put("orders", base() + "/orders/" + known.id()));
    }

    private void checkExternalAccount(JsonObject payload, String thumbprint) throws Exception {
        JsonObject binding = payload.getJsonObject("externalAccountBinding");
        if (binding == null) {
            throw new Refusal(403, "externalAccountRequired", "bind the account to one that is known");
        }
        JsonObject header = object(binding.getString("protected"));
        Mac mac = Mac.getInstance("HmacSHA256");
        mac.init(new SecretKeySpec(externalKey, "HmacSHA256"));
        byte[] wanted = mac.doFinal((binding.getString("protected") + "." + binding.getString("payload"))
                .getBytes(StandardCharsets.US_ASCII));
        if (!externalId.equals(header.getString("kid"))
                || !MessageDigest.isEqual(wanted, decoded(binding.getString("signature")))
                || !thumbprint(object(binding.getString("payload"))).equals(thumbprint)) {
            throw new Refusal(403, "unauthorized", "the binding is wrong");
        }
    }

    private void newOrder(HttpExchange exchange, JsonObject payload) throws Exception {
        Set<String> names = new TreeSet<>();
        for (Object each : payload.getJsonArray("identifiers")) {
            names.add(((JsonObject) each).getString("value"));
        }
        Order order = new Order(names);
        names.forEach(name -> order.proofs.add(new Proof(random(), name)));
        String id = String.valueOf(orders.size() + 1);
        orders.put(id, order);
        exchange.getResponseHeaders().set("Location", base() + "/order/" + id);
        order(exchange, id, 201);
    }

    private void order(HttpExchange exchange, String id, int status) throws IOException {
        Order order = order(id);
        if (order.status.equals("pending")) {
            if (order.proofs.stream().allMatch(each -> each.status.equals("valid"))) {
                order.status = "ready";
            } else if (order.proofs.stream().anyMatch(each -> each.status.equals("invalid"))) {
                order.status = "invalid";
            }
        }
        JsonArray identifiers = new JsonArray();
        JsonArray authorizations = new JsonArray();
        int index = 0;
        for (Proof each : order.proofs) {
            identifiers.add(new JsonObject().put("type", "dns").put("value", each.name));
            authorizations.add(base() + "/authorization/" + id + "/" + index++);
        }
        JsonObject body = new JsonObject()
                .put("status", order.status)
                .put("identifiers", identifiers)
                .put("authorizations", authorizations)
                .put("finalize", base() + "/finalize/" + id);
        if (order.status.equals("valid")) {
            body.put("certificate", base() + "/certificate/" + id);
        }
        json(exchange, status, body);
    }

    private void authorization(HttpExchange exchange, Proof proof) throws IOException {
        String self = exchange.getRequestURI().getPath().replace("/authorization/", "/challenge/");
        JsonArray challenges = new JsonArray();
        for (String type : List.of(HTTP, TLS)) {
            challenges.add(challengeOf(base() + self + "/" + type, type, proof));
        }
        json(
                exchange,
                200,
                new JsonObject()
                        .put("status", proof.status)
                        .put(
                                "identifier",
                                new JsonObject()
                                        .put("type", "dns")
                                        .put("value", otherName.isEmpty() ? proof.name : otherName))
                        .put("challenges", challenges));
    }

    private static JsonObject challengeOf(String url, String type, Proof proof) {
        JsonObject challenge = new JsonObject()
                .put("type", type)
                .put("url", url)
                .put("token", proof.token)
                .put("status", proof.status);
        if (!proof.error.isEmpty()) {
            challenge.put(
                    "error",
                    new JsonObject()
                            .put("type", "urn:ietf:params:acme:error:unauthorized")
                            .put("detail", proof.error));
        }
        return challenge;
    }

    private void challenge(HttpExchange exchange, Proof proof, String type, Account account) throws IOException {
        if (proof.status.equals("pending")) {
            proof.status = "processing";
            threads.execute(() -> {
                String error;
                try {
                    String wanted = proof.token + "." + account.thumbprint();
                    error = type.equals(HTTP) ? checkHttp(proof, wanted) : checkTls(proof, wanted);
                } catch (Exception e) {
                    error = e.toString();
                }
                proof.error = error;
                proof.status = error.isEmpty() ? "valid" : "invalid";
            });
        }
        json(
                exchange,
                200,
                challengeOf(base() + exchange.getRequestURI().getPath(), type, proof)
                        .put("status", "processing"));
    }

    // ---- proofs ---------------------------------------------------------------------------------------------------

    private String checkHttp(Proof proof, String wanted) throws Exception {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), httpPort.get(WAIT_S, TimeUnit.SECONDS))) {
            socket.setSoTimeout(TIMEOUT_MS);
            socket.getOutputStream()
                    .write(("GET /.well-known/acme-challenge/" + proof.token + " HTTP/1.1\r\nHost: " + proof.name
                                    + "\r\nConnection: close\r\n\r\n")
                            .getBytes(StandardCharsets.US_ASCII));
            InputStream in = socket.getInputStream();
            String answer = new String(in.readAllBytes(), StandardCharsets.US_ASCII);
            String body = answer.substring(answer.indexOf("\r\n\r\n") + 4);
            return answer.startsWith("HTTP/1.1 200 ") && body.strip().equals(wanted)
                    ? ""
                    : "expected " + wanted + " and got " + answer;
        }
    }

    private static final class TrustsAll implements X509TrustManager {
        @Override
        public void checkClientTrusted(X509Certificate[] chain, String type) {}

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String type) {}

        @Override
        public X509Certificate[] getAcceptedIssuers() {
            return new X509Certificate[0];
        }
    }

    /** RFC 8737, section 3. */
    private String checkTls(Proof proof, String wanted) throws Exception {
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, new TrustManager[] {new TrustsAll()}, null);
        int port = tlsPort.get(WAIT_S, TimeUnit.SECONDS);
        try (SSLSocket socket =
                (SSLSocket) context.getSocketFactory().createSocket(InetAddress.getLoopbackAddress(), port)) {
            socket.setSoTimeout(TIMEOUT_MS);
            SSLParameters parameters = socket.getSSLParameters();
            parameters.setApplicationProtocols(new String[] {"acme-tls/1"});
            parameters.setServerNames(List.of(new SNIHostName(proof.name)));
            socket.setSSLParameters(parameters);
            socket.startHandshake();
            X509Certificate shown = (X509Certificate) socket.getSession().getPeerCertificates()[0];
            if (!"acme-tls/1".equals(socket.getApplicationProtocol())) {
                return "it has chosen " + socket.getApplicationProtocol();
            }
            if (!new CertifiedKey(List.of(shown), issuer.key()).names().equals(List.of(proof.name))) {
                return "the certificate is for others";
            }
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(wanted.getBytes(StandardCharsets.US_ASCII));
            byte[] extension = shown.getExtensionValue(ACME_IDENTIFIER);
            byte[] expected = new byte[digest.length + 4];
            expected[0] = 4;
            expected[1] = (byte) (digest.length + 2);
            expected[2] = 4;
            expected[3] = (byte) digest.length;
            System.arraycopy(digest, 0, expected, 4, digest.length);
            if (!Arrays.equals(extension, expected)
                    || !shown.getCriticalExtensionOIDs().contains(ACME_IDENTIFIER)) {
                return "the proof is wrong";
            }
            return "";
        }
    }

    // ---- certificates ---------------------------------------------------------------------------------------------

    private void finish(HttpExchange exchange, String id, JsonObject payload) throws Exception {
        Order order = order(id);
        if (!order.status.equals("ready")) {
            throw new Refusal(403, "orderNotReady", "the order is " + order.status);
        }
        JcaPKCS10CertificationRequest request = new JcaPKCS10CertificationRequest(decoded(payload.getString("csr")));
        if (!request.isSignatureValid(new JcaContentVerifierProviderBuilder().build(request.getPublicKey()))) {
            throw new Refusal(400, "badCSR", "the signature is wrong");
        }
        Extensions extensions =
                Extensions.getInstance(request.getAttributes(PKCSObjectIdentifiers.pkcs_9_at_extensionRequest)[0]
                        .getAttrValues()
                        .getObjectAt(0));
        Set<String> names = new TreeSet<>();
        for (GeneralName each : GeneralNames.fromExtensions(extensions, Extension.subjectAlternativeName)
                .getNames()) {
            names.add(each.getName().toString());
        }
        if (!names.equals(order.names)) {
            throw new Refusal(400, "badCSR", "it is for " + names + " and the order for " + order.names);
        }
        PublicKey key = wrongKey ? KeyType.EC.make().getPublic() : request.getPublicKey();
        if (!surplusName.isEmpty()) {
            names.add(surplusName);
        }
        X509Certificate made = issue(names, key);
        issued.add(made);
        order.certificate = Pem.write(List.of(made, issuer.certificate()));
        order.status = "valid";
        order(exchange, id, 200);
    }

    private X509Certificate issue(Set<String> names, PublicKey key) throws Exception {
        Instant now = Instant.now();
        JcaX509v3CertificateBuilder builder = new JcaX509v3CertificateBuilder(
                new X500Name(issuer.certificate().getSubjectX500Principal().getName()),
                new BigInteger(100, random),
                Date.from(now.plus(validIn)),
                Date.from(now.plus(lifetime)),
                new X500Name("CN=" + names.iterator().next()),
                key);
        builder.addExtension(
                Extension.subjectAlternativeName,
                false,
                new GeneralNames(names.stream()
                        .map(name -> new GeneralName(GeneralName.dNSName, name))
                        .toArray(GeneralName[]::new)));
        return new JcaX509CertificateConverter()
                .getCertificate(builder.build(new JcaContentSignerBuilder("SHA256withECDSA").build(issuer.key())));
    }

    /** What it knows, for a test that fails. */
    @Override
    public String toString() {
        Map<String, String> states = new LinkedHashMap<>();
        orders.forEach((id, order) -> states.put(
                id,
                order.status + " "
                        + order.proofs.stream()
                                .map(each -> each.name + " " + each.status + " " + each.error)
                                .toList()));
        return "orders " + states + ", asked " + asked;
    }
}
