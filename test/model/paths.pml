/* paths.pml - the two paths of a command: straight to the owner on the sender's own node, or through
 * the mailbox (I2, I4). One sender on node A, one actor; the shard changes hands between A and B.
 *
 * A routes each command as it is sent: to its own owner when that runs, nothing is held, nothing of A
 * is being appended, and the owner has read up to A's last appended entry; else it holds it while
 * commands that A's owner has taken are unsettled; else it appends it. What the owner did not apply
 * comes back and goes, in the order sent, before what is held. Claims may come at any moment; a superseded owner goes on
 * until it is refused. An append is acknowledged with its entry, or a later one; its answer may be lost,
 * and the node be told that its producer was dropped meanwhile. B's owner is one step: the staleness of
 * owners is the business of mailbox.pml.
 *
 * Properties:
 *   O1 commands are applied in the order sent
 *   O2 a command is applied at most once
 *   O3 when nothing more can happen and the shard has an owner, every command is applied, or was
 *      settled as unknown
 *   O4 a command settled as applied is in the state
 *
 * Options: -DREAPS  one append is executed and answered as of an unknown producer
 * Planted: BUG_ACK_IS_READ BUG_APPENDS_WHILE_LOCAL BUG_HELD_FIRST
 * Weaker rules that do not suffice: WEAK_UNKNOWN_IS_GONE(+REAPS)
 *          WEAK_RETURNED_AS_THEY_COME: a draining owner gives back what waits before what is in flight
 */
#ifndef NC
#define NC 4             /* commands */
#endif
#ifndef CLAIMS
#define CLAIMS 4
#endif
#define BIT(i) (1 << (i))

/* Redis */
byte cid, owner;                            /* current claim; 0 nobody, 1 A, 2 B */
byte mail[4], mid[4], ln, lastid;           /* entries in order, with their ids */
byte applied, lastap;
/* node A */
byte nextcmd = 1, nextcid = 1;
chan waiting = [4] of { byte };             /* to be appended */
byte flying; bit landed; byte answered;     /* append in flight: command, executed, entry answered */
byte lastentry; bit doubt;                  /* last entry known of; an append ended as unknown since */
byte locals;                                /* commands that A's owner took and did not settle */
chan returned = [4] of { byte };
chan held = [4] of { byte };
byte unknowns, tolds;                       /* settled as unknown, as applied */
/* A's owner */
byte st, my, lastread;                      /* 0 none, 1 running, 2 draining */
chan queue = [4] of { byte, bit };          /* command, on the local path */
byte fx; bit fl, fon, fdone;                /* commit in flight: command, local, sent, executed */
bit reaped, quiet;

inline apply(x) {
  assert((applied & BIT(x)) == 0);                                        /* O2 */
  assert(x > lastap);                                                     /* O1 */
  applied = applied | BIT(x); lastap = x
}
inline unmail(x) {
  if
  :: ln > 0 && mail[0] == x ->
     j = 0; do :: j < 3 -> mail[j] = mail[j+1]; mid[j] = mid[j+1]; j++ :: else -> break od;
     mail[3] = 0; mid[3] = 0; ln--; j = 0
  :: else -> skip
  fi
}
#ifdef BUG_ACK_IS_READ
#define SEEN_ALL (flying == 0 && len(waiting) == 0)
#else
#define SEEN_ALL (flying == 0 && len(waiting) == 0 && !doubt && (lastentry == 0 || lastread >= lastentry))
#endif
inline route(x) {
  if
  :: st == 1 && len(held) == 0 && SEEN_ALL -> locals++; queue!x,1; printf("A: command %d takes the local path\n", x)
#ifdef BUG_APPENDS_WHILE_LOCAL
  :: else -> waiting!x; printf("A: command %d is to be appended\n", x)
#else
  :: !(st == 1 && len(held) == 0 && SEEN_ALL) && locals > 0 -> held!x; printf("A: command %d is held\n", x)
  :: !(st == 1 && len(held) == 0 && SEEN_ALL) && locals == 0 -> waiting!x; printf("A: command %d is to be appended\n", x)
#endif
  fi
}
inline leave() {         /* one less on the local path: with the last, what is left goes on its way */
  locals--;
  if
  :: locals == 0 && len(returned) + len(held) > 0 ->
     k = 0; h = 0;                          /* both are emptied first: what is routed may be held again */
#ifdef BUG_HELD_FIRST
     do :: len(held) > 0 -> held?z; line[k] = z; k++ :: else -> break od;
#endif
#ifdef WEAK_RETURNED_AS_THEY_COME
     do :: len(returned) > 0 -> returned?z; line[k] = z; k++ :: else -> break od;
#else
     do :: len(returned) > 0 -> returned?z; h = h | BIT(z) :: else -> break od;   /* in the order sent */
     for (z : 1 .. NC) { if :: h & BIT(z) -> line[k] = z; k++ :: else -> skip fi }
#endif
     do :: len(held) > 0 -> held?z; line[k] = z; k++ :: else -> break od;
     h = 0;
     do :: h < k -> z = line[h]; route(z); line[h] = 0; h++ :: else -> break od; k = 0; h = 0; z = 0
  :: else -> skip
  fi
}
inline backs() {         /* what was not begun is handed back, in its order; mail stays where it is */
  do
  :: len(queue) > 0 -> queue?z,lo; if :: lo -> returned!z; back++ :: else -> skip fi
  :: len(queue) == 0 -> break
  od; z = 0; lo = 0;
  do :: back > 0 -> back--; leave() :: else -> break od
}
inline ended(x) { fon = 0; fx = 0; fl = 0; fdone = 0 }

active proctype Redis() {
  byte j;
end:
  do
  :: atomic { flying && !landed -> landed = 1; assert(ln < 4); lastid++; mail[ln] = flying; mid[ln] = lastid; ln++; answered = lastid; printf("redis: entry %d is command %d\n", lastid, flying) }
  :: atomic { flying && landed && answered == 0 -> answered = lastid }         /* asked again: answers a later entry */
  :: atomic { flying && landed && answered != 0 -> answered = 0 }              /* the answer is lost */
  :: atomic { fon && !fdone && my == cid -> fdone = 1; apply(fx); if :: !fl -> unmail(fx) :: else -> skip fi; printf("redis: A commits command %d\n", fx) }
  :: atomic { owner == 2 && ln > 0 -> apply(mail[0]); printf("redis: B commits command %d\n", mail[0]); j = mail[0]; unmail(j) }
  :: atomic { nextcid <= CLAIMS && owner != 2 -> cid = nextcid; nextcid++; owner = 2; printf("B claims\n") }
  :: atomic { timeout && !quiet -> quiet = 1; assert(owner == 0 || (nextcmd > NC && (applied | unknowns) == BIT(NC+1) - 2)) }   /* O3 */
  od
}
proctype Sender() {
  byte line[4], k, h, z;
end:
  do
  :: atomic { nextcmd <= NC -> z = nextcmd; nextcmd++; route(z); z = 0 }
  :: atomic { flying == 0 && len(waiting) > 0 -> waiting?flying; landed = 0; answered = 0 }
  :: atomic { flying && answered ->
       lastentry = answered; doubt = 0; printf("A: command %d is durable, up to entry %d\n", flying, lastentry);
       flying = 0; landed = 0; answered = 0 }
#ifdef REAPS
  :: atomic { flying && landed && answered == 0 && !reaped -> reaped = 1;
       unknowns = unknowns | BIT(flying); printf("A: command %d is unknown\n", flying);
#ifndef WEAK_UNKNOWN_IS_GONE
       doubt = 1;                           /* the next one goes through the mailbox, and its entry lies behind */
#endif
       flying = 0; landed = 0; answered = 0 }
#endif
  od
}
proctype OwnerOfA() {
  byte line[4], k, h, z, back, i, j; bit lo;
end:
  do
  :: atomic { st == 0 && nextcid <= CLAIMS -> my = nextcid; nextcid++; cid = my; owner = 1; st = 1; lastread = 0; printf("A claims\n") }
  :: atomic { st == 1 && ln > 0 && mid[ln-1] > lastread ->                     /* takes the next entry, superseded or not: a wake-up carries it */
       i = 0; do :: mid[i] <= lastread -> i++ :: else -> break od;
       lastread = mid[i]; queue!mail[i],0; printf("A's owner reads command %d\n", mail[i]); i = 0 }
  :: atomic { st != 0 && !fon && len(queue) > 0 -> queue?fx,fl; fon = 1; fdone = 0 }   /* a turn, and its commit */
  :: atomic { fon && fdone ->                                                  /* accepted */
       if :: fl -> tolds = tolds | BIT(fx); assert(applied & BIT(fx)); ended(fx); leave() :: else -> ended(fx) fi }   /* O4 */
  :: atomic { st == 1 -> st = 2; backs(); printf("A's owner drains\n") }       /* drains: what is in flight is still settled */
  :: atomic { st == 2 && !fon -> st = 0; if :: my == cid -> owner = 0; cid = 0 :: else fi; my = 0; lastread = 0; printf("A's owner releases\n") }
  :: atomic { st != 0 && my != cid ->                                           /* superseded: sooner or later it is told */
       st = 0; my = 0; lastread = 0; printf("A's owner falls\n");
       if
       :: fon && fl && fdone -> tolds = tolds | BIT(fx); back = 1
       :: fon && fl && !fdone -> returned!fx; back = 1
       :: fon && fl -> unknowns = unknowns | BIT(fx); back = 1
       :: else -> skip
       fi; ended(fx);
       do :: len(queue) > 0 -> queue?z,lo; if :: lo -> returned!z; back++ :: else -> skip fi :: len(queue) == 0 -> break od; z = 0; lo = 0;
       do :: back > 0 -> back--; leave() :: else -> break od }
  od
}
init { atomic { run Sender(); run OwnerOfA() } }
