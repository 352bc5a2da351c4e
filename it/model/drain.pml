/*
 * The drain's flag of ChannelLoop (F2 of the race list): tasks queue in the channel, one drain task in the owner's queue
 * stands for all of them, and it may be stuck with an old owner. The claim word is one step here; claim.pml has its own.
 * Loop 0 is the first owner and may be stuck for ever after any of its tasks.
 */
#ifndef LOOPS
#define LOOPS 2
#endif
#ifndef PRODUCERS
#define PRODUCERS 1
#endif
#ifndef TASKS
#define TASKS 2      /* of each producer */
#endif
#ifndef TAKEOVERS
#define TAKEOVERS 1  /* of each loop */
#endif
#define TASKS_MAX 1  /* an entry; 64 in ChannelLoop */
#define NOBODY 7

/* The channel's fd. */
#define LIVE 0
#define ORPHANED 1
#define FREE 2
byte fd;
#ifdef UNSETTLED
byte owner = NOBODY; /* inserted before loop 0, its home, takes it (ClaimedChannel.settle) */
#else
byte owner;
#endif
bit running;
byte lastOwner = NOBODY;

/* The channel. */
byte queue;
bit draining;

byte drains[LOOPS]; /* drain tasks in the loops' queues */
bit sticks, stuck;  /* loop 0: may be, is */

/* For the properties alone. */
byte queued, ran;
byte holders;

hidden byte EVERY_TASK_RUNS, RUNS_ONCE, UNDER_A_CLAIM;

/* sendDrain: load, CAS, owner(), execute. */
inline send_drain() {
    if
    :: d_step { draining == 0 -> sends = 1 }
    :: d_step { draining != 0 -> sends = 0 }
    fi;
    if
    :: d_step { sends && draining == 0 -> draining = 1 }
    :: d_step { sends && draining != 0 -> sends = 0 }
    :: d_step { !sends -> skip }
    fi;
    if
    :: d_step { sends -> to = (lastOwner != NOBODY -> lastOwner : (fd != FREE && owner != NOBODY -> owner : 0)) }
    :: d_step { !sends -> skip }
    fi;
    if
    :: d_step { sends -> drains[to]++; sends = 0; to = 0 }
    :: d_step { !sends -> skip }
    fi
}

inline resend_drain(clears, looks) {
    if
    :: d_step { clears -> draining = 0 }
    :: d_step { !(clears) -> skip }
    fi;
    if
    :: d_step { (looks) && queue > 0 -> again = 1 }
    :: d_step { !((looks) && queue > 0) -> again = 0 }
    fi;
    if
    :: again -> again = 0; send_drain()
    :: else
    fi
}

/* finish of the fd, and MovableSocketChannel.closed() */
inline finalize() {
    if :: d_step { 1 -> lastOwner = (owner != NOBODY -> owner : 0) } fi;
    if :: d_step { 1 -> fd = FREE } fi;
#ifdef MUTANT_FINALIZER_DOES_NOT_LOOK
    resend_drain(1, 0)
#else
    resend_drain(1, 1)
#endif
}

inline leave() {
    if
    :: d_step { claim && fd == ORPHANED -> holders--; claim = 0; running = 0; last = 1 }
    :: d_step { claim && fd != ORPHANED -> holders--; claim = 0; running = 0 }
    :: d_step { !claim -> holders-- }
    fi;
    if
    :: last -> last = 0; finalize()
    :: else
    fi
}

proctype Producer() {
    byte left = TASKS;
    byte to;
    bit sends;
    do
    :: left > 0 ->
#ifdef MUTANT_QUEUES_AFTER_THE_FLAG
        send_drain();
        if :: d_step { 1 -> queue++; queued++; left-- } fi
#else
        if :: d_step { 1 -> queue++; queued++; left-- } fi;
        send_drain()
#endif
    :: else -> break
    od
}

/* fdDelete from a thread that is no loop, at any time or never. */
proctype Deleter() {
    byte to;
    bit sends, again;
end:
    if
    :: d_step { fd == LIVE && running == 0 -> fd = ORPHANED }; finalize()
    :: d_step { fd == LIVE && running == 1 -> fd = ORPHANED }
    :: d_step { 1 -> skip }
    fi
}

proctype Loop(byte me) {
    byte to;
    byte takeovers = TAKEOVERS;
    bit sends, again, claim, last;

end_idle:
    do
    :: d_step { me == 0 && sticks -> stuck = 1 }; break
    :: d_step { drains[me] > 0 -> drains[me]-- }; goto drain
    :: d_step { takeovers > 0 -> takeovers = 0 } /* or none: it must not be what saves a lost task */
    /* takeover: refused while something is queued unless it is a rescue, which may be at any time: so never refused here */
    :: d_step { takeovers > 0 && fd == LIVE && running == 0 && owner != me && owner != NOBODY ->
            takeovers--; owner = me; running = 1; claim = 1; holders++; assert(UNDER_A_CLAIM || holders == 1) };
#ifdef MUTANT_TAKEOVER_KEEPS_THE_FLAG
        resend_drain(0, 1);
#elif defined(MUTANT_TAKEOVER_DOES_NOT_LOOK)
        resend_drain(1, 0);
#else
        resend_drain(1, 1);
#endif
        leave()
#ifdef UNSETTLED
    :: d_step { me == 0 && fd == LIVE && running == 0 && owner == NOBODY ->
            owner = 0; running = 1; claim = 1; holders++; assert(UNDER_A_CLAIM || holders == 1) };
        leave()
#endif
    od;
    goto stopped;

drain:
#ifndef MUTANT_DRAIN_CLEARS_LATE
    if :: d_step { 1 -> draining = 0 } fi;
#endif
    if
    :: d_step { queue == 0 -> skip }
#ifdef MUTANT_DRAIN_CLEARS_LATE
        if :: d_step { 1 -> draining = 0 } fi;
#endif
        goto end_idle
    :: d_step { queue > 0 -> skip }
    fi;
    /* ClaimedChannel.enter: live, then gone */
#ifdef MUTANT_DRAIN_WITHOUT_ENTER
    if :: d_step { 1 -> holders++; assert(UNDER_A_CLAIM || holders == 1) } goto entered fi;
#endif
    if
    :: d_step { fd == LIVE && lastOwner == NOBODY && owner == me && running == 0 ->
            running = 1; claim = 1; holders++; assert(UNDER_A_CLAIM || holders == 1) } goto entered
    :: d_step { !(fd == LIVE && lastOwner == NOBODY && owner == me && running == 0) -> skip }
    fi;
    if
    :: d_step { lastOwner == me -> holders++; assert(UNDER_A_CLAIM || holders == 1) } goto entered
    :: d_step { lastOwner != me -> skip }
    fi;
    /* refused */
#ifdef MUTANT_REFUSED_DRAIN_IS_DROPPED
    goto end_idle;
#endif
    if
    :: d_step { fd == LIVE || lastOwner != NOBODY -> skip }; send_drain(); goto end_idle
    :: d_step { !(fd == LIVE || lastOwner != NOBODY) -> skip } goto end_idle
    fi;
entered:
    if /* TASKS_MAX tasks */
    :: d_step { queue > 0 -> queue--; ran++; assert(RUNS_ONCE || ran <= queued) }
    :: d_step { queue == 0 -> skip }
    fi;
    leave();
#ifdef MUTANT_DRAIN_CLEARS_LATE
    if :: d_step { 1 -> draining = 0 } fi;
#endif
#ifndef MUTANT_REST_IS_DROPPED
    if
    :: d_step { queue > 0 -> skip }; send_drain()
    :: d_step { queue == 0 -> skip }
    fi;
#endif
    goto end_idle;
stopped:
    skip
}

#define WITH_THE_STUCK (stuck && (lastOwner == 0 || (lastOwner == NOBODY && (owner == 0 || owner == NOBODY))))

active proctype Monitor() {
end:
    do
    :: atomic { timeout ->
            assert(EVERY_TASK_RUNS || queue == 0 || WITH_THE_STUCK);
            assert(RUNS_ONCE || ran + queue == queued);
            break }
    od
}

init {
    atomic {
        if
        :: sticks = 1
        :: sticks = 0
        fi;
        run Loop(0);
        run Loop(1);
#if LOOPS > 2
        run Loop(2);
#endif
        run Producer();
#if PRODUCERS > 1
        run Producer();
#endif
        run Deleter();
    }
}
