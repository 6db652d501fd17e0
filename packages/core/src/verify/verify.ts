/**
 * Reads the whole cluster and checks its invariants; writes nothing. A cluster at work changes while
 * it is read, so what is found counts only when a second reading finds it again.
 *
 *   ask each node what it runs ─▶ read each shard in one step ─▶ judge ─▶ once more, if anything
 */
import { z } from "zod";
import { appProtocol } from "../apps/protocol.ts";
import { letterCounts } from "../engine/letter-desk.ts";
import { letterKind } from "../engine/letter-kind.ts";
import type { Node } from "../engine/node.ts";
import { readStatusRow } from "../engine/status-row.ts";
import { MusterError } from "../errors.ts";
import { joined } from "../joined.ts";
import type { ShardId } from "../model/ids.ts";
import { isoInstant } from "../model/instant.ts";
import { isLive } from "../model/node-record.ts";
import type { Backend } from "../ports/backend.ts";
import type { Clock } from "../ports/clock.ts";
import { judgeOwner, type RunShard } from "./judge-owners.ts";
import { judgeRows, type RowKind } from "./judge-rows.ts";
import { judgeShard, type ShardBounds } from "./judge-shard.ts";
import {
  Findings,
  type VerifyCheck,
  type VerifyFinding,
  type VerifyReport,
  verifyChecks,
} from "./model.ts";

export interface VerifyContext {
  readonly node: Node;
  readonly backend: Backend;
  readonly clock: Clock;
  readonly bounds: ShardBounds;
}

const ownedCall = "verify-owned";
const callTimeoutMs = 2_000;
/** Time for a hand-over that was met half-way. */
const lookAgainMs = 400;
/** Most entries of one part of a shard that are looked at. */
const mostOfAPart = 5_000;
const mostFindings = 200;

const owned = z.array(z.tuple([z.number(), z.string(), z.number(), z.number()]));

const askOwners = async ({ node }: VerifyContext, into: Findings): Promise<readonly RunShard[]> => {
  const live = node.nodes.filter(({ state }) => isLive(state) && state !== "suspect");
  const answers = await Promise.all(
    live.map(async ({ id }) => {
      const heard = await node.calls.call(id, ownedCall, null, callTimeoutMs);
      const parsed = owned.safeParse(heard.kind === "answered" ? heard.body : undefined);
      if (!parsed.success) {
        into.skip("owners", 1);
        return [];
      }
      return parsed.data.map(([shard, claimId, epoch, seq]) => ({
        nodeId: id,
        shard,
        claimId,
        epoch,
        seq,
      }));
    }),
  );
  return answers.flat();
};

const rowKinds = (node: Node): readonly RowKind[] => [
  { name: letterKind, schema: letterCounts, kind: undefined },
  ...node.kinds.withView().map((kind) => ({
    name: kind.kind,
    schema: kind.implementation.row,
    kind,
  })),
];

const readShard = async (
  context: VerifyContext,
  shard: ShardId,
  kinds: readonly RowKind[],
  run: readonly RunShard[],
  into: Findings,
): Promise<void> => {
  const { node, backend, bounds } = context;
  // Read before the survey: what is stored by then can only be newer.
  const shown = new Map(kinds.map(({ name }) => [name, node.view(name)?.version(shard)]));
  const survey = await backend.shards.survey({
    shard,
    views: kinds.map(({ name }) => name),
    states: [appProtocol.kind],
    limit: mostOfAPart,
  });
  if (survey.kind === "lost") {
    into.look("shards", 1);
    const message = "its ownership record is missing";
    into.find("shards", `shard/${shard}`, message, "Nodes make it anew: see muster losses.");
    return;
  }
  judgeOwner(
    survey.ownership,
    node.nodes,
    run.filter((one) => one.shard === shard),
    into,
  );
  judgeShard(survey, bounds, into);
  judgeRows({ survey, kinds, intents: appProtocol.kind, shown: (kind) => shown.get(kind) }, into);
};

/** What nodes report is kept for each apart; one that was forgotten leaves none. */
const readNodes = async ({ node, backend }: VerifyContext, into: Findings): Promise<void> => {
  const { nodes } = await backend.membership.list();
  const ids = nodes.map(({ id }) => id);
  const kept = await backend.views.listStatus({ nodes: ids });
  into.skip("nodes", ids.length - kept.length);
  for (const { nodeId, rows, incarnation } of kept) {
    into.look("nodes", rows.length);
    const record = nodes.find(({ id }) => id === nodeId);
    const isSettled = record?.state === "up" && node.ready;
    if (isSettled && rows.length > 0 && record.incarnation !== incarnation) {
      const message = "it is up, and the rows kept of it are of a former start";
      into.find("nodes", `node/${nodeId}`, message, "Restart the node.");
    }
    for (const { unit, row } of rows) {
      if (readStatusRow(unit, row).kind === "row") continue;
      const message = `what it reports of ${JSON.stringify(unit)} cannot be read`;
      into.find(
        "nodes",
        `node/${nodeId}`,
        message,
        "The node writes it anew when it next changes; restart it.",
      );
    }
  }
};

const readAll = async (context: VerifyContext): Promise<Findings> => {
  const into = new Findings();
  const { node } = context;
  const run = await askOwners(context, into);
  const kinds = rowKinds(node);
  let answered = 0;
  let failure: unknown;
  // One after another: a check must not keep the store from its work.
  for (let shard = 0; shard < node.shardCount; shard++) {
    try {
      await readShard(context, shard, kinds, run, into);
      answered += 1;
    } catch (error) {
      failure = error;
      into.skip("shards", 1);
    }
  }
  if (answered === 0) throw failure;
  await readNodes(context, into);
  return into;
};

const nameOf = ({ check, subject, message }: VerifyFinding): string =>
  `${check} ${subject} ${message}`;

const report = (findings: Findings, now: number): VerifyReport => {
  const { found, looked, skipped } = findings;
  const checks = (Object.keys(verifyChecks) as VerifyCheck[]).map((check) => ({
    check,
    title: verifyChecks[check],
    looked: looked[check] ?? 0,
    findings: found.filter((finding) => finding.check === check).length,
    skipped: skipped[check] ?? 0,
  }));
  return {
    clean: found.length === 0,
    checks,
    findings: found.slice(0, mostFindings),
    more: Math.max(0, found.length - mostFindings),
    asOf: isoInstant(now),
  };
};

/** Makes `muster.verify`; a call while another runs joins it. */
export const createVerify = (context: VerifyContext): (() => Promise<VerifyReport>) => {
  const { node, clock } = context;
  node.calls.answer(ownedCall, () => node.running());
  const pause = () =>
    new Promise<void>((resolve) => {
      clock.after(lookAgainMs, resolve);
    });
  const verify = async (): Promise<VerifyReport> => {
    const refused = node.unavailable();
    if (refused) throw refused;
    try {
      let seen = await readAll(context);
      if (seen.found.length > 0) {
        const before = new Set(seen.found.map(nameOf));
        await pause();
        seen = await readAll(context);
        const lasting = seen.found.filter((finding) => before.has(nameOf(finding)));
        seen.found.splice(0, seen.found.length, ...lasting);
      }
      return report(seen, node.now());
    } catch (cause) {
      throw new MusterError("BACKEND_UNAVAILABLE", "verify: the backend did not answer.", {
        op: "verify",
        cause,
        retryAfterMs: 1_000,
      });
    }
  };
  return joined(verify);
};
