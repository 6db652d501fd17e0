/* outbox.pml - messages from shard S to shard T, numbered by the source shard (I2, I4 across shards).
 *
 * Owners of S commit messages into S's `out` (numbered in the same commit), send batches of one or
 * two committed messages to T, and remove them by a fenced commit after T's answer. Owners take over
 * from each other at any time and resend; a superseded owner keeps acting until it is refused;
 * appends are lossy and leave ghost copies. S and T may be on different Redis masters.
 * A claim under another history begins another numbering; what stands in `out` keeps its own, and
 * goes first, in the order of the numberings.
 *
 * Properties:
 *   X1 T holds each committed message at most once, in the order committed, and nothing uncommitted
 *   X2 a message removed from `out` is in T (with TARGET_LOSS: was in T)
 *   X3 (with LOSS) a message committed in S and not rolled back is never skipped by T: same as X2
 *   X4 when nothing more can happen and S has an owner, `out` is empty
 *
 * Options: -DLOSS  S alone rolls back once (fail-over of its master); its connections break
 *          -DRESTARTS=n  the history changes so often and nothing is lost
 *          -DTARGET_LOSS  T alone rolls back once, and answers with a gap
 * Planted: BUG_NUMBER_PER_OWNER BUG_SEND_BEFORE_COMMIT BUG_REMOVE_BEFORE_ACK
 *          BUG_LOST_UP_TO_FIRST(+TARGET_LOSS)
 * Weaker rules that do not suffice: WEAK_ONE_NUMBERING(+LOSS), WEAK_STALE_IS_WHOLE_BATCH,
 *          WEAK_OLD_IN_ANY_ORDER(+RESTARTS=2), WEAK_GAP_WAITS(+TARGET_LOSS)
 */
#ifndef MSGS
#define MSGS 3           /* messages ever created */
#endif
#ifndef CLAIMS
#define CLAIMS 3
#endif
#ifndef RESENDS
#define RESENDS 2
#endif
#ifndef RESTARTS
#define RESTARTS 0
#endif
#define BIT(i) (1 << (i))
#define OK 1
#define GAP 2
#define STALE 3
#if defined(LOSS) || RESTARTS > 0
#define HISTORIES 1
#endif

typedef Src { byte cid; byte oid; byte n; byte rid; byte ln; byte m[4]; byte mo[4]; byte mn[4]; byte committed; byte removed }
/* rid: history claimed under; oid: identity of the numbering; n: last number given;
   out: message, its numbering, its number */
typedef Req { byte k; byte o; byte f; byte c; byte a; byte b; byte up }
/* numbering, first number, count, messages; up: all up to this number were delivered once */

Src R;
byte tlast[6]; byte thas; byte tlastmsg;                  /* T: last number per numbering; what it took */
byte tever;                                               /* ghost variable: what T ever took */
Req rq[2]; Req gh[2]; byte ans[2];
byte nextcid = 1, nextmsg = 1, resends = 0, nextoid = 2;
byte cidof[2]; byte ridof[2];                             /* ghost variables: claims as their owners know them */
byte rid;                                                 /* the history that S's Redis is in */
bit quiet;
#ifdef LOSS
Src S0; bit snapped, lost;
#endif
#ifdef TARGET_LOSS
byte slast[6]; byte shas; byte slastmsg; bit tsnapped, tlost;
#endif

inline clearq(q) { q.k = 0; q.o = 0; q.f = 0; q.c = 0; q.a = 0; q.b = 0; q.up = 0 }
inline take(msg) {
  assert((thas & BIT(msg)) == 0);                         /* X1 once */
#ifndef LOSS
  assert(R.committed & BIT(msg)); assert(msg > tlastmsg); /* X1 committed, in order */
#endif
  thas = thas | BIT(msg); tever = tever | BIT(msg); tlastmsg = msg; printf("target: takes message %d\n", msg)
}
inline append(q) {       /* T's script: entries at or below `last` are skipped one by one */
  l = (tlast[q.o] > q.up -> tlast[q.o] : q.up);
  if
  :: q.f > l + 1 -> r = GAP
#ifdef WEAK_STALE_IS_WHOLE_BATCH
  :: q.f <= l -> r = STALE                                /* whole batch refused as old, sender drops it */
#else
  :: q.f <= l && q.f + q.c - 1 <= l -> r = OK
  :: q.f <= l && q.f + q.c - 1 > l -> take(q.b); tlast[q.o] = q.f + 1; r = OK
#endif
  :: q.f == l + 1 -> take(q.a); if :: q.c == 2 -> take(q.b) :: else fi; tlast[q.o] = q.f + q.c - 1; r = OK
  fi; l = 0
}

active proctype Target() {
  byte i, r, l;
end:
  do
  :: atomic { (rq[0].k || rq[1].k) ->
       if :: rq[0].k -> i = 0 :: rq[1].k -> i = 1 fi;
       append(rq[i]); clearq(rq[i]); if :: ans[i] = r :: skip fi; r = 0; i = 0 }
  :: atomic { gh[0].k -> append(gh[0]); clearq(gh[0]); r = 0 }
  :: atomic { gh[1].k -> append(gh[1]); clearq(gh[1]); r = 0 }
#ifdef LOSS
  :: d_step { !snapped -> snapped = 1; S0.cid = R.cid; S0.oid = R.oid; S0.n = R.n; S0.rid = R.rid; S0.ln = R.ln; S0.committed = R.committed; S0.removed = R.removed;
       for (i : 0 .. 3) { S0.m[i] = R.m[i]; S0.mo[i] = R.mo[i]; S0.mn[i] = R.mn[i] } i = 0; printf("snapshot\n") }
  :: d_step { snapped && !lost -> lost = 1; rid = 1; R.cid = S0.cid; R.oid = S0.oid; R.n = S0.n; R.rid = S0.rid; R.ln = S0.ln; R.committed = S0.committed; R.removed = S0.removed;
       for (i : 0 .. 3) { R.m[i] = S0.m[i]; R.mo[i] = S0.mo[i]; R.mn[i] = S0.mn[i] } i = 0; printf("ROLL-BACK of the source\n") }
#endif
#if RESTARTS > 0
  :: atomic { rid < RESTARTS -> rid++; printf("the source restarts\n") }
#endif
#ifdef TARGET_LOSS
  :: d_step { !tsnapped -> tsnapped = 1; shas = thas; slastmsg = tlastmsg; for (i : 0 .. 5) { slast[i] = tlast[i] } i = 0; printf("snapshot of the target\n") }
  :: d_step { tsnapped && !tlost -> tlost = 1; thas = shas; tlastmsg = slastmsg; for (i : 0 .. 5) { tlast[i] = slast[i] } i = 0; printf("ROLL-BACK of the target\n") }
#endif
  :: atomic { timeout && !quiet -> quiet = 1;
       assert(R.ln == 0 || !((cidof[0] == R.cid && ridof[0] == rid) || (cidof[1] == R.cid && ridof[1] == rid))) }   /* X4 */
  od
}

inline copyq(d, s) { d.k = 1; d.o = s.o; d.f = s.f; d.c = s.c; d.a = s.a; d.b = s.b; d.up = s.up }
inline toghost(s) {
  if
  :: rq[s].k && !gh[0].k -> copyq(gh[0], rq[s])
  :: rq[s].k && gh[0].k && !gh[1].k -> copyq(gh[1], rq[s])
  :: skip
  fi; clearq(rq[s])
}
inline post() { rq[s].k = 1; rq[s].o = o; rq[s].f = f; rq[s].c = c; rq[s].a = a; rq[s].b = b; rq[s].up = up }
inline remove(msg) {     /* removes it from out where it stands; what leaves must be in T */
  j = 0; do :: j < R.ln && R.m[j] != msg -> j++ :: else -> break od;
  if
  :: j < R.ln ->
#ifdef TARGET_LOSS
     assert(tever & BIT(msg));                              /* X2 */
#else
     assert(thas & BIT(msg));                               /* X2, X3 */
#endif
     R.removed = R.removed | BIT(msg);
     do :: j < 3 -> R.m[j] = R.m[j+1]; R.mo[j] = R.mo[j+1]; R.mn[j] = R.mn[j+1]; j++ :: else -> break od;
     R.m[3] = 0; R.mo[3] = 0; R.mn[3] = 0; R.ln--
  :: else -> skip
  fi; j = 0
}
inline drop() { st = 0; cid = 0; o = 0; f = 0; c = 0; a = 0; b = 0; up = 0; own = 0; myo = 0; cidof[s] = 0; ridof[s] = 0 }

/* st 0 idle, 1 owns, 2 sending, 3 acknowledged by T, to be removed, 4 waits for ever */
proctype Owner(byte s) {
  byte st, cid, o, f, c, a, b, up, j, own, myo;
end:
  do
  :: atomic { st == 0 && (nextcid <= CLAIMS || R.rid != rid) ->
       cid = nextcid; nextcid++; R.cid = cid; st = 1;
#if defined(HISTORIES) && !defined(WEAK_ONE_NUMBERING)
       if :: R.rid != rid -> R.oid = nextoid; nextoid++; R.n = 0 :: else fi;   /* new numbering after any change of history */
#endif
       R.rid = rid; cidof[s] = cid; ridof[s] = rid;
       printf("owner %d: claim %d, numbering %d at %d\n", s, cid, R.oid, R.n) }
#if defined(HISTORIES) && !defined(WEAK_ONE_NUMBERING)
  /* every script names the claim AND the history it was claimed in: a claim of an earlier one must be renewed */
#define CUR (R.cid == cid && ridof[s] == rid)
  :: atomic { st != 0 && ridof[s] != rid -> toghost(s); ans[s] = 0; drop() }               /* told by its heartbeat */
#else
#define CUR (R.cid == cid)
#endif
  :: atomic { st == 1 && nextmsg <= MSGS && R.ln < 4 ->    /* a commit that creates a message */
       if
       :: CUR -> R.n++; R.m[R.ln] = nextmsg; R.mo[R.ln] = R.oid; R.mn[R.ln] = R.n; R.ln++;
            R.committed = R.committed | BIT(nextmsg); printf("owner %d: commits message %d as %d/%d\n", s, nextmsg, R.oid, R.n);
            nextmsg++
       :: !CUR -> drop()
       fi }
#ifdef BUG_SEND_BEFORE_COMMIT
  :: atomic { st == 1 && nextmsg <= MSGS && R.ln == 0 && R.cid == cid ->
       a = nextmsg; nextmsg++; o = R.oid; f = R.n + 1; c = 1; b = 0; own = 1; st = 2; post() }
#endif
  :: atomic { st == 1 && R.ln > 0 ->                       /* reads its out (an old owner may do so too) */
#ifdef WEAK_OLD_IN_ANY_ORDER
       if                                                  /* of the older numberings any may be taken for the oldest */
       :: true -> j = 0
       :: R.ln > 1 && R.mo[1] != R.mo[0] && R.mo[1] != R.oid -> j = 1
       fi;
#endif
       o = R.mo[j]; f = R.mn[j]; c = 1; a = R.m[j]; b = 0;
       if :: R.ln > j + 1 && R.mo[j+1] == o -> c = 2; b = R.m[j+1] :: skip fi; j = 0;
#ifdef BUG_NUMBER_PER_OWNER
       own++; o = cid; f = myo + 1;
#endif
       st = 2; post()
#ifdef BUG_REMOVE_BEFORE_ACK
       ; c = 1; st = 3
#endif
     }
  :: atomic { st == 2 && ans[s] ->
       if
       :: ans[s] == OK || ans[s] == STALE -> st = 3
#ifdef WEAK_GAP_WAITS
       :: ans[s] == GAP -> st = 4
#else
       :: ans[s] == GAP ->                                 /* what came before was delivered once, and lost there */
#ifdef BUG_LOST_UP_TO_FIRST
          up = f; post()
#else
          up = f - 1; post()
#endif
#endif
       fi; ans[s] = 0 }
  :: atomic { st == 3 ->                                   /* fenced removal */
       if
       :: CUR ->
#ifdef BUG_SEND_BEFORE_COMMIT
            if :: own -> R.n++; R.committed = R.committed | BIT(a) :: else
#endif
            remove(a); if :: c == 2 -> remove(b) :: else fi;
#ifdef BUG_SEND_BEFORE_COMMIT
            fi; own = 0;
#endif
#ifdef BUG_NUMBER_PER_OWNER
            myo = myo + c;
#endif
            o = 0; f = 0; c = 0; a = 0; b = 0; up = 0; st = 1
       :: !CUR -> drop()
       fi }
  :: atomic { st == 2 && ans[s] == 0 && resends < RESENDS -> resends++; toghost(s); post() }
  :: atomic { st == 2 && ans[s] == 0 && rq[s].k == 0 && resends >= RESENDS -> post() }      /* never gives up: this one is not lost */
  :: atomic { st != 0 && nextcid <= CLAIMS -> toghost(s); ans[s] = 0; drop() }               /* crash */
  od
}
init { atomic { R.oid = 1; run Owner(0); run Owner(1) } }
