/* mailbox.pml - numbered producers, the shard's mailbox, read - process - commit (I2, I3, I4).
 *
 * Producers append numbered batches (one command each), one in flight, resent identically until
 * answered; copies may survive as ghosts. Number 1 registers its producer. A reaper raises the floor,
 * drops the producers below it, and none of them registers again. A mailbox may be full: the answer
 * settles the number for good. Owners claim at any time (false suspicion), take entries from the
 * start (a wake-up carries the entry itself, so a superseded owner may still take some), process one
 * or two, commit acknowledgement + state in one script that names claim and history, and may crash
 * between any two steps. Claim and fence themselves are checked in ownership.pml; here a claim is one
 * reliable step.
 *
 * Properties:
 *   A1 a command is applied at most once, is never both applied and still in the mailbox
 *   A2 an acknowledged command is applied or in the mailbox (or, with LOSS, reported lost as soon
 *      as its producer is acknowledged again)
 *   A3 commands of one life of a producer are applied in the order sent
 *   A4 a reply that was given is the committed outcome
 *   A5 a command that was refused because the mailbox was full is never applied
 *
 * Options: -DFULLS=n  so many appends find the mailbox full
 *          -DLOSS  one roll-back of the shard to an earlier moment; every connection breaks with it
 *          (copies under way die, clients resend)
 *          -DREPLAYS  with LOSS: copies sent before the roll-back may be executed after it
 * Planted: BUG_GAP(+LOSS) BUG_RESEND_AFTER_REREGISTER BUG_NO_FLOOR BUG_EARLY_ACK BUG_TRIM_EARLY BUG_NO_DEDUP
 *          BUG_FULL_NOT_SETTLED(+FULLS)
 * Weaker rules that do not suffice: WEAK_RESUME(+LOSS): commits name the claim and no history;
 *          WEAK_ENTRY_CHECK(+LOSS): instead of the history, entries handled must still be there
 */
#ifndef P
#define P 1              /* producers */
#endif
#ifndef CPP
#define CPP 2            /* commands per producer */
#endif
#define NC (P*CPP)
#ifndef IDS
#define IDS 3            /* producer ids (join numbers) ever given */
#endif
#ifndef CLAIMS
#define CLAIMS 2
#endif
#ifndef RESENDS
#define RESENDS 2
#endif
#ifndef REAPS
#define REAPS 1
#endif
#ifndef OCRASH
#define OCRASH 1
#endif
#ifndef PCRASH
#define PCRASH 1
#endif
#ifndef FULLS
#define FULLS 0
#endif
#define G 2
#define APPEND 2
#define COMMIT 3
#define OK 1
#define UNKNOWN 2
#define STALE 3
#define GAP 4
#define FULL 5
#define CONFLICT 6
#define FENCED 7
#define LOST 8
#define BIT(i) (1 << (i))

typedef Shard {
  byte mail[4]; byte ln;
  byte reg; byte last[IDS+1]; byte h[IDS+1]; byte wasfull; byte floor;   /* wasfull: outcome of the last number */
  byte cid; byte seq; byte oh; bit hid;
  byte ap[NC+1]; byte outc[NC+1]; byte lastap[IDS+1]
}
typedef Req { byte k; byte id; byte num; byte x; byte y; bit hid }   /* x,y: command(s); hid: history of the claim */

Shard R;
Req rq[P+2];             /* slots: producers 0..P-1, owners P and P+1 */
Req gh[G];
byte ans[P+2];
byte nextid = 1, nextclaim = 1, resends = 0, reaps = 0, ocrash = 0, pcrash = 0, fulls = 0;
byte acked, reported;    /* bit sets over commands */
byte refusedfull;        /* ghost variable: commands told that the mailbox is full */
bit hist;                /* the history that Redis is in */
byte idof[NC+1];         /* ghost variable: producer id (= one life of a sender) a command was last sent under */
byte replied[NC+1];      /* outcome told to the caller */
#ifdef LOSS
Shard S; bit snapped, lost;
#endif

inline inmail(c, r) { r = 0; j = 0; do :: j < R.ln -> if :: R.mail[j] == c -> r++ :: else fi; j++ :: else -> break od; j = 0 }
inline check() {
  c = 1;
  do
  :: c <= NC ->
     inmail(c, m);
     assert(R.ap[c] + m <= 1);                                            /* A1 */
#ifndef LOSS
     assert(!(acked & BIT(c)) || R.ap[c] + m == 1);                       /* A2 */
#endif
     assert(!(refusedfull & BIT(c)) || R.ap[c] + m == 0);                 /* A5 */
     c++
  :: else -> break
  od; c = 0; m = 0
}
inline apply(e) {
  if
  :: e == 0 -> skip
  :: else ->
     R.ap[e]++; 
     assert(e > R.lastap[idof[e]]); R.lastap[idof[e]] = e;                /* A3 */
     R.outc[e] = R.cid;                                                   /* an outcome depends on who ran it */
     assert(replied[e] == 0 || replied[e] == R.outc[e]);                  /* A4 */
     j = 0; m = 0;                                                        /* remove it where it stands */
     do
     :: j < R.ln -> if :: R.mail[j] == e -> m = 1 :: else fi;
                     if :: m && j + 1 < R.ln -> R.mail[j] = R.mail[j+1] :: else fi; j++
     :: else -> break
     od;
     if :: m -> R.ln--; R.mail[R.ln] = 0 :: else fi; j = 0; m = 0
  fi
}
inline enter(q) {        /* the mailbox takes the batch, or is full: both settle the number */
  if
  :: fulls < FULLS -> fulls++; a = FULL; printf("redis: full for id %d num %d command %d\n", q.id, q.num, q.x);
#ifndef BUG_FULL_NOT_SETTLED
     R.reg = R.reg | BIT(q.id); R.last[q.id] = q.num; R.h[q.id] = q.x; R.wasfull = R.wasfull | BIT(q.id)
#endif
  :: printf("redis: append id %d num %d command %d\n", q.id, q.num, q.x);
     assert(R.ln < 4); R.mail[R.ln] = q.x; R.ln++;
     R.reg = R.reg | BIT(q.id); R.last[q.id] = q.num; R.h[q.id] = q.x; R.wasfull = R.wasfull & ~BIT(q.id); a = OK
  fi
}
#define KNOWN(q) (R.reg & BIT(q.id))
inline execute(q) {
  a = 0;
  if
  :: q.k == APPEND ->
     if
#ifdef BUG_NO_FLOOR
     :: !KNOWN(q) && q.num == 1 -> enter(q)                      /* number 1 registers */
     :: !KNOWN(q) && q.num != 1 -> a = UNKNOWN
#else
     :: !KNOWN(q) && q.num == 1 && q.id > R.floor -> enter(q)
     :: !KNOWN(q) && (q.num != 1 || q.id <= R.floor) -> a = UNKNOWN
#endif
     :: KNOWN(q) && (q.num == R.last[q.id] + 1
#ifdef BUG_GAP
         || q.num > R.last[q.id]
#endif
#ifdef BUG_NO_DEDUP
         || true
#endif
        ) -> enter(q)
#ifndef BUG_NO_DEDUP
     :: KNOWN(q) && q.num == R.last[q.id] && R.h[q.id] != q.x -> a = CONFLICT
     :: KNOWN(q) && q.num == R.last[q.id] && R.h[q.id] == q.x -> a = (R.wasfull & BIT(q.id) -> FULL : OK)
     :: KNOWN(q) && q.num < R.last[q.id] -> a = STALE
#ifndef BUG_GAP
     :: KNOWN(q) && q.num > R.last[q.id] + 1 -> a = GAP
#endif
#endif
     fi
  :: q.k == COMMIT ->
     if
     :: q.id != R.cid -> a = FENCED
#if defined(LOSS) && !defined(WEAK_RESUME) && !defined(WEAK_ENTRY_CHECK)
     :: q.id == R.cid && (q.hid != hist || R.hid != hist) -> a = FENCED   /* another history */
#define CURRENT(q) (q.id == R.cid && q.hid == hist && R.hid == hist)
#else
#define CURRENT(q) (q.id == R.cid)
#endif
     :: CURRENT(q) && q.num == R.seq && q.x == R.oh -> a = OK
     :: CURRENT(q) && q.num == R.seq && q.x != R.oh -> a = FENCED         /* conflict: treated alike */
     :: CURRENT(q) && q.num == R.seq + 1 ->
#ifdef WEAK_ENTRY_CHECK
        inmail(q.x, m);
        if :: m == 0 -> a = LOST :: else -> skip fi;
        if :: a == 0 && q.y != 0 -> inmail(q.y, m); if :: m == 0 -> a = LOST :: else fi :: else fi; m = 0;
#endif
        if
        :: a == 0 -> printf("redis: commit claim %d seq %d commands %d %d\n", q.id, q.num, q.x, q.y);
           apply(q.x); apply(q.y); R.seq = q.num; R.oh = q.x; a = OK
        :: else -> skip
        fi
     :: CURRENT(q) && (q.num > R.seq + 1 || q.num < R.seq) -> a = FENCED  /* gap: claims afresh */
     fi
  fi;
  check()
}
inline clearq(q) { q.k = 0; q.id = 0; q.num = 0; q.x = 0; q.y = 0; q.hid = 0 }
inline copyq(d, s) { d.k = s.k; d.id = s.id; d.num = s.num; d.x = s.x; d.y = s.y; d.hid = s.hid }
inline toghost(s) {      /* an unexecuted copy lives on, or dies with its connection */
  if
  :: rq[s].k != 0 && gh[0].k == 0 -> copyq(gh[0], rq[s])
  :: rq[s].k != 0 && gh[0].k != 0 && gh[1].k == 0 -> copyq(gh[1], rq[s])
  :: skip
  fi;
  clearq(rq[s])
}
inline post(s, kk, ii, nn, xx, yy, hh) { rq[s].k = kk; rq[s].id = ii; rq[s].num = nn; rq[s].x = xx; rq[s].y = yy; rq[s].hid = hh }
inline copyshard(D, T) {
  for (j : 0 .. 3) { D.mail[j] = T.mail[j] } D.ln = T.ln; D.reg = T.reg; D.wasfull = T.wasfull; D.floor = T.floor;
  for (j : 0 .. IDS) { D.last[j] = T.last[j]; D.h[j] = T.h[j] }
  D.cid = T.cid; D.seq = T.seq; D.oh = T.oh; D.hid = T.hid;
  for (j : 0 .. NC) { D.ap[j] = T.ap[j]; D.outc[j] = T.outc[j] }
  for (j : 0 .. IDS) { D.lastap[j] = T.lastap[j] } j = 0
}

active proctype Redis() {
  byte a, i, j, c, m;
end:
  do
  :: atomic { (rq[0].k || rq[1].k || rq[2].k || rq[P+1].k) ->
       if
       :: rq[0].k -> i = 0
       :: rq[1].k -> i = 1
       :: rq[2].k -> i = 2
#if P > 1
       :: rq[3].k -> i = 3
#endif
       fi;
       execute(rq[i]); clearq(rq[i]);
       if :: ans[i] = a :: skip fi; a = 0; i = 0 }               /* or the reply is lost */
  :: atomic { gh[0].k != 0 -> execute(gh[0]); clearq(gh[0]); a = 0 }
  :: atomic { gh[1].k != 0 -> execute(gh[1]); clearq(gh[1]); a = 0 }
  :: atomic { reaps < REAPS && R.reg != 0 ->                   /* the reaper: all ids up to a registered one */
       reaps++;
       if
       :: R.reg & 2 -> i = 1
       :: R.reg & 4 -> i = 2
#if IDS > 2
       :: R.reg & 8 -> i = 3
#endif
       fi;
       printf("redis: reaps up to id %d\n", i);
       R.floor = (R.floor > i -> R.floor : i);
       for (c : 1 .. i) { R.reg = R.reg & ~BIT(c); R.wasfull = R.wasfull & ~BIT(c); R.last[c] = 0; R.h[c] = 0 } c = 0; i = 0 }
#ifdef LOSS
  :: atomic { !snapped -> copyshard(S, R); snapped = 1; printf("snapshot\n") }
  :: atomic { snapped && !lost -> copyshard(R, S); lost = 1; hist = 1; printf("ROLL-BACK\n");
#ifndef REPLAYS
       for (i : 0 .. (P+1)) { clearq(rq[i]) } clearq(gh[0]); clearq(gh[1]);
#endif
       for (i : 0 .. (P+1)) { ans[i] = 0 } i = 0;
       for (c : 1 .. NC) { replied[c] = 0 } c = 0 }            /* outcomes of a lost timeline may differ */
#endif
  od
}

/* producer p; st 0 needs an id, 2 ready, 3 appending */
proctype Producer(byte p) {
  byte st, id, num, cmd, sent, j, m, c;
end:
  do
  :: atomic { st == 0 && sent < CPP && nextid <= IDS -> id = nextid; nextid++; num = 0; st = 2 }
  :: atomic { st == 2 && sent < CPP ->
       if :: cmd == 0 -> cmd = p*CPP + sent + 1 :: else fi;
       st = 3; idof[cmd] = id; post(p, APPEND, id, num + 1, cmd, 0, 0) }
  :: atomic { st == 3 && ans[p] != 0 ->
       if
       :: ans[p] == OK ->
          acked = acked | BIT(cmd); printf("producer %d: command %d acknowledged\n", p, cmd);
#ifdef LOSS
          for (c : 1 .. NC) {                                  /* A2 with loss */
            inmail(c, m);
            assert(!((c-1)/CPP == p && (acked & BIT(c)) && !(reported & BIT(c))) || R.ap[c] + m == 1)
          } c = 0; m = 0;
#endif
          num++; sent++; cmd = 0; st = 2
       :: ans[p] == FULL ->                                    /* not applied, for good */
          refusedfull = refusedfull | BIT(cmd); printf("producer %d: command %d refused\n", p, cmd);
#ifndef BUG_FULL_NOT_SETTLED
          num++;
#endif
          sent++; cmd = 0; st = 2
       :: ans[p] == UNKNOWN ->
#ifdef LOSS
          reported = reported | acked;                         /* above the floor: loss, say so */
#endif
#ifdef BUG_RESEND_AFTER_REREGISTER
          st = 0                                               /* keeps cmd and sends it again */
#else
          sent++; cmd = 0; st = 0                              /* settled as unknown, never resent */
#endif
       :: ans[p] == GAP -> reported = reported | acked; sent++; cmd = 0; st = 0
       :: (ans[p] == CONFLICT || ans[p] == STALE) ->
#ifdef LOSS
          reported = reported | acked;
#endif
          sent++; cmd = 0; st = 0
       fi; ans[p] = 0 }
  :: atomic { st == 3 && ans[p] == 0 && resends < RESENDS ->
       resends++; toghost(p); post(p, APPEND, id, num + 1, cmd, 0, 0) }
  :: atomic { st != 0 && pcrash < PCRASH -> pcrash++; toghost(p); ans[p] = 0;
       if :: cmd != 0 -> sent++ :: else fi; cmd = 0; num = 0; id = 0; st = 0 }
  od
}

/* owner slot s; st 0 idle, 1 owns, 2 has read, 3 committing; rid: history of its claim */
proctype Owner(byte s) {
  byte st, cid, seq, x, y; bit rid;
end:
  do
  :: atomic { st == 0 && nextclaim <= CLAIMS ->
       cid = nextclaim; nextclaim++; R.cid = cid; R.seq = 0; R.oh = 0; R.hid = hist; seq = 0; st = 1; rid = hist;
       printf("owner %d: claim %d\n", s, cid) }
  :: atomic { st == 1 && R.ln > 0 ->                          /* takes entries, and processes them in memory */
       x = R.mail[0];
       if :: y = 0 :: R.ln > 1 -> y = R.mail[1] fi;
       st = 2; printf("owner %d: reads %d %d\n", s, x, y);
#ifdef BUG_EARLY_ACK
       if :: replied[x] == 0 -> replied[x] = cid :: else fi;
#endif
#ifdef BUG_TRIM_EARLY
       R.mail[0] = R.mail[1]; R.mail[1] = R.mail[2]; R.mail[2] = R.mail[3]; R.mail[3] = 0; R.ln--; y = 0;
#endif
     }
  :: atomic { st == 2 -> st = 3; post(s, COMMIT, cid, seq + 1, x, y, rid) }
  :: atomic { st == 3 && ans[s] != 0 ->
       if
       :: ans[s] == OK -> seq++; st = 1;
          if :: replied[x] == 0 -> replied[x] = cid :: else fi;
          if :: y != 0 && replied[y] == 0 -> replied[y] = cid :: else fi
       :: else -> st = 0; seq = 0; cid = 0; rid = 0
       fi; x = 0; y = 0; ans[s] = 0 }
  :: atomic { st == 3 && ans[s] == 0 && resends < RESENDS -> resends++; toghost(s); post(s, COMMIT, cid, seq + 1, x, y, rid) }
  :: atomic { st != 0 && ocrash < OCRASH -> ocrash++; toghost(s); ans[s] = 0; st = 0; x = 0; y = 0; seq = 0; cid = 0; rid = 0 }
  od
}

init { atomic {
  run Producer(0);
#if P > 1
  run Producer(1);
#endif
  run Owner(P); run Owner(P+1)
} }
