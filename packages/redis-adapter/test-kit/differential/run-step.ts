/** Carries out one step on one side and answers what the store said. */
import type {
  ActorKey,
  AppendRequest,
  ClaimId,
  ClaimRequest,
  CommitRequest,
  DatasetId,
  EntryId,
  EventId,
  NodeId,
  OutId,
  ProducerId,
} from "@muster/core/ports";
import { type HeldClaim, nodeNames, type Side } from "./side.ts";
import type { Op, StepOf } from "./steps.ts";
import { time } from "./store.ts";

const encoder = new TextEncoder();
export const bytes = (text: string): Uint8Array => encoder.encode(text);
/** More than a hint carries. */
const largeBytes = new Uint8Array(70_000).fill(120);

const leaseMs = 1_500;
const shardCount = 3;
/** Longer than any sequence: Redis counts it by its own clock. */
const roleMs = 10_000_000_000;
const nodeIdOf = (node: number): NodeId => (nodeNames[node] ?? "nobody") as string as NodeId;

const held = ({ known }: Side, of: number): HeldClaim | undefined =>
  known.claims[of % Math.max(1, known.claims.length)];
const never = { shard: 1, claimId: "never", historyId: "never" } as unknown as HeldClaim;
const claimOf = (side: Side, of: number) => {
  const { shard, claimId, historyId } = held(side, of) ?? never;
  side.known.plain.shard = shard;
  return { shard, claimId, historyId };
};

const nextNumber = ({ known }: Side, name: string, jump: number): number =>
  Math.max(1, (known.numbers.get(name) ?? 0) + jump);

const readMail = async (side: Side, of: number, after: EntryId, limit: number) => {
  const claim = claimOf(side, of);
  const answer = await side.backend().shards.read({ reads: [{ claim, after }], limit });
  const [first] = answer;
  if (first?.kind === "entries" && after === "0-0") {
    side.known.entries.set(
      claim.shard,
      first.entries.map(({ id }) => id),
    );
  }
  return answer;
};

type Runner<O extends Op> = (side: Side, step: StepOf<O>, n: number) => Promise<unknown>;

const claim: Runner<"claim"> = async (side, step, n) => {
  const { known } = side;
  const { shards } = side.backend(step.node);
  const [shown] = await shards.inspect({ shards: [step.shard] });
  const present = shown && !("kind" in shown) ? shown.claimId : "none";
  const older = known.claims[1]?.claimId ?? "none";
  const request: ClaimRequest = {
    shard: step.shard,
    claimId: `claim-${n}` as ClaimId,
    seen: step.seen === "latest" ? present : step.seen === "older" ? older : "none",
    nodeId: nodeIdOf(step.node),
    incarnation: side.incarnation(step.node),
    datasetId: (step.dataset === "present" ? known.datasetId : "other") as DatasetId,
    epochKnown: step.epochAhead === 0 ? 0 : time.now + step.epochAhead,
    membershipVersion: step.version,
    notBefore: time.now + 500 * step.notBefore,
    producerFloor: step.floor,
    ...(step.afterLoss && { afterLoss: true }),
  };
  known.claimRequests.unshift(request);
  return grantOf(side, request);
};

const grantOf = async (side: Side, request: ClaimRequest) => {
  side.known.plain.shard = request.shard;
  const answer = await side.backend().shards.claim(request);
  if (answer.kind === "claimed") {
    const { shard, claimId } = request;
    const { historyId, epoch } = answer;
    const again = side.known.claims.some((known) => known.claimId === claimId);
    if (!again) side.known.claims.unshift({ shard, claimId, historyId, epoch, seq: 0 });
    side.known.outIds.set(shard, answer.outId);
  }
  return answer;
};

const sendAppend = (side: Side, request: AppendRequest) => {
  side.known.plain.shard = request.shard;
  return side.backend().shards.append(request);
};

const commitRequest = (side: Side, step: StepOf<"commit">, n: number): CommitRequest => {
  const { known } = side;
  const claimed = claimOf(side, step.of);
  const entries = known.entries.get(claimed.shard) ?? [];
  const entry = (index: number) => entries[index] ?? ("1-1" as EntryId);
  // Only what waits and is not handled with the same commit is handled in part.
  const isPartly =
    step.partial !== undefined &&
    step.partial < entries.length &&
    step.partial !== step.handled &&
    step.partial > (step.upTo ?? -1);
  const content = step.other ? "b" : "a";
  const blob = step.large ? largeBytes : bytes(`${content}${n}`);
  const records = (index: number) => ({
    put: [{ id: `id-${index}`, record: bytes(`r${index}${content}`) }],
    remove: [`id-${3 - index}`],
  });
  const outId = known.outIds.get(claimed.shard) ?? ("1.none" as OutId);
  return {
    claim: claimed,
    seq: Math.max(1, (held(side, step.of)?.seq ?? 0) + step.jump),
    hash: content,
    ...(step.state !== undefined && {
      states: [
        { key: "k/a" as ActorKey, state: step.state === "removed" ? "removed" : bytes(step.state) },
        { key: "k/b" as ActorKey, state: blob },
      ],
    }),
    mail: {
      handled: step.handled === undefined ? [] : [entry(step.handled)],
      ...(step.upTo !== undefined && { handledUpTo: entry(step.upTo) }),
      partial: isPartly ? [{ id: entry(step.partial ?? 0), record: bytes("p") }] : [],
      count: step.handled ?? 0,
    },
    ...(step.local !== undefined && { local: { payload: bytes("local"), count: step.local + 1 } }),
    ...(step.timer !== undefined && {
      timers: {
        set: [{ member: bytes(`t${step.timer}`), dueAt: time.now + 100 * step.timer }],
        remove: [bytes(`t${3 - step.timer}`)],
      },
    }),
    ...(step.out !== undefined && {
      out: {
        add: [{ target: step.out, outId, n: known.outNumber + 1, payload: bytes("o") }],
        remove: [{ target: step.out, outId, n: known.outNumber - step.out }],
      },
    }),
    ...(step.effect !== undefined && { effects: records(step.effect) }),
    ...(step.deferral !== undefined && { deferrals: records(step.deferral) }),
    ...(step.tries !== undefined && { tries: records(step.tries) }),
    ...(step.closed !== undefined && {
      closed: Array.from({ length: step.closed }, (_, i) => `k/${i} "é\n`),
    }),
    ...(step.rows !== undefined && {
      views: [
        {
          kind: "k",
          rows: [
            { id: `id-${step.rows}`, row: blob },
            { id: `id-${(step.rows + 1) % 4}`, row: "removed" as const },
          ],
        },
      ],
    }),
    ...(step.reply !== undefined && {
      idempotency: {
        put: [
          {
            key: `key-${step.reply}`,
            record: bytes(content),
            expiresAt: time.now + 300 * step.reply,
          },
        ],
        expireBefore: time.now,
      },
    }),
    ...(step.dead !== undefined && {
      dead: {
        put: [
          {
            id: `id-${step.dead}`,
            at: time.now - step.dead,
            head: bytes(content),
            body: bytes("b"),
          },
        ],
        resolve: [{ id: `id-${3 - step.dead}`, head: bytes(`r${content}`) }],
        keep: 1 + (n % 4),
      },
    }),
    ...(step.log !== undefined && { log: [bytes(`log ${step.log}`)] }),
    ...(step.told !== undefined && {
      replies: [{ node: nodeIdOf(step.told % 3), payload: bytes(`reply ${n}`) }],
    }),
  };
};

const sendCommit = async (side: Side, request: CommitRequest) => {
  side.known.plain.shard = request.claim.shard;
  const answer = await side.backend().shards.commit(request);
  const claimed = side.known.claims.find(({ claimId }) => claimId === request.claim.claimId);
  if (answer.kind === "committed" && claimed) {
    claimed.seq = Math.max(claimed.seq, request.seq);
    side.known.outNumber += request.out?.add.length ?? 0;
  }
  return answer;
};

/** Reads everything that there is to read. */
export const lookAt = async (side: Side, of: number): Promise<unknown> => {
  const { events, losses, membership, shards, views } = side.backend();
  const claimed = claimOf(side, of);
  const idempotencyKeys = ["key-0", "key-1", "key-2", "key-3"];
  const nodes = nodeNames.map((name) => name as string as NodeId);
  return {
    members: await membership.list(),
    inspected: await shards.inspect({ shards: [1, 0, 2] }),
    checked: await shards.check({ claims: [claimed] }),
    loaded: await shards.load({ claim: claimed }),
    fetched: await shards.fetch({
      claim: claimed,
      actors: ["k/a", "k/b", "k/c"] as unknown as ActorKey[],
      idempotencyKeys,
    }),
    mail: await readMail(side, of, "0-0" as EntryId, 10),
    dead: await shards.listDead({ shard: claimed.shard, limit: 3 }),
    open: await shards.listDead({
      shard: claimed.shard,
      limit: 2,
      after: 1_000 * (time.now - 2),
      openOnly: true,
    }),
    letters: await shards.listDead({
      shard: claimed.shard,
      ids: ["id-0", "id-1", "id-2", "id-3"],
    }),
    rows: await views.list({ kind: "k", shards: [0, 1] }),
    versions: await views.versions({ kinds: ["k", "none"], shards: [0, 1] }),
    status: await views.listStatus({ nodes }),
    statusVersions: await views.statusVersions({ nodes }),
    losses: await losses.list({ subjects: [0, 1, "cluster"] }),
    events: await events.page({ log: "events", after: "0-0" as EventId, limit: 20 }),
    audit: await events.page({ log: "audit", after: "0-0" as EventId, limit: 20 }),
  };
};

const runners: { readonly [O in Op]: Runner<O> } = {
  join: async (side, { node, as }) => {
    if (as === "anew" || !side.isUp(node)) await side.startProcess(node);
    const answer = await side.backend(node).membership.join({
      nodeId: nodeIdOf(node),
      incarnation: side.incarnation(node),
      leaseMs,
      shardCount: as === "other-count" ? shardCount + 1 : shardCount,
      info: {
        host: "",
        pid: 1,
        version: "",
        runtime: "",
        weight: 1,
        ephemeral: node === 2,
        kinds: [],
      },
    });
    if (answer.kind === "joined") {
      side.known.datasetId = answer.datasetId;
      side.known.version = answer.version;
    }
    return answer;
  },
  beat: async (side, { node, state, stats, former }) => {
    if (!side.isUp(node)) return "down";
    return side.backend(node).membership.heartbeat({
      nodeId: nodeIdOf(node),
      incarnation: side.incarnation(node, former),
      leaseMs,
      state,
      confirmMs: 60,
      ...(stats && { stats: { shards: node, loopLagMs: 1, memoryBytes: 2 } }),
    });
  },
  leave: (side, { node, former }) =>
    side.backend(node).membership.leave({
      nodeId: nodeIdOf(node),
      incarnation: side.incarnation(node, former),
    }),
  cordon: (side, { node, cordoned }) =>
    side.backend().membership.cordon({ nodeId: nodeIdOf(node), cordoned }),
  raise: async (side, { by }) => {
    const { membership } = side.backend();
    const { version } = await membership.list();
    return membership.raiseVersion({ version: Math.max(0, version + by) });
  },
  nodes: (side) => side.backend().membership.list(),
  claim,
  reclaim: async (side, { back }) => {
    const request = side.known.claimRequests[back];
    return request ? grantOf(side, request) : "nothing to repeat";
  },
  release: (side, { of }) => side.backend().shards.release({ claim: claimOf(side, of) }),
  check: (side, { of, version }) =>
    side.backend().shards.check({
      claims: [claimOf(side, of)],
      ...(version !== undefined && { membershipVersion: version }),
    }),
  read: (side, { of, after, limit }) => {
    const entries = side.known.entries.get(claimOf(side, of).shard) ?? [];
    return readMail(
      side,
      of,
      after === 0 ? ("0-0" as EntryId) : ((entries[after] ?? "1-1") as EntryId),
      limit,
    );
  },
  append: async (side, step) => {
    const { count, jump, large, limit, other, shard } = step;
    const name = `${step.producer}.p`;
    const number = nextNumber(side, `${shard} ${name}`, jump);
    const request = {
      shard,
      source: { kind: "producer", producer: name as ProducerId, number, hash: other ? "b" : "a" },
      payloads: [large ? largeBytes : bytes(`m${number}`)],
      count,
      ...(limit !== undefined && { limit }),
    } as const;
    side.known.appends.unshift(request);
    const answer = await sendAppend(side, request);
    if (answer.kind === "appended" || answer.kind === "full") {
      side.known.numbers.set(`${shard} ${name}`, number);
    }
    return answer;
  },
  appendOut: async (side, { count, jump, limit, lost, numbering, shard }) => {
    const outId = `${numbering}.x` as OutId;
    const name = `${shard} ${outId}`;
    const first = nextNumber(side, name, jump);
    const request = {
      shard,
      source: {
        kind: "shard",
        shard: 2,
        outId,
        first,
        ...(lost !== undefined && { lostUpTo: first - 1 + lost - 1 }),
      },
      payloads: Array.from({ length: count }, (_, i) => bytes(`o${first + i}`)),
      count,
      ...(limit !== undefined && { limit }),
    } as const;
    side.known.appends.unshift(request);
    const answer = await sendAppend(side, request);
    if (answer.kind === "appended") side.known.numbers.set(name, answer.last);
    return answer;
  },
  resend: async (side, { back }) => {
    const request = side.known.appends[back];
    return request ? sendAppend(side, request) : "nothing to repeat";
  },
  commit: async (side, step, n) => {
    await readMail(side, step.of, "0-0" as EntryId, 10);
    const request = commitRequest(side, step, n);
    side.known.commits.unshift(request);
    return sendCommit(side, request);
  },
  recommit: async (side, { back }) => {
    const request = side.known.commits[back];
    return request ? sendCommit(side, request) : "nothing to repeat";
  },
  status: async (side, { former, jump, large, node, reset, unit }) => {
    const incarnation = side.incarnation(node, former);
    const seq = nextNumber(side, incarnation, jump);
    const answer = await side.backend().views.writeStatus({
      nodeId: nodeIdOf(node),
      incarnation,
      seq,
      reset,
      rows: [
        { unit: `u${unit}`, row: large ? largeBytes : bytes(`s${seq}`) },
        { unit: `u${3 - unit}`, row: "removed" },
      ],
    });
    if (answer.kind === "written") side.known.numbers.set(incarnation, seq);
    return answer;
  },
  look: (side, { of }) => lookAt(side, of),
  compare: async (side, { batch, dataset, epoch, of, seq }, n) => {
    const { losses } = side.backend();
    const nodeId = nodeIdOf(0);
    const id = `loss-${n}`;
    if (dataset) {
      const former = (n % 2 === 0 ? side.known.datasetId : "other") as DatasetId;
      return losses.compareDataset({ nodeId, id, former });
    }
    const claimed = held(side, of);
    return losses.compareShard({
      shard: claimed?.shard ?? 1,
      nodeId,
      id,
      positions: claimed
        ? [{ epoch: claimed.epoch + epoch, seq: Math.max(0, claimed.seq + seq - 1) }]
        : [],
      senders: [
        { kind: "producer", producer: `${of}.p` as ProducerId, number: batch },
        { kind: "shard", shard: 2, outId: `${of}.x` as OutId, number: batch },
      ],
    });
  },
  acknowledge: async (side, { cluster, known }) => {
    const { losses } = side.backend();
    const subject = cluster ? "cluster" : 1;
    const [finding] = await losses.list({ subjects: [subject] });
    const id = known && finding ? finding.id : "unknown";
    return losses.acknowledge({ subject, id, by: "ops", reason: "r" });
  },
  event: async (side, { audited, count, jump, keep, lost, source }) => {
    const numbering = `${source >> 1}.e` as OutId;
    const name = `shard ${source & 1}`;
    const first = nextNumber(side, `${name} ${numbering}`, jump);
    const answer = await side.backend().events.add({
      source: {
        name,
        numbering,
        first,
        ...(lost !== undefined && { lostUpTo: first - 1 + lost - 1 }),
      },
      payloads: Array.from({ length: count }, (_, i) => bytes(`e${first + i}`)),
      audited: audited < count ? [audited] : [],
      keep,
      keepAudited: 1 + (keep % 3),
    });
    side.known.numbers.set(`${name} ${numbering}`, answer.last);
    return answer;
  },
  events: async (side, { after, from, limit, log }) => {
    const { events } = side.backend();
    const all = await events.page({ log, after: "0-0" as EventId, limit: 200 });
    const id = all.events[from]?.id ?? ("5-5" as EventId);
    return events.page(after ? { log, after: id, limit } : { log, before: id, limit });
  },
  elect: async (side, { role }) => {
    const answer = await side.lasting.guard.elect({ role: `role-${role}`, ttlMs: roleMs });
    if (answer.kind !== "elected") return answer;
    const isHigher = side.known.terms.every(({ fence }) => fence < answer.term.fence);
    side.known.terms.unshift(answer.term);
    return { kind: answer.kind, isHigher };
  },
  term: async (side, { of, resign }) => {
    const term = side.known.terms[of];
    if (!term) return "no term";
    const { guard } = side.lasting;
    return resign ? guard.resign({ term }) : guard.extend({ term, ttlMs: roleMs });
  },
  advance: async () => "time passes",
  advanceFar: async () => "time passes",
  crash: async (side, { node }) => side.endProcess(node),
  restart: async (side) => side.store.newHistory(),
  flush: async (side) => side.store.flush(),
  loseShard: async (side, { shard }) => side.store.loseShard(shard),
  snapshot: async (side) => {
    side.known.rollBack = await side.store.snapshot();
  },
  rollback: async (side) => side.known.rollBack?.(),
};

export const runStep = <O extends Op>(side: Side, step: StepOf<O>, n: number): Promise<unknown> =>
  (runners[step.op] as Runner<O>)(side, step, n);
