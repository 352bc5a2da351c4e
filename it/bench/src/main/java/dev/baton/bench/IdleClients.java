package dev.baton.bench;

import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** Keep-alive clients that ask once and then do nothing: {@code IdleClients HOST PORT COUNT}. Ends with its input. */
public final class IdleClients {
    private IdleClients() {}

    /** Opens the connections, says so in a line, and waits. */
    public static void main(String[] args) throws IOException {
        int port = Integer.parseInt(args[1]);
        int count = Integer.parseInt(args[2]);
        byte[] request = ("GET / HTTP/1.1\r\nHost: " + args[0] + "\r\n\r\n").getBytes(StandardCharsets.US_ASCII);
        List<Socket> clients = new ArrayList<>();
        byte[] answer = new byte[4096];
        for (int i = 0; i < count; i++) {
            Socket client = new Socket(args[0], port);
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
