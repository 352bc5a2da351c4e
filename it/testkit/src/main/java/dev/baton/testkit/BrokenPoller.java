package dev.baton.testkit;

import dev.baton.spi.fd.Fd;
import dev.baton.spi.fd.FdKind;
import dev.baton.spi.fd.Fds;
import dev.baton.spi.poller.Interest;
import dev.baton.spi.poller.PollSink;
import dev.baton.spi.poller.Poller;
import dev.baton.spi.poller.PollerContext;
import dev.baton.spi.poller.PollerProvider;
import dev.baton.spi.posix.Errno;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;

/**
 * A way in which a poller can be wrong, and the tests of the contract that must see it. Each makes a right poller wrong
 * in one thing: what the contract is worth is how many of these it catches.
 */
public enum BrokenPoller {
    /** Fetches and loses what is pending when a signal ends the wait. */
    LOSES_EVENTS_WHEN_INTERRUPTED(Of.EDGES, "shouldLoseNothingWhenTheWaitIsInterrupted") {
        @Override
        Poller open(PollerProvider right, PollerContext context) throws IOException {
            return right.open(withCalls(context, new ForwardingPollCalls(context.calls()) {
                @Override
                public int epollWait(int epfd, long eventsAddress, int maxEvents, int timeoutMillis) {
                    int count = super.epollWait(epfd, eventsAddress, maxEvents, timeoutMillis);
                    if (count == -Errno.EINTR) {
                        super.epollWait(epfd, eventsAddress, maxEvents, 0);
                    }
                    return count;
                }
            }));
        }
    },

    /** Takes the memory of the last turn for the events of an interrupted one. */
    REPEATS_EVENTS_WHEN_INTERRUPTED(Of.ALL, "shouldNotTellTheEventsOfATurnAgainWhenTheNextIsInterrupted") {
        @Override
        Poller open(PollerProvider right, PollerContext context) throws IOException {
            return right.open(withCalls(context, new ForwardingPollCalls(context.calls()) {
                private int last;

                @Override
                public int epollWait(int epfd, long eventsAddress, int maxEvents, int timeoutMillis) {
                    return last(super.epollWait(epfd, eventsAddress, maxEvents, timeoutMillis));
                }

                @Override
                public int poll(long pollfdsAddress, int count, int timeoutMillis) {
                    return last(super.poll(pollfdsAddress, count, timeoutMillis));
                }

                private int last(int count) {
                    last = count == -Errno.EINTR ? last : count;
                    return last;
                }
            }));
        }
    },

    /** Takes every error of the wait for a quiet turn. */
    HIDES_REFUSED_WAITS(Of.ALL, "shouldSayThatTheKernelRefusesToWait") {
        @Override
        Poller wrap(Poller right) {
            return new ForwardingPoller(right) {
                @Override
                public int poll(long timeoutNanos, PollSink sink) {
                    return Math.max(0, super.poll(timeoutNanos, sink));
                }
            };
        }
    },

    /** Knows numbers only. */
    FORGETS_THE_GENERATION(Of.ALL, "shouldReportWhatCanBeRead", "shouldCarryEveryGeneration") {
        @Override
        Poller wrap(Poller right) {
            return telling(right, (sink, number, generation, ready) -> sink.ready(number, 0, ready));
        }
    },

    /** Looks the generation up when it tells the event, not when the fd is added. */
    TELLS_THE_LATEST_GENERATION(Of.EDGES, "shouldNotReportAFetchedEventAsOneOfTheReopenedNumber") {
        @Override
        Poller wrap(Poller right) {
            return new RememberingPoller(right) {
                @Override
                public int poll(long timeoutNanos, PollSink sink) {
                    return super.poll(
                            timeoutNanos,
                            (number, generation, ready) ->
                                    sink.ready(number, latest(number).generation(), ready));
                }
            };
        }
    },

    /** Leaves a registration of the same number as it is. */
    KEEPS_THE_OLDER_REGISTRATION(Of.ALL, "shouldReportUnderTheGenerationOfTheLatestAdd") {
        @Override
        Poller wrap(Poller right) {
            return new RememberingPoller(right) {
                @Override
                public int add(Fd fd, int interest) {
                    return knows(fd.number()) ? 0 : super.add(fd, interest);
                }
            };
        }
    },

    /** Takes a second add of one pair for done. */
    ARMS_NO_EDGE_AGAIN(Of.EDGES, "shouldReportAgainWhatHoldsWhenItIsAddedAgain") {
        @Override
        Poller wrap(Poller right) {
            return new RememberingPoller(right) {
                @Override
                public int add(Fd fd, int interest) {
                    return knows(fd.number()) && latest(fd.number()).equals(fd) ? 0 : super.add(fd, interest);
                }
            };
        }
    },

    /** Loses one event of five thousand. */
    LOSES_AN_EVENT_NOW_AND_THEN(Of.EDGES, "shouldReportTheFirstEventOfEachReopening") {
        @Override
        Poller wrap(Poller right) {
            int[] events = {0};
            return telling(
                    right,
                    (sink, number, generation, ready) ->
                            ++events[0] % 5_000 == 0 || sink.ready(number, generation, ready));
        }
    },

    /** Wakes only who sleeps already. */
    LOSES_EARLY_WAKEUPS(Of.ALL, "shouldReturnAtOnceIfItWasWokenBefore", "shouldReturnAtOnceIfAHandlerWokeIt") {
        @Override
        Poller wrap(Poller right) {
            return new ForwardingPoller(right) {
                private volatile boolean polling;

                @Override
                public int poll(long timeoutNanos, PollSink sink) {
                    polling = true;
                    int taken = super.poll(timeoutNanos, (number, generation, ready) -> {
                        polling = false;
                        return sink.ready(number, generation, ready);
                    });
                    polling = false;
                    return taken;
                }

                @Override
                public void wakeup() {
                    if (polling) {
                        super.wakeup();
                    }
                }
            };
        }
    },

    /** Loses one wakeup of a hundred. */
    LOSES_A_WAKEUP_NOW_AND_THEN(Of.ALL, "shouldReturnWhenItIsWoken") {
        @Override
        Poller wrap(Poller right) {
            return new ForwardingPoller(right) {
                private int wakeups;

                @Override
                public void wakeup() {
                    if (++wakeups % 100 != 0) {
                        super.wakeup();
                    }
                }
            };
        }
    },

    /** Never sleeps again after a wakeup. */
    NEVER_USES_UP_A_WAKEUP(Of.ALL, "shouldReturnAtOnceIfItWasWokenBefore", "shouldUseUpManyWakeupsAtOnce") {
        @Override
        Poller wrap(Poller right) {
            return new ForwardingPoller(right) {
                private volatile boolean woken;

                @Override
                public int poll(long timeoutNanos, PollSink sink) {
                    return super.poll(woken ? 0 : timeoutNanos, sink);
                }

                @Override
                public void wakeup() {
                    woken = true;
                    super.wakeup();
                }
            };
        }
    },

    /** Wakes by a number that is not its own any more. */
    WAKES_AFTER_ITS_CLOSE(Of.ALL, "shouldTouchNobodysFdWhenItIsWokenOrToldToRemoveAfterItsClose") {
        @Override
        Poller open(PollerProvider right, PollerContext context) throws IOException {
            List<Fd> eventfds = new ArrayList<>();
            Poller poller = right.open(withFds(context, new Fds() {
                @Override
                public Fd fdInsert(int number, FdKind kind) {
                    Fd fd = context.fds().fdInsert(number, kind);
                    if (kind == FdKind.WAKEUP) {
                        eventfds.add(fd);
                    }
                    return fd;
                }

                @Override
                public boolean fdDelete(Fd fd) {
                    return context.fds().fdDelete(fd);
                }
            }));
            return new ForwardingPoller(poller) {
                @Override
                public void wakeup() {
                    eventfds.forEach(fd -> context.calls().eventfdWrite(fd.number()));
                }
            };
        }
    },

    /** Rounds to the clock of the system call in the wrong direction. */
    ROUNDS_TIMEOUTS_DOWN(Of.ALL, "shouldWaitNoShorterThanTheTimeout") {
        @Override
        Poller wrap(Poller right) {
            return new ForwardingPoller(right) {
                @Override
                public int poll(long timeoutNanos, PollSink sink) {
                    return super.poll(timeoutNanos - timeoutNanos % 1_000_000, sink);
                }
            };
        }
    },

    /** Wraps around. */
    CUTS_LONG_TIMEOUTS(Of.ALL, "shouldWaitForTheLongestTimeout") {
        @Override
        Poller wrap(Poller right) {
            return new ForwardingPoller(right) {
                @Override
                public int poll(long timeoutNanos, PollSink sink) {
                    return super.poll(timeoutNanos == Long.MAX_VALUE ? 0 : timeoutNanos, sink);
                }
            };
        }
    },

    /** Removes nothing. */
    FORGETS_REMOVALS(Of.ALL, "shouldReportNothingOfWhatWasRemoved", "shouldNotWakeForARemovedFdWhoseOpenFileLivesOn") {
        @Override
        Poller wrap(Poller right) {
            return new ForwardingPoller(right) {
                @Override
                public void remove(Fd fd) {}
            };
        }
    },

    /** Removes nothing for other threads. */
    FORGETS_REMOVALS_OF_OTHERS(Of.ALL, "shouldReportNothingOfWhatAnotherThreadRemovedWhileTheLoopSlept") {
        @Override
        Poller wrap(Poller right) {
            return new RememberingPoller(right) {
                @Override
                public void remove(Fd fd) {
                    if (isLoop()) {
                        super.remove(fd);
                    }
                }
            };
        }
    },

    /** Works off what other threads want removed at the next poll, whatever was added since. */
    REMOVES_LATE(
            Of.ALL,
            "shouldKeepWhatIsAddedAfterAnotherThreadRemovedIt",
            "shouldKeepANewerGenerationThanTheOneAnotherThreadRemoved") {
        @Override
        Poller wrap(Poller right) {
            return new RememberingPoller(right) {
                private final Queue<Fd> late = new ConcurrentLinkedQueue<>();

                @Override
                public void remove(Fd fd) {
                    late.add(fd);
                    wakeup();
                }

                @Override
                public int poll(long timeoutNanos, PollSink sink) {
                    for (Fd fd = late.poll(); fd != null; fd = late.poll()) {
                        super.remove(knows(fd.number()) ? latest(fd.number()) : fd);
                    }
                    return super.poll(timeoutNanos, sink);
                }
            };
        }
    },

    /** Lets the kernel hold a closed socket until something else wakes the loop. */
    REMOVES_WITHOUT_A_WAKEUP(Of.LEVELS, "shouldLetACloseReachThePeerWhileTheLoopSleeps") {
        @Override
        Poller wrap(Poller right) {
            return new ForwardingPoller(right) {
                private final Queue<Fd> quiet = new ConcurrentLinkedQueue<>();

                @Override
                public void remove(Fd fd) {
                    quiet.add(fd);
                }

                @Override
                public int poll(long timeoutNanos, PollSink sink) {
                    for (Fd fd = quiet.poll(); fd != null; fd = quiet.poll()) {
                        super.remove(fd);
                    }
                    return super.poll(timeoutNanos, sink);
                }
            };
        }
    },

    /** Does not hear what the sink says. */
    IGNORES_REFUSALS(Of.ALL, "shouldCountTheEventsThatTheSinkTook") {
        @Override
        Poller wrap(Poller right) {
            return telling(right, (sink, number, generation, ready) -> {
                sink.ready(number, generation, ready);
                return true;
            });
        }
    },

    /** Tells what was refused for ever. */
    REPEATS_WHAT_WAS_REFUSED(Of.LEVELS, "shouldForgetWhatTheSinkRefuses") {
        @Override
        Poller wrap(Poller right) {
            return IGNORES_REFUSALS.wrap(right);
        }
    },

    /** Hits the newer fd when an older one is refused. */
    REMOVES_THE_NUMBER_THAT_WAS_REFUSED(Of.ALL, "shouldNotForgetANewerRegistrationThanTheOneRefused") {
        @Override
        Poller wrap(Poller right) {
            return new RememberingPoller(right) {
                @Override
                public int poll(long timeoutNanos, PollSink sink) {
                    return super.poll(timeoutNanos, (number, generation, ready) -> {
                        boolean taken = sink.ready(number, generation, ready);
                        if (!taken) {
                            remove(latest(number));
                        }
                        return taken;
                    });
                }
            };
        }
    },

    /** Asks the kernel to forget what was refused. */
    CALLS_THE_KERNEL_FOR_WHAT_WAS_REFUSED(Of.EDGES, "shouldNotCallTheKernelForWhatTheSinkRefuses") {
        @Override
        Poller wrap(Poller right) {
            return REMOVES_THE_NUMBER_THAT_WAS_REFUSED.wrap(right);
        }
    },

    /** Does not tell that the peer has shut its output. */
    HIDES_RDHUP(
            Of.ALL,
            "shouldReportTheEndOfThePeersOutputTogetherWithWhatCameBefore",
            "shouldReportTheEndOfThePeersOutputAloneIfOnlyThatIsAsked",
            "shouldReportTheEndOfATcpPeersOutput") {
        @Override
        Poller wrap(Poller right) {
            return telling(
                    right,
                    (sink, number, generation, ready) -> sink.ready(number, generation, ready & ~Interest.RDHUP));
        }
    },

    /** Tells errors to handlers that only look at what they asked for. */
    TELLS_ERRORS_ALONE(
            Of.ALL,
            "shouldReportARefusedConnectAsErrorWithWhatWasAsked",
            "shouldReportAHangUpAsErrorWithWhatWasAsked") {
        @Override
        Poller wrap(Poller right) {
            return telling(
                    right,
                    (sink, number, generation, ready) ->
                            sink.ready(number, generation, (ready & Interest.ERROR) != 0 ? Interest.ERROR : ready));
        }
    },

    /** Tells that there is room to write, whether anybody wants to know or not. */
    TELLS_WHAT_WAS_NOT_ASKED(Of.ALL, "shouldReportRoomToWriteOnlyIfAsked") {
        @Override
        Poller wrap(Poller right) {
            return telling(
                    right, (sink, number, generation, ready) -> sink.ready(number, generation, ready | Interest.OUT));
        }
    },

    /** Keeps the first interest. */
    IGNORES_MODIFY(Of.ALL, "shouldReplaceTheInterest", "shouldReportNothingWhileTheInterestIsNothing") {
        @Override
        Poller wrap(Poller right) {
            return new ForwardingPoller(right) {
                @Override
                public int modify(Fd fd, int interest) {
                    return 0;
                }
            };
        }
    },

    /** Says that it went well. */
    HIDES_WHAT_CANNOT_BE_DONE(Of.ALL, "shouldRefuseToModifyWhatWasNotAdded", "shouldRefuseToAddWhatIsNoFd") {
        @Override
        Poller wrap(Poller right) {
            return new ForwardingPoller(right) {
                @Override
                public int add(Fd fd, int interest) {
                    return Math.max(0, super.add(fd, interest));
                }

                @Override
                public int modify(Fd fd, int interest) {
                    return Math.max(0, super.modify(fd, interest));
                }
            };
        }
    },

    /** Goes on as long as there is something to tell. */
    TURNS_WITHOUT_LIMIT(Of.ALL, "shouldReportEachOfTwoThousandInLimitedTurns") {
        @Override
        Poller wrap(Poller right) {
            return new ForwardingPoller(right) {
                @Override
                public int poll(long timeoutNanos, PollSink sink) {
                    int first = super.poll(timeoutNanos, sink);
                    return first + (first > 0 ? super.poll(0, sink) : 0);
                }
            };
        }
    },

    /** Leaves its eventfd open. */
    LEAKS_ITS_WAKEUP_FD(Of.ALL, "shouldGiveEverythingBackOnce") {
        @Override
        Poller open(PollerProvider right, PollerContext context) throws IOException {
            return right.open(withFds(context, new LeakyFds(context.fds())));
        }
    },

    /** Leaves open what it had when an open fails. */
    LEAKS_WHEN_IT_CANNOT_BE_OPENED(Of.EDGES, "shouldLeaveNothingOpenWhenItCannotBeOpened") {
        @Override
        Poller open(PollerProvider right, PollerContext context) throws IOException {
            return right.open(withFds(context, new LeakyFds(context.fds())));
        }
    },

    /** Makes garbage. */
    ALLOCATES(Of.ALL, "shouldAllocateNothingInATurn") {
        @Override
        Poller wrap(Poller right) {
            Object[] last = new Object[1];
            return telling(right, (sink, number, generation, ready) -> {
                last[0] = new byte[16];
                return sink.ready(number, generation, ready);
            });
        }
    };

    /** Which pollers can be broken in such a way. */
    private enum Of {
        ALL,
        EDGES,
        LEVELS
    }

    private final Of of;

    @SuppressWarnings("ImmutableEnumChecker") // made by List.of
    private final List<String> catchers;

    BrokenPoller(Of of, String... catchers) {
        this.of = of;
        this.catchers = List.of(catchers);
    }

    /** Those that make sense for a poller that reports edges, or levels. */
    public static List<BrokenPoller> of(boolean edgeTriggered) {
        Of other = edgeTriggered ? Of.LEVELS : Of.EDGES;
        return Arrays.stream(values()).filter(broken -> broken.of != other).toList();
    }

    /** The tests of {@link PollerContract} each of which must fail. */
    public List<String> catchers() {
        return catchers;
    }

    /** Opens a poller that is right but for this. */
    Poller open(PollerProvider right, PollerContext context) throws IOException {
        return wrap(right.open(context));
    }

    /** Makes a right poller wrong. */
    Poller wrap(Poller right) {
        return right;
    }

    private static PollerContext withCalls(PollerContext context, ForwardingPollCalls calls) {
        return new PollerContext(calls, context.fds(), context.loop());
    }

    private static PollerContext withFds(PollerContext context, Fds fds) {
        return new PollerContext(context.calls(), fds, context.loop());
    }

    private static Poller telling(Poller right, Teller teller) {
        return new ForwardingPoller(right) {
            @Override
            public int poll(long timeoutNanos, PollSink sink) {
                return super.poll(
                        timeoutNanos, (number, generation, ready) -> teller.tell(sink, number, generation, ready));
            }
        };
    }

    /** How an event gets to the sink. */
    private interface Teller {
        boolean tell(PollSink sink, int number, int generation, int ready);
    }
}
