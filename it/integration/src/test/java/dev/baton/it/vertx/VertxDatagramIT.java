package dev.baton.it.vertx;

import static dev.baton.it.vertx.VertxRig.get;
import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.spi.poller.PollerProvider;
import io.vertx.core.Promise;
import io.vertx.core.VertxOptions;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.datagram.DatagramPacket;
import io.vertx.core.datagram.DatagramSocket;
import io.vertx.core.datagram.DatagramSocketOptions;
import io.vertx.core.dns.AddressResolverOptions;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServer;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Names are resolved, and Vert.x's datagram sockets work, over Baton's datagram channels. */
@Timeout(60)
class VertxDatagramIT {

    static Stream<Arguments> pollersAndHosts() {
        return dev.baton.it.Pollers.all()
                .flatMap(poller -> Stream.of("127.0.0.1", "::1").map(host -> Arguments.of(poller, host)));
    }

    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void aNameIsResolved(PollerProvider poller) throws Exception {
        try (SmallDns dns = new SmallDns()) {
            VertxOptions options = new VertxOptions()
                    .setAddressResolverOptions(new AddressResolverOptions()
                            .setServers(List.of(dns.address()))
                            .setSearchDomains(List.of()));
            try (VertxRig rig = VertxRig.start(poller, 2, options)) {
                HttpServer server = rig.vertx()
                        .createHttpServer()
                        .requestHandler(request -> request.response().end("hello"));
                int port = get(server.listen(0, "127.0.0.1")).actualPort();
                Buffer body = get(rig.httpClient()
                        .request(HttpMethod.GET, port, "shop.test", "/")
                        .compose(request -> request.send().compose(response -> response.body())));
                assertThat(body.toString()).isEqualTo("hello");
                assertThat(dns.questions()).isPositive();
                assertThat(get(rig.vertx()
                                .createDnsClient(dns.port(), "127.0.0.1")
                                .resolveA("other.test")))
                        .containsExactly("127.0.0.1");
            }
        }
    }

    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void aSocketListensToAGroup(PollerProvider poller) throws Exception {
        String group = "239.255.42.98";
        DatagramSocketOptions options = new DatagramSocketOptions()
                .setMulticastNetworkInterface(NetworkInterface.getByInetAddress(InetAddress.getLoopbackAddress())
                        .getName());
        try (VertxRig rig = VertxRig.start(poller, 2)) {
            DatagramSocket member = rig.vertx().createDatagramSocket(options);
            Promise<String> heard = Promise.promise();
            member.handler(packet -> heard.tryComplete(packet.data().toString()));
            get(member.listen(0, "0.0.0.0"));
            get(member.listenMulticastGroup(group));
            DatagramSocket sender = rig.vertx().createDatagramSocket(options);
            get(sender.send("to all", member.localAddress().port(), group));
            assertThat(get(heard.future())).isEqualTo("to all");
            get(member.unlistenMulticastGroup(group));
        }
    }

    @ParameterizedTest
    @MethodSource("pollersAndHosts")
    void datagramsGoThereAndBack(PollerProvider poller, String host) throws Exception {
        DatagramSocketOptions options = new DatagramSocketOptions().setIpV6(host.contains(":"));
        try (VertxRig rig = VertxRig.start(poller, 2)) {
            DatagramSocket echo = rig.vertx().createDatagramSocket(options);
            echo.handler(packet -> echo.send(
                    packet.data(), packet.sender().port(), packet.sender().host()));
            get(echo.listen(0, host));
            int port = echo.localAddress().port();
            // Never bound by us: the kernel chooses its port at the first datagram.
            DatagramSocket asker = rig.vertx().createDatagramSocket(options);
            Promise<DatagramPacket> answer = Promise.promise();
            asker.handler(answer::complete);
            get(asker.send("ping", port, host));
            DatagramPacket packet = get(answer.future());
            assertThat(packet.data().toString()).isEqualTo("ping");
            assertThat(packet.sender().port()).isEqualTo(port);
            get(asker.close());
            get(echo.close());
            get(rig.vertx().createDatagramSocket(options).listen(port, host));
        }
    }
}
