package dev.baton.it.peers;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import org.awaitility.Awaitility;

/** Starts real HTTP servers on free ports of 127.0.0.1. */
final class Servers {
    private static final int TRIES = 5;

    private static final String NGINX = """
            daemon off;
            master_process off;
            pid nginx.pid;
            error_log stderr;
            events { worker_connections 256; }
            http {
                access_log off;
                client_body_temp_path bodies;
                proxy_temp_path temp;
                fastcgi_temp_path temp;
                uwsgi_temp_path temp;
                scgi_temp_path temp;
                server {
                    listen 127.0.0.1:PORT;
                    keepalive_requests 3;
                    client_max_body_size 100k;
                    default_type text/plain;
                    location / { root www; }
                    location = /nginx/ok { return 200 "$connection $connection_requests"; }
                    location = /nginx/none { return 204; }
                    location = /nginx/refuse { proxy_pass http://BEHIND/node/count; }
                }
            }
            """;

    /** Who asks is told on which connection; bodies are counted, or sent back as they come. */
    private static final String NODE = """
            const http = require('http');
            let connections = 0;
            const server = http.createServer({ keepAliveTimeout: KEEP_ALIVE }, (request, response) => {
                const socket = request.socket;
                socket.id = socket.id || ++connections;
                socket.requests = (socket.requests || 0) + 1;
                const path = request.url;
                if (path === '/node/echo') {
                    response.writeHead(200);
                    request.pipe(response);
                } else if (path === '/node/count') {
                    let bytes = 0;
                    request.on('data', piece => bytes += piece.length);
                    request.on('end', () => response.end(String(bytes)));
                } else if (path === '/node/none') {
                    response.writeHead(204).end();
                } else if (path === '/node/old') {
                    response.writeHead(304, { ETag: '"1"' }).end();
                } else if (path === '/node/refuse') {
                    response.writeHead(413, { Connection: 'close' });
                    response.end('too large');
                } else if (path === '/node/large') {
                    const piece = Buffer.alloc(1 << 20, 'x');
                    let left = 30;
                    const send = () => {
                        while (left > 0) {
                            left--;
                            if (!response.write(piece)) {
                                response.once('drain', send);
                                return;
                            }
                        }
                        response.end();
                    };
                    send();
                } else {
                    response.end(socket.id + ' ' + socket.requests);
                }
            });
            server.listen(0, '127.0.0.1', () => console.log('port ' + server.address().port));
            """;

    /** A WSGI application. */
    private static final String APPLICATION = """
            def application(environ, start_response):
                path = environ['PATH_INFO']
                if path.endswith('/echo'):
                    body = environ['wsgi.input'].read()
                    start_response('200 OK', [('Content-Length', str(len(body)))])
                    return [body]
                if path.endswith('/chunks'):
                    start_response('200 OK', [('Content-Type', 'text/plain')])
                    return (piece for piece in [b'one ', b'two ', b'three'])
                if path.endswith('/none'):
                    start_response('204 No Content', [])
                    return []
                if path.endswith('/old'):
                    start_response('304 Not Modified', [('ETag', '"1"')])
                    return []
                if path.endswith('/refuse'):
                    start_response('413 Request Entity Too Large', [('Content-Length', '9')])
                    return [b'too large']
                start_response('200 OK', [('Content-Length', '2')])
                # It would send a body after the head of an answer to HEAD, which the next request's answer would begin with.
                return [] if environ['REQUEST_METHOD'] == 'HEAD' else [b'ok']
            """;

    /** What {@link #http2Nginx} has at {@code /nginx/large}. */
    static final int LARGE_BYTES = 3 << 20;

    private Servers() {}

    /** A running server. */
    record Running(PeerProcess process, String address) implements AutoCloseable {
        @Override
        public void close() {
            process.close();
        }
    }

    /**
     * nginx, which cannot choose a port: another one is tried if that was taken meanwhile.
     *
     * @param behind a server of {@link #node}, to which it forwards what it does not refuse
     */
    static Running nginx(Path folder, String behind) throws Exception {
        return nginx(folder, NGINX.replace("BEHIND", behind), true);
    }

    /** nginx that speaks HTTP/2 by prior knowledge, lets few streams be open at once, and soon goes away. */
    static Running http2Nginx(Path folder) throws Exception {
        return nginx(
                folder,
                NGINX.replace("BEHIND", "127.0.0.1:1")
                        .replace(
                                "listen 127.0.0.1:PORT;",
                                "listen 127.0.0.1:PORT http2; http2_max_concurrent_streams 10;")
                        .replace("keepalive_requests 3;", "keepalive_requests 20;"),
                false);
    }

    private static Running nginx(Path folder, String configuration, boolean large) throws Exception {
        Files.createDirectories(folder.resolve("www/nginx"));
        Files.createDirectories(folder.resolve("bodies"));
        Files.writeString(folder.resolve("www/nginx/small"), "small");
        Files.write(folder.resolve("www/nginx/large"), new byte[large ? 30 << 20 : LARGE_BYTES]);
        for (int i = 0; i < TRIES; i++) {
            int port;
            try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
                port = free.getLocalPort();
            }
            Files.writeString(folder.resolve("nginx.conf"), configuration.replace("PORT", Integer.toString(port)));
            PeerProcess process = PeerProcess.start(
                    folder,
                    "nginx",
                    "-p",
                    folder + "/",
                    "-c",
                    folder.resolve("nginx.conf").toString());
            Awaitility.await().until(() -> !process.isAlive() || listens(port));
            if (process.isAlive()) {
                return new Running(process, "127.0.0.1:" + port);
            }
            process.close();
            if (!process.text().contains("Address already in use")) {
                throw new AssertionError("nginx ended:\n" + process.text());
            }
        }
        throw new AssertionError("nginx found no port in " + TRIES + " tries");
    }

    private static boolean listens(int port) {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            return socket.isConnected();
        } catch (IOException e) {
            return false;
        }
    }

    static Running node(Path folder, int keepAliveMillis) throws Exception {
        Path script = folder.resolve("server.js");
        Files.writeString(script, NODE.replace("KEEP_ALIVE", Integer.toString(keepAliveMillis)));
        PeerProcess process = PeerProcess.start(folder, "node", script.toString());
        return new Running(process, "127.0.0.1:" + process.await(Pattern.compile("^port (\\d+)$")));
    }

    /**
     * Gunicorn.
     *
     * @param more how it works
     */
    static Running gunicorn(Path folder, String... more) throws Exception {
        Files.writeString(folder.resolve("peer.py"), APPLICATION);
        List<String> command = new ArrayList<>(List.of("gunicorn", "--bind", "127.0.0.1:0"));
        command.addAll(List.of(more));
        command.add("peer:application");
        PeerProcess process = PeerProcess.start(folder, command.toArray(String[]::new));
        String address = process.await(Pattern.compile("Listening at: http://(\\S+)"));
        process.await(Pattern.compile("Booting worker with (pid)"));
        return new Running(process, address);
    }
}
