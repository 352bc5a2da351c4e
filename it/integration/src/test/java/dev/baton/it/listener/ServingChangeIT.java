package dev.baton.it.listener;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.baton.plugin.epoll.EpollProvider;
import dev.baton.plugin.unbind.AtOnceStrategy;
import dev.baton.plugin.unbind.DrainStrategy;
import dev.baton.runtime.listener.Serving;
import dev.baton.runtime.listener.ServingChange;
import dev.baton.runtime.listener.SharedListener;
import dev.baton.runtime.pack.Carrier;
import dev.baton.runtime.pack.Departure;
import dev.baton.runtime.pack.Parcel;
import dev.baton.runtime.posix.JnrPosix;
import dev.baton.spi.channel.MovableChannel;
import dev.baton.spi.service.Packed;
import dev.baton.spi.service.Packing;
import dev.baton.spi.service.Service;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * J6: how the connections of a listener go over to another version of its service. The bug that this guards against: a
 * connection that is neither the old version's nor the new one's when the old one is closed, or that is lost between
 * the two.
 */
@Timeout(value = 60, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ServingChangeIT {
    private static final ClassLoader NO_CODE = new ClassLoader(null) {};

    private ListenerRig rig;

    @BeforeEach
    void make() throws Exception {
        rig = new ListenerRig(new EpollProvider(), 2);
    }

    @AfterEach
    void end() {
        rig.close();
    }

    /** What a version does with its connections in a reload. */
    private enum Way {
        PACKS,
        /** Only between two requests: not while a {@code <} has come and no {@code >}. */
        PACKS_LATER,
        GIVES_UP,
        /** Throws when it is to give a connection up. */
        BREAKS,
        STAYS
    }

    /** Answers each octet with the name of the version, and begins with a greeting of a packed connection. */
    private static final class Version implements Service {
        final char name;
        final Way way;
        final Queue<String> said = new ConcurrentLinkedQueue<>();
        boolean knows = true;
        /** What it does not take out when it gives a connection up. */
        @Nullable
        ChannelHandler leaves;

        Version(char name, Way way) {
            this.name = name;
            this.way = way;
        }

        @Override
        public void initialize(MovableChannel connection, String listener) {
            said.add("initialize");
            ChannelHandler more = leaves;
            if (more != null) {
                connection.pipeline().addLast(more);
            }
            connection.pipeline().addLast(new Speaker(this));
        }

        @Override
        public Packed pack(MovableChannel connection, Packing packing) {
            Speaker speaker = Objects.requireNonNull(connection.pipeline().get(Speaker.class));
            if (way == Way.PACKS || (way == Way.PACKS_LATER && !speaker.open)) {
                speaker.packed = true;
                return Packed.of(new byte[] {(byte) name});
            }
            if (way == Way.PACKS_LATER) {
                speaker.wanted = packing;
                said.add("not now");
                return Packed.NOT_NOW;
            }
            return Packed.NEVER;
        }

        @Override
        public boolean unpacks(byte[] state) {
            return knows;
        }

        @Override
        public void unpack(MovableChannel connection, String listener, Packed packed) {
            said.add("unpack " + (char) packed.state()[0]);
            connection.pipeline().addLast(new Speaker(this));
        }

        @Override
        public boolean giveUp(MovableChannel connection, Consumer<ByteBuf> taker) {
            if (way == Way.BREAKS) {
                throw new IllegalStateException("broken");
            }
            if (way != Way.GIVES_UP) {
                return false;
            }
            connection.pipeline().remove(Speaker.class);
            taker.accept(Unpooled.copiedBuffer("rest", StandardCharsets.US_ASCII));
            return true;
        }

        @Override
        public void drain(MovableChannel connection, Duration patience) {
            said.add("drain");
        }
    }

    private static final class Speaker extends ChannelInboundHandlerAdapter {
        private final Version version;
        private boolean open;
        private boolean packed;
        private @Nullable Packing wanted;

        Speaker(Version version) {
            this.version = version;
        }

        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            ByteBuf in = (ByteBuf) message;
            StringBuilder answer = new StringBuilder();
            while (in.isReadable()) {
                char octet = (char) in.readByte();
                open = octet == '<' || (open && octet != '>');
                answer.append(version.name);
            }
            in.release();
            context.writeAndFlush(Unpooled.copiedBuffer(answer, StandardCharsets.US_ASCII));
            if (!open && wanted != null) {
                Packing asked = wanted;
                wanted = null;
                asked.again();
            }
        }

        @Override
        public void channelInactive(ChannelHandlerContext context) {
            if (!packed) {
                version.said.add("ended");
            }
        }
    }

    private SharedListener listener(Service service) throws Exception {
        return rig.start(10_000, new AtOnceStrategy(), service);
    }

    private static ServingChange change(SharedListener listener, Service next) {
        return change(listener, next, NO_CODE);
    }

    private static ServingChange change(SharedListener listener, Service next, ClassLoader code) {
        return listener.serve(new Serving(next, listener.spec().unbind(), 1), code);
    }

    private static void awaitOver(ServingChange change) {
        await().atMost(Duration.ofSeconds(20)).until(() -> change.advance() == 0);
    }

    @Test
    void shouldHaveTheNextServiceUnpackWhatTheOneBeforePacks() throws Exception {
        Version before = new Version('a', Way.PACKS);
        Version next = new Version('b', Way.PACKS);
        SharedListener listener = listener(before);
        try (Socket client = ListenerRig.connect(listener)) {
            assertThat(ListenerRig.echo(client, '.')).isEqualTo('a');
            awaitOver(change(listener, next));
            assertThat(ListenerRig.echo(client, '.')).isEqualTo('b');
            assertThat(next.said).containsExactly("unpack a");
            assertThat(before.said).containsExactly("initialize"); // and no end
            assertThat(listener.connections()).isEqualTo(1);
        }
        await().until(() -> listener.connections() == 0);
        assertThat(next.said).containsExactly("unpack a", "ended");
    }

    @Test
    void shouldTakeAConnectionAtTheBoundaryThatItSaysIsThere() throws Exception {
        Version before = new Version('a', Way.PACKS_LATER);
        Version next = new Version('b', Way.PACKS);
        SharedListener listener = listener(before);
        try (Socket client = ListenerRig.connect(listener)) {
            assertThat(ListenerRig.echo(client, '<')).isEqualTo('a');
            ServingChange change = change(listener, next);
            assertThat(change.advance()).isEqualTo(1);
            await().until(() -> before.said.contains("not now"));
            assertThat(ListenerRig.echo(client, '.')).isEqualTo('a');
            assertThat(ListenerRig.echo(client, '>')).isEqualTo('a');
            // Nothing asks it once more but its own word.
            await().until(() -> next.said.contains("unpack a"));
            assertThat(ListenerRig.echo(client, '.')).isEqualTo('b');
            assertThat(change.advance()).isZero();
        }
    }

    @Test
    void shouldGiveAConnectionBackToTheVersionThatHasPackedItIfTheNextDoesNotKnowTheState() throws Exception {
        Version before = new Version('a', Way.PACKS);
        Version next = new Version('b', Way.PACKS);
        next.knows = false;
        SharedListener listener = listener(before);
        try (Socket client = ListenerRig.connect(listener)) {
            assertThat(ListenerRig.echo(client, '.')).isEqualTo('a');
            ServingChange change = change(listener, next);
            await().until(() -> {
                assertThat(change.advance()).as("it is somebody's all the time").isEqualTo(1);
                return before.said.contains("drain");
            });
            assertThat(ListenerRig.echo(client, '.')).isEqualTo('a');
            assertThat(before.said).containsExactly("initialize", "unpack a", "drain");
            assertThat(next.said).isEmpty();
            try (Socket newer = ListenerRig.connect(listener)) {
                assertThat(ListenerRig.echo(newer, '.')).isEqualTo('b');
            }
            assertThat(change.advance()).isEqualTo(1);
        }
    }

    @Test
    void shouldInitializeAConnectionThatIsGivenUpWithWhatWasNotRead() throws Exception {
        Version before = new Version('a', Way.GIVES_UP);
        Version next = new Version('b', Way.STAYS);
        SharedListener listener = listener(before);
        try (Socket client = ListenerRig.connect(listener)) {
            assertThat(ListenerRig.echo(client, '.')).isEqualTo('a');
            awaitOver(change(listener, next));
            assertThat(client.getInputStream().readNBytes(4)).asString().isEqualTo("bbbb");
            assertThat(ListenerRig.echo(client, '.')).isEqualTo('b');
            assertThat(next.said).containsExactly("initialize");
        }
    }

    @Test
    void shouldCloseAConnectionWhoseServiceThrowsWhenItIsToGiveItUp() throws Exception {
        SharedListener listener = listener(new Version('a', Way.BREAKS));
        try (Socket client = ListenerRig.connect(listener)) {
            assertThat(ListenerRig.echo(client, '.')).isEqualTo('a');
            awaitOver(change(listener, new Version('b', Way.STAYS)));
            assertThat(client.getInputStream().read()).isEqualTo(-1);
        }
    }

    /** Takes connections to another process, which is the test. */
    private static final class Held implements Carrier, Departure.Answer {
        final CompletableFuture<Parcel> parcel = new CompletableFuture<>();
        private volatile @Nullable Departure departure;

        @Override
        public boolean take(Departure taken, boolean cameBack) {
            departure = taken;
            taken.ask(this);
            return !cameBack;
        }

        void back() throws Exception {
            Objects.requireNonNull(departure).back(parcel.get(20, TimeUnit.SECONDS));
        }

        void gone() throws Exception {
            Parcel taken = parcel.get(20, TimeUnit.SECONDS);
            Objects.requireNonNull(departure).gone();
            taken.numbers().forEach(new JnrPosix()::close);
        }

        @Override
        public boolean reserve() {
            return true;
        }

        @Override
        public void giveBack() {}

        @Override
        public void packed(Parcel packed) {
            parcel.complete(packed);
        }

        @Override
        public void notNow() {}

        @Override
        public void never() {}

        @Override
        public void over() {}

        @Override
        public void again() {}
    }

    /** The service is replaced while a connection is on its way to another process, which does not take it. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void shouldGiveAConnectionThatComesBackToAServiceThatKnowsIt(boolean known) throws Exception {
        Version before = new Version('a', Way.PACKS);
        Version next = new Version('b', Way.PACKS);
        next.knows = known;
        SharedListener listener = listener(before);
        Held held = new Held();
        listener.carriedBy(held);
        try (Socket client = ListenerRig.connect(listener)) {
            assertThat(ListenerRig.echo(client, '.')).isEqualTo('a');
            listener.unbind(Duration.ofMinutes(1), new DrainStrategy());
            held.parcel.get(20, TimeUnit.SECONDS);
            ServingChange change = change(listener, next);
            assertThat(change.advance()).as("it may come back").isEqualTo(1);
            held.back();
            assertThat(ListenerRig.echo(client, '.')).isEqualTo(known ? 'b' : 'a');
            assertThat(known ? next.said : before.said).contains("unpack a");
            if (known) {
                awaitOver(change);
            } else {
                assertThat(change.advance()).isEqualTo(1);
            }
        }
    }

    @Test
    void shouldCountAConnectionUntilItIsInAnotherProcess() throws Exception {
        SharedListener listener = listener(new Version('a', Way.PACKS));
        Held held = new Held();
        listener.carriedBy(held);
        try (Socket client = ListenerRig.connect(listener)) {
            assertThat(ListenerRig.echo(client, '.')).isEqualTo('a');
            listener.unbind(Duration.ofMinutes(1), new DrainStrategy());
            held.parcel.get(20, TimeUnit.SECONDS);
            ServingChange change = change(listener, new Version('b', Way.PACKS));
            assertThat(change.advance()).isEqualTo(1);
            held.gone();
            assertThat(change.advance()).isZero();
            assertThat(listener.connections()).isZero();
        }
    }

    /**
     * A listener whose sockets went to another process and came back when that died: its connections are here still.
     */
    @Test
    void shouldTakeThoseOverOfAListenerWhoseSocketsAnotherOneHas() throws Exception {
        Version before = new Version('a', Way.PACKS);
        SharedListener drains = listener(before);
        SharedListener serves = rig.again(drains);
        try (Socket client = ListenerRig.connect(drains)) {
            assertThat(ListenerRig.echo(client, '.')).isEqualTo('a');
            Serving replaced = serves.spec().live().now();
            ServingChange change = change(serves, new Version('b', Way.PACKS));
            ServingChange followed = drains.follow(replaced, NO_CODE);
            assertThat(change.advance()).as("it has none").isZero();
            awaitOver(followed);
            assertThat(ListenerRig.echo(client, '.')).isEqualTo('b');
        }
    }

    @Test
    void shouldDrainWhatCannotGoOnceAndCountItUntilItEnds() throws Exception {
        Version before = new Version('a', Way.STAYS);
        Version next = new Version('b', Way.STAYS);
        SharedListener listener = listener(before);
        ServingChange change;
        try (Socket client = ListenerRig.connect(listener)) {
            assertThat(ListenerRig.echo(client, '.')).isEqualTo('a');
            change = change(listener, next);
            await().until(() -> change.advance() == 1 && before.said.contains("drain"));
            change.advance();
            rig.quiet();
            assertThat(before.said).containsExactly("initialize", "drain");
            assertThat(ListenerRig.echo(client, '.')).isEqualTo('a');
        }
        awaitOver(change);
    }

    /** Filters were replaced first, and have left a handler; then the service. */
    @Test
    void shouldCountThoseOfAnEarlierServingThatHasTheSameService() throws Exception {
        Version before = new Version('a', Way.STAYS);
        SharedListener listener = listener(before);
        ServingChange filters;
        ServingChange service;
        try (Socket client = ListenerRig.connect(listener)) {
            assertThat(ListenerRig.echo(client, '.')).isEqualTo('a');
            filters = change(listener, before, Speaker.class.getClassLoader());
            assertThat(filters.advance()).isEqualTo(1);
            service = change(listener, new Version('b', Way.STAYS));
            assertThat(service.advance())
                    .as("it is served by what was replaced")
                    .isEqualTo(1);
            ServingChange next = change(listener, new Version('c', Way.STAYS));
            assertThat(next.advance()).as("it has nothing of version b").isZero();
            assertThat(ListenerRig.echo(client, '.')).isEqualTo('a');
        }
        awaitOver(filters);
        awaitOver(service);
    }

    /** The service has changed as well, and gives the connection up; the filter's handler stays in its pipeline. */
    @Test
    void shouldCountAConnectionThatKeepsAHandlerUntilItEnds() throws Exception {
        Version before = new Version('a', Way.GIVES_UP);
        before.leaves = new ChannelInboundHandlerAdapter() {};
        SharedListener listener = listener(before);
        ServingChange change;
        try (Socket client = ListenerRig.connect(listener)) {
            assertThat(ListenerRig.echo(client, '.')).isEqualTo('a');
            change = change(listener, new Version('b', Way.STAYS), ServingChangeIT.class.getClassLoader());
            await().until(() -> {
                assertThat(change.advance()).isEqualTo(1);
                return client.getInputStream().available() == 4;
            });
            assertThat(client.getInputStream().readNBytes(4)).asString().isEqualTo("bbbb");
            assertThat(change.advance()).isEqualTo(1);
        }
        awaitOver(change);
    }

    /** The old version must not be closed while a connection is in nobody's list. */
    @Test
    void shouldMissNoneOfManyThatGoOverWhileTheyTalk() throws Exception {
        Version before = new Version('a', Way.PACKS);
        List<Version> versions = List.of(new Version('b', Way.PACKS), new Version('c', Way.PACKS));
        SharedListener listener = listener(before);
        List<Socket> clients = new ArrayList<>();
        try {
            for (int i = 0; i < 300; i++) {
                clients.add(ListenerRig.connect(listener));
                assertThat(ListenerRig.echo(clients.get(i), '.')).isEqualTo('a');
            }
            for (Version next : versions) {
                ServingChange change = change(listener, next);
                await().until(() -> change.advance() == 0);
                long unpacked = next.said.stream()
                        .filter(each -> each.startsWith("unpack"))
                        .count();
                assertThat(unpacked).isEqualTo(clients.size());
                for (Socket each : clients) {
                    assertThat((char) ListenerRig.echo(each, '.')).isEqualTo(next.name);
                }
                assertThat(listener.openConnections()).isEqualTo(clients.size());
            }
        } finally {
            for (Socket each : clients) {
                each.close();
            }
        }
    }
}
