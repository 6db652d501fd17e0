/* entries.pml - mailbox entries of several messages, handled one by one (I2, I4).
 *
 * Two entries of two messages each: 1 is for one actor, 2, 3 and 4 for another. An actor may have to
 * wait while the other goes on, so that an entry may be handled in part, and the second one before
 * the first. A commit applies what its batch handled, removes entries that are handled completely
 * (everything up to the last of an unbroken run, or by name), and keeps beside the others which of their
 * messages are handled. The next batch fills while a commit is in flight. Owners take over from each other at any
 * time; a superseded one goes on until it is refused, an accepted commit may stay unanswered.
 *
 * Properties:
 *   B1 a message is applied at most once
 *   B2 an entry that left the mailbox had all of its messages applied
 *   B3 messages of one actor are applied in their order
 *   B4 when nothing more can happen, all is applied, and mailbox, count and records are empty
 *
 * Planted: BUG_PART_NOT_LOADED BUG_TRIMS_TO_LAST_HANDLED BUG_PART_BEFORE_COMMIT BUG_REMOVES_TOUCHED
 *          BUG_PART_KEPT
 */
#ifndef CLAIMS
#define CLAIMS 3
#endif
#define BIT(i) (1 << (i))
#define E1 6             /* messages 1 and 2 */
#define E2 24            /* messages 3 and 4 */

byte cid, nextcid = 1;
byte there, pending, part;                  /* entries in the mailbox (bits 1, 2); messages waiting; those handled of entries there */
byte applied;
bit quiet;

#define OFENTRIES(e) ((e & 2 -> E1 : 0) | (e & 4 -> E2 : 0))
inline count(set) { for (k : 1 .. 4) { if :: set & BIT(k) -> pending-- :: else -> skip fi } k = 0 }
inline apply(set) {
  for (k : 1 .. 4) {
    if
    :: set & BIT(k) ->
       assert((applied & BIT(k)) == 0);                                   /* B1 */
       assert(k < 3 || (applied & BIT(k-1)));                             /* B3 */
       applied = applied | BIT(k)
    :: else -> skip
    fi
  } k = 0
}

/* read: entries taken; handled: messages handled, as loaded and since; batch: of those, not yet in a commit
   fl: commit in flight; fb, fgone, fpart: what it applies, removes, keeps */
proctype Owner(byte s) {
  byte my, read, handled, batch, fb, fgone, fpart, k, m; bit fl, done;
end:
  do
  :: atomic { my == 0 && nextcid <= CLAIMS -> my = nextcid; nextcid++; cid = my; read = 0;
#ifdef BUG_PART_NOT_LOADED
       handled = 0;
#else
       handled = part;
#endif
       printf("owner %d: claim %d\n", s, my) }
  :: atomic { my && there & 2 && !(read & 2) -> read = read | 2 }           /* takes entries in their order */
  :: atomic { my && there & 4 && !(read & 4) && (read & 2 || !(there & 2)) -> read = read | 4 }
#define TURN(x) my && OFENTRIES(read) & BIT(x) && !(handled & BIT(x))
#define HANDLE(x) handled = handled | BIT(x); batch = batch | BIT(x); printf("owner %d: handles message %d\n", s, x)
  :: atomic { TURN(1) -> HANDLE(1) }
  :: atomic { TURN(2) -> HANDLE(2) }
  :: atomic { TURN(3) && (!(OFENTRIES(read) & 4) || handled & 4) -> HANDLE(3) }
  :: atomic { TURN(4) && handled & 8 -> HANDLE(4) }
  :: atomic { my && !fl && batch ->                                        /* cuts the batch */
       fl = 1; done = 0; fb = batch; batch = 0;
#ifdef BUG_TRIMS_TO_LAST_HANDLED
       fgone = (read & 4 && (handled & E2) == E2 -> 6 : (read & 2 && (handled & E1) == E1 -> 2 : 0));
#else
       fgone = (read & 2 && (handled & E1) == E1 -> 2 : 0) | (read & 4 && (handled & E2) == E2 -> 4 : 0);
#endif
#ifdef BUG_REMOVES_TOUCHED
       fgone = fgone | (fb & E1 -> 2 : 0) | (fb & E2 -> 4 : 0);
#endif
       fpart = handled & OFENTRIES(read) & ~OFENTRIES(fgone);
#ifdef BUG_PART_BEFORE_COMMIT
       part = part | fpart
#endif
     }
  :: atomic { fl && !done && my == cid -> done = 1; printf("redis: owner %d commits %d\n", s, fb);
       apply(fb); count(fb);
       assert((applied & OFENTRIES(fgone & there)) == OFENTRIES(fgone & there));   /* B2 */
       there = there & ~fgone; part = part | fpart;
#ifndef BUG_PART_KEPT
       part = part & OFENTRIES(there);
#endif
       if :: there == 0 -> pending = 0 :: else -> skip fi }
  :: atomic { fl && done -> fl = 0; done = 0; fb = 0; fgone = 0; fpart = 0 }     /* accepted */
  :: atomic { my && (my != cid || nextcid <= CLAIMS) -> my = 0; read = 0; handled = 0; batch = 0; fl = 0; done = 0; fb = 0; fgone = 0; fpart = 0; printf("owner %d: falls\n", s) }
  :: atomic { s == 0 && timeout && !quiet -> quiet = 1;
       assert(applied == (E1 | E2) && there == 0 && pending == 0 && part == 0) }  /* B4 */
  od
}
init { atomic { there = 6; pending = 4; run Owner(0); run Owner(1) } }
