/* floors.pml - counters in {c} (membership version, election fence, join number) against the marks
 * that shards keep of them, when {c} alone goes back (its master fails over; a shard's does not).
 *
 * A node wants shard s: reads the membership version, claims; the shard refuses a version below the
 * highest it has seen. The reconciler's fence number works the same way and is the same model.
 * Two nodes join; each takes the next join number as producer id.
 *
 * Properties: F1 when nothing more happens, the node that wants the shard has it (liveness, I6)
 *             F2 no two nodes have the same producer identity (I2)
 * Base: the refusal tells the shard's mark, and the node raises {c} above it and tries again; a
 *       producer identity is (join number, random). (A join number is at least Redis time besides.)
 * Weaker rules that do not suffice: WEAK_NO_RAISE, WEAK_JOIN_NUMBER_ONLY
 */
byte mv = 1, joins = 0, s_mv, s_joins, seen = 0;
bit snapped, lost, claimed;
byte bumps, tried = 255, id[2];
byte rnd[2];

active proctype C() {                          /* {c}: membership changes, roll-back */
end:
  do
  :: atomic { bumps < 3 -> bumps++; mv++ }
  :: atomic { !snapped -> snapped = 1; s_mv = mv; s_joins = joins }
  :: atomic { snapped && !lost -> lost = 1; mv = s_mv; joins = s_joins }
  od
}
active proctype Peer() {                       /* another node's claim lifts the shard's mark */
  byte v;
end:
  do
  :: atomic { seen < 4 && v != mv -> v = mv } ; if :: atomic { v >= seen -> seen = v } :: v < seen -> skip fi
  od
}
active proctype Wants() {
  byte v;
end:
  do
  :: atomic { !claimed && tried != mv -> v = mv };
     atomic {
       if
       :: v >= seen -> seen = v; claimed = 1
#ifdef WEAK_NO_RAISE
       :: v < seen -> tried = v                /* tries again when the version has moved */
#else
       :: v < seen -> mv = (mv > seen -> mv : seen) + 1    /* told `seen`, raises {c} above it, tries again */
#endif
       fi }
  od
}
active [2] proctype Joins() {
  atomic { joins++; id[_pid - 3] = joins; rnd[_pid - 3] = _pid;
#ifdef WEAK_JOIN_NUMBER_ONLY
    assert(id[0] != id[1])                                          /* F2 */
#else
    assert(id[0] != id[1] || rnd[0] != rnd[1])
#endif
  }
}
active proctype Quiet() {
end: atomic { timeout -> assert(claimed) }                          /* F1 */
}
