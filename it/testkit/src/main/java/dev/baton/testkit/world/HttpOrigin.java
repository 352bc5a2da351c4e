package dev.baton.testkit.world;

/** A server that is not the process under test, and speaks HTTP/1.1: the test plays what it says. */
public final class HttpOrigin {
    private final Origin origin;

    HttpOrigin(Origin origin) {
        this.origin = origin;
    }

    /** Where it listens, as {@code servers:} of an upstream has it. */
    public String address() {
        return origin.address();
    }

    /** Waits for the next connection. */
    public HttpPeer accept() {
        return new HttpPeer(origin.accept());
    }

    /**
     * Waits for the next connection and for its request, and responds.
     *
     * @return the request
     */
    public HttpMessage serve(int status, String body, String... fields) {
        HttpPeer connection = accept();
        HttpMessage request = connection.receive();
        connection.respond(status, body, fields);
        return request;
    }

    /** Listens no more; what it has accepted stays open. */
    public void close() {
        origin.close();
    }
}
