/* ownership.pml - claim, commit fence, release, hand-over of ONE shard (invariants I1, I2, I3).
 *
 * Redis is one process that executes scripts atomically. A request sits in the sender's slot until
 * it is executed; its reply may be lost; the sender resends the identical request, and the earlier
 * copy may survive as a GHOST that Redis executes at any later time (a dead connection's buffer, a
 * frozen sender). Nodes crash, freeze (are simply not scheduled) and suspect each other wrongly: a
 * node may claim at any time, no clock protects anything here.
 *
 * Properties (assertions):
 *   P1 writer     one accepted writer per claim id
 *   P2 current    an accepted commit is by the claim that is current (not superseded, not released)
 *   P3 base       an accepted commit was computed on exactly the committed state it is applied to
 *   P4 once       a batch is applied at most once; no gap in the committed sequence
 *   P5 answer     a node told OK really has that very batch in the state
 *   P6 fence      (with -DCHECK_FENCE) no two claims are granted the same epoch
 *   P7 grant      a claim id is granted at most once
 *   P8 final      what a refused node settles as applied is in the state; as not applied, never will be
 *
 * Options: -DLOSS  one roll-back of the shard's data to an earlier moment (fail-over, lost tail)
 *          -DREPLAYS  with LOSS: copies sent before the roll-back may be executed after it
 *          -DRECORD_LOST  the ownership record alone vanishes once; a claim after the loss makes it anew
 *          -DREFUSALS  one commit refused for a passing reason (OOM, READONLY, TRYAGAIN ...)
 *          -DNO_HASH  commits carry no hash: holds while a batch that was cut is never cut again
 *          -DNO_HISTORY  scripts compare no history: holds here, see mailbox.pml for why they do
 * Planted:  BUG_NOFENCE BUG_EPOCH_ONLY(+LOSS) BUG_CLAIM_NOT_IDEMPOTENT BUG_NO_CAS
 *          BUG_FINAL_IS_CURRENT BUG_LOSS_CLAIM_STEALS(+RECORD_LOST)
 *          BUG_REUSES_NUMBER(+REFUSALS): a refused batch is dropped and another cut under its number; it
 *          fails with a hash too, since final numbers tell numbers, not contents
 * Weaker rules that do not suffice: WEAK_RELEASE_CLEARS, WEAK_EPOCH_PLUS_ONE(+LOSS+CHECK_FENCE),
 *          WEAK_UNFENCED_LOAD(+LOSS+NO_HISTORY)
 */
#ifndef N
#define N 2              /* nodes */
#endif
#ifndef K
#define K 3              /* claims ever attempted */
#endif
#ifndef W
#define W 3              /* batches ever computed */
#endif
#ifndef G
#define G 2              /* ghost copies alive at once */
#endif
#ifndef RESENDS
#define RESENDS 2
#endif
#ifndef CRASHES
#define CRASHES 1
#endif

#define BIT(i) (1 << (i))
#define NONE 0
/* request kinds */
#define CLAIM 1
#define COMMIT 2
#define RELEASE 3
/* answers */
#define OK 1
#define FENCED 2         /* also held, history and lost: drop everything, claim afresh */
#define REFUSED 3
#define CONFLICT 4
#define GAP 5
/* node phases */
#define IDLE 0
#define CLAIMING 1
#define OWNER 2
#define COMMITTING 3
#define RELEASING 4

typedef Req { byte k; byte n; byte cid; byte arg; byte ep; byte b; byte base; bit hid; bit after }
/* arg: claim -> the claim id it saw; commit -> its sequence number. after: the loss was reported */
typedef Own { byte cid; byte owner; bit rel; byte ep; byte seq; byte h; byte ver; byte applied; byte granted;
              bit hid; bit gone; byte fin[K+1] }
/* hid: history it was claimed under. fin: 1 + last number accepted under an earlier claim, 0 unknown */

Own R;                   /* the shard in Redis */
Req req[N];              /* newest copy of each node's request */
Req ghost[G];            /* older copies still on their way */
byte ans[N];             /* the reply slot, */
byte ansf[N];            /* with the final number a refusal tells (1 +), */
bit ansh[N];             /* and the history a claim was granted under */
byte nextcid = 1, nextb = 1, resends = 0, crashes = 0;
byte wr[K+1];            /* ghost variable: 1 + node that wrote under a claim id */
byte ever;               /* ghost variable: batches ever accepted, not rolled back */
byte gaveup;              /* ghost variable: batches settled as not applied */
byte eps;                /* ghost variable: epochs ever granted (bit set) */
byte clk = 0;            /* Redis time, coarse: moves with every grant, not rolled back */
bit hist = 0;            /* the history that Redis is in */
#ifdef REFUSALS
byte refusals = 0;
#endif
#ifdef LOSS
Own S; bit snapped = 0, lost = 0;
#endif
#ifdef RECORD_LOST
bit recordlost = 0;
#endif

inline grant(q) {
  assert((R.granted & BIT(q.cid)) == 0);                        /* P7 */
  R.granted = R.granted | BIT(q.cid); printf("redis: claim %d granted to node %d over %d\n", q.cid, q.n, R.cid);
  R.fin[R.cid] = R.seq + 1; R.fin[0] = 0;
  R.cid = q.cid; R.owner = q.n; R.rel = 0; R.seq = 0; R.h = 0; R.hid = hist;
  R.ep = (R.ep > q.ep -> R.ep : q.ep) + 1; clk++;
#ifndef WEAK_EPOCH_PLUS_ONE
  R.ep = (R.ep > clk -> R.ep : clk);                            /* epoch >= Redis time */
#endif
#ifdef CHECK_FENCE
  assert((eps & BIT(R.ep)) == 0);                               /* P6 */
#endif
  eps = eps | BIT(R.ep)
}

inline accept(q) {
  printf("redis: commit claim %d seq %d batch %d base %d on claim %d seq %d version %d\n", q.cid, q.arg, q.b, q.base, R.cid, R.seq, R.ver);
  assert(wr[q.cid] == 0 || wr[q.cid] == q.n + 1);               /* P1 */
#if !defined(BUG_NOFENCE)
  assert(q.cid == R.cid && !R.rel);                             /* P2 */
#endif
  assert(q.base == R.ver);                                      /* P3 */
  assert((R.applied & BIT(q.b)) == 0);                          /* P4 */
  assert((gaveup & BIT(q.b)) == 0);                              /* P8 */
  wr[q.cid] = q.n + 1; ever = ever | BIT(q.b);
  R.applied = R.applied | BIT(q.b); R.ver++; R.h = q.b; R.seq = q.arg
}

#ifdef NO_HISTORY
#define SAME_HISTORY(q) true
#else
#define SAME_HISTORY(q) (q.hid == hist && R.hid == hist)
#endif
#if defined(BUG_NOFENCE)
#define FENCE_OK(q) (!R.gone)
#elif defined(BUG_EPOCH_ONLY)
#define FENCE_OK(q) (!R.gone && q.ep == R.ep && !R.rel)
#else
#define FENCE_OK(q) (!R.gone && q.cid == R.cid && !R.rel && SAME_HISTORY(q))
#endif

inline execute(q) {      /* one script; sets a, and f for a refused commit */
  a = FENCED; f = 0;
  if
  :: q.k == CLAIM ->
     if
     :: R.gone && q.after -> R.gone = 0; R.cid = 0; R.rel = 1; grant(q); a = OK
     :: R.gone && !q.after -> a = FENCED                        /* lost: to be reported first */
#ifdef BUG_CLAIM_NOT_IDEMPOTENT
     :: !R.gone && q.cid == R.cid -> R.seq = 0; R.h = 0; R.rel = 0; R.ep++; a = OK
#else
     :: !R.gone && q.cid == R.cid ->                            /* repeated: nothing written */
        a = (R.rel || R.hid != hist -> FENCED : OK)
#endif
#ifdef BUG_NO_CAS
     :: !R.gone && q.cid != R.cid -> grant(q); a = OK
#else
#ifdef BUG_LOSS_CLAIM_STEALS
     :: !R.gone && q.cid != R.cid && (q.arg == R.cid || q.after) -> grant(q); a = OK
     :: !R.gone && q.cid != R.cid && q.arg != R.cid && !q.after -> a = FENCED
#else
     :: !R.gone && q.cid != R.cid && q.arg == R.cid -> grant(q); a = OK
     :: !R.gone && q.cid != R.cid && q.arg != R.cid -> a = FENCED
#endif
#endif
     fi
  :: q.k == COMMIT ->
     if
     :: !FENCE_OK(q) -> a = FENCED;
        if
#ifdef BUG_FINAL_IS_CURRENT
        :: !R.gone -> f = R.seq + 1
#else
        :: !R.gone && q.cid != R.cid -> f = R.fin[q.cid]        /* also under another history */
        :: !R.gone && q.cid == R.cid && R.rel -> f = R.seq + 1
#endif
        :: else -> f = 0
        fi
     :: FENCE_OK(q) && q.arg == R.seq + 1 ->
        if
        :: accept(q); a = OK
#ifdef REFUSALS
        :: refusals < 1 -> refusals++; a = REFUSED
#endif
        fi
#ifdef NO_HASH
     :: FENCE_OK(q) && q.arg <= R.seq -> a = OK
#else
     :: FENCE_OK(q) && q.arg < R.seq  -> a = CONFLICT           /* only a ghost can be that old */
     :: FENCE_OK(q) && q.arg == R.seq -> a = (R.h == q.b -> OK : CONFLICT)
#endif
     :: FENCE_OK(q) && q.arg > R.seq + 1 -> a = GAP
     fi
  :: q.k == RELEASE ->
     if
#ifdef WEAK_RELEASE_CLEARS
     :: FENCE_OK(q) -> R.cid = 0; R.rel = 0; R.seq = 0; R.h = 0; a = OK
#else
     :: FENCE_OK(q) -> R.rel = 1; a = OK; printf("redis: release %d\n", q.cid)   /* the claim id stays: it never matches again */
#endif
     :: else -> a = FENCED
     fi
  fi
}

inline clearq(q) { q.k = 0; q.n = 0; q.cid = 0; q.arg = 0; q.ep = 0; q.b = 0; q.base = 0; q.hid = 0; q.after = 0 }
inline copyq(d, s) { d.k = s.k; d.n = s.n; d.cid = s.cid; d.arg = s.arg; d.ep = s.ep; d.b = s.b; d.base = s.base;
                     d.hid = s.hid; d.after = s.after }
inline copyown(d, s) { d.cid = s.cid; d.owner = s.owner; d.rel = s.rel; d.ep = s.ep; d.seq = s.seq; d.h = s.h;
                       d.ver = s.ver; d.applied = s.applied; d.granted = s.granted; d.hid = s.hid; d.gone = s.gone;
                       for (i : 0 .. K) { d.fin[i] = s.fin[i] } i = 0 }

active proctype Redis() {
  byte a, i, f;
end:
  do
  :: atomic { (req[0].k || req[1].k || req[N-1].k) ->
       if
       :: req[0].k -> i = 0
       :: req[1].k -> i = 1
#if N > 2
       :: req[2].k -> i = 2
#endif
       fi;
       execute(req[i]); clearq(req[i]);
       if :: ans[i] = a; ansf[i] = f; ansh[i] = R.hid :: skip /* the reply is lost */ fi; a = 0; f = 0; i = 0 }
  :: atomic { ghost[0].k != 0 -> execute(ghost[0]); clearq(ghost[0]); a = 0; f = 0 }
  :: atomic { ghost[1].k != 0 -> execute(ghost[1]); clearq(ghost[1]); a = 0; f = 0 }
#ifdef LOSS
  :: d_step { !snapped -> copyown(S, R); snapped = 1; printf("snapshot\n") }
  :: d_step { snapped && !lost -> copyown(R, S); lost = 1; hist = 1;
#ifndef REPLAYS
       clearq(req[0]); clearq(req[1]); clearq(ghost[0]); clearq(ghost[1]);  /* connections die with what they carry */
#if N > 2
       clearq(req[2]);
#endif
#endif
       printf("ROLL-BACK to claim %d seq %d version %d\n", R.cid, R.seq, R.ver) }
#endif
#ifdef RECORD_LOST
  :: d_step { !recordlost -> recordlost = 1; R.gone = 1; R.cid = 0; R.owner = 0; R.rel = 0; R.ep = 0; R.seq = 0; R.h = 0; R.hid = 0;
       for (i : 0 .. K) { R.fin[i] = 0 } i = 0; printf("the ownership record is LOST\n") }
#endif
  od
}

inline post(kind, c, x, batch, bs) {
  req[n].k = kind; req[n].n = n; req[n].cid = c; req[n].arg = x; req[n].ep = kep; req[n].b = batch; req[n].base = bs;
  req[n].hid = kh; req[n].after = (kind == CLAIM -> after : 0)
}
inline forget() { st = IDLE; cid = 0; seq = 0; b = 0; ver = 0; saw = 0; kh = 0; after = 0 }
inline toghost() {       /* an unexecuted copy may live on, or die with its connection */
  if
  :: req[n].k != 0 && ghost[0].k == 0 -> copyq(ghost[0], req[n])
  :: req[n].k != 0 && ghost[0].k != 0 && ghost[1].k == 0 -> copyq(ghost[1], req[n])
  :: skip
  fi;
  clearq(req[n])
}
inline settle() {        /* a refused commit: what became of the batch in flight */
  if
  :: st == COMMITTING && ansf[n] != 0 && ansf[n] - 1 > seq -> assert(ever & BIT(b))                       /* P8 */
  :: st == COMMITTING && ansf[n] != 0 && ansf[n] - 1 <= seq -> assert((R.applied & BIT(b)) == 0); gaveup = gaveup | BIT(b)
  :: else -> skip                                               /* unknown */
  fi
}

proctype Node(byte n) {
  byte st = IDLE, cid, seq, b, ver, saw, kep; bit kh, after;
  /* the epoch a node sends with a commit is its claim's epoch, kept in kep once it owns; kh: the claim's history */
end:
  do
  :: atomic { st == IDLE && nextcid <= K ->                     /* suspicion, true or false */
       cid = nextcid; nextcid++; saw = R.cid; after = R.gone;
       kep = (R.ep > kep -> R.ep : kep);
       st = CLAIMING; post(CLAIM, cid, saw, 0, 0) }
  :: atomic { st == OWNER && nextb <= W ->
       b = nextb; nextb++; st = COMMITTING; post(COMMIT, cid, seq + 1, b, ver) }
  :: atomic { st == OWNER -> st = RELEASING; post(RELEASE, cid, 0, 0, 0) }
  :: atomic { ans[n] != 0 ->
       if
       :: st == CLAIMING && ans[n] == OK ->                     /* loads the state after its claim */
          kh = ansh[n]; after = 0;
#ifdef WEAK_UNFENCED_LOAD
          st = OWNER; seq = 0; ver = R.ver; kep = R.ep
#else
          if                                                    /* the load names claim and history, as a write does */
          :: !R.gone && R.cid == cid && !R.rel && kh == hist && R.hid == hist -> st = OWNER; seq = R.seq; ver = R.ver; kep = R.ep
          :: else -> forget()
          fi
#endif
       :: st == COMMITTING && ans[n] == OK ->
          assert(ever & BIT(b));                                /* P5 */
          seq++; ver++; b = 0; st = OWNER
       :: st == COMMITTING && ans[n] == REFUSED ->
#ifdef BUG_REUSES_NUMBER
          b = 0; st = OWNER                                     /* discards the batch and goes on */
#else
          post(COMMIT, cid, seq + 1, b, ver)                    /* the very same request again */
#endif
       :: st == COMMITTING && (ans[n] == GAP || ans[n] == CONFLICT) -> forget() /* fresh claim id */
       :: st == RELEASING || ans[n] == FENCED -> settle(); forget()
       fi;
       printf("node %d: answer %d -> phase %d, claim %d\n", n, ans[n], st, cid);
       ans[n] = 0; ansf[n] = 0; ansh[n] = 0 }
  :: atomic { (st == CLAIMING || st == COMMITTING || st == RELEASING) && ans[n] == 0 && resends < RESENDS ->
       resends++; toghost(); printf("node %d: resends\n", n);
       if
       :: st == CLAIMING -> post(CLAIM, cid, saw, 0, 0)
       :: st == COMMITTING -> post(COMMIT, cid, seq + 1, b, ver)
       :: st == RELEASING -> post(RELEASE, cid, 0, 0, 0)
       fi }
  :: atomic { st != IDLE && crashes < CRASHES -> crashes++; toghost(); ans[n] = 0; ansf[n] = 0; ansh[n] = 0; kep = 0; forget() }
  od
}

init { atomic {
  run Node(0); run Node(1);
#if N > 2
  run Node(2)
#endif
} }
