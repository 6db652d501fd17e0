/* intent.pml - desired status, its view on every node, node rows, convergence (I10, I11).
 *
 * Two apps in one shard. The admin sets intents (a fresh intentId, generation + 1); each change
 * raises the view version (history, n) and is published to each node, where it may be lost. The number
 * goes on whoever owns the shard. A node lists, applies exact successors, lists again on anything else
 * and at the sweep, acts on what it sees, then writes its row (incarnation, history, intentId). A
 * write of a dead incarnation may arrive later. Nodes stop, crash, start; an attempt may fail and then
 * waits for the reconciler's nudge. Every enabled step is progress and all budgets are finite, so
 * "eventually every live node converges" is the check that a state where nothing more can happen is
 * converged.
 *
 * Properties:
 *   N1 nobody but the admin changes an intent
 *   N2 a row shown as converged means that this incarnation's last act was on that very intent
 *   N3 when nothing more happens, every node that is up is converged on every app
 *
 * Options: -DLOSS  one roll-back of the Redis (intents, versions, rows); later writes of the admin follow
 *          -DKEEPS_BUFFER  hints heard before a reconnect are applied after it: holds, since they name
 *          their history
 * Planted: BUG_GENERATION_ONLY(+LOSS) BUG_INTENT_ON_STOP BUG_NO_GAP_CHECK BUG_NO_ROW_INCARNATION BUG_NO_SWEEP
 *          BUG_NUMBER_ONLY(+LOSS): versions name no history
 * Weaker rules that do not suffice: WEAK_ROWS_SURVIVE(+LOSS),
 *          WEAK_BUFFER_BY_NUMBER(+LOSS): the buffer is kept, and hints are compared by number alone
 */
#ifndef ADMIN
#define ADMIN 2          /* changes of intent (3 with LOSS) */
#endif
#ifndef NN
#define NN 2             /* nodes */
#endif
#ifndef DOWNS
#define DOWNS 1
#endif
#define A 2
typedef Vec { byte v[A] }
typedef Db { byte iid[A]; byte gen[A]; byte vn; Vec riid[NN]; byte rgen[NN*A]; byte rinc[NN*A]; byte rrid[NN*A] }
typedef Node_ { bit up; byte inc; byte kc; byte kn; byte kiid[A]; byte kgen[A]; byte acted[A]; byte agen[A]; bit hold; byte nrid }
Db R;
Node_ nd[NN];
byte curinc[NN];                           /* the incarnation Redis admits */
byte truth[A];                             /* ghost variable: what the admin set (and Redis kept) */
byte nextiid = 1, admins, downs, fails, nextinc = 1;
bit done;
byte zn = 9, za, zi, zg, zinc;             /* a row write of a dead incarnation, still under way */
chan pub[NN] = [2] of { byte, byte, byte, byte, byte };   /* history, n, app, intentId, generation */
byte rid, orid;                            /* the history Redis is in; the one the shard's owner claimed under */
#ifdef LOSS
Db S; byte struth[A]; bit snapped, lost;
#endif

#ifdef BUG_GENERATION_ONLY
#define SAME(n,a) (nd[n].kgen[a] == nd[n].agen[a])
#define ROWOK(n,a) (R.rgen[n*A+a] == R.gen[a])
#else
#define SAME(n,a) (nd[n].kiid[a] == nd[n].acted[a])
#define ROWOK(n,a) (R.riid[n].v[a] == R.iid[a])
#endif
#ifdef BUG_NO_ROW_INCARNATION
#define INCOK(n,a) true
#else
#define INCOK(n,a) (R.rinc[n*A+a] == curinc[n])
#endif
#ifdef WEAK_ROWS_SURVIVE
#define RIDOK(n,a) true
#else
#define RIDOK(n,a) (R.rrid[n*A+a] == rid)  /* a row not reported again since the change of history is stale */
#endif
/* a version of this history; a hint of it, and the sweep that finds it */
#if defined(BUG_NUMBER_ONLY)
#define KNOWN(c) true
#define SEEN true
#elif defined(WEAK_BUFFER_BY_NUMBER)
#define KNOWN(c) true
#define SEEN (nd[n].kc == rid)
#else
#define KNOWN(c) (c == nd[n].kc)
#define SEEN (nd[n].kc == rid)
#endif
#define CONV(n,a) (ROWOK(n,a) && INCOK(n,a) && RIDOK(n,a))

inline relist(n) { nd[n].kc = rid; nd[n].kn = R.vn;
  nd[n].kiid[0] = R.iid[0]; nd[n].kiid[1] = R.iid[1]; nd[n].kgen[0] = R.gen[0]; nd[n].kgen[1] = R.gen[1] }
inline publish(a) {
  for (i : 0 .. (NN-1)) { if :: nd[i].up && nfull(pub[i]) -> pub[i]!rid,R.vn,a,R.iid[a],R.gen[a] :: skip fi } i = 0
}
inline writerow(n, a, ii, g, ic) {         /* refused for another incarnation */
  if
#ifdef BUG_NO_ROW_INCARNATION
  :: true ->
#else
  :: ic == curinc[n] ->
#endif
     R.riid[n].v[a] = ii; R.rgen[n*A+a] = g; R.rinc[n*A+a] = ic; R.rrid[n*A+a] = rid
#ifndef BUG_NO_ROW_INCARNATION
  :: else -> skip
#endif
  fi
}
inline watch() {                           /* N1, N2 after every step */
  for (x : 0 .. (A-1)) {
    assert(R.iid[x] == truth[x]);
    for (y : 0 .. (NN-1)) { assert(!(nd[y].up && R.iid[x] && CONV(y,x)) || nd[y].acted[x] == R.iid[x]) }
  } x = 0; y = 0
}

active proctype Admin() {
  byte i, a, x, y;
end:
  do
  :: atomic { admins < ADMIN && rid == orid -> admins++;
       if :: a = 0 :: a = 1 fi;
       R.iid[a] = nextiid; truth[a] = nextiid; nextiid++; R.gen[a]++; R.vn++;
       printf("admin: app %d intent %d generation %d version %d/%d\n", a, R.iid[a], R.gen[a], rid, R.vn);
       publish(a); a = 0; watch() }
#ifdef LOSS
  :: atomic { !snapped -> snapped = 1; printf("snapshot\n");
       for (i : 0 .. (A-1)) { S.iid[i] = R.iid[i]; S.gen[i] = R.gen[i]; struth[i] = truth[i] } S.vn = R.vn;
       for (i : 0 .. (NN-1)) { S.riid[i].v[0] = R.riid[i].v[0]; S.riid[i].v[1] = R.riid[i].v[1] }
       for (i : 0 .. (NN*A-1)) { S.rgen[i] = R.rgen[i]; S.rinc[i] = R.rinc[i]; S.rrid[i] = R.rrid[i] } i = 0 }
  :: atomic { snapped && !lost -> lost = 1; rid = 1; printf("ROLL-BACK\n");
       zn = 9; za = 0; zi = 0; zg = 0; zinc = 0;                  /* what was under way dies with its connection */
       for (i : 0 .. (A-1)) { R.iid[i] = S.iid[i]; R.gen[i] = S.gen[i]; truth[i] = struth[i] } R.vn = S.vn;
       for (i : 0 .. (NN-1)) { R.riid[i].v[0] = S.riid[i].v[0]; R.riid[i].v[1] = S.riid[i].v[1] }
       for (i : 0 .. (NN*A-1)) { R.rgen[i] = S.rgen[i]; R.rinc[i] = S.rinc[i]; R.rrid[i] = S.rrid[i] } i = 0; watch() }
  :: atomic { rid != orid -> orid = rid }  /* the owner finds another history, and claims afresh */
#endif
  od
}

proctype Node(byte n) {
  byte pc, pn, pa, pi, pg, x, y;
end:
  do
  :: atomic { !nd[n].up -> nd[n].up = 1; nd[n].inc = nextinc; nextinc++; curinc[n] = nd[n].inc; nd[n].nrid = rid; relist(n);
       printf("node %d: starts, incarnation %d\n", n, nd[n].inc); watch() }
#ifdef BUG_NUMBER_ONLY
  :: atomic { nd[n].up && nd[n].nrid != rid -> nd[n].nrid = rid }
#elif defined(LOSS)
  :: atomic { nd[n].up && nd[n].nrid != rid -> nd[n].nrid = rid;                     /* reconnected to another history: */
#if !defined(KEEPS_BUFFER) && !defined(WEAK_BUFFER_BY_NUMBER)
       do :: nempty(pub[n]) -> pub[n]?pc,pn,pa,pi,pg :: empty(pub[n]) -> break od; pc = 0; pn = 0; pa = 0; pi = 0; pg = 0;
#endif
       relist(n) }                                                                    /* empty buffer, then list */
#endif
  :: atomic { nd[n].up && nempty(pub[n]) -> pub[n]?pc,pn,pa,pi,pg;
       if
#ifdef BUG_NO_GAP_CHECK
       :: KNOWN(pc) && pn > nd[n].kn -> nd[n].kn = pn; nd[n].kiid[pa] = pi; nd[n].kgen[pa] = pg
#else
       :: KNOWN(pc) && pn == nd[n].kn + 1 -> nd[n].kn = pn; nd[n].kiid[pa] = pi; nd[n].kgen[pa] = pg
       :: KNOWN(pc) && pn > nd[n].kn + 1 -> relist(n)
#endif
       :: KNOWN(pc) && pn <= nd[n].kn -> skip
       :: !KNOWN(pc) -> relist(n)
       fi; pc = 0; pn = 0; pa = 0; pi = 0; pg = 0 }
#ifndef BUG_NO_SWEEP
  :: atomic { nd[n].up && (!SEEN || nd[n].kn != R.vn) -> relist(n) }      /* the sweep */
#endif
  :: atomic { nd[n].up && !nd[n].hold && !SAME(n,0) -> nd[n].acted[0] = nd[n].kiid[0]; nd[n].agen[0] = nd[n].kgen[0];
       printf("node %d: acts on app 0 intent %d\n", n, nd[n].acted[0]); watch() }
  :: atomic { nd[n].up && !nd[n].hold && !SAME(n,1) -> nd[n].acted[1] = nd[n].kiid[1]; nd[n].agen[1] = nd[n].kgen[1];
       printf("node %d: acts on app 1 intent %d\n", n, nd[n].acted[1]); watch() }
  :: atomic { nd[n].up && !nd[n].hold && fails < 1 && (!SAME(n,0) || !SAME(n,1)) -> fails++; nd[n].hold = 1 }   /* attempt fails */
#define ROWDIFF(a) (nd[n].acted[a] && nd[n].nrid == rid && (R.riid[n].v[a] != nd[n].acted[a] || R.rinc[n*A+a] != nd[n].inc || R.rrid[n*A+a] != rid))
  :: atomic { nd[n].up && ROWDIFF(0) -> writerow(n, 0, nd[n].acted[0], nd[n].agen[0], nd[n].inc); watch() }
  :: atomic { nd[n].up && ROWDIFF(1) -> writerow(n, 1, nd[n].acted[1], nd[n].agen[1], nd[n].inc); watch() }
  :: atomic { nd[n].up && downs < DOWNS -> downs++;                                 /* stop or crash */
       if
       :: zn == 9 && ROWDIFF(0) -> zn = n; za = 0; zi = nd[n].acted[0]; zg = nd[n].agen[0]; zinc = nd[n].inc
       :: zn == 9 && ROWDIFF(1) -> zn = n; za = 1; zi = nd[n].acted[1]; zg = nd[n].agen[1]; zinc = nd[n].inc
       :: skip
       fi;
#ifdef BUG_INTENT_ON_STOP
       R.iid[0] = 99; R.vn++;
#endif
       printf("node %d: goes down\n", n);
       nd[n].up = 0; nd[n].inc = 0; nd[n].kc = 0; nd[n].kn = 0; nd[n].hold = 0;
       for (x : 0 .. (A-1)) { nd[n].kiid[x] = 0; nd[n].kgen[x] = 0; nd[n].acted[x] = 0; nd[n].agen[x] = 0 } x = 0;
       do :: nempty(pub[n]) -> pub[n]?pc,pn,pa,pi,pg :: empty(pub[n]) -> break od; pc = 0; pn = 0; pa = 0; pi = 0; pg = 0;
       watch() }
  od
}

active proctype Others() {
  byte x, y;
end:
  do
  :: atomic { zn < 9 -> writerow(zn, za, zi, zg, zinc); zn = 9; za = 0; zi = 0; zg = 0; zinc = 0; watch() }   /* the late write */
  :: atomic { nd[0].hold -> nd[0].hold = 0 }                                        /* reconciler's nudge */
#if NN > 1
  :: atomic { nd[1].hold -> nd[1].hold = 0 }
#endif
  :: atomic { timeout && !done ->                                                   /* N3 */
       done = 1;
       for (y : 0 .. (NN-1)) { for (x : 0 .. (A-1)) { assert(!R.iid[x] || (CONV(y,x) && nd[y].acted[x] == R.iid[x])) } } }
  od
}
init { atomic { byte k; for (k : 0 .. (NN-1)) { run Node(k) } } }
