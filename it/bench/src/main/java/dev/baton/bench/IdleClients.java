package dev.baton.bench;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.List;
import javax.net.SocketFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509ExtendedTrustManager;

/**
 * Keep-alive clients that ask once and then do nothing: {@code IdleClients HOST PORT COUNT [tls]}. Those beyond the
 * first ones come from other loopback addresses, as one has not ports enough. Ends with its input.
 */
public final class IdleClients {
    private static final int CLIENTS_PER_ADDRESS = 20_000;

    private IdleClients() {}

    /** Trusts everybody, and knows no session that could be resumed. */
    private static SocketFactory tls() throws GeneralSecurityException {
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, new TrustManager[] {new TrustsAll()}, null);
        return context.getSocketFactory();
    }

    private static final class TrustsAll extends X509ExtendedTrustManager {
        @Override
        public void checkClientTrusted(X509Certificate[] chain, String type, Socket socket) {}

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String type, Socket socket) {}

        @Override
        public void checkClientTrusted(X509Certificate[] chain, String type, SSLEngine engine) {}

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String type, SSLEngine engine) {}

        @Override
        public void checkClientTrusted(X509Certificate[] chain, String type) {}

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String type) {}

        @Override
        public X509Certificate[] getAcceptedIssuers() {
            return new X509Certificate[0];
        }
    }

    private static byte source(int client) {
        return (byte) (1 + client / CLIENTS_PER_ADDRESS);
    }

    /** Opens the connections, says so in a line, and waits. */
    public static void main(String[] args) throws IOException, GeneralSecurityException {
        int port = Integer.parseInt(args[1]);
        int count = Integer.parseInt(args[2]);
        byte[] request = ("GET / HTTP/1.1\r\nHost: " + args[0] + "\r\n\r\n").getBytes(StandardCharsets.US_ASCII);
        boolean tls = args.length > 3 && args[3].equals("tls");
        List<Socket> clients = new ArrayList<>();
        byte[] answer = new byte[4096];
        for (int i = 0; i < count; i++) {
            Socket client = (tls ? tls() : SocketFactory.getDefault()).createSocket();
            if (i >= CLIENTS_PER_ADDRESS) {
                client.bind(new InetSocketAddress(InetAddress.getByAddress(new byte[] {127, 0, 0, source(i)}), 0));
            }
            client.connect(new InetSocketAddress(InetAddress.getByName(args[0]), port));
            client.setTcpNoDelay(true); // the request follows the end of the handshake at once
            clients.add(client);
            client.getOutputStream().write(request);
            InputStream in = client.getInputStream();
            int read = in.read(answer);
            if (read < 12 || !new String(answer, 9, 3, StandardCharsets.US_ASCII).equals("200")) {
                throw new IOException("connection " + i + " was not answered with 200");
            }
            while (in.available() > 0) {
                if (in.read(answer) < 0) {
                    throw new IOException("connection " + i + " was closed");
                }
            }
        }
        System.out.println("open " + clients.size());
        System.out.flush();
        while (System.in.read() >= 0) {
            continue;
        }
    }
}
