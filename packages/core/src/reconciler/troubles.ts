/** What is wrong with the cluster itself, as alerts: each with its cause and a remedy in words. Pure. */
import { lossInWords, nameOfSubject, remedyOf } from "../engine/loss-text.ts";
import type { NodeRecord } from "../model/node-record.ts";
import type { BackendFinding } from "../ports/backend.ts";
import type { LossFinding } from "../ports/loss-store.ts";
import { findUnknownKinds } from "../unknown-kinds.ts";
import type { AlertAbout, AlertRow } from "./model.ts";

export interface TroubleFacts {
  /** Redis time. */
  readonly now: number;
  /** What lasts longer is alarming. */
  readonly alertAfterMs: number;
  readonly members: readonly NodeRecord[];
  /** Findings of lost data that nobody has acknowledged. */
  readonly losses: readonly LossFinding[];
  /** `redis`, `sentinel` …: what the findings are about. */
  readonly backendMode: string;
  readonly findings: readonly BackendFinding[];
  readonly letters: readonly {
    readonly shard: string;
    readonly open: number;
    readonly parked: number;
  }[];
  readonly lettersPerShard: number;
  /** Shards that no live node holds. */
  readonly unowned: readonly number[];
  /** Nodes that were suspect again and again of late. */
  readonly flapping: readonly string[];
}

/** Something that is wrong now; alarming once it has lasted for `afterMs`. */
export interface Trouble {
  readonly about: AlertAbout;
  readonly afterMs: number;
}

/** Kinds of the alerts made here: they close when their trouble is over. */
export const troubleKinds = [
  "backend",
  "data-loss",
  "dead-letters",
  "mailbox-old",
  "node-flapping",
  "shard-unowned",
  "unknown-kind",
] as const;

/** Of these nothing else tells in the verdict. */
const silentKinds: ReadonlySet<string> = new Set(["dead-letters", "mailbox-old", "node-flapping"]);

/** Of the letters that a shard may keep, so many are nearly all. */
const nearlyFull = 0.9;

const now = (about: AlertAbout): Trouble => ({ about, afterMs: 0 });

const losses = (facts: TroubleFacts): readonly Trouble[] =>
  facts.losses.map((finding) =>
    now({
      kind: "data-loss",
      subject: nameOfSubject(finding.subject),
      cause: "unacknowledged",
      message: lossInWords(finding),
      remedy: `${remedyOf(finding)}: muster losses ack ${finding.id}`,
    }),
  );

const backend = (facts: TroubleFacts): readonly Trouble[] =>
  facts.findings
    .filter(({ level }) => level !== "warn")
    .map(({ code, message, remedy }) =>
      now({
        kind: "backend",
        subject: facts.backendMode,
        cause: code.toLowerCase(),
        message,
        remedy,
      }),
    );

const letters = (facts: TroubleFacts): readonly Trouble[] =>
  facts.letters.flatMap(({ shard, open, parked }): Trouble | readonly Trouble[] => {
    const about = { kind: "dead-letters", subject: `shard-${shard}` };
    const remedy =
      "mend what they failed of, then replay or resolve them: muster dead-letters --unresolved";
    if (parked > 0) {
      const message = `the dead letters of shard ${shard} are full: what fails waits where it is stored`;
      return now({ ...about, cause: "full", message, remedy });
    }
    if (open < nearlyFull * facts.lettersPerShard) return [];
    const message = `shard ${shard} holds nearly as many unresolved dead letters as it may (${facts.lettersPerShard})`;
    return now({ ...about, cause: "nearly_full", message, remedy });
  });

const oldMail = (facts: TroubleFacts): readonly Trouble[] =>
  facts.members.flatMap(({ id, state, stats: { oldest } }): Trouble | readonly Trouble[] => {
    if (!oldest || (state !== "up" && state !== "draining")) return [];
    if (facts.now - oldest.at <= facts.alertAfterMs) return [];
    return now({
      kind: "mailbox-old",
      subject: `shard-${oldest.shard}`,
      cause: "waiting",
      message: `a message in shard ${oldest.shard} on ${id} waits for longer than ${Math.round(facts.alertAfterMs / 1_000)} s`,
      remedy: `the log of ${id} tells what its actors do; if it hangs, drain it so that another takes its shards: muster nodes drain ${id}`,
    });
  });

const unowned = (facts: TroubleFacts): readonly Trouble[] =>
  facts.unowned.map((shard) => ({
    about: {
      kind: "shard-unowned",
      subject: `shard-${shard}`,
      cause: "unowned",
      message: `shard ${shard} has no owner: its actors answer nobody`,
      remedy: "start a node that is not drained, or undrain one: muster nodes",
    },
    afterMs: facts.alertAfterMs,
  }));

const kinds = (facts: TroubleFacts): readonly Trouble[] =>
  findUnknownKinds(facts.members).map(({ kind, sentence }) => ({
    about: {
      kind: "unknown-kind",
      subject: kind,
      cause: "unknown",
      message: sentence,
      remedy: `give "${kind}" to the actors of every node, or drain those without it until they are upgraded`,
    },
    afterMs: facts.alertAfterMs,
  }));

const flapping = (facts: TroubleFacts): readonly Trouble[] =>
  facts.flapping.map((id) =>
    now({
      kind: "node-flapping",
      subject: id,
      cause: "suspect_again",
      message: `node ${id} is taken for gone and comes back, again and again`,
      remedy: `its event loop is blocked, its machine stops it, or its way to Redis is cut now and then: muster nodes get ${id}`,
    }),
  );

/** A pass is recorded as a whole: one text that is too long must not keep it from that. */
const clipped = ({ about, afterMs }: Trouble): Trouble => ({
  about: {
    ...about,
    subject: about.subject.slice(0, 100),
    message: about.message.slice(0, 2_000),
    remedy: about.remedy.slice(0, 1_000),
  },
  afterMs,
});

export const findTroubles = (facts: TroubleFacts): readonly Trouble[] =>
  [losses, backend, unowned, kinds, letters, oldMail, flapping]
    .flatMap((find) => find(facts))
    .map(clipped);

/** What open alerts say of the verdict, where nothing else does and nobody has acknowledged them. */
export const alarmsOf = (open: readonly AlertRow[]): readonly string[] =>
  open
    .filter(
      ({ kind, cause, ackedBy }) => silentKinds.has(kind) && cause !== "full" && ackedBy === null,
    )
    .map(({ message, remedy }) => `${message}; ${remedy}`);
