package dev.baton.runtime.lane;

import dev.baton.runtime.channel.MovableStreamChannel;
import dev.baton.runtime.config.LaneConfig;
import dev.baton.runtime.fd.FdTable;
import dev.baton.runtime.loop.BatonLoop;
import dev.baton.runtime.loop.LoopRegistry;
import dev.baton.runtime.loop.LoopRole;
import dev.baton.runtime.loop.Tenant;
import dev.baton.runtime.takeover.LoopEvacuation;
import dev.baton.runtime.takeover.StandbyLoops;
import dev.baton.spi.loop.Lane;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.function.IntUnaryOperator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The lane of one service.
 *
 * <pre>
 *   closed   open:  its loops are called; then they take over what the service has, and each new connection
 *            settle: what one of its loops has got after it was emptied goes to the others
 *   open     close: its loops are dismissed, which gives what they have to the others
 *            settle: a loop that has died is replaced; what is elsewhere comes to the lane
 * </pre>
 *
 * <p>Whether it is open is one flag, and everything else follows it: {@link #settle}, which comes again and again,
 * brings the loops and the connections in line. So it does no harm if opening and closing overtake each other, if a
 * loop dies, or if a connection arrives late: nothing is ever lost, it is served where it is.
 *
 * <p>Threading: any thread; {@link #settle} on one that may take its time, one call at a time.
 */
public final class ServiceLane implements Lane, Tenant {
    private static final Logger LOG = LoggerFactory.getLogger(ServiceLane.class);

    /** At one in so many times it looks through the table: what it finds there is rare. */
    private static final int SETTLES_A_LOOK = 10;

    private final String service;
    private final LaneConfig config;
    private final LoopRole role;
    private final LoopRegistry registry;
    private final FdTable table;
    private final IntUnaryOperator owned;
    private final StandbyLoops loops;
    private final Map<BatonLoop, Arrivals> arrivals = new ConcurrentHashMap<>();
    private int settles;
    private final AtomicInteger coming = new AtomicInteger();
    private volatile boolean open;

    /**
     * A closed one, without loops.
     *
     * @param owned how many connections of clients a loop owns, by its id
     * @param loops makes loops of a role
     */
    public ServiceLane(
            String service,
            LaneConfig config,
            LoopRegistry registry,
            FdTable table,
            IntUnaryOperator owned,
            Function<LoopRole, StandbyLoops> loops) {
        this.service = service;
        this.config = config;
        this.role = LoopRole.lane(service, config.nice());
        this.registry = registry;
        this.table = table;
        this.owned = owned;
        this.loops = loops.apply(role);
    }

    @Override
    public String service() {
        return service;
    }

    @Override
    public int loops() {
        return config.loops();
    }

    @Override
    public double share() {
        return config.cpu().share();
    }

    @Override
    public boolean isOpen() {
        return open;
    }

    @Override
    public int connections() {
        return known().stream().mapToInt(loop -> owned.applyAsInt(loop.id())).sum();
    }

    /** Its loops that serve. */
    List<BatonLoop> serving() {
        return registry.lanes().stream().filter(this::isMine).toList();
    }

    /** Its loops that have not ended. */
    List<BatonLoop> known() {
        return registry.known().stream().filter(this::isMine).toList();
    }

    private boolean isMine(BatonLoop loop) {
        return loop.role().equals(role);
    }

    // ---- open and close -------------------------------------------------------------------------------------------

    @Override
    public CompletionStage<Integer> open() {
        open = true;
        return CompletableFuture.allOf(callMissing().toArray(CompletableFuture<?>[]::new))
                .handle((called, failure) -> {
                    int serving = serving().size();
                    if (serving == 0 && failure != null) {
                        open = false;
                        throw failure instanceof RuntimeException told ? told : new IllegalStateException(failure);
                    }
                    bring();
                    return serving;
                });
    }

    private synchronized List<CompletableFuture<BatonLoop>> callMissing() {
        List<CompletableFuture<BatonLoop>> calls = new ArrayList<>();
        int missing = config.loops() - serving().size() - coming.get();
        for (int i = 0; i < missing; i++) {
            coming.incrementAndGet();
            calls.add(loops.call().toCompletableFuture().whenComplete((loop, failure) -> {
                coming.decrementAndGet();
                if (failure != null) {
                    LOG.debug("no loop more for {}", service, failure); // who opens the lane says so
                }
            }));
        }
        return calls;
    }

    @Override
    public CompletionStage<Integer> close() {
        open = false;
        return dismissAll();
    }

    private CompletionStage<Integer> dismissAll() {
        CompletionStage<Integer> moved = CompletableFuture.completedStage(0);
        for (BatonLoop loop : serving()) {
            CompletionStage<Integer> dismissed = loops.dismiss(loop).exceptionally(gone -> {
                LOG.debug("{} serves the lane of {} no more already", loop, service, gone);
                return 0;
            });
            moved = moved.thenCombine(dismissed, Integer::sum);
        }
        return moved;
    }

    // ---- connections ----------------------------------------------------------------------------------------------

    /** On its loop, under its claim: the service has a connection, which is the lane's if that is open. */
    public void arrived(MovableStreamChannel connection) {
        connection.tenant(this);
        if (open) {
            bring(connection);
        }
    }

    private void bring(MovableStreamChannel connection) {
        BatonLoop fewest = null;
        int least = Integer.MAX_VALUE;
        for (BatonLoop loop : registry.lanes()) {
            if (isMine(loop) && !loop.isAvoided()) {
                int load = owned.applyAsInt(loop.id()) + arrivalsOf(loop).count();
                if (load < least) {
                    fewest = loop;
                    least = load;
                }
            }
        }
        if (fewest != null) {
            arrivalsOf(fewest).add(connection);
        }
    }

    private Arrivals arrivalsOf(BatonLoop loop) {
        return arrivals.computeIfAbsent(loop, made -> new Arrivals(made, this::isOpen));
    }

    /** Has everything of the service that is elsewhere come to the lane. Cost: O(highest number). */
    private void bring() {
        table.forEach(state -> {
            if (state.handler() instanceof MovableStreamChannel connection && connection.tenant() == this) {
                BatonLoop owner = registry.find(state.owner());
                if (owner != null && !isMine(owner)) {
                    bring(connection);
                }
            }
        });
    }

    // ---- settle ---------------------------------------------------------------------------------------------------

    /** Brings loops and connections in line with whether it is open. */
    void settle() {
        arrivals.keySet().removeIf(loop -> registry.find(loop.id()) != loop);
        boolean looks = settles++ % SETTLES_A_LOOK == 0;
        if (!open) {
            dismissAll();
            if (looks) {
                known().forEach(this::empty);
            }
            return;
        }
        callMissing();
        if (looks && arrivals.values().stream().allMatch(each -> each.count() == 0)) {
            bring();
        }
    }

    /** It serves nothing: what has come late is for the others. */
    private void empty(BatonLoop loop) {
        if (loop.isLeaving() && !loop.hasDied() && loop.owned() > 0) {
            LoopEvacuation.ofLeaving(loop, table).start(others(), List.of());
        }
    }

    private List<BatonLoop> others() {
        List<BatonLoop> serving = registry.batonLoops();
        List<BatonLoop> free =
                serving.stream().filter(each -> !each.isAvoided()).toList();
        return free.isEmpty() ? serving : free;
    }

    @Override
    public String toString() {
        return "lane of " + service + (open ? ", open" : ", closed");
    }
}
