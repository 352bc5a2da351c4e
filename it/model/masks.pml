/*
 * Why there is one word: the same job with two masks, as the race list describes it for R02, R03 and R05. `running` says
 * which threads are in the fd, `mine` which may enter it; each is changed atomically, but they are two. A delete clears
 * `mine`; whoever is the last to leave `running` and finds itself not in `mine` closes. Both orders of these two looks
 * are wrong: Spin shows it.
 *
 * LOOKS_AFTER: leaves, then looks at `mine`.  LOOKS_BEFORE: looks at `mine`, then leaves.  TAKEOVER: loop 1 takes over.
 */
#ifdef TAKEOVER
byte running;
#else
byte running = 1; /* thread 0 is in its callback */
#endif
byte mine = 1;
byte file = 1;      /* the open file behind the number; whoever closes lets another thread open the next one at once */

/* For the properties alone. */
byte closes;

hidden byte CLOSED_ONCE, DELETED_IS_CLOSED, ONE_OWNER;

#define BIT(t) (1 << (t))
#define HAS(mask, t) (((mask) >> (t)) & 1)

inline close_it() {
    if :: d_step { 1 -> closes++; assert(CLOSED_ONCE || closes == 1) } fi
}

/* Thread 0 owns it and runs one callback; with TAKEOVER it has yet to enter, and thread 1 takes over and enters, too. */
proctype User(byte me) {
    byte seen;
    bit was;

#ifdef TAKEOVER
    if
    :: me == 1 ->
        /* takes it over: nobody is running, so it becomes the one who is, then the owner, then leaves */
        if
        :: d_step { running == 0 -> running = BIT(me) }
        :: d_step { running != 0 -> skip } goto done
        fi;
        if :: d_step { 1 -> mine = BIT(me) } fi;
        if :: d_step { 1 -> running = running & ~BIT(me) } fi
    :: else
    fi;
    /* enters: looks at `mine`, then sets its bit in `running` if nobody is running */
    if
    :: d_step { HAS(mine, me) -> skip }
    :: d_step { !HAS(mine, me) -> skip } goto done
    fi;
    if
    :: d_step { running == 0 -> running = BIT(me) }
    :: d_step { running != 0 -> skip } goto done
    fi;
#endif
    if :: d_step { 1 -> assert(ONE_OWNER || mine == 0 || HAS(mine, me)) } fi; /* the callback */
    /* leaves */
#ifdef LOOKS_BEFORE
    if :: d_step { 1 -> was = HAS(mine, me) } fi;
    if :: d_step { 1 -> running = running & ~BIT(me); seen = running } fi;
    if
    :: seen == 0 && !was -> close_it()
    :: else
    fi;
#else
    if :: d_step { 1 -> running = running & ~BIT(me); seen = running } fi;
    if
    :: seen == 0 ->
        if :: d_step { 1 -> was = HAS(mine, me) } fi;
        if
        :: !was -> close_it()
        :: else
        fi
    :: else
    fi;
#endif
done:
    skip
}

#define DELETER 2

proctype Deleter() {
    byte seen;
    if :: d_step { 1 -> running = running | BIT(DELETER) } fi;
    if :: d_step { 1 -> mine = 0 } fi;
    if :: d_step { 1 -> running = running & ~BIT(DELETER); seen = running } fi;
    if
    :: seen == 0 -> close_it()
    :: else
    fi
}

active proctype Monitor() {
end:
    do
    :: atomic { timeout -> assert(DELETED_IS_CLOSED || mine != 0 || closes > 0); break }
    od
}

init {
    atomic {
        run User(0);
#ifdef TAKEOVER
        run User(1);
#else
        run Deleter();
#endif
    }
}
