/* effects.pml - one effect: recorded in a commit, started after it, one outcome (effect promise, I12).
 *
 * Redis time is a small counter. A node's heartbeat sets its deadline to now+L and its own trust to
 * now+L-1; a node that is running does not let its trust pass without aborting, unless it is FROZEN.
 * A node may be judged gone at any moment, rightly or wrongly. Judging, reading the list of nodes,
 * claiming and the heartbeat of the node that was judged are steps of their own, in any order: a claim
 * may rest on a list that is out of date. A node that hears from its heartbeat that it was judged
 * checks its claim before it trusts itself anew; the check leaves the membership version at the shard,
 * which refuses claims that rest on an older list. Commits are lossy and leave a ghost copy.
 *
 *   -DINTERRUPT  start mark committed first, a new owner only marks the outcome
 *   otherwise    rerun: no mark; a new owner waits for the deadlines of all owners taken over from
 *
 * Properties:
 *   E1 (INTERRUPT) the effect starts at most once, whatever freezes
 *   E2 the recorded outcome never changes
 *   E3 (rerun) without freezes it never runs on two nodes at once
 *   E4 an effect that starts was recorded
 *
 * Options: -DRECORDED (the effect was recorded before), -DFREEZE, -DLOSS (INTERRUPT; one roll-back),
 *          -DREPLAYS (LOSS; copies sent before it run after it)
 * Planted: BUG_START_BEFORE_COMMIT BUG_START_BEFORE_MARK(INTERRUPT) BUG_RERUN_INTERRUPT BUG_NO_OUTCOME_DEDUP
 *          BUG_NO_LEASE_WAIT BUG_NO_SELF_FENCE
 * Weaker rules that do not suffice: WEAK_NO_CHECK WEAK_TRUST_BEFORE_CHECK WEAK_CHECK_WITHOUT_VERSION WEAK_OLD_LIST
 *          WEAK_LAST_OWNER_ONLY (rerun), WEAK_LOSS_STARTS (INTERRUPT+LOSS)
 */
#ifndef T
#define T 7
#endif
#ifndef CLAIMS
#define CLAIMS 3
#endif
#ifndef RESENDS
#define RESENDS 2
#endif
#ifdef INTERRUPT
#define JUDGES 0         /* anybody may claim at any moment: who was judged does not matter */
#endif
#ifndef JUDGES
#define JUDGES 2
#endif
#ifndef L
#define L 3
#endif
#define REC 1
#define MARK 2
#define OUT 3
#define OK 1
#define NO 2

byte now;
byte mv = 1, judges;                        /* membership version */
bit gone[2];                                /* judged, and not heard from since */
byte deadline[2];
byte cid, owner = 9, waitfor, seen;         /* the shard; waitfor: deadlines of those taken over from; seen: membership version */
bit rec; byte mark, outcome; bit rrid;      /* the effect in the shard; history it was recorded under */
byte trust[2]; bit running[2]; bit frozen[2];
byte starts, nextcid = 1, resends;
byte rk[2], rc[2], rv[2]; bit rh[2]; byte ans[2];   /* request: kind, claim, value, history of the claim */
byte gk, gc, gv; bit gh;
bit everfrozen;
bit hist;
#ifdef LOSS
bit snapped, lost; byte s_cid, s_owner, s_mark, s_outcome, s_wait, s_seen; bit s_hid;
#endif
bit hid;                                    /* history that the shard was claimed under */

#ifdef WEAK_LOSS_STARTS
#define FENCED(c, h) (c != cid)
#else
#define FENCED(c, h) (c != cid || h != hist || hid != hist)
#endif
inline execute(k, c, v, h) {
  a = NO;
  if
  :: k == REC -> if :: !FENCED(c, h) -> rec = 1; a = OK :: else fi
  :: k == MARK -> if :: !FENCED(c, h) && (mark == 0 || mark == c) && outcome == 0 -> mark = c; a = OK :: else fi
  :: k == OUT ->                            /* a command: not fenced, deduplicated by effect id */
     if
     :: outcome == 0 -> outcome = v; printf("redis: outcome %d\n", v)
#ifdef BUG_NO_OUTCOME_DEDUP
     :: outcome != 0 -> assert(outcome == v); outcome = v                 /* E2 */
#else
     :: outcome != 0 -> skip
#endif
     fi; a = OK
  fi
}

/* time passes; a node that is not frozen has stopped what it runs before its trust ends */
#ifdef BUG_NO_SELF_FENCE
#define IN_TIME true
#else
#define IN_TIME (frozen[0] || !running[0] || now < trust[0]) && (frozen[1] || !running[1] || now < trust[1])
#endif
inline clearr(n) { rk[n] = 0; rc[n] = 0; rv[n] = 0; rh[n] = 0 }
active proctype Redis() {
  byte a, i;
end:
  do
  :: atomic { rk[0] -> execute(rk[0], rc[0], rv[0], rh[0]); clearr(0); if :: ans[0] = a :: skip fi; a = 0 }
  :: atomic { rk[1] -> execute(rk[1], rc[1], rv[1], rh[1]); clearr(1); if :: ans[1] = a :: skip fi; a = 0 }
  :: atomic { gk -> execute(gk, gc, gv, gh); gk = 0; gc = 0; gv = 0; gh = 0; a = 0 }
  :: atomic { now < T && IN_TIME -> now++; printf("time %d\n", now) }
  :: atomic { judges < JUDGES && !gone[0] && deadline[0] -> judges++; gone[0] = 1; mv++; printf("node 0 is judged gone, version %d\n", mv) }
  :: atomic { judges < JUDGES && !gone[1] && deadline[1] -> judges++; gone[1] = 1; mv++; printf("node 1 is judged gone, version %d\n", mv) }
#ifdef LOSS
  :: atomic { !snapped && rec -> snapped = 1; s_cid = cid; s_owner = owner; s_mark = mark; s_outcome = outcome; s_wait = waitfor; s_seen = seen; s_hid = hid; printf("snapshot\n") }
  :: atomic { snapped && !lost -> lost = 1; hist = 1; cid = s_cid; owner = s_owner; mark = s_mark; outcome = s_outcome; waitfor = s_wait; seen = s_seen; hid = s_hid; printf("ROLL-BACK\n");
#ifndef REPLAYS
       clearr(0); clearr(1); gk = 0; gc = 0; gv = 0; gh = 0
#endif
     }
#endif
  od
}

inline post(k, v) { rk[n] = k; rc[n] = my; rv[n] = v; rh[n] = r }
inline toghost() { if :: rk[n] && !gk -> gk = rk[n]; gc = rc[n]; gv = rv[n]; gh = rh[n] :: skip fi; clearr(n) }
inline begin() {
  assert(rec);                                                            /* E4 */
  starts++; running[n] = 1; printf("node %d: STARTS the effect\n", n);
#ifdef INTERRUPT
  assert(starts <= 1);                                                    /* E1 */
#else
  if :: starts > 3 -> starts = 3 :: else fi;
  assert(everfrozen || !(running[0] && running[1]));                      /* E3 */
#endif
}
inline drop() { st = 0; my = 0; running[n] = 0; w = 0; r = 0 }
#define other (1 - n)

/* st 0 not owner, 1 owner, 2 REC sent, 3 MARK sent, 4 may start, 5 running, 6 OUT sent, 7 marking interrupted
   lv, lgone, ldl: version, and state and deadline of the other node, in the list that this node has read
   cv: version to leave with the check that is due, ct: trust to take after it */
proctype Node(byte n) {
  byte st, my, w, lv, ldl, cv, ct; bit r, lgone;
end:
  do
  :: atomic { now <= T && (deadline[n] < now + L || gone[n]) && !frozen[n] && cv == 0 ->   /* heartbeat */
       deadline[n] = now + L;
       if
       :: gone[n] -> gone[n] = 0; mv++; printf("node %d: hears that it was judged, version %d\n", n, mv);
#ifdef WEAK_NO_CHECK
          trust[n] = now + L - 1
#else
          cv = mv; ct = now + L - 1;
#ifndef WEAK_OLD_LIST
          lv = 0; lgone = 0; ldl = 0;                                     /* claims nothing by an older list */
#endif
#ifdef WEAK_TRUST_BEFORE_CHECK
          trust[n] = ct
#endif
#endif
       :: else -> trust[n] = now + L - 1
       fi }
  :: atomic { cv != 0 && !frozen[n] ->                                    /* the check of its claim */
       if
       :: st != 0 && my != cid -> printf("node %d: check: superseded\n", n); toghost(); ans[n] = 0; drop()
       :: st != 0 && my == cid ->
#ifndef WEAK_CHECK_WITHOUT_VERSION WEAK_OLD_LIST
          seen = (seen > cv -> seen : cv);
#endif
          printf("node %d: check: stands\n", n)
       :: else -> skip
       fi; trust[n] = ct; cv = 0; ct = 0 }
#ifdef INTERRUPT
  :: atomic { !frozen[n] && st == 0 && nextcid <= CLAIMS -> my = nextcid; nextcid++; cid = my; owner = n; st = 1; r = hist; hid = hist;
       printf("node %d: claim %d\n", n, my) }
#else
  :: atomic { !frozen[n] && st == 0 && nextcid <= CLAIMS && lv != mv ->      /* reads the list of nodes */
       lv = mv; lgone = gone[other]; ldl = deadline[other] }
  :: atomic { !frozen[n] && st == 0 && nextcid <= CLAIMS && trust[n] > now && lv != 0 && (owner != other || lgone) ->
       if
       :: lv < seen -> lv = 0                                             /* refused: rests on an older list */
       :: else ->
          if
          :: owner == other ->
#ifdef WEAK_LAST_OWNER_ONLY
             waitfor = ldl
#else
             waitfor = (waitfor > ldl -> waitfor : ldl)                   /* of every earlier owner */
#endif
#ifdef WEAK_LAST_OWNER_ONLY
          :: else -> waitfor = 0
#else
          :: else -> skip
#endif
          fi;
          w = waitfor;
#ifdef BUG_NO_LEASE_WAIT
          w = 0;
#endif
          seen = lv; lv = 0; lgone = 0; ldl = 0;
          my = nextcid; nextcid++; cid = my; owner = n; st = 1; r = hist; hid = hist;
          printf("node %d: claim %d, nothing reruns before %d\n", n, my, w)
       fi }
#endif
#ifdef LOSS
  :: atomic { st != 0 && r != hist -> ans[n] = 0; drop() }                      /* another history: aborts, claims afresh */
#endif
  :: atomic { st == 1 && !rec -> st = 2; post(REC, 0);
#ifdef BUG_START_BEFORE_COMMIT
       begin(); if :: cid != my -> assert(false) :: else fi
#endif
     }
  :: atomic { st == 2 && ans[n] -> if :: ans[n] == OK -> st = 1 :: else -> drop() fi; ans[n] = 0 }
#ifdef INTERRUPT
#ifdef BUG_RERUN_INTERRUPT
  :: atomic { st == 1 && rec && outcome == 0 && mark != 0 && now >= w -> st = 4 }
#endif
  :: atomic { st == 1 && rec && outcome == 0 && mark != 0 -> st = 7; post(OUT, 2) }          /* only marks it */
#if defined(LOSS) && !defined(WEAK_LOSS_STARTS)
  :: atomic { st == 1 && rec && outcome == 0 && mark == 0 && r != rrid -> st = 7; post(OUT, 2) }  /* its mark may be what was lost */
#define SURE (r == rrid)
#else
#define SURE true
#endif
  :: atomic { st == 1 && rec && outcome == 0 && mark == 0 && SURE -> st = 3; post(MARK, 0);
#ifdef BUG_START_BEFORE_MARK
       begin()
#endif
     }
  :: atomic { st == 3 && ans[n] -> if :: ans[n] == OK -> st = 4 :: else -> drop() fi; ans[n] = 0 }
#else
  :: atomic { st == 1 && rec && outcome == 0 && now >= w -> st = 4 }
#endif
#ifdef FREEZE
  :: atomic { st == 4 && now < trust[n] -> st = 8 }                       /* checked ... */
  :: atomic { st == 8 -> begin(); st = 5 }                                /* ... and started, later */
  :: atomic { !everfrozen && st != 0 -> frozen[n] = 1; everfrozen = 1; printf("node %d: FROZEN\n", n) }
  :: atomic { frozen[n] -> frozen[n] = 0; if :: now > trust[n] && st != 8 -> running[n] = 0; if :: st == 5 -> drop() :: else fi :: else fi }
#else
  :: atomic { st == 4 && now < trust[n] -> begin(); st = 5 }
#endif
#ifndef BUG_NO_SELF_FENCE
  :: atomic { st == 5 && now >= trust[n] && !frozen[n] -> printf("node %d: aborts\n", n);
#ifdef INTERRUPT
       running[n] = 0; st = 7; post(OUT, 2)
#else
       running[n] = 0; st = 4
#endif
     }
#endif
  :: atomic { st == 5 && !frozen[n] -> running[n] = 0; st = 6; post(OUT, 1) }
  :: atomic { (st == 6 || st == 7) && ans[n] -> ans[n] = 0; drop() }
  :: atomic { (st == 2 || st == 3 || st == 6 || st == 7) && !ans[n] && resends < RESENDS -> resends++;
       toghost();
       if :: st == 2 -> post(REC, 0) :: st == 3 -> post(MARK, 0) :: st == 6 -> post(OUT, 1) :: st == 7 -> post(OUT, 2) fi }
  :: atomic { st != 0 && nextcid <= CLAIMS && !frozen[n] -> toghost(); ans[n] = 0; drop(); printf("node %d: crash\n", n) }
  od
}
init { atomic {
#if defined(LOSS) || defined(RECORDED)
  rec = 1;
#endif
  run Node(0); run Node(1) } }
