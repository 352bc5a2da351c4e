/*
 * Live connections on their way from the old process of an upgrade to the new one (ParcelSender, DrainWatch and
 * Receiver.LiveConnections). Either process may die between any two steps, and the old one may lose its patience at any
 * time. What a process has sent is read by the other one even if it has died since, as the kernel keeps it.
 */
#ifndef CONNECTIONS
#define CONNECTIONS 2
#endif
#ifndef PARCELS
#define PARCELS 3    /* of all connections together */
#endif
#define NOBODY 9

#define OLD 1
#define NEW 2
#define WIRE 3

mtype = { PARCEL, END, TAKEN, RETURNED }
chan toNew = [PARCELS + 1] of { mtype, byte };
chan toOld = [PARCELS] of { mtype, byte };

bit oldLives = 1, newLives = 1;
bit oldIsDeaf;                /* its receiving side is shut down */
bit oldHasClosed;             /* in order, after its last word */

byte users[CONNECTIONS];      /* who reads and writes it now: OLD, NEW or both, as bits */
byte mark[CONNECTIONS];       /* the mark on its open file, which both processes see (HandoffSocket.markTakenBack) */
bit isOver[CONNECTIONS];      /* its client has ended it */

byte carried[PARCELS];        /* which connection a parcel is of */
bit onItsWay[PARCELS];        /* as the old process knows it */
bit undecided[PARCELS];       /* in the new process */
byte parcels;

/* For the properties alone. */
byte whose[CONNECTIONS];      /* who would be missed: OLD, NEW, or WIRE where only a message has it */
bit diedWithIts[CONNECTIONS]; /* process, which nobody can help */
bit usedByOld[PARCELS];       /* since it was packed */
bit usedByNew[PARCELS];

hidden byte NEVER_BOTH, NEVER_STALE, NONE_LOST;

inline old_uses(p, c) {
    users[c] = users[c] | OLD;
    whose[c] = OLD;
    usedByOld[p] = 1;
    assert(NEVER_BOTH || !(users[c] & NEW));
    assert(NEVER_STALE || !usedByNew[p])
}

inline new_uses(p, c) {
    users[c] = users[c] | NEW;
    whose[c] = NEW;
    usedByNew[p] = 1;
    assert(NEVER_BOTH || !(users[c] & OLD));
    assert(NEVER_STALE || !usedByOld[p])
}

/* ParcelSender.back: what the new process has refused. */
inline old_hears() {
    if
    :: d_step { toOld ? [TAKEN, p] -> toOld ? TAKEN, p; onItsWay[p] = 0; p = 0 }
    :: d_step { toOld ? [RETURNED, p] -> toOld ? RETURNED, p; onItsWay[p] = 0; c = carried[p]; old_uses(p, c); p = 0; c = 0 }
    fi
}

proctype Old() {
    byte p, c, n;
    bit failed;
    {
        do
        /* A connection at a boundary is packed, and sent. */
        :: parcels < PARCELS && !failed ->
            if
            :: d_step { users[0] == OLD -> c = 0; users[0] = 0 }
#if CONNECTIONS > 1
            :: d_step { users[1] == OLD -> c = 1; users[1] = 0 }
#endif
            :: d_step { 1 -> c = NOBODY }
            fi;
            if
            :: c == NOBODY -> c = 0
            :: else ->
                /* Giver.givesAway, under the lock under which it is known as on its way. */
                d_step { mark[c] = 0; n = parcels; parcels++; carried[n] = c; onItsWay[n] = 1 };
                if
                :: d_step { newLives -> toNew ! PARCEL, n; whose[c] = WIRE }
                :: d_step { !newLives -> failed = 1 }
                fi;
                n = 0;
                c = 0
            fi
        :: nempty(toOld) -> old_hears()
        :: d_step { users[0] == OLD -> users[0] = 0; isOver[0] = 1 }
        :: break /* out of patience, or drained, or the new process is dead */
        od;

        /* Giver.hearLast: no word comes any more, and those that have come count. */
#ifndef MUTANT_IS_NOT_DEAF
        oldIsDeaf = 1;
#endif
        do
#ifndef MUTANT_HEARS_NOT_THE_LAST
        :: nempty(toOld) -> old_hears()
        :: empty(toOld) -> break
#else
        :: break
#endif
        od;

        /* ParcelSender.pause and close: the rest goes on here. */
        n = 0;
        do
        :: n < PARCELS && onItsWay[n] ->
#ifndef MUTANT_LEAVES_NO_MARK
            d_step { mark[carried[n]] = OLD; whose[carried[n]] = OLD };
#endif
            d_step { onItsWay[n] = 0; c = carried[n]; old_uses(n, c); c = 0 };
            n++
        :: n < PARCELS && !onItsWay[n] -> n++
        :: n == PARCELS -> break
        od;
        n = 0;
        p = 0;

        /* It drains. */
        c = 0;
        do
        :: d_step { c < CONNECTIONS && (users[c] & OLD) -> users[c] = users[c] & NEW; isOver[c] = 1; c++ }
        :: d_step { c < CONNECTIONS && !(users[c] & OLD) -> c++ }
        :: c == CONNECTIONS -> break
        od;
        if
        :: d_step { newLives -> toNew ! END, 0; oldHasClosed = 1; oldLives = 0 }
        :: d_step { !newLives -> oldHasClosed = 1; oldLives = 0 }
        fi
    } unless { !oldLives }
}

proctype New() {
    byte p, c;
    {
end_idle:
        do
        :: d_step { toNew ? [PARCEL, p] -> toNew ? PARCEL, p; c = carried[p] };
            if
            /* Arrivals.admit says no */
            :: if
               :: d_step { oldLives && !oldIsDeaf -> toOld ! RETURNED, p; whose[c] = OLD }
               :: d_step { !(oldLives && !oldIsDeaf) -> whose[c] = OLD; diedWithIts[c] = (oldLives -> diedWithIts[c] : 1) }
               fi
#ifdef MUTANT_USES_BEFORE_IT_SAYS_SO
            :: d_step { new_uses(p, c) };
               if
               :: d_step { oldLives && !oldIsDeaf -> toOld ! TAKEN, p }
               :: d_step { !(oldLives && !oldIsDeaf) -> users[c] = users[c] & OLD }
               fi
#else
            :: if
               :: d_step { oldLives && !oldIsDeaf -> toOld ! TAKEN, p; whose[c] = NEW }; d_step { new_uses(p, c) }
               :: d_step { !(oldLives && !oldIsDeaf) -> skip };
                  if
                  :: d_step { !oldLives -> undecided[p] = 1 }
                  :: d_step { oldLives -> whose[c] = (whose[c] == WIRE -> OLD : whose[c]) } /* it is deaf: it takes all back */
                  fi
               fi
#endif
            fi;
            p = 0;
            c = 0
        :: d_step { toNew ? [END, p] -> toNew ? END, p; p = 0 };
            goto done;
        :: !oldLives && !oldHasClosed && empty(toNew) -> goto mine
        od;
mine:
#ifdef MUTANT_UNDECIDED_ARE_NOBODYS
        goto done;
#endif
        p = 0;
        do
        :: p < PARCELS && undecided[p] ->
            d_step {
                c = carried[p];
                if
                :: mark[c] != OLD -> new_uses(p, c)
                :: else
                fi;
                undecided[p] = 0; c = 0; p++
            }
        :: p < PARCELS && !undecided[p] -> p++
        :: p == PARCELS -> break
        od;
done:
        skip
    } unless { !newLives }
}

/* kill -9, once each, or not. */
inline dies(who) {
    n = 0;
    do
    :: n < CONNECTIONS ->
        diedWithIts[n] = (whose[n] == who || (users[n] & who) -> 1 : diedWithIts[n]);
        users[n] = users[n] & ~who;
        n++
    :: else -> break
    od;
    n = 0
}

proctype Death() {
    byte n;
    if
    :: d_step { oldLives -> oldLives = 0; dies(OLD) }
    :: skip
    fi
}

proctype DeathOfNew() {
    byte n;
    if
    :: d_step { newLives -> newLives = 0; dies(NEW) }
    :: skip
    fi
}

#define IS_SERVED(c) (isOver[c] || users[c] != 0 || diedWithIts[c])

active proctype Monitor() {
end:
    do
    :: atomic { timeout ->
            assert(NONE_LOST || IS_SERVED(0) || (!oldLives && !newLives));
#if CONNECTIONS > 1
            assert(NONE_LOST || IS_SERVED(1) || (!oldLives && !newLives));
#endif
            break }
    od
}

init {
    atomic {
        users[0] = OLD; whose[0] = OLD;
#if CONNECTIONS > 1
        users[1] = OLD; whose[1] = OLD;
#endif
        run Old();
        run New();
        run Death();
        run DeathOfNew()
    }
}
