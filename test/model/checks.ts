/**
 * What is checked of which model. `holds`: a complete search finds no error; `fails`: it finds a
 * violated assertion, since a bug is planted or a rule is weakened. Quick ones run with `npm test`.
 */
export interface Check {
  readonly expect: "holds" | "fails";
  readonly model: string;
  readonly flags: readonly string[];
  readonly quick: boolean;
}

const lossOfShard = "-DLOSS -DREAPS=0 -DPCRASH=0 -DRESENDS=1";
const rerun = "-DRECORDED -DRESENDS=0 -DL=2";
const lossOfIntent = "-DLOSS -DNN=1 -DADMIN=3";

/** A line: `quick` or nothing, what is expected, the model, its flags. */
const table = `
quick holds ownership -DW=1 -DRESENDS=1 -DCRASHES=0
      holds ownership -DW=2
      holds ownership -DREFUSALS -DRESENDS=1
      holds ownership -DREFUSALS -DNO_HASH -DRESENDS=1 -DW=2
      holds ownership -DLOSS -DCHECK_FENCE -DRESENDS=1 -DCRASHES=0
      holds ownership -DLOSS -DREPLAYS -DRESENDS=1 -DCRASHES=0 -DW=2
      holds ownership -DLOSS -DNO_HISTORY -DRESENDS=1 -DCRASHES=0 -DW=2
      holds ownership -DRECORD_LOST -DCHECK_FENCE -DRESENDS=1 -DCRASHES=0
      holds ownership -DN=3 -DRESENDS=1 -DCRASHES=0 -DW=2
      fails ownership -DBUG_NOFENCE -DRESENDS=1
      fails ownership -DBUG_EPOCH_ONLY -DLOSS -DWEAK_EPOCH_PLUS_ONE -DRESENDS=1 -DCRASHES=0
      fails ownership -DBUG_CLAIM_NOT_IDEMPOTENT
      fails ownership -DBUG_NO_CAS
quick fails ownership -DBUG_FINAL_IS_CURRENT -DRESENDS=1
      fails ownership -DBUG_LOSS_CLAIM_STEALS -DRECORD_LOST -DRESENDS=1
      fails ownership -DBUG_REUSES_NUMBER -DREFUSALS -DRESENDS=1
      fails ownership -DBUG_REUSES_NUMBER -DNO_HASH -DREFUSALS -DRESENDS=1
      fails ownership -DWEAK_RELEASE_CLEARS
      fails ownership -DWEAK_UNFENCED_LOAD -DLOSS -DNO_HISTORY -DRESENDS=1 -DCRASHES=0
      fails ownership -DWEAK_EPOCH_PLUS_ONE -DLOSS -DCHECK_FENCE -DRESENDS=1 -DCRASHES=0
      holds mailbox -DRESENDS=1 -DFULLS=1 -DOCRASH=0 -DPCRASH=0
      holds mailbox -DRESENDS=1 -DFULLS=1
      holds mailbox -DCPP=3 -DRESENDS=1 -DPCRASH=0
      holds mailbox -DP=2 -DCPP=1 -DRESENDS=1 -DREAPS=0 -DPCRASH=0
      holds mailbox ${lossOfShard} -DFULLS=1
      holds mailbox -DCPP=3 ${lossOfShard} -DREPLAYS -DOCRASH=0
      fails mailbox -DBUG_GAP -DCPP=3 ${lossOfShard}
      fails mailbox -DBUG_RESEND_AFTER_REREGISTER
      fails mailbox -DBUG_NO_FLOOR
      fails mailbox -DBUG_EARLY_ACK
      fails mailbox -DBUG_TRIM_EARLY
      fails mailbox -DBUG_NO_DEDUP
quick fails mailbox -DBUG_FULL_NOT_SETTLED -DFULLS=1 -DRESENDS=1
      fails mailbox -DWEAK_RESUME ${lossOfShard}
      fails mailbox -DWEAK_ENTRY_CHECK ${lossOfShard}
quick holds entries
      fails entries -DBUG_PART_NOT_LOADED
      fails entries -DBUG_TRIMS_TO_LAST_HANDLED
      fails entries -DBUG_PART_BEFORE_COMMIT
      fails entries -DBUG_REMOVES_TOUCHED
      fails entries -DBUG_PART_KEPT
      holds paths
quick holds paths -DREAPS
quick fails paths -DBUG_ACK_IS_READ
      fails paths -DBUG_APPENDS_WHILE_LOCAL
      fails paths -DBUG_HELD_FIRST
      fails paths -DWEAK_UNKNOWN_IS_GONE -DREAPS
quick fails paths -DWEAK_RETURNED_AS_THEY_COME
quick holds outbox
      holds outbox -DLOSS -DRESENDS=1 -DCLAIMS=2
      holds outbox -DLOSS -DRESENDS=0
      holds outbox -DRESTARTS=2 -DRESENDS=1 -DCLAIMS=2
      holds outbox -DTARGET_LOSS -DRESENDS=1
      fails outbox -DBUG_NUMBER_PER_OWNER
      fails outbox -DBUG_SEND_BEFORE_COMMIT
      fails outbox -DBUG_REMOVE_BEFORE_ACK
      fails outbox -DBUG_LOST_UP_TO_FIRST -DTARGET_LOSS -DRESENDS=1
      fails outbox -DWEAK_STALE_IS_WHOLE_BATCH
      fails outbox -DWEAK_ONE_NUMBERING -DLOSS -DRESENDS=1
      fails outbox -DWEAK_OLD_IN_ANY_ORDER -DRESTARTS=2 -DRESENDS=0 -DCLAIMS=2
      fails outbox -DWEAK_GAP_WAITS -DTARGET_LOSS -DRESENDS=1
quick holds effects ${rerun} -DT=2 -DJUDGES=1 -DCLAIMS=2
      holds effects ${rerun} -DT=3 -DJUDGES=2 -DCLAIMS=2
      holds effects ${rerun} -DT=3 -DJUDGES=1 -DCLAIMS=3
      holds effects -DINTERRUPT -DT=3 -DRESENDS=1
      holds effects -DINTERRUPT -DFREEZE -DT=2 -DRESENDS=1
      holds effects -DINTERRUPT -DLOSS -DREPLAYS -DT=1 -DRESENDS=1
      fails effects -DBUG_START_BEFORE_COMMIT
      fails effects -DBUG_START_BEFORE_MARK -DINTERRUPT
      fails effects -DBUG_RERUN_INTERRUPT -DINTERRUPT -DT=3
      fails effects -DBUG_NO_OUTCOME_DEDUP -DINTERRUPT -DT=3
      fails effects -DBUG_NO_LEASE_WAIT ${rerun} -DT=2 -DJUDGES=1 -DCLAIMS=2
      fails effects -DBUG_NO_SELF_FENCE ${rerun} -DT=2 -DJUDGES=1 -DCLAIMS=2
      fails effects -DWEAK_NO_CHECK ${rerun} -DT=2 -DJUDGES=1 -DCLAIMS=2
      fails effects -DWEAK_TRUST_BEFORE_CHECK ${rerun} -DT=2 -DJUDGES=1 -DCLAIMS=2
quick fails effects -DWEAK_CHECK_WITHOUT_VERSION ${rerun} -DT=2 -DJUDGES=1 -DCLAIMS=2
      fails effects -DWEAK_OLD_LIST ${rerun} -DT=2 -DJUDGES=1 -DCLAIMS=2
      fails effects -DWEAK_LAST_OWNER_ONLY ${rerun} -DT=2 -DJUDGES=1 -DCLAIMS=3
      fails effects -DWEAK_LOSS_STARTS -DINTERRUPT -DLOSS -DT=1 -DRESENDS=1
quick holds intent -DNN=1
      holds intent
      holds intent ${lossOfIntent}
      holds intent ${lossOfIntent} -DKEEPS_BUFFER
      fails intent -DBUG_GENERATION_ONLY ${lossOfIntent}
      fails intent -DBUG_INTENT_ON_STOP
      fails intent -DBUG_NO_GAP_CHECK -DNN=1
      fails intent -DBUG_NO_ROW_INCARNATION -DNN=1
      fails intent -DBUG_NO_SWEEP -DNN=1
      fails intent -DBUG_NUMBER_ONLY ${lossOfIntent}
      fails intent -DWEAK_ROWS_SURVIVE ${lossOfIntent}
      fails intent -DWEAK_BUFFER_BY_NUMBER ${lossOfIntent}
quick holds floors
quick fails floors -DWEAK_NO_RAISE
      fails floors -DWEAK_JOIN_NUMBER_ONLY
`;

const parseLine = (line: string): Check => {
  const words = line.trim().split(/\s+/);
  const quick = words[0] === "quick";
  const [expect, model = "", ...flags] = quick ? words.slice(1) : words;
  if (expect !== "holds" && expect !== "fails") throw new Error(`not a check: ${line}`);
  return { expect, model, flags, quick };
};

export const checks: readonly Check[] = table
  .split("\n")
  .filter((line) => line.trim() !== "")
  .map(parseLine);

export const nameOf = ({ model, flags }: Check): string => [model, ...flags].join(" ");
