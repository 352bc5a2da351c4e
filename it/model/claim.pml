/*
 * The claim word protocol: FdTable, Registration, LoopIo, PolledChannel.takeFrom and the kernel under them, with one number that
 * the kernel gives out again at once. README.md beside this file maps each step to its method; `run` sets the bounds.
 *
 * One transition is one access to something that threads share: every option of an `if` is a d_step that begins with the
 * guard on what it reads. No option of an operation ever blocks: the guards of each `if` cover all cases.
 */

/* ---- bounds (each run defines its own) -------------------------------------------------------------------------------- */
#ifndef LOOPS
#define LOOPS 2     /* threads that are loops: 0 .. LOOPS-1 */
#endif
#ifndef OTHERS
#define OTHERS 0    /* threads that are none: LOOPS .. */
#endif
#ifndef OPS
#define OPS 3       /* operations of each loop */
#endif
#ifndef OTHER_OPS
#define OTHER_OPS 2 /* operations of each other thread */
#endif
#ifndef GENS
#define GENS 2      /* how often the number is opened, 1 to 3 */
#endif
#ifndef EVENTS
#define EVENTS 0    /* 0: a registration may report at any time; n: it reports edges, of which the peer causes n */
#endif
#define THREADS (LOOPS + OTHERS)
/* OWNED: fds with one owner may be inserted; SHARERS, SHARERS_2: masks of loops, fds shared by them may be;
   DUP: somebody else may get hold of the open file; ADD_FAILS: the thief's ADD may fail; FREEZE: one thread stops for ever */

/* ---- the claim word: generation:3 | state:2 | owner:3 | running:3 ------------------------------------------------------ */
#define FREE 0
#define LIVE 1
#define ORPHANED 2
#define NONE 6
#define SHARED 7
#define GEN(x) ((x) >> 8)
#define STATE(x) (((x) >> 6) & 3)
#define OWNER(x) (((x) >> 3) & 7)
#define RUNNING(x) ((x) & 7)
#define WORD(generation, state, owner, running) \
    (((generation) << 8) | ((state) << 6) | ((owner) << 3) | (running))
#define IS_LIVE(x, generation) (STATE(x) == LIVE && GEN(x) == (generation))

short word;
byte reg;             /* the Registration in the slot: generation + 1, or null */
byte sharers[GENS];   /* final field of each generation's Registration */
byte held;            /* volatile heldElsewhere of each: a mask of generations */

/* ---- the kernel ------------------------------------------------------------------------------------------------------- */
byte file;            /* the open file behind the number: 1 .. GENS, or 0: the number is free */
byte opens;           /* open files made so far */
byte other;           /* open files that somebody else holds as well: a mask */
byte epoll[LOOPS * GENS]; /* registrations, by loop and open file: generation in the event data + 1, or 0 */
#define POLLED(l, f) epoll[(l) * GENS + (f) - 1]
byte batch[LOOPS];    /* an event that epoll_wait has returned and the loop has not dispatched: generation + 1 */
#if EVENTS
byte ready[LOOPS];    /* which registrations have an edge to report: a mask of open files */
bit data;             /* there is something to read from the open file behind the number */
#define IS_READY(l, f) ((ready[l] >> (f)) & 1)
#else
#define IS_READY(l, f) 1
#endif

/* ---- what only the properties know ------------------------------------------------------------------------------------ */
byte inside[THREADS]; /* holds a claim on, or finalizes, this generation: + 1 */
byte busy;            /* a mask: threads that are in an operation */
byte fileOf[GENS];    /* the open file that a generation was inserted for */
byte inserted;        /* handles 0 .. inserted-1 have been given out */
byte deleted;         /* masks of generations */
byte finalized;
byte closed;

/* Always 0: they name the property in what `pan` prints. */
hidden byte CLOSED_ONCE, RIGHT_FILE, DELETED_IS_CLOSED, NO_CALLBACK_ON_CLOSED, NO_FORMER_OWNER, SLOT_FREE,
    GENERATION_ONCE, NOT_LOST, NOT_LEFT_BEHIND, ONE_POLLER, RUNNING_0_OR_1, HOLDS_A_CLAIM, RIGHT_REGISTRATION, NOBODY_WAITS;

#define BIT(g) (1 << (g))
#define IN(mask, l) (((mask) >> (l)) & 1)

#if THREADS == 2
#define NOBODY_ELSE(me) ((me == 0 || inside[0] == 0) && (me == 1 || inside[1] == 0))
#define NOBODY_ELSE_IN(me, g) ((me == 0 || inside[0] != (g) + 1) && (me == 1 || inside[1] != (g) + 1))
#elif THREADS == 3
#define NOBODY_ELSE(me) \
    ((me == 0 || inside[0] == 0) && (me == 1 || inside[1] == 0) && (me == 2 || inside[2] == 0))
#define NOBODY_ELSE_IN(me, g) \
    ((me == 0 || inside[0] != (g) + 1) && (me == 1 || inside[1] != (g) + 1) && (me == 2 || inside[2] != (g) + 1))
#else
#define NOBODY_ELSE(me) ((me == 0 || inside[0] == 0) && (me == 1 || inside[1] == 0) \
    && (me == 2 || inside[2] == 0) && (me == 3 || inside[3] == 0))
#define NOBODY_ELSE_IN(me, g) ((me == 0 || inside[0] != (g) + 1) && (me == 1 || inside[1] != (g) + 1) \
    && (me == 2 || inside[2] != (g) + 1) && (me == 3 || inside[3] != (g) + 1))
#endif

#if LOOPS == 2
#define POLLED_BY(f) ((POLLED(0, f) != 0) + (POLLED(1, f) != 0))
#define POLLERS(f) (BIT(0) * (POLLED(0, f) != 0) + BIT(1) * (POLLED(1, f) != 0))
#else
#define POLLED_BY(f) ((POLLED(0, f) != 0) + (POLLED(1, f) != 0) + (POLLED(2, f) != 0))
#define POLLERS(f) (BIT(0) * (POLLED(0, f) != 0) + BIT(1) * (POLLED(1, f) != 0) + BIT(2) * (POLLED(2, f) != 0))
#endif

/* ---- epoll_ctl(2), by number: what it means is decided by the open file behind the number now --------------------------- */
inline epoll_add(l, generation) {
    assert(RIGHT_FILE || (file != 0 && fileOf[generation] == file));
    POLLED(l, file) = (generation) + 1; /* EEXIST: the poller deletes the old one and adds again */
#if EVENTS
    ready[l] = (ready[l] & ~BIT(file)) | (data << file) /* a condition that holds is reported */
#endif
}

inline epoll_del(l) {
    if
    :: file != 0 ->
        POLLED(l, file) = 0;
#if EVENTS
        ready[l] = ready[l] & ~BIT(file)
#endif
    :: else /* EBADF */
    fi
}

/* The last reference to an open file is gone: the kernel takes it out of every epoll set. */
inline forget(f) {
    POLLED(0, f) = 0;
    POLLED(1, f) = 0;
#if LOOPS > 2
    POLLED(2, f) = 0;
#endif
#if EVENTS
    ready[0] = ready[0] & ~BIT(f);
    ready[1] = ready[1] & ~BIT(f);
#if LOOPS > 2
    ready[2] = ready[2] & ~BIT(f);
#endif
#endif
    skip
}

inline os_close(generation) {
    assert(CLOSED_ONCE || (file != 0 && !IN(closed, generation)));
    assert(RIGHT_FILE || fileOf[generation] == file);
    assert(NO_CALLBACK_ON_CLOSED || NOBODY_ELSE_IN(me, generation));
    closed = closed | BIT(generation);
    if
    :: !IN(other, file) -> forget(file)
    :: else
    fi;
    assert(NOT_LEFT_BEHIND || POLLED_BY(file) == 0);
#if EVENTS
    data = 0;
#endif
    file = 0
}

/* ---- pieces of steps --------------------------------------------------------------------------------------------------- */
#define BEGIN ops--; busy = busy | BIT(me)
#define DONE g = 0; w = 0; k = 0; given = 0; event = 0; from = 0; busy = busy & ~BIT(me)

/* A claim was taken just now: nobody may be in it who excludes us, and the open file is the handle's. */
inline claimed() {
    assert(NO_CALLBACK_ON_CLOSED || (file != 0 && fileOf[g] == file && GEN(word) == g));
    assert(NO_FORMER_OWNER || OWNER(word) == me || (OWNER(word) == SHARED && IN(sharers[g], me)));
    assert(RUNNING_0_OR_1 || OWNER(word) == SHARED || (RUNNING(word) == 1 && NOBODY_ELSE(me)));
    inside[me] = g + 1
}

/* A callback runs, with the handler that table.handler(number) has found. */
inline running() {
    assert(NO_CALLBACK_ON_CLOSED || (file != 0 && fileOf[g] == file));
    assert(NO_FORMER_OWNER || OWNER(word) == me || OWNER(word) == NONE || OWNER(word) == SHARED);
    assert(HOLDS_A_CLAIM || (RUNNING(word) > 0 && GEN(word) == g));
    assert(RIGHT_REGISTRATION || reg == g + 1)
}

inline finalizing() {
    assert(CLOSED_ONCE || !IN(finalized, g));
    finalized = finalized | BIT(g);
    inside[me] = g + 1
}

/* Operation `act` on each handle that was ever given out. */
#define ON_HANDLES_1(cond, label) \
    :: d_step { cond && inserted > 0 -> BEGIN; g = 0 } goto label
#if GENS > 1
#define ON_HANDLES_2(cond, label) :: d_step { cond && inserted > 1 -> BEGIN; g = 1 } goto label
#else
#define ON_HANDLES_2(cond, label)
#endif
#if GENS > 2
#define ON_HANDLES_3(cond, label) :: d_step { cond && inserted > 2 -> BEGIN; g = 2 } goto label
#else
#define ON_HANDLES_3(cond, label)
#endif
#define ON_HANDLES(cond, label) ON_HANDLES_1(cond, label) ON_HANDLES_2(cond, label) ON_HANDLES_3(cond, label)

#if EVENTS
#define FETCH(f) \
    :: d_step { ops > 0 && IS_LOOP && batch[LOOP] == 0 && opens >= (f) && POLLED(LOOP, f) != 0 && IS_READY(LOOP, f) -> \
        batch[LOOP] = POLLED(LOOP, f); ready[LOOP] = ready[LOOP] & ~BIT(f) } goto idle
#else
#define FETCH(f) \
    :: d_step { ops > 0 && IS_LOOP && batch[LOOP] == 0 && opens >= (f) && POLLED(LOOP, f) != 0 -> \
        batch[LOOP] = POLLED(LOOP, f) } goto idle
#endif
#define IS_LOOP (me < LOOPS)
#define LOOP (me % LOOPS) /* me, and never out of bounds */

#ifdef MUTANT_ENTER_IGNORES_GENERATION
#define ENTERABLE (STATE(word) == LIVE)
#else
#define ENTERABLE IS_LIVE(word, g)
#endif
#ifdef MUTANT_TAKEOVER_IGNORES_GENERATION
#define TAKABLE (STATE(word) == LIVE)
#else
#define TAKABLE IS_LIVE(word, g)
#endif
#ifdef MUTANT_TAKEOVER_WHILE_RUNNING
#define IDLE (OWNER(word) != SHARED && OWNER(word) != me)
#elif defined(MUTANT_TAKEOVER_OF_SHARED)
#define IDLE (RUNNING(word) == 0 && OWNER(word) != me)
#else
#define IDLE (RUNNING(word) == 0 && OWNER(word) != SHARED && OWNER(word) != me)
#endif

/* ---- a thread ---------------------------------------------------------------------------------------------------------- */
#ifdef FREEZE
byte frozen; /* the thread that never runs again: + 1 */
byte stopped; /* and its process: `provided` knows no parameters */
byte first;   /* the process of thread 0 */
#define MAY_RUN provided (_pid != stopped)
#else
#define MAY_RUN
#endif

proctype Thread(byte me; byte ops) MAY_RUN {
    byte g;     /* the handle's generation */
    short w;    /* `long word` of the method that runs */
    byte k;     /* kind of an insert; counter of the finalizer */
    bit given;  /* fdDeleteAndLeave */
    bit event;  /* the enter is the dispatcher's */
    byte from;  /* victim; last owner; the registration that delete has read */

idle:
end_idle:
    if
    /* epoll_wait, one event; what runs before it is dispatched are callbacks of the same turn */
    FETCH(1)
#if GENS > 1
    FETCH(2)
#endif
#if GENS > 2
    FETCH(3)
#endif
    :: d_step { ops > 0 && IS_LOOP && batch[LOOP] != 0 -> BEGIN; g = batch[LOOP] - 1; event = 1 } goto enter_load
    ON_HANDLES(ops > 0 && IS_LOOP, enter_load)
#ifdef OWNED
    ON_HANDLES(ops > 0 && IS_LOOP, take_load)
#endif
#ifdef MUTANT_TAKEOVER_OF_SHARED
    ON_HANDLES(ops > 0 && IS_LOOP, take_load)
#endif
    ON_HANDLES(ops > 0, delete_load)
#ifdef OWNED
    :: d_step { ops > 0 && file == 0 && opens < GENS -> BEGIN; opens++; file = opens; k = 0 } goto insert_load
#endif
#ifdef SHARERS
    :: d_step { ops > 0 && file == 0 && opens < GENS -> BEGIN; opens++; file = opens; k = SHARERS } goto insert_load
#endif
#ifdef SHARERS_2
    :: d_step { ops > 0 && file == 0 && opens < GENS -> BEGIN; opens++; file = opens; k = SHARERS_2 } goto insert_load
#endif
    fi;

    /* ---- FdTable.insert, row 1 ---- */
insert_load:
    if
    :: d_step { 1 -> assert(SLOT_FREE || STATE(word) == FREE); w = word; g = GEN(word) }
    fi;
    if
    :: d_step { 1 -> reg = g + 1; sharers[g] = k }
    fi;
insert_cas:
    if
    :: d_step { 1 ->
            assert(SLOT_FREE || word == w);
            assert(GENERATION_ONCE || fileOf[g] == 0);
#ifdef MUTANT_INSERT_WITHOUT_CLAIM
            word = WORD(g, LIVE, (k != 0 -> SHARED : (IS_LOOP -> me : NONE)), (IS_LOOP && k == 0 -> 0 : 1));
#else
            word = WORD(g, LIVE, (k != 0 -> SHARED : (IS_LOOP -> me : NONE)), 1);
#endif
            fileOf[g] = file;
            inserted++;
            inside[me] = g + 1;
            w = 0 }
    fi;
    if
    :: d_step { IS_LOOP && k == 0 -> epoll_add(LOOP, g) }
#ifdef MUTANT_INSERT_WITHOUT_CLAIM
        if :: d_step { 1 -> inside[me] = 0; DONE } fi; goto idle
#endif
    :: d_step { !IS_LOOP || k != 0 -> k = 0 }
    fi;
    goto callback;

    /* ---- FdTable.enter, rows 2 to 4 ---- */
enter_load:
    if
#ifdef MUTANT_REMOVES_STALE
    :: d_step { !ENTERABLE && !event -> DONE } goto idle
    :: d_step { !ENTERABLE && event -> w = 0 } goto remove_own
#else
    :: d_step { !ENTERABLE && !event -> DONE } goto idle
    :: d_step { !ENTERABLE && event -> batch[LOOP] = 0; DONE } goto idle
#endif
    :: d_step { ENTERABLE && OWNER(word) == me -> assert(RUNNING_0_OR_1 || RUNNING(word) == 0); w = word } goto enter_cas
    :: d_step { ENTERABLE && OWNER(word) == SHARED -> w = word } goto enter_registration
    :: d_step { ENTERABLE && OWNER(word) != me && OWNER(word) != SHARED && event -> skip } goto remove_own
    :: d_step { ENTERABLE && OWNER(word) != me && OWNER(word) != SHARED && !event -> DONE } goto idle
    fi;
#ifdef MUTANT_SHARED_BY_ALL
#define MINE (reg != 0)
#else
#define MINE (reg != 0 && IN(sharers[(reg - 1) % GENS], me))
#endif
enter_registration: /* the plain read: nothing but the CAS tells whether it is this generation's */
    if
    :: d_step { MINE -> skip } goto enter_cas
    :: d_step { !MINE && event -> w = 0 } goto remove_own
    :: d_step { !MINE && !event -> DONE } goto idle
    fi;
enter_cas:
    if
#if defined(MUTANT_ENTER_WITHOUT_CAS) || defined(MUTANT_SHARED_WITHOUT_VALIDATION)
#ifdef MUTANT_ENTER_WITHOUT_CAS
#define STORED w
#define STORES 1
#else
#define STORED word /* getAndAdd: adds to whatever is there */
#define STORES (OWNER(w) == SHARED || word == w)
#endif
    :: d_step { STORES -> word = STORED + 1; claimed(); batch[LOOP] = (event -> 0 : batch[LOOP]); w = 0 } goto callback
    :: d_step { !(STORES) -> w = 0 } goto enter_load
#else
    :: d_step { word == w -> word = w + 1; claimed(); batch[LOOP] = (event -> 0 : batch[LOOP]); w = 0 } goto callback
    :: d_step { word != w -> w = 0 } goto enter_load
#endif
    fi;

    /* ---- LoopIo.ready, row 3: under no claim ---- */
remove_own:
    if
    :: d_step { 1 -> epoll_del(LOOP); batch[LOOP] = 0; DONE } goto idle
    fi;

    /* ---- FdTable.fdTakeover, rows 7 and 8; PolledChannel.takeFrom, movePolling ---- */
take_load:
    if
#ifdef MUTANT_TAKEOVER_SPINS
    :: d_step { !TAKABLE -> DONE } goto idle
    :: d_step { TAKABLE && RUNNING(word) != 0 -> skip } goto take_load
    :: d_step { TAKABLE && RUNNING(word) == 0 && !IDLE -> DONE } goto idle
#else
    :: d_step { !(TAKABLE && IDLE) -> DONE } goto idle
#endif
    :: d_step { TAKABLE && IDLE -> w = word } goto take_cas
    fi;
take_cas:
    if
    :: d_step { word == w ->
            from = OWNER(w);
            word = WORD(GEN(w), LIVE, me, RUNNING(w) + 1);
            claimed();
            w = 0 }
    :: d_step { word != w -> w = 0 } goto take_load
    fi;
#ifdef MUTANT_ADD_BEFORE_REMOVE
    if :: d_step { 1 -> epoll_add(LOOP, g) } fi;
    if
    :: d_step { from < LOOPS -> epoll_del(from); from = 0 } goto callback
    :: d_step { from >= LOOPS -> from = 0 } goto callback
    fi;
#elif defined(MUTANT_REMOVE_AFTER_LEAVE)
    if :: d_step { 1 -> epoll_add(LOOP, g) } fi;
    if
    :: d_step { STATE(word) == LIVE -> word--; inside[me] = 0 }
    :: d_step { STATE(word) != LIVE -> from = 0 } goto leave
    fi;
    if
    :: d_step { from < LOOPS -> epoll_del(from); DONE } goto idle
    :: d_step { from >= LOOPS -> DONE } goto idle
    fi;
#else
    if
#ifdef MUTANT_NO_REMOVE
    :: d_step { 1 -> from = 0 }
#else
    :: d_step { from < LOOPS -> epoll_del(from); from = 0 }
    :: d_step { from >= LOOPS -> from = 0 }
#endif
    fi;
#endif
    if
    :: d_step { 1 -> epoll_add(LOOP, g) } goto callback
#ifdef ADD_FAILS
    :: d_step { 1 -> given = 1 } goto delete_load /* closeQuietly -> doClose */
#endif
    fi;

    /* ---- under a claim: the callback, or what an insert does before its leave ---- */
callback:
    if
    :: d_step { 1 -> running();
#if EVENTS
            data = (event -> 0 : data); /* read until EAGAIN */
#endif
            event = 0; k = 0 } goto leave
    :: d_step { 1 -> running(); event = 0; k = 0 } goto delete_load
    :: d_step { 1 -> running(); event = 0; k = 0; given = 1 } goto delete_load
#ifdef SHARERS /* Acceptor.sync: ready, suspended */
    :: d_step { IS_LOOP && OWNER(word) == SHARED && IN(sharers[g], me) && POLLED(LOOP, file) == 0 ->
            running(); epoll_add(LOOP, g); event = 0; k = 0 } goto leave
    :: d_step { IS_LOOP && OWNER(word) == SHARED && IN(sharers[g], me) && POLLED(LOOP, file) != 0 && !event ->
            running(); epoll_del(LOOP); k = 0 } goto leave
#endif
#ifdef DUP /* FdTable.heldElsewhere, then dup(2) or the like */
    :: d_step { !IN(held, g) && !event -> running(); held = held | BIT(g); k = 0 } goto duplicate
#endif
    fi;
#ifdef DUP
duplicate:
    if
    :: d_step { 1 -> other = other | BIT(file) } goto leave
    fi;
#endif

    /* ---- FdTable.leave, rows 5 and 6 ---- */
leave:
#define LAST (STATE(word) == ORPHANED && RUNNING(word) == 1)
#define LEAVES assert(HOLDS_A_CLAIM || (RUNNING(word) > 0 && GEN(word) == g && inside[me] == g + 1)); word--; inside[me] = 0
#ifdef MUTANT_LEAVE_LOADS_FIRST /* as R03 */
    if
    :: d_step { LAST -> k = 1 }
    :: d_step { !LAST -> k = 0 }
    fi;
    if
    :: d_step { k == 1 -> from = OWNER(word); LEAVES; finalizing(); k = 0 } goto finish
    :: d_step { k == 0 -> LEAVES; DONE } goto idle
    fi;
#elif defined(MUTANT_LEAVE_LOADS_AGAIN) /* as R02 */
    if
    :: d_step { 1 -> from = OWNER(word); LEAVES }
    fi;
    if
    :: d_step { STATE(word) == ORPHANED && RUNNING(word) == 0 && GEN(word) == g -> finalizing() } goto finish
    :: d_step { !(STATE(word) == ORPHANED && RUNNING(word) == 0 && GEN(word) == g) -> DONE } goto idle
    fi;
#else
    if
    :: d_step { LAST -> from = OWNER(word); LEAVES; finalizing() } goto finish
    :: d_step { !LAST -> LEAVES; DONE } goto idle
    fi;
#endif

    /* ---- FdTable.delete, rows 9 to 12 ---- */
delete_load:
    if
    :: d_step { !IS_LIVE(word, g) && inside[me] != 0 -> given = 0 } goto leave
    :: d_step { !IS_LIVE(word, g) && inside[me] == 0 -> DONE } goto idle
#ifdef MUTANT_DELETE_WAITS
    :: d_step { IS_LIVE(word, g) && RUNNING(word) > (inside[me] != 0 -> 1 : 0) -> skip } goto delete_load
    :: d_step { IS_LIVE(word, g) && RUNNING(word) <= (inside[me] != 0 -> 1 : 0) -> w = word }
#elif defined(MUTANT_DELETE_BLOCKS)
    :: d_step { IS_LIVE(word, g) && RUNNING(word) <= (inside[me] != 0 -> 1 : 0) -> w = word }
#else
    :: d_step { IS_LIVE(word, g) -> w = word }
#endif
    fi;
    if
    :: d_step { 1 -> from = reg } /* plain read; the CAS tells that it was ours */
    fi;
#define ORPHANS assert(RIGHT_REGISTRATION || from == g + 1); deleted = deleted | BIT(g); \
    word = WORD(g, ORPHANED, OWNER(w), RUNNING(w) - given); w = 0
#ifdef MUTANT_BOTH_CLOSE
#define DELETER_CLOSES (RUNNING(w) == given || !given)
#else
#define DELETER_CLOSES (RUNNING(w) == given)
#endif
#ifdef MUTANT_LEAVES_TWICE
#define GIVEN skip
#else
#define GIVEN given = 0
#endif
    if
    :: d_step { word != w -> w = 0; from = 0 } goto delete_load
    :: d_step { word == w && DELETER_CLOSES -> ORPHANS; from = OWNER(word); GIVEN; finalizing() } goto finish
#ifdef MUTANT_LEAVES_TWICE
    :: d_step { word == w && !DELETER_CLOSES && given -> ORPHANS; inside[me] = 0; from = 0 } goto leave
#else
    :: d_step { word == w && !DELETER_CLOSES && given -> ORPHANS; inside[me] = 0; DONE } goto idle
#endif
    :: d_step { word == w && !DELETER_CLOSES && !given && inside[me] != 0 -> ORPHANS; from = 0 } goto leave
    :: d_step { word == w && !DELETER_CLOSES && !given && inside[me] == 0 -> ORPHANS; DONE } goto idle
    fi;

    /* ---- FdTable.finish, row 13 ---- */
finish:
    if /* takeOutOfPollers */
#ifdef MUTANT_NO_REMOVAL_OF_DUP
    :: d_step { 1 -> assert(RIGHT_REGISTRATION || reg == g + 1) } goto finish_clear
#else
    :: d_step { !IN(held, g) -> assert(RIGHT_REGISTRATION || reg == g + 1) } goto finish_clear
    :: d_step { IN(held, g) -> assert(RIGHT_REGISTRATION || reg == g + 1); k = 0 } goto finish_remove
#endif
    fi;
finish_remove:
    if
    :: d_step { from < LOOPS -> epoll_del(from) }
    :: d_step { from == NONE -> skip }
    :: d_step { from == SHARED && k < LOOPS && IN(sharers[g], k) -> epoll_del(k); k++ } goto finish_remove
    :: d_step { from == SHARED && k < LOOPS && !IN(sharers[g], k) -> k++ } goto finish_remove
    :: d_step { from == SHARED && k >= LOOPS -> k = 0 }
    fi;
finish_clear:
#if defined(MUTANT_CLOSE_BEFORE_FREE)
    if :: d_step { 1 -> reg = 0; from = 0 } fi;
    if :: d_step { 1 -> os_close(g) } fi;
    if :: d_step { 1 -> word = WORD(g + 1, FREE, 0, 0); inside[me] = 0; DONE } goto idle fi;
#elif defined(MUTANT_GENERATION_AFTER_CLOSE)
    if :: d_step { 1 -> reg = 0 } fi;
    if :: d_step { 1 -> word = WORD(g, FREE, 0, 0) } fi;
    if :: d_step { 1 -> os_close(g) } fi;
    if :: d_step { 1 -> word = WORD(g + 1, FREE, 0, 0); inside[me] = 0; DONE } goto idle fi;
#elif defined(MUTANT_CLEARED_AFTER_CLOSE)
    if :: d_step { 1 -> word = WORD(g + 1, FREE, 0, 0) } fi;
    if :: d_step { 1 -> os_close(g) } fi;
    if :: d_step { 1 -> reg = 0; inside[me] = 0; DONE } goto idle fi;
#elif defined(VARIANT_CLEARED_AFTER_FREE)
    if :: d_step { 1 -> word = WORD(g + 1, FREE, 0, 0) } fi;
    if :: d_step { 1 -> reg = 0; from = 0 } fi;
    if :: d_step { 1 -> os_close(g); inside[me] = 0; DONE } goto idle fi;
#else
    if :: d_step { 1 -> reg = 0; from = 0 } fi;
    if :: d_step { 1 -> word = WORD(g + 1, FREE, 0, 0) } fi;
    if
#ifdef MUTANT_LEAVES_TWICE
    :: d_step { given -> os_close(g); inside[me] = 0 } goto leave
#endif
    :: d_step { !given -> os_close(g); inside[me] = 0; DONE } goto idle
    fi
#endif
}

/* ---- what happens by itself -------------------------------------------------------------------------------------------- */
#define RELEASE(f) \
    :: d_step { IN(other, f) -> other = other & ~BIT(f); \
        if :: file != (f) -> forget(f) :: else fi }

#if EVENTS || defined(DUP)
active proctype World() {
#if EVENTS
    byte left = EVENTS;
#endif
end:
    do
#if EVENTS /* an edge: every epoll set that has the open file gets it */
    :: d_step { left > 0 && file != 0 && !data ->
            left--;
            data = 1;
            ready[0] = ready[0] | ((POLLED(0, file) != 0) << file);
            ready[1] = ready[1] | ((POLLED(1, file) != 0) << file);
#if LOOPS > 2
            ready[2] = ready[2] | ((POLLED(2, file) != 0) << file);
#endif
            skip }
#endif
#ifdef DUP /* the other holder of an open file closes it */
    RELEASE(1)
#if GENS > 1
    RELEASE(2)
#endif
#if GENS > 2
    RELEASE(3)
#endif
#endif
    od
}
#endif

/* ---- invariants: what must hold in every state ------------------------------------------------------------------------- */
#define OWNED_IDLE (STATE(word) == LIVE && OWNER(word) < LOOPS && RUNNING(word) == 0)

#define HAS_POLLER (file != 0 && POLLED(OWNER(word), file) == GEN(word) + 1)
#define LOST_REGISTRATION (OWNED_IDLE && !HAS_POLLER)

#define TWO_POLLERS (STATE(word) == LIVE && file != 0 && OWNER(word) < LOOPS && POLLED_BY(file) > 1)
#define STRANGER_POLLS (STATE(word) == LIVE && file != 0 && OWNER(word) == SHARED && GEN(word) < GENS \
    && (POLLERS(file) & ~sharers[GEN(word) % GENS]) != 0)

#define NOBODY_BUSY (busy == 0)
#define ALL_CLOSED (deleted == closed && RUNNING(word) == 0 && STATE(word) != ORPHANED && (file != 0) == (STATE(word) == LIVE))

#if EVENTS
#define KNOWN_TO(l) (IS_READY(l, file) || batch[l] == GEN(word) + 1)
#if LOOPS == 2
#define KNOWN_TO_ONE (KNOWN_TO(0) || KNOWN_TO(1))
#else
#define KNOWN_TO_ONE (KNOWN_TO(0) || KNOWN_TO(1) || KNOWN_TO(2))
#endif
#define LOST_EVENT (data && OWNED_IDLE && !KNOWN_TO(OWNER(word)))
#define LOST_SHARED_EVENT (data && STATE(word) == LIVE && OWNER(word) == SHARED && RUNNING(word) == 0 \
    && file != 0 && POLLED_BY(file) > 0 && !KNOWN_TO_ONE)
#endif

active proctype Monitor() {
end:
    do
    :: atomic { LOST_REGISTRATION -> assert(NOT_LOST) }
#if EVENTS
    :: atomic { LOST_EVENT || LOST_SHARED_EVENT -> assert(NOT_LOST) }
#endif
#ifndef WITHOUT_ONE_POLLER
    :: atomic { TWO_POLLERS || STRANGER_POLLS -> assert(ONE_POLLER) }
#endif
    :: atomic { NOBODY_BUSY && !ALL_CLOSED -> assert(DELETED_IS_CLOSED) }
#ifdef FREEZE
    /* Everybody but the frozen thread has come to rest: nobody waits for it, and what it does not hold is closed. */
    :: atomic { timeout ->
            assert(NOBODY_WAITS || (busy & ~(BIT(frozen) >> 1)) == 0);
            assert(DELETED_IS_CLOSED || deleted == closed || (frozen > 0 && inside[(frozen - 1) % THREADS] != 0));
            break }
#endif
    od
}

#ifdef FREEZE
active proctype Freezer() {
end:
    if
    :: d_step { frozen = 1; stopped = first }
    :: d_step { frozen = 2; stopped = first + 1 }
#if THREADS > 2
    :: d_step { frozen = 3; stopped = first + 2 }
#endif
#if THREADS > 3
    :: d_step { frozen = 4; stopped = first + 3 }
#endif
    fi
}
#endif

init {
    atomic {
#ifdef FREEZE
        first = _pid + 1;
#endif
        run Thread(0, OPS);
        run Thread(1, OPS);
#if LOOPS > 2
        run Thread(2, OPS);
#endif
#if OTHERS > 0
        run Thread(LOOPS, OTHER_OPS);
#endif
#if OTHERS > 1
        run Thread(LOOPS + 1, OTHER_OPS);
#endif
        skip
    }
}
