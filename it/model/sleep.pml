/*
 * Sleep and wakeup of a loop (LoopIo.run, ready, wakeup; R18 and R19 of the race list): announce SLEEPING, look again, poll.
 * Netty's part: a loop takes tasks after each poll, canBlock() is "no task is queued", and a stop is a flag followed by a
 * queued task.
 */
#ifndef PRODUCERS
#define PRODUCERS 2
#endif
#ifndef TASKS
#define TASKS 1     /* of each producer */
#endif
#ifndef EVENTS
#define EVENTS 1    /* of fds; a callback may queue a task of its own loop, which wakes nobody */
#endif

#define AWAKE 0
#define SLEEPING 1

bit state;          /* LoopIo.state */
byte tasks;         /* in the loop's queue */
bit stop;
bit eventfd;        /* an edge of the eventfd that no poll has returned yet */
byte events;        /* edges of fds that no poll has returned yet */
bit ended;

/* For the properties alone. */
byte unwritten;     /* sleeps, less wakeups written, up to 7: more than there are writers */

hidden byte NO_LOST_WAKEUP, STOPS, ONE_WAKEUP;

inline wakeup() {
#ifdef MUTANT_WAKEUP_WITHOUT_CAS
    if
    :: d_step { state == SLEEPING -> sees = 1 }
    :: d_step { state != SLEEPING -> sees = 0 }
    fi;
    if
    :: d_step { sees -> eventfd = 1; assert(ONE_WAKEUP || unwritten > 0); unwritten--; sees = 0; state = AWAKE }
    :: d_step { !sees -> skip }
    fi
#else
    if
    :: d_step { state == SLEEPING -> sees = 1 }
    :: d_step { state != SLEEPING -> sees = 0 }
    fi;
    if
    :: d_step { sees && state == SLEEPING -> state = AWAKE }
    :: d_step { !sees || state != SLEEPING -> sees = 0 }
    fi;
    if
    :: d_step { sees -> eventfd = 1; assert(ONE_WAKEUP || unwritten > 0); unwritten--; sees = 0 }
    :: d_step { !sees -> skip }
    fi
#endif
}

active [PRODUCERS] proctype Producer() {
    byte left = TASKS;
    bit sees;
    do
    :: left > 0 ->
#ifdef MUTANT_LOOKS_BEFORE_IT_QUEUES
        wakeup();
        if :: d_step { 1 -> tasks++; left-- } fi
#else
        if :: d_step { 1 -> tasks++; left-- } fi;
        wakeup()
#endif
    :: else -> break
    od
}

active proctype Stopper() {
    bit sees;
    if
    :: d_step { 1 -> stop = 1 }
    :: d_step { 1 -> skip } goto silent
    fi;
#ifndef MUTANT_STOP_WAKES_NOBODY
    if :: d_step { 1 -> tasks++ } fi;
    wakeup();
#endif
silent:
    skip
}

active proctype Peer() {
    byte left = EVENTS;
    do
    :: d_step { left > 0 -> left--; events++ }
    :: left == 0 -> break
    od
}

active proctype Loop() {
    bit blocks;
    bit own;

turn:
    if
    :: d_step { tasks == 0 -> skip } goto announce /* canBlock */
    :: d_step { tasks != 0 -> blocks = 0 } goto poll
    fi;
announce:
#ifdef MUTANT_LOOKS_BEFORE_IT_SLEEPS /* what setRelease instead of setVolatile would allow */
    if :: d_step { 1 -> blocks = (tasks == 0) } fi;
    if :: d_step { 1 -> state = SLEEPING; unwritten = (unwritten < 7 -> unwritten + 1 : 7) } fi;
#elif defined(MUTANT_NO_SECOND_LOOK)
    if :: d_step { 1 -> state = SLEEPING; unwritten = (unwritten < 7 -> unwritten + 1 : 7); blocks = 1 } fi;
#else
    if :: d_step { 1 -> state = SLEEPING; unwritten = (unwritten < 7 -> unwritten + 1 : 7) } fi;
    if :: d_step { 1 -> blocks = (tasks == 0) } fi;
#endif
poll:
end_poll: /* it may sleep for ever if there is nothing to do; Monitor says whether there is */
    if
#ifdef MUTANT_LEVEL_TRIGGERED /* never read, so always ready */
    :: d_step { eventfd -> skip }
#else
    :: d_step { eventfd -> eventfd = 0 }
#endif
    :: d_step { events > 0 -> events--; own = 1 }
    :: d_step { !blocks && !eventfd && events == 0 -> skip }
    fi;
    if
    :: own ->
        /* ready(): plain read, then setRelease */
        if
        :: d_step { state == SLEEPING -> skip };
            if :: d_step { 1 -> state = AWAKE } fi
        :: d_step { state != SLEEPING -> skip }
        fi;
        if
        :: d_step { 1 -> tasks++; own = 0 }
        :: d_step { 1 -> own = 0 }
        fi
    :: else
    fi;
    if :: d_step { 1 -> state = AWAKE; blocks = 0 } fi;
    /* runAllTasks */
work:
    if
    :: d_step { tasks > 0 -> tasks-- } goto work
    :: d_step { tasks == 0 && !stop -> skip } goto turn
    :: d_step { tasks == 0 && stop -> ended = 1 }
    fi
}

active proctype Monitor() {
end:
    do
    :: atomic { timeout ->
            assert(NO_LOST_WAKEUP || tasks == 0 || ended); /* an ended loop refuses tasks */
            assert(STOPS || ended || !stop);
            break }
    od
}
